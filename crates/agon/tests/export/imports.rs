//! Import: what comes back, what is refused, and what a crash in between leaves.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use testkit::Launch;
use testkit::commands::{run, told};

use crate::{AGON, agon, exported, normal};

fn import(data: &Path, file: &Path, flags: &[&str]) -> std::process::Output {
    run(agon("import", data).args(flags).arg(file))
}

#[test]
fn what_was_exported_comes_back_and_goes_out_again_the_same() {
    let temp = tempfile::tempdir().unwrap();
    let path = |name| temp.path().join(name);
    let app = Launch::on(AGON, &path("data")).start();
    app.create_players(0..300);
    // Ties in another order than that of the ids.
    (0..300).rev().for_each(|n| app.submit(n, (n % 7) as f64));
    let ranked = app.get("/leaderboard/all").json();
    let export = exported(&mut agon("export", app.data_dir()));
    drop(app);
    std::fs::write(path("file"), &export).unwrap();
    let imported = import(&path("copy"), &path("file"), &[]);
    let said = told(&imported);
    assert!(imported.status.success(), "{said}");
    assert!(
        said.contains("300 players created, 0 updated; 0 boards replaced"),
        "{said}"
    );
    let again = exported(&mut agon("export", &path("copy")));
    assert_eq!(normal(&again), normal(&export));
    let copy = Launch::on(AGON, &path("copy")).start();
    assert_eq!(copy.get("/leaderboard/all").json(), ranked);
    let in_use = import(&path("copy"), &path("file"), &["--replace"]);
    assert!(
        told(&in_use).contains("is in use by another process"),
        "{}",
        told(&in_use)
    );
    drop(copy);
    let refused = import(&path("copy"), &path("file"), &[]);
    assert!(
        told(&refused).contains("there is a board global already"),
        "{}",
        told(&refused)
    );
    let mut child = agon("import", &path("copy"));
    let child = child
        .args(["--replace", "-"])
        .stdin(Stdio::from(std::fs::File::open(path("file")).unwrap()));
    let replaced = run(child);
    assert!(
        told(&replaced).contains("0 players created, 300 updated; 1 boards replaced"),
        "{}",
        told(&replaced)
    );
    let copy = Launch::on(AGON, &path("copy")).start();
    assert_eq!(copy.get("/leaderboard/all").json(), ranked);
    copy.submit(0, 1e6);
    assert_eq!(
        copy.get("/leaderboard?limit=1").json()[0]["points"],
        1e6 as u64
    );
}

#[test]
fn a_pipe_that_ends_early_changes_nothing() {
    use std::io::Write;
    let temp = tempfile::tempdir().unwrap();
    let data = temp.path().join("data");
    let app = Launch::on(AGON, &data).start();
    app.create_players(0..50);
    let export = exported(&mut agon("export", &data));
    drop(app);
    let empty = temp.path().join("empty");
    let mut child = agon("import", &empty);
    let child = child.arg("-").stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut child = child.spawn().unwrap();
    let half = &export[..export.len() / 2];
    child.stdin.take().unwrap().write_all(half).unwrap();
    let refused = child.wait_with_output().unwrap();
    assert!(
        told(&refused).contains("the export is cut off after line"),
        "{}",
        told(&refused)
    );
    let left: Vec<_> = std::fs::read_dir(&empty)
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(left, ["LOCK"], "nothing but the lock");
}

/// Killed at more and more instants, from before the first batch to behind the last.
#[test]
fn a_killed_import_leaves_all_or_nothing() {
    let temp = tempfile::tempdir().unwrap();
    let path = |name| temp.path().join(name);
    let app = Launch::on(AGON, &path("data")).start();
    app.create_players(0..40_000);
    let export = exported(&mut agon("export", &path("data")));
    drop(app);
    std::fs::write(path("file"), export).unwrap();
    Launch::on(AGON, &path("target"))
        .start()
        .create_players(40_000..40_003);
    let started = Instant::now();
    import(&path("dry"), &path("file"), &[]);
    let whole = started.elapsed();
    let mut outcomes = [0, 0];
    for share in 1..12 {
        let mut child = agon("import", &path("target"));
        let child = child
            .arg("--replace")
            .arg(path("file"))
            .stderr(Stdio::null());
        let mut child = child.spawn().unwrap();
        std::thread::sleep(whole * share / 10);
        child.kill().unwrap();
        child.wait().unwrap();
        // The server starts, so all counts are right, and shows one board or the other.
        let app = Launch::on(AGON, &path("target")).start();
        let there = app.get("/leaderboard/all").json().as_array().unwrap().len();
        match there {
            3 => outcomes[0] += 1,
            40_000 => outcomes[1] += 1,
            other => panic!("{other} entries after a kill at {share}/10"),
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    assert!(outcomes[0] > 0, "some were killed in time: {outcomes:?}");
    assert!(
        import(&path("target"), &path("file"), &["--replace"])
            .status
            .success()
    );
    let app = Launch::on(AGON, &path("target")).start();
    let there = app.get("/leaderboard/all").json().as_array().unwrap().len();
    assert_eq!(there, 40_000);
}
