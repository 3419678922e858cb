//! Clients that make tickets, accept, decline, cancel and report results, and what is known of it all.
//!
//! What a client does next depends on what it is shown alone, so it goes on after a crash as if there had
//! been none. What it was refused for want of the store must not have happened, which it looks at first.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::{App, Launch, Reply};

pub const CLIENTS: usize = 16;
/// Each of so many tickets is declined once it is proposed, by some clients; by others it is cancelled
/// while it waits.
const DECLINED: usize = 5;
const PAUSE: Duration = Duration::from_millis(3);

/// What is known of everything, by what was acknowledged or shown.
#[derive(Default)]
pub struct Known {
    /// Tickets that were made, with what they were last shown to be.
    pub tickets: BTreeMap<String, Value>,
    /// Matches that were shown, likewise.
    pub matches: BTreeMap<String, Value>,
    /// Results that were acknowledged.
    pub results: BTreeMap<String, Value>,
    /// Changes that were refused for want of the store.
    pub refused: usize,
}

/// A game's server that speaks for one player.
pub struct Client {
    pub number: usize,
    /// Tickets that have ended.
    pub done: usize,
    /// What was refused, as long as it has not been looked at.
    refused: Option<Verb>,
}

/// What a client asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Verb {
    Create,
    Cancel,
    Accept,
    Decline,
    Report,
}

/// Why nothing came of a request.
pub enum Trouble {
    /// The process was killed.
    Gone,
    /// The store cannot write, or cannot read what is on disk alone.
    Unavailable,
}

fn get(app: &App, path: &str) -> Result<Reply, Trouble> {
    served(app.try_get(path))
}

fn post(app: &App, path: &str, body: &Value) -> Result<Reply, Trouble> {
    served(app.try_post(path, body))
}

fn delete(app: &App, path: &str) -> Result<Reply, Trouble> {
    served(app.request("DELETE", path, &[], None))
}

fn served<E>(reply: Result<Reply, E>) -> Result<Reply, Trouble> {
    let reply = reply.map_err(|_| Trouble::Gone)?;
    if reply.status != 503 {
        return Ok(reply);
    }
    assert_eq!(reply.json()["code"], "store_unavailable");
    assert!(reply.header("retry-after").is_some());
    Err(Trouble::Unavailable)
}

pub fn player(number: usize) -> String {
    format!("00000000-0000-4000-8000-{:012}", number + 1)
}

pub fn launch(data: &Path) -> App {
    Launch::on(env!("CARGO_BIN_EXE_agon"), data)
        .set("MATCHMAKING__SETTLE", "5ms")
        .set("MATCHMAKING__INTERVAL", "20ms")
        .start()
}

pub fn prepare(app: &App) {
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

pub fn put(app: &App, path: &str, body: &Value) {
    let body = body.to_string();
    let reply = app.request("PUT", path, &[], Some(body.as_bytes()));
    let reply = reply.unwrap();
    assert_eq!(reply.status, 201, "{}", reply.json());
}

pub fn clients() -> Vec<Client> {
    let client = |number| Client {
        number,
        done: 0,
        refused: None,
    };
    (0..CLIENTS).map(client).collect()
}

impl Client {
    fn ticket(&self) -> String {
        format!("c{}-{}", self.number, self.done)
    }

    /// Looks at its ticket, making it where need be, and does what is to be done.
    pub fn step(&mut self, app: &App, known: &Mutex<Known>) -> Result<(), Trouble> {
        let id = self.ticket();
        let path = format!("/v1/queues/q/tickets/{id}");
        let reply = get(app, &path)?;
        if let Some(verb) = self.refused {
            self.assert_nothing_of(verb, app, &reply)?;
            self.refused = None;
        }
        let ticket = if reply.status == 404 {
            assert!(
                !known.lock().unwrap().tickets.contains_key(&id),
                "{id} is gone"
            );
            let players = json!([{"player_id": player(self.number)}]);
            let body = json!({"ticket_id": id, "players": players});
            let reply = post(app, "/v1/queues/q/tickets", &body);
            let reply = self.taken(Verb::Create, reply, known)?;
            assert_eq!(reply.status, 201, "{}", reply.json());
            reply.json()
        } else {
            reply.json()
        };
        known.lock().unwrap().show_ticket(&id, &ticket);
        match ticket["status"].as_str().unwrap() {
            "waiting" => self.wait(app, known, &path)?,
            "proposed" => self.answer(app, known, &ticket)?,
            "matched" => self.play(app, known, &ticket)?,
            _ => self.done += 1,
        }
        Ok(())
    }

    /// Notes what was refused.
    fn taken(
        &mut self,
        verb: Verb,
        reply: Result<Reply, Trouble>,
        known: &Mutex<Known>,
    ) -> Result<Reply, Trouble> {
        if matches!(reply, Err(Trouble::Unavailable)) {
            self.refused = Some(verb);
            known.lock().unwrap().refused += 1;
        }
        reply
    }

    /// What was refused has not happened. Time may have ended the ticket meanwhile, and others its match.
    fn assert_nothing_of(&self, verb: Verb, app: &App, reply: &Reply) -> Result<(), Trouble> {
        if verb == Verb::Create {
            assert_eq!(reply.status, 404, "a refused ticket is there");
            return Ok(());
        }
        let ticket = reply.json();
        let why = &ticket["cancelled_because"];
        let own = player(self.number);
        match verb {
            Verb::Create => {}
            Verb::Cancel => assert_ne!(why, "requested", "{ticket}"),
            Verb::Decline => assert_ne!(why, "declined", "{ticket}"),
            Verb::Accept | Verb::Report => {
                let Some(id) = ticket["match_id"].as_str() else {
                    return Ok(());
                };
                let of = get(app, &format!("/v1/matches/{id}"))?.json();
                let accepted = of["accepted"].as_array().unwrap();
                assert!(!accepted.contains(&json!(own)), "{verb:?}: {of}");
                assert_ne!(of["status"], "finished", "{verb:?}: {of}");
                assert!(verb == Verb::Report || of["status"] != "running", "{of}");
            }
        }
        Ok(())
    }

    /// Some do not, now and then.
    fn wait(&mut self, app: &App, known: &Mutex<Known>, path: &str) -> Result<(), Trouble> {
        if self.number % 3 == 1 && self.done % DECLINED == 1 {
            let reply = self.taken(Verb::Cancel, delete(app, path), known)?;
            // 409: it was matched before.
            assert!(matches!(reply.status, 200 | 409), "{}", reply.json());
        }
        std::thread::sleep(PAUSE);
        Ok(())
    }

    fn answer(&mut self, app: &App, known: &Mutex<Known>, ticket: &Value) -> Result<(), Trouble> {
        let id = ticket["match_id"].as_str().unwrap();
        let declines = self.number.is_multiple_of(3) && self.done % DECLINED == DECLINED - 1;
        let (verb, name) = match declines {
            true => (Verb::Decline, "decline"),
            false => (Verb::Accept, "accept"),
        };
        let of = get(app, &format!("/v1/matches/{id}"))?.json();
        let own = json!(player(self.number));
        // Once it has begun, it does not say any more who had accepted.
        if of["status"] != "proposed" || of["accepted"].as_array().unwrap().contains(&own) {
            std::thread::sleep(PAUSE);
            return Ok(());
        }
        let reply = post(
            app,
            &format!("/v1/matches/{id}:{name}"),
            &json!({ "player_id": own }),
        );
        let reply = self.taken(verb, reply, known)?;
        // 409: the other one was faster, or time.
        assert!(matches!(reply.status, 200 | 409), "{}", reply.json());
        if reply.status == 200 {
            known.lock().unwrap().show_match(&reply.json());
        }
        std::thread::sleep(PAUSE);
        Ok(())
    }

    /// The first player of the first team reports who has won.
    fn play(&mut self, app: &App, known: &Mutex<Known>, ticket: &Value) -> Result<(), Trouble> {
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
            let reply = post(app, &format!("/v1/matches/{id}/result"), &result);
            let reply = self.taken(Verb::Report, reply, known)?;
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

pub fn is_final(ticket: &Value) -> bool {
    matches!(
        ticket["status"].as_str(),
        Some("matched" | "cancelled" | "expired")
    )
}

/// Matches go up these stages alone.
pub fn stage(of: &Value) -> u8 {
    match of["status"].as_str() {
        None => 0,
        Some("proposed") => 1,
        Some("running") => 2,
        Some("finished") => 3,
        Some("failed") => 4,
        Some(other) => panic!("{other}"),
    }
}
