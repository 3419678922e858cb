//! `agon export` and `agon import` as an operator runs them, beside a server and without one.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod files;
mod imports;
mod online;
mod troubles;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use testkit::App;

const AGON: &str = env!("CARGO_BIN_EXE_agon");

/// A command on a data directory.
fn agon(command: &str, data: &Path) -> Command {
    let mut agon = Command::new(AGON);
    agon.arg(command).arg("--data-dir").arg(data);
    agon.stdin(Stdio::null());
    agon
}

fn run(command: &mut Command) -> Output {
    command.output().unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What it wrote to standard output, if it ended well.
fn exported(command: &mut Command) -> Vec<u8> {
    let output = run(command);
    assert!(output.status.success(), "{}", told(&output));
    output.stdout
}

fn lines(export: &[u8]) -> Vec<Value> {
    let lines = export.split(|b| *b == b'\n').filter(|l| !l.is_empty());
    lines.map(|l| serde_json::from_slice(l).unwrap()).collect()
}

/// The records, without the first and the last line and with sequence numbers that start at 0.
fn normal(export: &[u8]) -> Vec<Value> {
    let mut lines = lines(export);
    lines.pop();
    lines.remove(0);
    let least = lines.iter().filter_map(|l| l["reached"].as_u64()).min();
    for line in &mut lines {
        if let Some(reached) = line["reached"].as_u64() {
            line["reached"] = (reached - least.unwrap()).into();
        }
    }
    lines
}

fn id(n: usize) -> String {
    format!("00000000-0000-4000-8000-{n:012}")
}

fn create(app: &App, players: std::ops::Range<usize>) {
    for from in players.clone().step_by(2_000) {
        let to = players.end.min(from + 2_000);
        let users: Vec<Value> = (from..to)
            .map(|n| json!({"user_id": id(n), "display_name": format!("player {n}"), "country": "tr"}))
            .collect();
        assert_eq!(app.post("/user/create", &json!(users)).status, 201);
    }
}

fn submit(app: &App, n: usize, points: f64) {
    let body = json!({"user_id": id(n), "score_worth": points});
    assert_eq!(app.post("/score/submit", &body).status, 200);
}
