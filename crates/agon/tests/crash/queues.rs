//! Kill -9 under the load of clients that make tickets, accept, decline and report results, again and again
//! on one data directory: whatever was acknowledged or shown is there, nobody is in two matches, and every
//! result counts once.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use testkit::{App, Launch, Reply};

const ROUNDS: u64 = 12;
const CLIENTS: usize = 16;
/// Each of so many tickets is declined once it is proposed, by some clients.
const DECLINED: usize = 5;
const PAUSE: Duration = Duration::from_millis(3);

/// What is known of everything, by what was acknowledged or shown.
#[derive(Default)]
struct Known {
    /// Tickets that were made, with what they were last shown to be.
    tickets: BTreeMap<String, Value>,
    /// Matches that were shown, likewise.
    matches: BTreeMap<String, Value>,
    /// Results that were acknowledged.
    results: BTreeMap<String, Value>,
}

/// A game's server that speaks for one player. What it does next depends on what it is shown alone, so it
/// goes on after a crash as if there had been none.
struct Client {
    number: usize,
    /// Tickets that have ended.
    done: usize,
}

/// The process was killed.
struct Gone;

fn get(app: &App, path: &str) -> Result<Reply, Gone> {
    app.try_get(path).map_err(|_| Gone)
}

fn post(app: &App, path: &str, body: &Value) -> Result<Reply, Gone> {
    app.try_post(path, body).map_err(|_| Gone)
}

fn player(number: usize) -> String {
    format!("00000000-0000-4000-8000-{:012}", number + 1)
}

fn launch(data: &std::path::Path) -> App {
    Launch::on(env!("CARGO_BIN_EXE_agon"), data)
        .set("MATCHMAKING__SETTLE", "5ms")
        .set("MATCHMAKING__INTERVAL", "20ms")
        .start()
}

#[test]
fn tickets_matches_and_results_survive_kill_9() {
    let temp = tempfile::tempdir().unwrap();
    let data = temp.path().join("data");
    let known = Arc::new(Mutex::new(Known::default()));
    let mut clients: Vec<Client> = (0..CLIENTS)
        .map(|number| Client { number, done: 0 })
        .collect();
    let app = launch(&data);
    prepare(&app);
    drop(app);
    for round in 0..ROUNDS {
        let app = Arc::new(launch(&data));
        settle(&app, &known.lock().unwrap());
        let life = Duration::from_millis(150 + round * 97 % 500);
        clients = load_until_killed(&app, clients, &known, life);
    }
    let app = launch(&data);
    let known = known.lock().unwrap();
    settle(&app, &known);
    nobody_is_in_two_matches(&app, &known);
    every_result_counts_once(&app, &known);
    let (tickets, results) = (known.tickets.len(), known.results.len());
    assert!(
        results as u64 > ROUNDS && tickets > 3 * CLIENTS,
        "the load was too thin: {tickets} tickets, {results} results"
    );
}

fn prepare(app: &App) {
    let one = |n| json!({"player_id": player(n), "display_name": format!("p{n}")});
    let players: Vec<Value> = (0..CLIENTS).map(one).collect();
    let reply = app.post("/v1/players:batch", &json!({ "players": players }));
    assert_eq!(reply.status, 200);
    put(app, "/v1/boards/wins", &json!({"operator": "sum"}));
    let queue = json!({
        "teams": {"count": 2, "min_size": 1},
        "acceptance_window_ms": 400,
        "boards": [{"board": "wins", "submit": "wins"}],
    });
    put(app, "/v1/queues/q", &queue);
}

fn put(app: &App, path: &str, body: &Value) {
    let body = body.to_string();
    let reply = app.request("PUT", path, &[], Some(body.as_bytes()));
    let reply = reply.unwrap();
    assert_eq!(reply.status, 201, "{}", reply.json());
}

fn load_until_killed(
    app: &Arc<App>,
    clients: Vec<Client>,
    known: &Arc<Mutex<Known>>,
    life: Duration,
) -> Vec<Client> {
    let threads = clients.into_iter().map(|mut client| {
        let (app, known) = (app.clone(), known.clone());
        std::thread::spawn(move || {
            // Until the process is gone.
            while client.step(&app, &known).is_ok() {}
            client
        })
    });
    let threads: Vec<_> = threads.collect();
    std::thread::sleep(life);
    app.signal("KILL");
    threads
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .collect()
}

impl Client {
    fn ticket(&self) -> String {
        format!("c{}-{}", self.number, self.done)
    }

    /// Looks at its ticket, making it where need be, and does what is to be done.
    fn step(&mut self, app: &App, known: &Mutex<Known>) -> Result<(), Gone> {
        let id = self.ticket();
        let path = format!("/v1/queues/q/tickets/{id}");
        let reply = get(app, &path)?;
        let ticket = if reply.status == 404 {
            assert!(
                !known.lock().unwrap().tickets.contains_key(&id),
                "{id} is gone"
            );
            let players = json!([{"player_id": player(self.number)}]);
            let body = json!({"ticket_id": id, "players": players});
            let reply = post(app, "/v1/queues/q/tickets", &body)?;
            assert_eq!(reply.status, 201, "{}", reply.json());
            reply.json()
        } else {
            reply.json()
        };
        known.lock().unwrap().show_ticket(&id, &ticket);
        match ticket["status"].as_str().unwrap() {
            "waiting" => std::thread::sleep(PAUSE),
            "proposed" => self.answer(app, known, &ticket)?,
            "matched" => self.play(app, known, &ticket)?,
            _ => self.done += 1,
        }
        Ok(())
    }

    fn answer(&self, app: &App, known: &Mutex<Known>, ticket: &Value) -> Result<(), Gone> {
        let id = ticket["match_id"].as_str().unwrap();
        let declines = self.number.is_multiple_of(3) && self.done % DECLINED == DECLINED - 1;
        let verb = if declines { "decline" } else { "accept" };
        let body = json!({"player_id": player(self.number)});
        let reply = post(app, &format!("/v1/matches/{id}:{verb}"), &body)?;
        // 409: the other one was faster, or time.
        assert!(matches!(reply.status, 200 | 409), "{}", reply.json());
        if reply.status == 200 {
            known.lock().unwrap().show_match(&reply.json());
        }
        std::thread::sleep(PAUSE);
        Ok(())
    }

    /// The first player of the first team reports who has won.
    fn play(&mut self, app: &App, known: &Mutex<Known>, ticket: &Value) -> Result<(), Gone> {
        let id = ticket["match_id"].as_str().unwrap();
        let of = get(app, &format!("/v1/matches/{id}"))?.json();
        known.lock().unwrap().show_match(&of);
        if of["teams"][0]["players"][0]["player_id"] == player(self.number) {
            let places = if self.done.is_multiple_of(2) {
                [1, 2]
            } else {
                [2, 1]
            };
            let result = json!({ "placements": places });
            let reply = post(app, &format!("/v1/matches/{id}/result"), &result)?;
            assert_eq!(reply.status, 200, "{}", reply.json());
            let mut known = known.lock().unwrap();
            known.results.insert(id.to_owned(), result);
            known.show_match(&reply.json());
        }
        self.done += 1;
        Ok(())
    }
}

impl Known {
    /// Readers may be served in any order, so that what is shown later need not be newer; what is final
    /// stays.
    fn show_ticket(&mut self, id: &str, ticket: &Value) {
        let shown = self.tickets.entry(id.to_owned()).or_default();
        if !is_final(shown) {
            *shown = ticket.clone();
        }
    }

    fn show_match(&mut self, of: &Value) {
        let id = of["match_id"].as_str().unwrap().to_owned();
        let shown = self.matches.entry(id).or_default();
        if stage(of) >= stage(shown) {
            *shown = of.clone();
        }
    }
}

fn is_final(ticket: &Value) -> bool {
    matches!(
        ticket["status"].as_str(),
        Some("matched" | "cancelled" | "expired")
    )
}

/// Matches go up these stages alone.
fn stage(of: &Value) -> u8 {
    match of["status"].as_str() {
        None => 0,
        Some("proposed") => 1,
        Some("running") => 2,
        Some("finished") => 3,
        Some("failed") => 4,
        Some(other) => panic!("{other}"),
    }
}

/// After a restart: all that was made is there, and whatever was shown as final is as it was.
fn settle(app: &App, known: &Known) {
    for (id, shown) in &known.tickets {
        let reply = app.get(&format!("/v1/queues/q/tickets/{id}"));
        assert_eq!(reply.status, 200, "{id} is gone; it was {shown}");
        let now = reply.json();
        if is_final(shown) {
            for key in ["status", "match_id", "cancelled_because", "created_at"] {
                assert_eq!(now[key], shown[key], "{id}: {key}");
            }
        }
    }
    for (id, shown) in &known.matches {
        let reply = app.get(&format!("/v1/matches/{id}"));
        assert_eq!(reply.status, 200, "{id} is gone; it was {shown}");
        let now = reply.json();
        let ended = ["finished", "failed"].contains(&shown["status"].as_str().unwrap());
        if ended {
            assert_eq!(now, *shown);
        } else {
            let began = stage(shown) == 2;
            let may = if began {
                stage(&now) == 2 || stage(&now) == 3
            } else {
                true
            };
            assert!(may, "{id} was {shown}, and is {now}");
        }
    }
    for (id, result) in &known.results {
        let now = app.get(&format!("/v1/matches/{id}")).json();
        assert_eq!(now["result"], *result, "{id}");
    }
}

/// Of every match that any ticket was in or is in.
fn nobody_is_in_two_matches(app: &App, known: &Known) {
    let mut ids: BTreeSet<String> = known.matches.keys().cloned().collect();
    for id in known.tickets.keys() {
        let ticket = app.get(&format!("/v1/queues/q/tickets/{id}")).json();
        ids.extend(ticket["match_id"].as_str().map(str::to_owned));
    }
    let mut seen = BTreeMap::new();
    for id in ids {
        let of = app.get(&format!("/v1/matches/{id}")).json();
        if of["status"] == "failed" {
            continue;
        }
        for team in of["teams"].as_array().unwrap() {
            for ticket in team["tickets"].as_array().unwrap() {
                let before = seen.insert(ticket.to_string(), id.clone());
                assert_eq!(before, None, "{ticket} is in {id} as well");
                let path = format!("/v1/queues/q/tickets/{}", ticket.as_str().unwrap());
                assert_eq!(app.get(&path).json()["match_id"], id);
            }
        }
    }
}

fn every_result_counts_once(app: &App, known: &Known) {
    let mut reported = BTreeSet::new();
    for number in 0..CLIENTS {
        let id = player(number);
        let (mut matches, mut wins) = (0, 0);
        for of in history(app, &id) {
            let places = of["result"]["placements"].as_array().unwrap().clone();
            let teams = of["teams"].as_array().unwrap();
            let own = teams
                .iter()
                .position(|t| t["players"][0]["player_id"] == id);
            matches += 1;
            wins += u64::from(places[own.unwrap()] == 1);
            reported.insert(of["match_id"].as_str().unwrap().to_owned());
        }
        let ratings = app.get(&format!("/v1/players/{id}/ratings")).json();
        let rated = ratings["ratings"][0]["matches"].as_u64().unwrap_or(0);
        assert_eq!(rated, matches, "matches behind the rating of {id}");
        let entry = app.get(&format!("/v1/boards/wins/entries/{id}"));
        let score = entry.json()["score"].as_u64().unwrap_or(0);
        assert_eq!(score, wins, "wins of {id} on the board");
    }
    for id in known.results.keys() {
        assert!(reported.contains(id), "the result of {id} is in no history");
    }
}

/// All finished matches of a player, each once.
fn history(app: &App, player: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut path = format!("/v1/players/{player}/matches?limit=7");
    loop {
        let page = app.get(&path).json();
        all.extend(page["matches"].as_array().unwrap().iter().cloned());
        match page["next"].as_str() {
            Some(next) => path = format!("/v1/players/{player}/matches?limit=7&cursor={next}"),
            None => break,
        }
    }
    let ids: BTreeSet<String> = all.iter().map(|of| of["match_id"].to_string()).collect();
    assert_eq!(
        ids.len(),
        all.len(),
        "a match is twice in the history of {player}"
    );
    all
}
