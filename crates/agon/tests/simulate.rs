//! `agon simulate` as an operator runs it: a table, JSON, a page and a picture, and what is refused.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const DUEL: &str =
    "[teams]\nmin_size = 1\n[rating]\nspread = 100\nwiden_per_s = 10\nmax_spread = 400\n";

/// In a directory that has two queues.
fn room() -> tempfile::TempDir {
    let room = tempfile::tempdir().unwrap();
    fs::write(room.path().join("duel.toml"), DUEL).unwrap();
    let wide = DUEL.replace("spread = 100", "spread = 300");
    fs::write(room.path().join("wide.toml"), wide).unwrap();
    room
}

fn simulate(room: &Path, flags: &str) -> Output {
    let mut agon = Command::new(env!("CARGO_BIN_EXE_agon"));
    agon.arg("simulate").args(flags.split_whitespace());
    agon.current_dir(room).output().unwrap()
}

fn printed(room: &Path, flags: &str) -> String {
    let output = simulate(room, flags);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// What it says, having failed with this code and printed nothing.
fn refusal(room: &Path, flags: &str, code: i32) -> String {
    let output = simulate(room, flags);
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(!text.contains("panicked"), "{text}");
    text
}

/// The figure of a line in a table with one column.
fn figure<'a>(table: &'a str, line: &str) -> &'a str {
    let row = table
        .lines()
        .find_map(|row| row.trim_start().strip_prefix(line));
    row.unwrap_or_else(|| panic!("no {line} in {table}")).trim()
}

#[test]
fn the_same_seed_gives_the_same_table() {
    let room = room();
    let flags = "--queue duel.toml --arrivals 5/s --hours 0.1 --players 500";
    let table = printed(room.path(), flags);
    assert_eq!(table, printed(room.path(), &format!("{flags} --seed 1")));
    assert_ne!(table, printed(room.path(), &format!("{flags} --seed 2")));
    let tickets: f64 = figure(&table, "tickets ").replace(',', "").parse().unwrap();
    assert!((tickets - 1_800.0).abs() < 215.0, "{table}");
    assert!(figure(&table, "matched").ends_with('%'), "{table}");
    let most: f64 = table
        .lines()
        .skip_while(|l| !l.starts_with("rating spread"))
        .find_map(|l| l.trim().strip_prefix("most"))
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    assert!(most <= 400.0, "{table}");
}

#[test]
fn the_queues_of_the_documentation_are_queues() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let flags = "--queue ranked.toml --against wide.toml --hours 0.02 --party 1:0.6,2:0.3,5:0.1";
    assert!(printed(&docs, flags).contains("ranked.toml  wide.toml"));
}

#[test]
fn two_queues_stand_side_by_side() {
    let room = room();
    let flags = "--queue duel.toml --against wide.toml --arrivals 5/s --hours 0.1 --json";
    let report: Value = serde_json::from_str(&printed(room.path(), flags)).unwrap();
    let queues = report["queues"].as_array().unwrap();
    let [duel, wide] = &queues[..] else {
        panic!("{report}");
    };
    assert_eq!(
        (&duel["file"], &wide["file"]),
        (&"duel.toml".into(), &"wide.toml".into())
    );
    assert_eq!(duel["settings"]["rating"]["spread"], 100.0);
    let (duel, wide) = (&duel["simulation"], &wide["simulation"]);
    // The same players come at the same times.
    assert_eq!(duel["tickets"]["arrived"], wide["tickets"]["arrived"]);
    let median = |found: &Value| found["rating_spread"]["p50"].as_f64().unwrap();
    assert!(median(duel) < median(wide), "{report}");
}

#[test]
fn pages_and_pictures_are_complete_by_themselves() {
    let room = room();
    let files = "--report report.html --picture plots.svg";
    let flags = format!("--queue duel.toml --against wide.toml --hours 0.05 {files}");
    printed(room.path(), &flags);
    let read = |name: &str| fs::read_to_string(room.path().join(name)).unwrap();
    let (page, picture) = (read("report.html"), read("plots.svg"));
    for part in [
        "<!doctype html>",
        "duel.toml",
        "wide.toml",
        "prefers-color-scheme:dark",
        "spread = 300",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert_eq!(page.matches("<svg").count(), 4);
    assert!(picture.starts_with("<svg") && picture.ends_with("</svg>\n"));
    for text in [&page, &picture] {
        assert!(!text.contains("<script") && !text.contains("NaN") && !text.contains("inf"));
        assert!(!text.contains("src=") && !text.contains("href="));
    }
    // What is there is kept, unless somebody says otherwise.
    assert!(
        refusal(room.path(), &flags, 1).contains("report.html exists; replace it with --force")
    );
    printed(room.path(), &format!("{flags} --force"));
    let names = fs::read_dir(room.path())
        .unwrap()
        .map(|file| file.unwrap().file_name());
    assert_eq!(names.count(), 4);
}

#[test]
fn names_and_rules_cannot_break_out_of_the_page() {
    let room = room();
    let rules = format!("# </pre><script>alert(1)</script>\n{DUEL}");
    fs::write(room.path().join("<b>&.toml"), rules).unwrap();
    printed(
        room.path(),
        "--queue <b>&.toml --hours 0.01 --report r.html --picture p.svg",
    );
    for file in ["r.html", "p.svg"] {
        let text = fs::read_to_string(room.path().join(file)).unwrap();
        assert!(!text.contains("<script") && !text.contains("<b>"), "{text}");
    }
}

#[test]
fn wrong_arguments_are_refused_with_what_would_be_right() {
    let room = room();
    let refused = |flags: &str| refusal(room.path(), &format!("--queue duel.toml {flags}"), 2);
    for (flags, part) in [
        ("--arrivals 50", "such as 50/s, 90/min or 400/h"),
        (
            "--ratings normal",
            "normal:1500,300 or uniform:1000..2000, or file:PATH",
        ),
        ("--ratings file:none.txt", "cannot read none.txt"),
        ("--hours 0", "such as 2 or 0.5"),
        ("--party 1", "such as 1:0.6,2:0.3,5:0.1"),
        ("--decline 2", "expected a share from 0 to 1"),
        ("--start warm", "settled"),
        ("--interval 1", "such as 1s or 200ms"),
        ("--seed one", "invalid digit"),
    ] {
        let text = refused(flags);
        assert!(text.contains(part), "{flags}: {text}");
    }
    assert!(refusal(room.path(), "--hours 1", 2).contains("--queue <FILE>"));
}

#[test]
fn what_does_not_fit_the_queue_is_refused_before_anything_is_simulated() {
    let room = room();
    let refused = |flags: &str| refusal(room.path(), flags, 1);
    let both = "--queue wide.toml --against duel.toml";
    for (flags, part) in [
        (
            "--party 2:1",
            "wide.toml: a party of 2 cannot play: parties have from 1 to 1 players",
        ),
        (
            "--decline 0.1",
            "wide.toml: nobody can decline: the queue has no acceptance window",
        ),
        (
            "--players 3",
            "from 4 (two for every player of a match) to 1000000 players",
        ),
        (
            "--arrivals 5000/s --hours 2",
            "36000000 arrivals are more than a simulation bears",
        ),
        ("--arrivals 1e-20/s", "from 0.000000001 a second on"),
        ("--interval 1ms", "3600000 looks at the queue"),
        ("--roles tank:1", "the rules have no role tank"),
    ] {
        let text = refused(&format!("{both} {flags}"));
        assert!(
            text.contains(part) && !text.contains("simulated"),
            "{flags}: {text}"
        );
    }
}

#[test]
fn wrong_rules_are_refused_with_every_fault() {
    let room = room();
    let write = |text: &str| fs::write(room.path().join("bad.toml"), text).unwrap();
    let refused = || refusal(room.path(), "--queue bad.toml", 1);
    write("[teams]\nmin_size = 5\nmax_size = 4\n[rating]\nspread = -1\n[colour]\n");
    let text = refused();
    assert!(text.starts_with("agon: bad.toml is no queue:"), "{text}");
    assert!(
        text.contains("\n  colour ") && text.contains("\n  rating.spread must be a number"),
        "{text}"
    );
    // What contradicts itself, as a queue on a server would say it.
    write("[teams]\nmin_size = 5\nmax_size = 4\n");
    assert!(refused().contains("teams.m"), "{}", refused());
    write("[teams\n");
    assert!(refused().contains("TOML parse error"));
    assert!(
        refusal(room.path(), "--queue none.toml", 1)
            .contains("cannot read none.toml: No such file")
    );
}
