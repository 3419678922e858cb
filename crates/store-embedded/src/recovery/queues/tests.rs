//! A record that is gone or that is not what was written keeps a store from opening.

use std::path::Path;

use boards::BoardStore;
use matchmaking::{MatchStore, NewBackfill, QueueChange};

use super::*;
use crate::data_dir::DataDir;
use crate::engine::{Engine, Write};
use crate::testing::{
    announce, create, finish, match_id, player, put_players, put_queue, queue, ticket,
};
use crate::{Clock, EmbeddedStore, OpenError, Options};

fn options(dir: &Path) -> Options {
    Options {
        data_dir: dir.to_owned(),
        cache_bytes: 1 << 20,
        max_queue: 64,
        clock: Clock::new(|| 0),
    }
}

/// A store with one of everything that is loaded: tickets that wait and are proposed, matches that are
/// proposed and held, an open backfill, ratings.
async fn fill(dir: &Path) {
    let store = EmbeddedStore::open(&options(dir)).unwrap();
    store.change(put_players(), None, 0).await.unwrap();
    let mut changes = vec![put_queue(None)];
    changes.extend((1..8).map(create));
    changes.push(announce(1, [1, 2]));
    changes.push(finish(1));
    changes.push(announce(2, [3, 4]));
    changes.push(QueueChange::CreateBackfill {
        queue: queue(),
        backfill: NewBackfill {
            id: ticket(1),
            match_id: match_id(2),
            left: vec![player(3)],
            seats: Vec::new(),
        },
    });
    changes.push(put_queue(Some(1000)));
    changes.push(announce(3, [5, 6]));
    for change in changes {
        store.change_queue(change, None, 0).await.unwrap();
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
