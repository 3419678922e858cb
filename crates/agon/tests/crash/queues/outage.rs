//! A store that cannot write while tickets, matches and results are under way: what is refused is not there
//! later, what was acknowledged is, readers are told what is known, and once there is room again all goes on
//! by itself.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::{App, SmallDisk};

use super::checks::{every_result_counts_once, nobody_is_in_two_matches, settle};
use super::load::{CLIENTS, Known, Trouble, clients, launch, player, prepare, put};

const ROUNDS: usize = 3;
const PATIENCE: Duration = Duration::from_secs(60);

/// A full disk, and an engine that cannot be opened before the test says so.
struct Outage {
    ballast: PathBuf,
    engine: PathBuf,
    away: PathBuf,
}

impl Outage {
    /// Begins one. `users` counts the players that were made to fill the journal's room.
    fn begin(disk: &SmallDisk, app: &App, users: &mut usize) -> Self {
        let outage = Outage {
            ballast: disk.path("ballast"),
            engine: app.data_dir().join("engine"),
            away: app.data_dir().join("engine.away"),
        };
        let mut ballast = File::create(&outage.ballast).unwrap();
        while ballast.write_all(&[1; 4096]).is_ok() {}
        refuse_one(app, users);
        // The store has closed its engine and tries to open it every second. From now on it finds none.
        fs::rename(&outage.engine, &outage.away).unwrap();
        File::create(&outage.engine).unwrap();
        // Where it was faster than that, it fails once more.
        refuse_one(app, users);
        outage
    }

    fn end(self, app: &App) {
        fs::remove_file(&self.ballast).unwrap();
        fs::remove_file(&self.engine).unwrap();
        fs::rename(&self.away, &self.engine).unwrap();
        let started = Instant::now();
        while app.get("/readyz").status != 200 {
            let log = app.log();
            assert!(started.elapsed() < PATIENCE, "not ready again:\n{log}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Writes until the store cannot any more.
fn refuse_one(app: &App, users: &mut usize) {
    let started = Instant::now();
    loop {
        let user = |n| json!({"user_id": format!("00000000-0000-4000-9000-{n:012}"), "display_name": "x".repeat(64)});
        let body: Value = (*users..*users + 500).map(user).collect();
        *users += 500;
        if app.post("/user/create", &body).status == 503 {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "the disk never fills");
    }
}

#[test]
fn clients_go_on_through_outages_and_nothing_is_lost_or_doubled() {
    let temp = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(&temp.path().join("disk")) else {
        return;
    };
    let data = disk.path("data");
    let known = Arc::new(Mutex::new(Known::default()));
    let mut app = Arc::new(launch(&data));
    prepare(&app);
    let ended = Arc::new(AtomicBool::new(false));
    let threads = clients().into_iter().map(|mut client| {
        let (app, known, ended) = (app.clone(), known.clone(), ended.clone());
        std::thread::spawn(move || {
            while !ended.load(Ordering::Acquire) {
                match client.step(&app, &known) {
                    Ok(()) => {}
                    Err(Trouble::Unavailable) => std::thread::sleep(Duration::from_millis(20)),
                    Err(Trouble::Gone) => panic!("it is gone:\n{}", app.log()),
                }
            }
        })
    });
    let threads: Vec<_> = threads.collect();
    let mut users = 0;
    for _ in 0..ROUNDS {
        std::thread::sleep(Duration::from_millis(400));
        let outage = Outage::begin(&disk, &app, &mut users);
        std::thread::sleep(Duration::from_millis(300));
        outage.end(&app);
    }
    std::thread::sleep(Duration::from_millis(400));
    ended.store(true, Ordering::Release);
    threads.into_iter().for_each(|t| t.join().unwrap());
    let known = known.lock().unwrap();
    for _ in 0..2 {
        settle(&app, &known);
        nobody_is_in_two_matches(&app, &known);
        every_result_counts_once(&app, &known);
        // And all of it is on disk.
        app.signal("KILL");
        drop(app);
        app = Arc::new(launch(&data));
    }
    let Known {
        tickets,
        results,
        refused,
        ..
    } = &*known;
    assert!(
        results.len() > ROUNDS && tickets.len() > 3 * CLIENTS && *refused >= ROUNDS,
        "the load was too thin: {} tickets, {} results, {refused} refused",
        tickets.len(),
        results.len()
    );
    drop(app);
    drop(disk);
}

fn ticket(id: &str, number: usize, rating: u64) -> Value {
    json!({"ticket_id": id, "players": [{"player_id": player(number), "rating": rating}]})
}

fn wait_for(app: &App, path: &str, status: &str) -> Value {
    let started = Instant::now();
    loop {
        let ticket = app.get(&format!("{path}?wait=1s")).json();
        if ticket["status"] == status {
            return ticket;
        }
        let log = app.log();
        assert!(
            started.elapsed() < PATIENCE,
            "not {status}: {ticket}\n{log}"
        );
    }
}

const LONE: &str = "/v1/queues/lone/tickets";

/// Makes what [`requests`] are about; returns the id of the match that is proposed and of the one that is
/// held.
fn prepare_one_of_each(app: &App) -> [String; 2] {
    prepare(app);
    let settings = |more: Value| {
        let mut all = json!({"teams": {"count": 2, "min_size": 1}});
        all.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        all
    };
    let patient = settings(json!({"acceptance_window_ms": 600_000}));
    put(app, "/v1/queues/patient", &patient);
    put(app, "/v1/queues/held", &settings(json!({})));
    let rating = json!({"rating": {"spread": 10}});
    put(app, "/v1/queues/lone", &settings(rating));
    let widening = json!({"rating": {"spread": 0, "widen_per_s": 10, "max_spread": 1000}});
    put(app, "/v1/queues/widening", &settings(widening));
    let mut matches = Vec::new();
    for (queue, status) in [("patient", "proposed"), ("held", "matched")] {
        let tickets = format!("/v1/queues/{queue}/tickets");
        for (id, number) in [("a", 0), ("b", 1)] {
            let reply = app.post(&tickets, &ticket(id, number, 1500));
            assert_eq!(reply.status, 201, "{}", reply.json());
        }
        let first = wait_for(app, &format!("{tickets}/a"), status);
        matches.push(first["match_id"].as_str().unwrap().to_owned());
    }
    for (id, number) in [("waits", 2), ("ended", 3)] {
        let reply = app.post(LONE, &ticket(id, number, 1000 * number as u64));
        assert_eq!(reply.status, 201);
    }
    let ended = app.request("DELETE", &format!("{LONE}/ended"), &[], None);
    assert_eq!(ended.unwrap().status, 200);
    // Twelve seconds apart.
    for (id, number, rating) in [("a", 4, 1000), ("b", 5, 1120)] {
        let reply = app.post("/v1/queues/widening/tickets", &ticket(id, number, rating));
        assert_eq!(reply.status, 201);
    }
    matches.try_into().unwrap()
}

/// One request of each kind that changes queues, with what it is answered where the store works.
fn requests([proposed, held]: &[String; 2]) -> Vec<(&'static str, String, Value, u16)> {
    let who = |n| json!({"player_id": player(n)});
    let of = |id: &str, verb: &str| format!("/v1/matches/{id}{verb}");
    let backfill = json!({"backfill_id": "b1", "match_id": held, "left": [player(0)]});
    vec![
        ("POST", LONE.to_owned(), ticket("new", 6, 2005), 201),
        ("POST", of(proposed, ":accept"), who(0), 200),
        (
            "POST",
            "/v1/queues/held/backfills".to_owned(),
            backfill,
            201,
        ),
        (
            "POST",
            of(held, "/result"),
            json!({"placements": [1, 2]}),
            200,
        ),
        ("POST", of(proposed, ":decline"), who(1), 200),
        (
            "DELETE",
            "/v1/queues/patient/tickets/a".to_owned(),
            Value::Null,
            200,
        ),
        (
            "DELETE",
            format!("/v1/players/{}", player(7)),
            Value::Null,
            204,
        ),
        ("DELETE", "/v1/queues/held".to_owned(), Value::Null, 204),
    ]
}

fn send(app: &App, (method, path, body, _): &(&str, String, Value, u16)) -> testkit::Reply {
    let body = (!body.is_null()).then(|| body.to_string());
    let reply = app.request(method, path, &[], body.as_ref().map(String::as_bytes));
    reply.unwrap()
}

#[test]
fn every_change_is_refused_and_readers_are_told_what_is_known() {
    let temp = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(&temp.path().join("disk")) else {
        return;
    };
    let data = disk.path("data");
    let app = launch(&data);
    let matches = prepare_one_of_each(&app);
    let waits = format!("{LONE}/waits");
    let mut poll = app.connect();
    poll.request(&format!("GET {waits}?wait=60s"), "", b"");
    let paths = [
        waits.clone(),
        "/v1/queues/patient/tickets/a".to_owned(),
        format!("/v1/matches/{}", matches[0]),
        format!("/v1/matches/{}", matches[1]),
        "/v1/queues/held".to_owned(),
        format!("/v1/players/{}", player(7)),
    ];
    let look = || paths.clone().map(|path| plain(app.get(&path).json()));
    let before = look();

    let outage = Outage::begin(&disk, &app, &mut 0);
    for request in requests(&matches) {
        let reply = send(&app, &request);
        assert_eq!(reply.status, 503, "{request:?}: {}", reply.json());
        assert_eq!(reply.json()["code"], "store_unavailable", "{request:?}");
        assert!(reply.header("retry-after").is_some(), "{request:?}");
    }
    assert_eq!(look(), before);
    assert_eq!(app.get("/v1/queues/lone/stats").status, 200);
    let reply = app.get(&format!("{waits}?wait=100ms"));
    assert_eq!(
        (reply.status, &reply.json()["status"]),
        (200, &json!("waiting"))
    );
    // What has ended is on disk alone, so neither is said to be there nor not to be.
    for id in ["ended", "new"] {
        let reply = app.get(&format!("{LONE}/{id}"));
        assert_eq!(reply.status, 503, "{id}: {}", reply.json());
    }
    // The matchmaker finds a match that it cannot announce, and says so once.
    let started = Instant::now();
    let told = |log: &str| log.matches("no matches are made").count();
    while told(&app.log()) == 0 {
        let log = app.log();
        assert!(started.elapsed() < PATIENCE, "nothing was found:\n{log}");
        std::thread::sleep(Duration::from_millis(50));
    }
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(told(&app.log()), 1, "{}", app.log());
    outage.end(&app);

    assert_eq!(look(), before, "nothing of what was refused is there");
    assert_eq!(app.get(&format!("{LONE}/new")).status, 404);
    assert_eq!(
        app.get(&format!("{LONE}/ended")).json()["status"],
        "cancelled"
    );
    assert_eq!(app.get("/v1/queues/held/backfills/b1").status, 404);
    wait_for(&app, "/v1/queues/widening/tickets/a", "matched");
    for request in requests(&matches) {
        let reply = send(&app, &request);
        let status = reply.status;
        assert_eq!(status, request.3, "{request:?}");
    }
    // Whoever waited through it all is told.
    assert_eq!(poll.reply().unwrap().json()["status"], "matched");
    drop(app);
    let app = launch(&data);
    assert_eq!(app.get(&format!("{LONE}/new")).json()["status"], "matched");
    let of = app.get(&format!("/v1/matches/{}", matches[1])).json();
    assert_eq!(of["status"], "finished");
    drop(app);
    drop(disk);
}

/// Without what the time has a part in.
fn plain(mut body: Value) -> Value {
    let fields = body.as_object_mut().unwrap();
    for changing in ["waited_ms", "estimated_wait_ms", "reasons", "reason", "why"] {
        fields.remove(changing);
    }
    body
}
