//! `agon export` and `agon import` as an operator runs them, beside a server and without one.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod files;
mod imports;
mod online;
mod troubles;

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use testkit::commands::done;

const AGON: &str = env!("CARGO_BIN_EXE_agon");

/// A command on a data directory.
fn agon(command: &str, data: &Path) -> Command {
    let mut agon = Command::new(AGON);
    agon.arg(command).arg("--data-dir").arg(data);
    agon.stdin(Stdio::null());
    agon
}

/// What it wrote to standard output, if it ended well.
fn exported(command: &mut Command) -> Vec<u8> {
    done(command).stdout
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
