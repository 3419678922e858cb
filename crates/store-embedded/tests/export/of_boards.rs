//! Boards and players in exports.

use std::collections::BTreeSet;

use boards::{BoardId, BoardStore};
use proptest::prelude::*;
use store_embedded::{Export, ExportError, ImportPlan, Scope};
use tempfile::TempDir;
use testkit::{ReferenceStore, conformance};

use crate::{
    STARTED_AT_MS, export_of, forged, import_to, open, options, records, refusal, replace, temp,
    wait,
};

/// What a store does that takes these steps, restarted between the runs.
fn store_of(runs: &[Vec<conformance::Step>]) -> (TempDir, ReferenceStore) {
    let dir = temp();
    let reference = ReferenceStore::new(STARTED_AT_MS);
    for steps in runs {
        wait(conformance::run(&open(&dir), &reference, steps));
    }
    drop(open(&dir));
    (dir, reference)
}

fn runs() -> impl Strategy<Value = Vec<Vec<conformance::Step>>> {
    prop::collection::vec(conformance::steps(120), 1..3)
}

fn named(export: &[u8]) -> BTreeSet<BoardId> {
    let records = records(export);
    let boards = records.iter().filter(|r| r["kind"] == "board");
    let names = boards.map(|b| BoardId::parse(b["name"].as_str().unwrap()).unwrap());
    names.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 60, ..ProptestConfig::default() })]

    #[test]
    fn what_is_imported_is_what_was_there(runs in runs()) {
        let (dir, reference) = store_of(&runs);
        let bytes = export_of(&dir, Scope::Store);
        let target = temp();
        let done = import_to(&target, &bytes, &ImportPlan::default()).unwrap();
        prop_assert_eq!(done.players_updated, 0);
        wait(conformance::compare(&open(&target), &reference));
        prop_assert_eq!(records(&export_of(&target, Scope::Store)), records(&bytes));
        // The store goes on from there as the first one would; answers for retries are not exported.
        drop(done);
        wait(conformance::compare(&open(&target), &reference));
    }

    #[test]
    fn boards_replace_those_of_their_name(runs in runs(), others in runs()) {
        let (dir, _) = store_of(&runs);
        let (target, _) = store_of(&others);
        let bytes = export_of(&dir, Scope::Store);
        let done = import_to(&target, &bytes, &replace()).unwrap();
        let names = named(&bytes);
        prop_assert_eq!(done.boards, Vec::from_iter(names.clone()));
        for _ in 0..2 {
            let scope = Scope::Boards(names.clone());
            let there = export_of(&target, scope.clone());
            prop_assert_eq!(records(&there), records(&export_of(&dir, scope)));
            // What was replaced is removed while the store is open.
            open(&target).close();
        }
    }

    #[test]
    fn a_damaged_export_changes_nothing(
        runs in runs(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 12),
        flips in prop::collection::vec((any::<prop::sample::Index>(), 0..8_u8), 12),
    ) {
        let (dir, _) = store_of(&runs);
        let target = temp();
        drop(open(&target));
        let before = export_of(&target, Scope::Store);
        let bytes = export_of(&dir, Scope::Store);
        for cut in cuts {
            let cut = &bytes[..cut.index(bytes.len())];
            prop_assert!(import_to(&target, cut, &replace()).is_err());
        }
        for (at, bit) in flips {
            let mut flipped = bytes.clone();
            flipped[at.index(bytes.len())] ^= 1 << bit;
            prop_assert!(import_to(&target, &flipped, &replace()).is_err());
        }
        prop_assert_eq!(export_of(&target, Scope::Store), before);
    }
}

/// Two boards with three players, one of them hidden, made over the store's own interface.
fn small() -> TempDir {
    use boards::{BoardSettings, Change, DisplayName, Player, PlayerId, Score, Submission};
    let dir = temp();
    let store = open(&dir);
    let player = |n| Player {
        id: PlayerId::from_bytes([n; 16]),
        display_name: DisplayName::parse("ünal \"x\"").unwrap(),
        country: None,
        attributes: Default::default(),
    };
    let weekly = BoardId::parse("weekly").unwrap();
    let submit = |board: &BoardId, n, score| Change::Submit {
        board: board.clone(),
        submission: Submission::new(player(n).id, Score::new(score).unwrap()),
    };
    let changes = [
        Change::PutPlayers((1..5).map(player).collect()),
        Change::PutBoard {
            board: weekly.clone(),
            settings: BoardSettings::default(),
        },
        submit(&weekly, 2, 0.1 + 0.2),
        submit(&weekly, 1, 7.0),
        submit(&weekly, 3, 7.0),
        submit(&BoardId::global(), 4, 1.0),
        Change::SetHidden {
            board: weekly,
            player: player(4).id,
            hidden: true,
        },
    ];
    for change in changes {
        wait(store.change(change, None, 2_000)).unwrap();
    }
    drop(store);
    dir
}

#[test]
fn boards_are_exported_with_their_players_alone() {
    let dir = small();
    let scope = |name: &str| Scope::Boards([BoardId::parse(name).unwrap()].into());
    let kinds =
        |export: &[u8], kind: &str| records(export).iter().filter(|r| r["kind"] == kind).count();
    let weekly = export_of(&dir, scope("weekly"));
    let counts = ["board", "player", "entry", "hidden"].map(|kind| kinds(&weekly, kind));
    assert_eq!(counts, [1, 4, 3, 1]);
    let global = export_of(&dir, scope("global"));
    let counts = ["board", "player", "entry", "hidden"].map(|kind| kinds(&global, kind));
    assert_eq!(counts, [1, 1, 1, 0]);
    let text = String::from_utf8(weekly).unwrap();
    assert!(text.starts_with(
        r#"{"kind":"agon_export","format":1,"taken_at":"1970-01-01T00:00:00.005Z","scope":["weekly"]}"#
    ));
    assert!(text.contains(r#""score":0.30000000000000004,"#), "{text}");
    let data_dir = options(&dir).data_dir;
    let unknown = Export::of_directory(&data_dir, 1 << 20, scope("no"), 5)
        .err()
        .unwrap();
    assert_eq!(unknown.to_string(), "there is no board no");
}

/// As exports were before stores kept it.
#[test]
fn an_export_that_does_not_say_when_a_schedule_was_set_is_read() {
    let dir = small();
    let settings = boards::BoardSettings {
        reset: boards::Schedule::parse("0 0 29 2 *", "UTC").ok(),
        ..boards::BoardSettings::default()
    };
    let board = BoardId::parse("weekly").unwrap();
    let put = boards::Change::PutBoard { board, settings };
    let store = open(&dir);
    wait(store.change(put, None, 3_000)).unwrap();
    drop(store);
    let bytes = export_of(&dir, Scope::Store);
    let said = r#","reset_set_at_ms":3000"#;
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert_eq!(text.matches(said).count(), 1, "{text}");
    let without = forged(&bytes, |lines| {
        lines
            .iter_mut()
            .for_each(|line| *line = line.replace(said, ""));
    });
    for bytes in [bytes, without] {
        let target = temp();
        import_to(&target, &bytes, &ImportPlan::default()).unwrap();
        assert_eq!(records(&export_of(&target, Scope::Store)), records(&bytes));
    }
}

#[test]
fn a_board_that_exists_is_in_the_way() {
    let (dir, target) = (small(), small());
    let bytes = export_of(&dir, Scope::Store);
    let before = export_of(&target, Scope::Store);
    let refused = refusal(&target, &bytes, &ImportPlan::default());
    assert!(
        refused.starts_with("there is a board global, weekly already"),
        "{refused}"
    );
    assert_eq!(export_of(&target, Scope::Store), before);
    let unknown = ImportPlan {
        boards: [BoardId::parse("no").unwrap()].into(),
        replace: true,
    };
    assert_eq!(
        refusal(&target, &bytes, &unknown),
        "the export has no board no"
    );
    let one = ImportPlan {
        boards: [BoardId::parse("weekly").unwrap()].into(),
        replace: true,
    };
    let done = import_to(&target, &bytes, &one).unwrap();
    assert_eq!((done.players_updated, done.players_created), (4, 0));
    assert_eq!((done.entries, done.hidden, done.replaced.len()), (3, 1, 1));
    assert_eq!(
        records(&export_of(&target, Scope::Store)).len(),
        records(&before).len()
    );
}

#[test]
fn what_makes_no_sense_is_refused_though_its_digest_is_right() {
    let bytes = export_of(&small(), Scope::Store);
    let target = temp();
    let refuse = |change: &dyn Fn(&mut Vec<String>)| {
        refusal(&target, &forged(&bytes, change), &ImportPlan::default())
    };
    let at = |lines: &[String], kind: &str| {
        let start = format!("{{\"kind\":\"{kind}\"");
        lines
            .iter()
            .position(|line| line.starts_with(&start))
            .unwrap()
    };
    let twice = refuse(&|lines| {
        let entry = at(lines, "entry");
        lines.insert(entry, lines[entry].clone());
    });
    assert!(
        twice.ends_with("entries come by board, season and player, each once"),
        "{twice}"
    );
    let orphan = refuse(&|lines| drop(lines.remove(at(lines, "player"))));
    assert!(
        orphan.ends_with("this player is not in the export"),
        "{orphan}"
    );
    let boardless = refuse(&|lines| drop(lines.remove(at(lines, "board"))));
    assert!(
        boardless.ends_with("this board is not in the export"),
        "{boardless}"
    );
    let season = refuse(&|lines| {
        let entry = at(lines, "entry");
        lines[entry] = lines[entry].replace("\"season\":1", "\"season\":2");
    });
    assert!(season.ends_with("the board has no such season"), "{season}");
    let format = refuse(&|lines| lines[0] = lines[0].replace("\"format\":1", "\"format\":2"));
    assert_eq!(format, "this export has format 2; this Agon reads format 1");
    let field = refuse(&|lines| {
        let player = at(lines, "player");
        lines[player] = lines[player].replace("\"id\"", "\"age\":3,\"id\"");
    });
    assert!(field.contains("unknown field `age`"), "{field}");
    let nil = refuse(&|lines| {
        let nil = r#"{"kind":"player","id":"00000000-0000-0000-0000-000000000000","display_name":"x","country":null,"attributes":{}}"#;
        lines.insert(at(lines, "player"), nil.to_owned());
    });
    assert!(nil.contains("the nil UUID stands for players"), "{nil}");
    let tie = refuse(&|lines| {
        for line in lines
            .iter_mut()
            .filter(|line| line.contains("\"weekly\",\"season\""))
        {
            *line = line.split("\"reached\"").next().unwrap().to_owned() + "\"reached\":9}";
        }
    });
    assert!(tie.contains("two have the same reached"), "{tie}");
    let foreign = refusal(&target, b"{\"a\":1}\n", &ImportPlan::default());
    assert!(
        foreign.starts_with("this is no export of Agon"),
        "{foreign}"
    );
    assert!(
        !options(&target).data_dir.join("FORMAT").exists(),
        "no store was made"
    );
}

#[test]
fn one_export_at_a_time_shows_one_instant() {
    let dir = small();
    let store = open(&dir);
    let first = store.export(Scope::Store).unwrap();
    assert!(matches!(store.export(Scope::Store), Err(ExportError::Busy)));
    let delete = boards::Change::DeletePlayer(boards::PlayerId::from_bytes([1; 16]));
    wait(store.change(delete, None, 3_000)).unwrap();
    let mut bytes = Vec::new();
    let counts = first.write(&mut bytes, &mut |_| {}).unwrap();
    assert_eq!((counts.players, counts.entries), (4, 4));
    let mut later = Vec::new();
    let counts = store.export(Scope::Store).unwrap();
    let counts = counts.write(&mut later, &mut |_| {}).unwrap();
    assert_eq!((counts.players, counts.entries), (3, 3));
    assert!(
        store
            .export(Scope::Boards([BoardId::parse("x").unwrap()].into()))
            .is_err()
    );
    assert!(
        store.export(Scope::Store).is_ok(),
        "a refused export is none under way"
    );
}
