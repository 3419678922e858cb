//! A record that is gone or that is not what was written keeps a store from opening.

use std::collections::BTreeMap;
use std::path::Path;

use boards::{Attributes, BoardStore, Change, DisplayName, Player};
use matchmaking::{
    MatchId, MatchResult, MatchStore, NewBackfill, NewTicket, NewTicketPlayer, ProposedMatch,
    ProposedTeam, QueueChange, QueueId, TicketId,
};
use testkit::duel;

use super::*;
use crate::data_dir::DataDir;
use crate::engine::{Engine, Write};
use crate::{Clock, EmbeddedStore, OpenError, Options};

fn options(dir: &Path) -> Options {
    Options {
        data_dir: dir.to_owned(),
        cache_bytes: 1 << 20,
        max_queue: 64,
        clock: Clock::new(|| 0),
    }
}

fn id(n: u8) -> PlayerId {
    PlayerId::from_bytes([n; 16])
}

fn name(n: u8) -> TicketId {
    TicketId::parse(&format!("t{n}")).unwrap()
}

/// A store with one of everything that is loaded: tickets that wait and are proposed, matches that are
/// proposed and held, an open backfill, ratings.
async fn fill(dir: &Path) {
    let store = EmbeddedStore::open(&options(dir)).unwrap();
    let player = |n| Player {
        id: id(n),
        display_name: DisplayName::parse("ada").unwrap(),
        country: None,
        attributes: Attributes::default(),
    };
    let players = Change::PutPlayers((1..9).map(player).collect());
    store.change(players, None, 0).await.unwrap();
    let mut changes = vec![put_queue(None)];
    changes.extend((1..8).map(create));
    changes.push(announce(1, [1, 2]));
    changes.push(QueueChange::Finish {
        match_id: MatchId::from_random([1; 16]),
        result: MatchResult::Placements(vec![1, 2]),
    });
    changes.push(announce(2, [3, 4]));
    changes.push(QueueChange::CreateBackfill {
        queue: queue(),
        backfill: NewBackfill {
            id: name(1),
            match_id: MatchId::from_random([2; 16]),
            left: vec![id(3)],
            seats: Vec::new(),
        },
    });
    changes.push(put_queue(Some(1000)));
    changes.push(announce(3, [5, 6]));
    for change in changes {
        store.change_queue(change, None, 0).await.unwrap();
    }
}

fn queue() -> QueueId {
    QueueId::parse("duel").unwrap()
}

fn put_queue(acceptance_ms: Option<u64>) -> QueueChange {
    QueueChange::PutQueue {
        queue: queue(),
        settings: Box::new(duel(acceptance_ms, 1000)),
    }
}

fn create(n: u8) -> QueueChange {
    let player = NewTicketPlayer {
        id: id(n),
        rating: None,
        roles: Vec::new(),
        latencies_ms: BTreeMap::new(),
        attributes: BTreeMap::new(),
    };
    QueueChange::CreateTicket {
        queue: queue(),
        ticket: NewTicket {
            id: name(n),
            players: vec![player],
            priority: 0,
            avoid: Vec::new(),
        },
    }
}

fn announce(n: u8, tickets: [u8; 2]) -> QueueChange {
    let team = |n| ProposedTeam {
        tickets: vec![(name(n), vec![None])],
    };
    QueueChange::Announce {
        queue: queue(),
        matches: vec![ProposedMatch {
            id: MatchId::from_random([n; 16]),
            teams: tickets.map(team).into(),
            region: None,
            rating_spread: 0.0,
            team_gap: 0.0,
            win_probabilities: vec![0.5, 0.5],
        }],
        fills: Vec::new(),
    }
}

/// Opens the engine alone and replaces each record of a table in turn; the store must not open then, and
/// must again once the record is back.
#[tokio::test]
async fn records_that_are_gone_or_foreign_are_noticed() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("data");
    fill(&dir).await;
    let tables = [
        (Table::Queues, 1),
        (Table::Tickets, 3),
        (Table::Matches, 2),
        (Table::Backfills, 1),
        (Table::Ratings, 2),
    ];
    for (table, expected) in tables {
        let records: Vec<(Vec<u8>, Vec<u8>)> = {
            let (data_dir, _) = DataDir::open(&dir).unwrap();
            let engine = Engine::open(&data_dir.engine(), 1 << 20).unwrap();
            let records = engine.scan(table).map(|record| record.unwrap());
            records
                .map(|r| (r.key().to_vec(), r.value().to_vec()))
                .collect()
        };
        assert_eq!(records.len(), expected, "{table:?}");
        for (key, value) in records {
            let cut = Write::put(table, &key, &value[..value.len() - 1]);
            for damage in [Write::remove(table, &key), cut] {
                write(&dir, damage);
                let refused = EmbeddedStore::open(&options(&dir)).err();
                assert!(
                    matches!(refused, Some(OpenError::Damaged { .. })),
                    "{table:?} {key:?}"
                );
            }
            write(&dir, Write::put(table, &key, &value));
            EmbeddedStore::open(&options(&dir)).unwrap();
        }
    }
}

fn write(dir: &Path, write: Write) {
    let (data_dir, _) = DataDir::open(dir).unwrap();
    let mut engine = Engine::open(&data_dir.engine(), 1 << 20).unwrap();
    engine.commit(&[write]).unwrap();
}
