//! What goes wrong on the way: a full disk, Ctrl-C, an outage of the store that is exported.

use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::commands::{run, told};
use testkit::{App, Launch, SmallDisk, player_id};

use crate::{AGON, agon, exported};

const LIMIT: Duration = Duration::from_secs(60);
const PLAYERS: usize = 40_000;

/// An export of the board `cup`, with everybody on it and a note of so many bytes each, and of `global`.
fn large_export(file: &Path, note: usize) {
    let app = Launch::new(AGON).start();
    app.create_players(0..PLAYERS);
    put_cup(&app);
    for from in (0..PLAYERS).step_by(10_000) {
        let scores: Vec<Value> = (from..from + 10_000)
            .map(
                |n| json!({"player_id": player_id(n), "score": n, "metadata": {"note": "x".repeat(note)}}),
            )
            .collect();
        let taken = app.post("/v1/boards/cup/scores:batch", &json!({"scores": scores}));
        assert_eq!(taken.json()["applied"], 10_000);
    }
    std::fs::write(file, exported(&mut agon("export", app.data_dir()))).unwrap();
}

fn put_cup(app: &App) {
    let headers = [("content-type", "application/json")];
    let put = app.request("PUT", "/v1/boards/cup", &headers, Some(b"{}"));
    assert_eq!(put.unwrap().status, 201);
}

/// How many entries each board has.
fn boards(app: &App) -> Vec<(String, u64)> {
    let boards = app.get("/v1/boards").json();
    let boards = boards["boards"].as_array().unwrap().iter();
    let one = |board: &Value| {
        let name = board["board"].as_str().unwrap().to_owned();
        (name, board["total"].as_u64().unwrap())
    };
    boards.map(one).collect()
}

fn all() -> Vec<(String, u64)> {
    let all = PLAYERS as u64;
    vec![("cup".to_owned(), all), ("global".to_owned(), all)]
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < LIMIT, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn interrupt(child: &Child) {
    let id = child.id().to_string();
    let sent = Command::new("kill").args(["-s", "INT", &id]).status();
    assert!(sent.unwrap().success());
}

#[test]
fn an_import_onto_a_full_disk_changes_no_board() {
    let temp = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(&temp.path().join("disk")) else {
        return;
    };
    let (file, data) = (temp.path().join("file"), disk.path("data"));
    large_export(&file, 200);
    Launch::on(AGON, &data).start().create_players(0..3);
    let import = || run(agon("import", &data).arg("--replace").arg(&file));
    disk.ballast(32);
    let refused = import();
    assert_eq!(refused.status.code(), Some(1), "{}", told(&refused));
    let said = told(&refused);
    assert!(said.contains("the store cannot be written"), "{said}");
    assert!(said.contains("no board was changed"), "{said}");

    disk.grow();
    let before = vec![("global".to_owned(), 3)];
    assert_eq!(boards(&Launch::on(AGON, &data).start()), before);
    let imported = import();
    assert!(imported.status.success(), "{}", told(&imported));
    assert_eq!(boards(&Launch::on(AGON, &data).start()), all());
}

/// A start copies the journal, for which there is no room here once the import has written its own.
#[test]
fn an_import_that_cannot_be_looked_at_again_says_that_it_is_there() {
    let temp = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(&temp.path().join("disk")) else {
        return;
    };
    let (file, data) = (temp.path().join("file"), disk.path("data"));
    large_export(&file, 40);
    Launch::on(AGON, &data).start().create_players(0..3);
    disk.ballast(34);
    let done = run(agon("import", &data).arg("--replace").arg(&file));
    assert_eq!(done.status.code(), Some(1), "{}", told(&done));
    let said = told(&done);
    assert!(
        said.contains("the boards were imported, and cannot be compared with the file"),
        "{said}"
    );
    disk.grow();
    assert_eq!(boards(&Launch::on(AGON, &data).start()), all());
}

#[test]
fn a_pipe_that_does_not_fit_on_the_disk_changes_nothing() {
    let temp = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(&temp.path().join("disk")) else {
        return;
    };
    let (file, data) = (temp.path().join("file"), disk.path("data"));
    large_export(&file, 200);
    let _ballast = disk.ballast(44);
    let mut import = agon("import", &data);
    let import = import.arg("-").stdin(std::fs::File::open(&file).unwrap());
    let refused = run(import);
    assert_eq!(refused.status.code(), Some(1));
    let said = told(&refused);
    assert!(
        said.contains("cannot keep the export in the data directory"),
        "{said}"
    );
    let left = std::fs::read_dir(&data).unwrap();
    let left: Vec<_> = left.map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["LOCK"], "nothing but the lock");
}

#[test]
fn an_import_that_is_interrupted_shows_nothing_and_can_be_done_again() {
    let temp = tempfile::tempdir().unwrap();
    let (file, data) = (temp.path().join("file"), temp.path().join("data"));
    large_export(&file, 200);
    let mut in_time = 0;
    for later in [0, 20, 60, 150, 0, 20] {
        let mut child = agon("import", &data)
            .arg(&file)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // The store is made, or opened, only when the file has been found good; from then on it writes.
        until("the import writes", || {
            data.join("FORMAT").exists() || child_has_ended(&child)
        });
        std::thread::sleep(Duration::from_millis(later));
        interrupt(&child);
        let status = child.wait().unwrap();
        let app = Launch::on(AGON, &data).start();
        if status.success() {
            assert_eq!(boards(&app), all());
            drop(app);
            std::fs::remove_dir_all(&data).unwrap();
        } else {
            assert_eq!(status.signal(), Some(2));
            assert_eq!(boards(&app), [("global".to_owned(), 0)]);
            in_time += 1;
        }
    }
    assert!(in_time > 0, "none was interrupted in time");
    let imported = run(agon("import", &data).arg("--replace").arg(&file));
    assert!(imported.status.success(), "{}", told(&imported));
    assert_eq!(boards(&Launch::on(AGON, &data).start()), all());
}

fn child_has_ended(child: &Child) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{}/stat", child.id()));
    status.is_ok_and(|status| status.contains(") Z "))
}

/// An outage takes that the engine is opened again, which takes that no export holds it.
#[test]
fn an_outage_revokes_the_export_and_leaves_no_file() {
    let temp = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(&temp.path().join("disk")) else {
        return;
    };
    let ballast = disk.ballast(20);
    let app = Launch::on(AGON, &disk.path("data")).start();
    app.create_players(0..20_000);
    let (out, part) = (temp.path().join("out"), temp.path().join("out.part"));
    // A pipe in the place of the file holds the export up, until it is read from.
    let made = Command::new("mkfifo").arg(&part).status();
    assert!(made.unwrap().success());
    let pipe = std::fs::File::options().read(true).write(true).open(&part);
    let mut pipe = pipe.unwrap();
    let mut export = agon("export", app.data_dir());
    let export = export.arg("--output").arg(&out).stderr(Stdio::piped());
    let export = export.spawn().unwrap();
    until("the export begins", || {
        app.log().contains("an export begins")
    });

    let refused_at = fill(&app, 20_000);
    until("the export is given up", || {
        app.log().contains("the export was given up")
    });
    std::thread::spawn(move || {
        // Ends with the test, since this side keeps the pipe open for writing as well.
        while matches!(pipe.read(&mut [0; 65_536]), Ok(1..)) {}
    });
    let ended = export.wait_with_output().unwrap();
    let said = told(&ended);
    assert_eq!(ended.status.code(), Some(1), "{said}");
    let reason = "the export was given up: the store cannot be exported now: it cannot write";
    assert!(said.contains(reason), "{said}");
    assert!(!out.exists() && !part.exists());

    std::fs::remove_file(&ballast).unwrap();
    until("the store is ready again", || {
        app.get("/readyz").status == 200
    });
    let again = run(agon("export", app.data_dir()).arg("--output").arg(&out));
    assert!(again.status.success(), "{}", told(&again));
    assert!(
        told(&again).contains(&format!(" {refused_at} players, {refused_at} entries")),
        "{}",
        told(&again)
    );
}

/// Creates players until the store cannot write any more; how many there are then.
fn fill(app: &App, mut players: usize) -> usize {
    loop {
        let user = |n| json!({"user_id": player_id(n), "display_name": "x".repeat(64)});
        let users: Vec<Value> = (players..players + 2_000).map(user).collect();
        match app.post("/user/create", &json!(users)).status {
            201 => players += 2_000,
            503 => return players,
            other => panic!("{other}"),
        }
        assert!(players < 1_000_000, "the disk never fills");
    }
}
