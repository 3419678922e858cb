//! A running Agon, and what a game's server asks of it.

use std::path::Path;

use serde_json::{Value, json};
use testkit::{App, Launch, Reply};

/// Looks at a ticket, of up to half a minute each, before it is given up.
const MAX_LOOKS: usize = 4;

pub struct Game {
    pub app: App,
}

/// The player of this number.
pub fn player(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

impl Game {
    /// With so many players.
    pub fn with_players(count: usize) -> Self {
        let game = Game {
            app: hasty(Launch::new(env!("CARGO_BIN_EXE_agon"))).start(),
        };
        let numbers: Vec<usize> = (0..count).collect();
        for some in numbers.chunks(10_000) {
            let one = |n: &usize| json!({"player_id": player(*n), "display_name": format!("p{n}")});
            let players: Vec<Value> = some.iter().map(one).collect();
            let reply = game
                .app
                .post("/v1/players:batch", &json!({ "players": players }));
            assert_eq!(reply.status, 200);
        }
        game
    }

    /// On data that is there.
    pub fn on(data_dir: &Path) -> Self {
        Game {
            app: hasty(Launch::on(env!("CARGO_BIN_EXE_agon"), data_dir)).start(),
        }
    }

    pub fn get(&self, path: &str) -> Value {
        let reply = self.app.get(path);
        assert_eq!(reply.status, 200, "{path}: {}", reply.json());
        reply.json()
    }

    pub fn put(&self, path: &str, body: &Value) -> Value {
        let body = body.to_string();
        let reply = self
            .app
            .request("PUT", path, &[], Some(body.as_bytes()))
            .unwrap();
        assert!(
            matches!(reply.status, 200 | 201),
            "{path}: {}",
            reply.json()
        );
        reply.json()
    }

    pub fn delete(&self, path: &str) -> Reply {
        self.app.request("DELETE", path, &[], None).unwrap()
    }

    /// `POST` that has to be done.
    pub fn post(&self, path: &str, body: &Value) -> Value {
        let reply = self.app.post(path, body);
        assert!(
            matches!(reply.status, 200 | 201),
            "{path}: {}",
            reply.json()
        );
        reply.json()
    }

    /// `POST` that has to be refused: its status and code.
    pub fn refused(&self, path: &str, body: &Value) -> (u16, String) {
        let reply = self.app.post(path, body);
        let code = reply.json()["code"].as_str().unwrap_or("none").to_owned();
        (reply.status, code)
    }

    /// A ticket of these players under this name.
    pub fn ticket(&self, queue: &str, id: &str, players: &[usize]) -> Value {
        self.post(&format!("/v1/queues/{queue}/tickets"), &ticket(id, players))
    }

    /// Waits until a ticket has this status, as a client without a memory does.
    pub fn wait_for(&self, queue: &str, id: &str, status: &str) -> Value {
        let path = format!("/v1/queues/{queue}/tickets/{id}?wait=30s");
        let mut last = Value::Null;
        for _ in 0..MAX_LOOKS {
            last = self.get(&path);
            if last["status"] == status {
                return last;
            }
        }
        panic!("ticket {id} is not {status}: {last}\n{}", self.app.log());
    }

    /// Waits until a match has this status.
    pub fn wait_for_match(&self, id: &str, status: &str) -> Value {
        let path = format!("/v1/matches/{id}");
        for _ in 0..3000 {
            let of = self.get(&path);
            if of["status"] == status {
                return of;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        panic!("match {id} is not {status}: {}", self.get(&path));
    }

    /// Accepts a match for a player.
    pub fn accept(&self, id: &str, number: usize) -> Value {
        self.post(
            &format!("/v1/matches/{id}:accept"),
            &json!({"player_id": player(number)}),
        )
    }
}

/// The body of a ticket.
pub fn ticket(id: &str, players: &[usize]) -> Value {
    let players: Vec<Value> = players
        .iter()
        .map(|n| json!({"player_id": player(*n)}))
        .collect();
    json!({"ticket_id": id, "players": players})
}

/// The id of the match that a ticket is in.
pub fn match_of(ticket: &Value) -> String {
    ticket["match_id"].as_str().unwrap().to_owned()
}

fn hasty(launch: Launch) -> Launch {
    launch
        .set("MATCHMAKING__SETTLE", "10ms")
        .set("MATCHMAKING__INTERVAL", "50ms")
        // All of a crowd come from one address.
        .set("SERVER__MAX_CONNECTIONS_PER_CLIENT", "0")
}
