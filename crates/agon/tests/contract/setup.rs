//! A server of its own for each test, and what tests of several routes ask of it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::Value;
use testkit::{App, Launch, Reply};

pub fn launch() -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_agon"))
}

pub fn start() -> App {
    launch().start()
}

/// Sends a request whose every byte is decided here; header lines end with `\r\n`.
pub fn request(app: &App, line: &str, headers: &str, body: &[u8]) -> Reply {
    let mut connection = app.connect();
    connection.request(line, headers, body);
    connection.reply().expect("a reply")
}

/// The lines of the whole leaderboard.
pub fn board(app: &App) -> Vec<Value> {
    app.get("/leaderboard/all")
        .json()
        .as_array()
        .unwrap()
        .clone()
}

/// The pointers in a problem's `errors`, each of which has to say what is wrong there.
pub fn pointers(problem: &Value) -> Vec<String> {
    let pointer = |error: &Value| {
        assert!(!error["detail"].as_str().unwrap().is_empty());
        error["pointer"].as_str().unwrap().to_owned()
    };
    let errors = problem["errors"].as_array().expect("errors");
    errors.iter().map(pointer).collect()
}
