//! Where an export goes, and what is left when it does not get there.

use std::time::{Duration, Instant};

use serde_json::Value;
use testkit::Launch;
use testkit::commands::{run, told};

use crate::{AGON, agon, exported, lines};

#[test]
fn a_file_appears_when_it_is_whole_and_is_not_replaced_unasked() {
    let temp = tempfile::tempdir().unwrap();
    let (data, file) = (temp.path().join("data"), temp.path().join("agon.ndjson"));
    Launch::on(AGON, &data).start().create_players(0..3);
    let export = || {
        let mut export = agon("export", &data);
        export.arg("--output").arg(&file);
        export
    };
    let output = run(&mut export());
    let said = told(&output);
    assert!(
        output.status.success() && output.stdout.is_empty(),
        "{said}"
    );
    let begins = "exported 1 boards, 3 players, 3 entries, 0 hidden marks in ";
    assert!(
        said.starts_with(begins) && said.lines().count() == 1,
        "{said}"
    );
    let first = std::fs::read(&file).unwrap();
    assert_eq!(lines(&first)[0]["scope"], Value::from("store"));
    let refused = run(&mut export());
    assert!(!refused.status.success());
    assert!(told(&refused).contains("exists; replace it with --force"));
    assert_eq!(std::fs::read(&file).unwrap(), first);
    assert!(run(export().arg("--force")).status.success());
    let names: Vec<_> = std::fs::read_dir(temp.path()).unwrap().collect();
    assert_eq!(names.len(), 2, "{names:?}");
}

#[test]
fn what_cannot_be_exported_leaves_no_file() {
    let temp = tempfile::tempdir().unwrap();
    let (data, file) = (temp.path().join("data"), temp.path().join("agon.ndjson"));
    let missing = run(agon("export", &data).arg("--output").arg(&file));
    assert!(
        told(&missing).contains("there is no store in"),
        "{}",
        told(&missing)
    );
    assert!(!data.exists());
    let app = Launch::on(AGON, &data).start();
    let unknown = run(agon("export", &data)
        .args(["--board", "no", "--output"])
        .arg(&file));
    assert!(
        told(&unknown).contains("there is no board no"),
        "{}",
        told(&unknown)
    );
    let nowhere = run(agon("export", &data).args(["--output", "/no/such/file"]));
    assert!(
        told(&nowhere).contains("cannot write /no/such/file.part"),
        "{}",
        told(&nowhere)
    );
    if std::path::Path::new("/dev/full").exists() {
        let full = std::fs::File::options().write(true).open("/dev/full");
        let full = agon("export", &data)
            .stdout(full.unwrap())
            .output()
            .unwrap();
        assert!(told(&full).contains("No space left"), "{}", told(&full));
    }
    drop(app);
    assert!(!file.exists() && !temp.path().join("agon.ndjson.part").exists());
}

#[test]
fn one_that_is_told_to_stop_leaves_no_file() {
    let temp = tempfile::tempdir().unwrap();
    let (data, fifo) = (temp.path().join("data"), temp.path().join("out"));
    Launch::on(AGON, &data).start().create_players(0..20_000);
    // A pipe in the place of the file holds the export up, since nobody reads from it.
    let part = temp.path().join("out.part");
    let made = std::process::Command::new("mkfifo").arg(&part).status();
    assert!(made.unwrap().success());
    let reader = std::fs::File::options().read(true).write(true).open(&part);
    let mut child = agon("export", &data)
        .arg("--output")
        .arg(&fifo)
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    let id = child.id().to_string();
    let sent = std::process::Command::new("kill")
        .args(["-s", "INT", &id])
        .status();
    assert!(sent.unwrap().success());
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        assert!(
            started.elapsed() < Duration::from_secs(30),
            "it does not stop"
        );
        std::thread::sleep(Duration::from_millis(10));
    };
    assert_eq!(status.code(), Some(1));
    assert!(!part.exists() && !fifo.exists());
    drop(reader);
    exported(&mut agon("export", &data));
}
