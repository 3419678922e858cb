//! Exports and imports of the embedded store: what comes back is what was there, and what is not a whole
//! export changes nothing.
#![allow(clippy::unwrap_used)]

mod of_boards;
mod of_queues;

use std::collections::BTreeSet;
use std::io::Cursor;

use serde_json::Value;
use store_embedded::{
    Clock, EmbeddedStore, Export, ImportError, ImportPlan, Imported, Options, Scope, Source, import,
};
use tempfile::TempDir;

const STARTED_AT_MS: i64 = 1_000;

fn options(dir: &TempDir) -> Options {
    Options {
        data_dir: dir.path().join("data"),
        cache_bytes: 1 << 20,
        max_queue: 1024,
        clock: Clock::new(|| STARTED_AT_MS),
    }
}

fn open(dir: &TempDir) -> EmbeddedStore {
    EmbeddedStore::open(&options(dir)).unwrap()
}

fn temp() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(future)
}

fn export_of(dir: &TempDir, scope: Scope) -> Vec<u8> {
    let options = options(dir);
    let export = Export::of_directory(&options.data_dir, 1 << 20, scope, 5).unwrap();
    let mut bytes = Vec::new();
    export.write(&mut bytes, &mut |_| {}).unwrap();
    bytes
}

fn import_to(dir: &TempDir, bytes: &[u8], plan: &ImportPlan) -> Result<Imported, ImportError> {
    let source = Source::Stream(Box::new(Cursor::new(bytes.to_vec())));
    import(&options(dir), source, plan, &mut |_, _, _| {})
}

fn replace() -> ImportPlan {
    ImportPlan {
        replace: true,
        ..ImportPlan::default()
    }
}

/// The records of an export, with sequence numbers that say nothing but the order.
fn records(export: &[u8]) -> Vec<Value> {
    let lines: Vec<&[u8]> = export.split_inclusive(|b| *b == b'\n').collect();
    let inner = &lines[1..lines.len() - 1];
    let mut records: Vec<Value> = inner
        .iter()
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    for number in ["reached", "made"] {
        let all: BTreeSet<u64> = records.iter().filter_map(|r| r[number].as_u64()).collect();
        for record in &mut records {
            if let Some(at) = record[number].as_u64() {
                record[number] = all.range(..at).count().into();
            }
        }
    }
    records
}

fn refusal(dir: &TempDir, bytes: &[u8], plan: &ImportPlan) -> String {
    import_to(dir, bytes, plan).unwrap_err().to_string()
}

/// The export with some lines changed, and an end that fits.
fn forged(bytes: &[u8], change: impl Fn(&mut Vec<String>)) -> Vec<u8> {
    use sha2::Digest;
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.pop();
    change(&mut lines);
    let body = lines.join("\n") + "\n";
    let digest: String = sha2::Sha256::digest(&body)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let counts = [
        ("boards", "board"),
        ("players", "player"),
        ("entries", "entry"),
        ("hidden", "hidden"),
        ("queues", "queue"),
        ("matches", "match"),
        ("tickets", "ticket"),
        ("backfills", "backfill"),
        ("ratings", "rating"),
    ]
    .map(|(of, kind)| {
        let count = body.matches(&format!("{{\"kind\":\"{kind}\"")).count();
        format!("\"{of}\":{count},")
    });
    let counts = counts.concat();
    let end = format!("{{\"kind\":\"end\",{counts}\"sha256\":\"{digest}\"}}\n");
    (body + &end).into_bytes()
}
