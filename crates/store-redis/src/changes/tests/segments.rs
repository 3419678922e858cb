//! Segments that are built for entries that are there already, and segments that are removed, bit by bit.

use boards::{
    Attribute, Attributes, BoardId, BoardSettings, BoardStore, Change, Country, DisplayName,
    Player, PlayerId, Score, Submission,
};
use redis::Value;

use super::*;
use crate::board_keys::DOOMED;
use crate::changes::{build, tidy::tidy_everywhere};
use crate::core::Core;
use crate::layout::Layout;

/// More than one script puts into their segments, in one room.
const PLAYERS: u128 = 450;

fn board() -> BoardId {
    BoardId::parse("race").unwrap()
}

fn put(segments: &[Attribute]) -> Change {
    let settings = BoardSettings {
        segments: segments.to_vec(),
        ..BoardSettings::global()
    };
    Change::PutBoard {
        board: board(),
        settings,
    }
}

fn player(number: u128) -> Player {
    Player {
        id: PlayerId::from_bytes((number << 64).to_be_bytes()),
        display_name: DisplayName::parse("Ada").unwrap(),
        country: Some(Country::parse("tr").unwrap()),
        attributes: Attributes::default(),
    }
}

fn batch(numbers: impl Iterator<Item = u128>, score: f64) -> Change {
    let score = Score::new(score).unwrap();
    let submissions = numbers.map(|n| (board(), Submission::new(player(n).id, score)));
    Change::SubmitBatch {
        submissions: submissions.collect(),
        all_or_nothing: true,
    }
}

/// A store with a board that has no segments, and its entries.
async fn store_with_entries(rooms: u16) -> RedisStore {
    let store = open(&options(rooms)).await;
    let players = (0..PLAYERS).map(player).collect();
    let score = batch(0..PLAYERS, 7.0);
    for asked in [Change::PutPlayers(players), put(&[]), score] {
        store.change(asked, None, 5).await.unwrap();
    }
    store
}

async fn command(core: &Core, name: &str, key: &str, words: &[&str]) -> Value {
    let key = core.layout.key(Layout::CONTROL, key.as_bytes());
    let command = redis::cmd(name).arg(key).arg(words).take();
    core.redis.read(vec![command]).await.unwrap().remove(0)
}

/// All have the same score, so that where to go on is told by who was first.
#[tokio::test]
async fn entries_are_all_put_into_their_segments() {
    let store = store_with_entries(1).await;
    let asked = put(&[Attribute::Country]);
    store.change(asked, None, 6).await.unwrap();
    whole::agrees(&store.core).await;
    let key = "b2:s1:country:tr";
    let size = command(&store.core, "ZCARD", key, &[]).await;
    assert_eq!(size, Value::Int(PLAYERS as i64));
}

#[tokio::test]
async fn entries_that_move_or_go_meanwhile_hold_nothing_up() {
    let store = store_with_entries(1).await;
    let asked = put(&[Attribute::Country]);
    let moving = async {
        for n in 0..40 {
            let moved = batch([n * 11, n * 11 + 1].into_iter(), 1.0 + n as f64);
            store.change(moved, None, 6).await.unwrap();
            let gone = Change::DeleteEntry {
                board: board(),
                player: player(n * 11 + 5).id,
            };
            store.change(gone, None, 6).await.unwrap();
        }
    };
    let put = store.change(asked, None, 6);
    let (put, ()) = futures_util::future::join(put, moving).await;
    put.unwrap();
    whole::agrees(&store.core).await;
}

/// Who builds segments finds out that they have been given up, also where others build the same anew.
#[tokio::test]
async fn segments_that_are_given_up_are_not_written_to() {
    let store = store_with_entries(4).await;
    let core = &*store.core;
    let country = [Attribute::Country];
    let late = build::announce(core, &board(), &country, 6).await.unwrap();
    store.change(put(&[]), None, 6).await.unwrap();
    let written = build::build_all(core, &board(), &late, &country).await;
    assert!(!written.unwrap());
    whole::agrees(core).await;
    let again = build::announce(core, &board(), &country, 6).await.unwrap();
    assert_eq!(again.building, late.building);
    assert_ne!(again, late, "or the late one would take them for its own");
    let written = build::build_all(core, &board(), &late, &country).await;
    assert!(!written.unwrap());
    let written = build::build_all(core, &board(), &again, &country).await;
    assert!(written.unwrap());
    whole::agrees(core).await;
}

/// An entry that moves before it is put into its segment is found when the building is given up.
#[tokio::test]
async fn segments_that_were_begun_are_removed() {
    for rooms in [1, 4] {
        let store = store_with_entries(rooms).await;
        let country = [Attribute::Country];
        let begun = build::announce(&store.core, &board(), &country, 6).await;
        begun.unwrap();
        let (id, score) = (player(3).id, Score::new(8.0).unwrap());
        let submit = Change::Submit {
            board: board(),
            submission: Submission::new(id, score),
        };
        for asked in [submit, batch(4..5, 9.0), put(&[])] {
            store.change(asked, None, 6).await.unwrap();
        }
        whole::agrees(&store.core).await;
    }
}

#[tokio::test]
async fn many_segments_are_removed_bit_by_bit() {
    let store = open(&options(1)).await;
    let core = &*store.core;
    let part = |n: usize| match n % 3 {
        0 => format!("country:c{n}"),
        _ => format!("league:l{n}"),
    };
    let parts: Vec<String> = (0..3000).map(part).collect();
    let words: Vec<&str> = parts.iter().map(String::as_str).collect();
    command(core, "SADD", "b9:s1:parts", &words).await;
    for part in &words {
        let key = format!("b9:s1:{part}");
        command(core, "ZADD", &key, &["1", "somebody"]).await;
    }
    let doomed = String::from_utf8(DOOMED.to_vec()).unwrap();
    command(core, "HSET", &doomed, &["b9:s1:league", "4"]).await;
    tidy_everywhere(core).await.unwrap();
    let left = command(core, "SCARD", "b9:s1:parts", &[]).await;
    assert_eq!(left, Value::Int(1000));
    for part in &words {
        let key = format!("b9:s1:{part}");
        let is_there = command(core, "EXISTS", &key, &[]).await;
        let stays = part.starts_with("country:");
        assert_eq!(is_there, Value::Int(i64::from(stays)), "{key}");
    }
    command(core, "HSET", &doomed, &["b9:s1", "5"]).await;
    tidy_everywhere(core).await.unwrap();
    for key in ["b9:s1:parts", "b9:s1:country:c0", &doomed] {
        let is_there = command(core, "EXISTS", key, &[]).await;
        assert_eq!(is_there, Value::Int(0), "{key}");
    }
}
