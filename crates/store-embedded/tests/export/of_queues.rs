//! Queues and what is in them in exports.

use std::collections::BTreeSet;

use boards::{BoardId, BoardStore, Change, PlayerId};
use matchmaking::{
    MatchId, MatchResult, MatchStore, NewBackfill, OpenSeat, QueueChange, QueueId, TicketId,
};
use proptest::prelude::*;
use serde_json::Value;
use store_embedded::{EmbeddedStore, ImportPlan, Scope};
use tempfile::TempDir;
use testkit::{ReferenceStore, ada, announced_duel, conformance, duel, lone_ticket};

use crate::{
    STARTED_AT_MS, export_of, forged, import_to, open, records, refusal, replace, temp, wait,
};

type Runs = Vec<Vec<conformance::queues::Step>>;

fn runs() -> impl Strategy<Value = Runs> {
    prop::collection::vec(conformance::queues::steps(160), 1..3)
}

/// What a store does that takes these steps, restarted between the runs.
fn store_of(runs: &Runs) -> (TempDir, ReferenceStore, Vec<MatchId>) {
    let dir = temp();
    let reference = ReferenceStore::new(STARTED_AT_MS);
    let mut known = Vec::new();
    for steps in runs {
        let store = open(&dir);
        wait(conformance::queues::run(
            &store, &reference, steps, &mut known,
        ));
    }
    (dir, reference, known)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, max_shrink_iters: 60, ..ProptestConfig::default() })]

    /// From there both go on alike.
    #[test]
    fn a_restored_store_does_what_the_first_would(runs in runs(), then in runs()) {
        let (dir, reference, mut known) = store_of(&runs);
        let bytes = export_of(&dir, Scope::Store);
        let target = temp();
        import_to(&target, &bytes, &ImportPlan::default()).unwrap();
        let reference = reference.restored();
        prop_assert_eq!(records(&export_of(&target, Scope::Store)), records(&bytes));
        for steps in &then {
            let store = open(&target);
            wait(conformance::queues::compare(&store, &reference, &known));
            wait(conformance::queues::run(&store, &reference, steps, &mut known));
        }
        wait(conformance::queues::compare(&open(&target), &reference, &known));
    }

    #[test]
    fn queues_replace_those_of_their_name(runs in runs(), others in runs()) {
        let (dir, _, _) = store_of(&runs);
        let (target, _, _) = store_of(&others);
        let bytes = export_of(&dir, Scope::Store);
        import_to(&target, &bytes, &replace()).unwrap();
        for _ in 0..2 {
            let there = export_of(&target, Scope::Store);
            prop_assert_eq!(of_queues(&bytes, &bytes), of_queues(&there, &bytes));
            // What was replaced is removed while the store is open.
            open(&target).close();
        }
    }

    /// Going back to an earlier instant of the same store.
    #[test]
    fn what_came_later_is_undone_by_an_earlier_export(runs in runs(), then in runs()) {
        let (dir, reference, mut known) = store_of(&runs);
        let bytes = export_of(&dir, Scope::Store);
        let later = reference.copy();
        for steps in &then {
            wait(conformance::queues::run(&open(&dir), &later, steps, &mut known));
        }
        import_to(&dir, &bytes, &replace()).unwrap();
        let there = export_of(&dir, Scope::Store);
        prop_assert_eq!(of_queues(&bytes, &bytes), of_queues(&there, &bytes));
        open(&dir).close();
        import_to(&dir, &bytes, &replace()).unwrap();
        let store = open(&dir);
        let restored = reference.restored();
        for record in records(&bytes).iter().filter(|r| r["kind"] == "match") {
            let id = MatchId::parse(record["match"]["id"].as_str().unwrap()).unwrap();
            prop_assert_eq!(
                wait(store.find_match(id)).unwrap(),
                wait(restored.find_match(id)).unwrap()
            );
        }
    }
}

/// What an export has of the queues, matches and so on that the other has; the order of what was made counts
/// queue by queue.
fn of_queues(export: &[u8], other: &[u8]) -> Vec<Value> {
    let names: BTreeSet<String> = records(other)
        .iter()
        .filter(|record| record["kind"] == "queue")
        .map(|record| record["name"].to_string())
        .collect();
    let matches: BTreeSet<String> = records(other)
        .iter()
        .filter(|record| record["kind"] == "match")
        .map(|record| record["match"]["id"].to_string())
        .collect();
    let named = |record: &Value| match record["kind"].as_str().unwrap() {
        "queue" => names.contains(&record["name"].to_string()),
        "match" => matches.contains(&record["match"]["id"].to_string()),
        "ticket" => names.contains(&record["ticket"]["queue"].to_string()),
        "backfill" => names.contains(&record["backfill"]["queue"].to_string()),
        "rating" => names.contains(&record["queue"].to_string()),
        _ => false,
    };
    let mut kept = records(export);
    kept.retain(named);
    let made: BTreeSet<u64> = kept.iter().filter_map(|r| r["made"].as_u64()).collect();
    for record in &mut kept {
        if let Some(at) = record["made"].as_u64() {
            record["made"] = made.range(..at).count().into();
        }
    }
    kept
}

fn player(n: u8) -> PlayerId {
    PlayerId::from_bytes([n; 16])
}

fn queue() -> QueueId {
    QueueId::parse("duel").unwrap()
}

fn named(name: &str) -> TicketId {
    TicketId::parse(name).unwrap()
}

fn ticket(name: &str, n: u8) -> QueueChange {
    QueueChange::CreateTicket {
        queue: queue(),
        ticket: lone_ticket(named(name), player(n)),
    }
}

fn id(n: u8) -> MatchId {
    MatchId::from_random([n; 16])
}

fn found(n: u8, tickets: [&str; 2]) -> QueueChange {
    announced_duel(queue(), id(n), tickets.map(named), 0.0)
}

fn put(acceptance_ms: Option<u64>) -> QueueChange {
    QueueChange::PutQueue {
        queue: queue(),
        settings: Box::new(duel(acceptance_ms, 1 << 40)),
    }
}

fn change(store: &EmbeddedStore, change: QueueChange) {
    wait(store.change_queue(change, None, 2_000)).unwrap();
}

/// A queue with one of everything: match 1 has a result, 2 is held with an open seat, 3 is proposed; two tickets
/// wait.
fn small() -> TempDir {
    let dir = temp();
    let store = open(&dir);
    let players = Change::PutPlayers((1..9).map(player).map(ada).collect());
    wait(store.change(players, None, 2_000)).unwrap();
    change(&store, put(None));
    for n in 1..9 {
        change(&store, ticket(&format!("t{n}"), n));
    }
    change(&store, found(1, ["t1", "t2"]));
    change(&store, found(2, ["t3", "t4"]));
    change(
        &store,
        QueueChange::Finish {
            match_id: id(1),
            result: MatchResult::Placements(vec![1, 2]),
        },
    );
    let backfill = NewBackfill {
        id: named("b"),
        match_id: id(2),
        left: vec![player(3)],
        seats: Vec::<OpenSeat>::new(),
    };
    let backfill = QueueChange::CreateBackfill {
        queue: queue(),
        backfill,
    };
    change(&store, backfill);
    change(&store, put(Some(1 << 40)));
    change(&store, found(3, ["t5", "t6"]));
    drop(store);
    dir
}

#[test]
fn queues_are_in_an_export_of_the_store_and_in_no_other() {
    let dir = small();
    let bytes = export_of(&dir, Scope::Store);
    let kinds = ["queue", "match", "ticket", "backfill", "rating"];
    let counts = |bytes: &[u8]| {
        let all = records(bytes);
        kinds.map(|kind| all.iter().filter(|r| r["kind"] == kind).count())
    };
    assert_eq!(counts(&bytes), [1, 3, 4, 1, 2]);
    let text = String::from_utf8(bytes.clone()).unwrap();
    let end = r#""queues":1,"matches":3,"tickets":4,"backfills":1,"ratings":2,"sha256""#;
    assert!(text.contains(end), "{text}");
    let global = Scope::Boards([BoardId::global()].into());
    let boards = export_of(&dir, global);
    assert_eq!(counts(&boards), [0; 5]);
    assert!(!String::from_utf8(boards).unwrap().contains("queues"));
    let target = temp();
    let plan = ImportPlan {
        boards: [BoardId::global()].into(),
        replace: false,
    };
    let done = import_to(&target, &bytes, &plan).unwrap();
    assert_eq!((done.queues.len(), done.matches), (0, 0));
    let done = import_to(&target, &bytes, &ImportPlan::default()).unwrap();
    let counts = (done.tickets, done.backfills, done.ratings, done.matches);
    assert_eq!(counts, (4, 1, 2, 3));
    let refused = refusal(&target, &bytes, &ImportPlan::default());
    assert!(
        refused.starts_with("there is a queue duel already"),
        "{refused}"
    );
    let done = import_to(&target, &bytes, &replace()).unwrap();
    assert_eq!(done.queues_replaced, [queue()]);
    assert_eq!(counts_in(&target), [4, 1, 2]);
}

/// Live tickets, open backfills and running matches.
fn counts_in(dir: &TempDir) -> [u64; 3] {
    let stats = wait(open(dir).queue_stats(&queue(), 2_000)).unwrap();
    let live = stats.waiting_tickets + stats.proposed_tickets;
    [live, stats.open_backfills, stats.running_matches + 1]
}

#[test]
fn matches_of_a_deleted_queue_stay_its_own() {
    let dir = small();
    let store = open(&dir);
    change(&store, QueueChange::DeleteQueue(queue()));
    change(&store, put(None));
    drop(store);
    let bytes = export_of(&dir, Scope::Store);
    let deleted = records(&bytes);
    let deleted = deleted.iter().filter(|r| r["of_deleted_queue"] == true);
    assert_eq!(deleted.count(), 2, "the proposal has failed");
    let target = temp();
    import_to(&target, &bytes, &ImportPlan::default()).unwrap();
    let store = open(&target);
    let finish = QueueChange::Finish {
        match_id: id(2),
        result: MatchResult::Placements(vec![1, 2]),
    };
    change(&store, finish);
    assert_eq!(
        wait(store.ratings(player(4))).unwrap(),
        [],
        "nobody is rated"
    );
    assert_eq!(wait(store.history(player(4), None, 9)).unwrap().len(), 1);
}

#[test]
fn what_makes_no_sense_in_queues_is_refused() {
    let bytes = export_of(&small(), Scope::Store);
    let target = temp();
    let refuse = |kind: &str, change: &dyn Fn(&mut Vec<String>, usize)| {
        let start = format!("{{\"kind\":\"{kind}\"");
        let bytes = forged(&bytes, |lines: &mut Vec<String>| {
            let at = lines.iter().position(|line| line.starts_with(&start));
            change(lines, at.unwrap());
        });
        refusal(&target, &bytes, &ImportPlan::default())
    };
    let refused = |kind: &str, change: &dyn Fn(&mut Vec<String>, usize), with: &str| {
        let text = refuse(kind, change);
        assert!(text.contains(with), "{text}");
    };
    let twice = |lines: &mut Vec<String>, at: usize| lines.insert(at, lines[at].clone());
    refused("queue", &twice, "queues come by name, each once");
    refused("match", &twice, "matches come by id, each once");
    refused(
        "ticket",
        &twice,
        "tickets come by queue and name, each once",
    );
    refused(
        "backfill",
        &twice,
        "backfills come by queue and name, each once",
    );
    refused(
        "rating",
        &twice,
        "ratings come by queue and player, each once",
    );
    let without = |lines: &mut Vec<String>, at: usize| drop(lines.remove(at));
    refused("queue", &without, "this queue is not in the export");
    refused("ticket", &without, "lacks a ticket");
    refused(
        "player",
        &without,
        "a player of this match is not in the export",
    );
    let no_matches =
        |lines: &mut Vec<String>, _| lines.retain(|line| !line.contains("\"match\":{"));
    refused("match", &no_matches, "this ticket is in no such proposal");
    let replaced = |from: &'static str, to: &'static str| {
        move |lines: &mut Vec<String>, at: usize| {
            assert!(lines[at].contains(from), "{}", lines[at]);
            lines[at] = lines[at].replace(from, to);
        }
    };
    let other = replaced("\"queue\":\"duel\"", "\"queue\":\"team\"");
    for kind in ["match", "ticket", "backfill", "rating"] {
        refused(kind, &other, "this queue is not in the export");
    }
    let ended = replaced("\"state\":\"open\"", "\"state\":\"filled\"");
    refused(
        "backfill",
        &ended,
        "a backfill that has ended is not exported",
    );
    let renamed = |lines: &mut Vec<String>, at: usize| {
        let next = lines[at].replace("\"id\":\"t5\"", "\"id\":\"t5x\"");
        lines.insert(at + 1, next);
    };
    refused("ticket", &renamed, "waits in the queue already");
    let made = |lines: &mut Vec<String>, at: usize| {
        let made = |line: &str| line.split(",\"request\"").next().unwrap().to_owned();
        let (own, other) = (made(&lines[at]), made(&lines[at + 1]));
        lines[at] = lines[at].replace(&own, &other);
    };
    refused("ticket", &made, "has the same made already");
    let request = replaced("\"request\":\"", "\"request\":\"x");
    refused("ticket", &request, "must be 32 hexadecimal digits");
    let far = |lines: &mut Vec<String>, at: usize| {
        let (head, rest) = lines[at].split_once(",\"request\"").unwrap();
        let head = head.split("\"made\"").next().unwrap();
        lines[at] = format!("{head}\"made\":{},\"request\"{rest}", u64::MAX);
    };
    refused("ticket", &far, "are too far apart");
    let order = |lines: &mut Vec<String>, at: usize| lines.swap(at - 1, at);
    refused("rating", &order, "come in this order");
    let some = |lines: &mut Vec<String>, _: usize| {
        lines[0] = lines[0].replace("\"store\"", "[\"global\"]");
    };
    refused("queue", &some, "an export of some boards has no queues");
    let failed = |lines: &mut Vec<String>, at: usize| {
        let at = (at..)
            .find(|at| lines[*at].contains("\"running\""))
            .unwrap();
        let state = "\"status\":\"failed\",\"at_ms\":5,\"because_of\":[]";
        lines[at] = lines[at].replace("\"status\":\"running\",\"since_ms\":2000", state);
    };
    refused("match", &failed, "a match that has failed is not exported");
}
