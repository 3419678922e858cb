//! Readings while entries move: each is of one piece all the same.

use std::sync::atomic::{AtomicBool, Ordering};

use boards::{
    BoardId, BoardSettings, BoardStore, Order, Page, PageStart, Player, PlayerId, RankMode,
    RankedEntry, Score, SeasonId, View,
};
use redis::Cmd;
use testkit::RedisServer;

use super::mirror::{Mirror, reached_at_first};
use crate::board_keys::{Ladder, member, weight};
use crate::board_line::BoardLine;
use crate::entry::StoredEntry;

const PLAYERS: u64 = 2000;
/// Readings of each kind.
const ROUNDS: u64 = 40;

/// Gives an entry another score: the set, the hash, the player, what it was and what it is as a member, the new
/// weight and the entry.
const MOVE: &str = "redis.call('ZREM', KEYS[1], ARGV[2]) redis.call('ZADD', KEYS[1], ARGV[4], ARGV[3]) \
                    redis.call('HSET', KEYS[2], ARGV[1], ARGV[5])";

fn player(number: u64) -> Player {
    let bytes = u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    Player {
        id: PlayerId::from_bytes(bytes.to_be_bytes()),
        display_name: boards::DisplayName::parse("p").unwrap(),
        country: None,
        attributes: Default::default(),
    }
}

fn entry(number: u64) -> RankedEntry {
    RankedEntry {
        player: player(number),
        score: Score::new((number % 700) as f64).unwrap(),
        rank: None,
        segment_rank: None,
        details: Default::default(),
    }
}

/// Moves one player after the other to another score, until it is stopped.
async fn churn(mirror: &Mirror, ladder: Ladder, is_over: &AtomicBool) {
    let mut places: Vec<u64> = (0..PLAYERS).map(reached_at_first).collect();
    for step in 0.. {
        if is_over.load(Ordering::Relaxed) {
            return;
        }
        let number = step * 7919 % PLAYERS;
        let reached = (1 << 50) + step;
        let last = std::mem::replace(&mut places[number as usize], reached);
        let score = Score::new((step * 31 % 700) as f64).unwrap();
        relocate(mirror, ladder, player(number).id, last, reached, score).await;
    }
}

async fn relocate(
    mirror: &Mirror,
    ladder: Ladder,
    id: PlayerId,
    last: u64,
    reached: u64,
    score: Score,
) {
    let layout = &mirror.store.core.layout;
    let room = layout.of_player(id);
    let set = layout.key(room, &ladder.ranked());
    let stored = StoredEntry {
        score,
        reached,
        details: Default::default(),
    };
    let mut command = Cmd::new();
    command.arg("EVAL").arg(MOVE).arg(2).arg(&set);
    command.arg(layout.key(room, &ladder.entries()));
    command
        .arg(&id.as_bytes()[..])
        .arg(member(last, id))
        .arg(member(reached, id));
    command
        .arg(weight(Order::Desc, score))
        .arg(stored.to_bytes());
    mirror
        .store
        .core
        .redis
        .read_at(vec![(set, command)])
        .await
        .unwrap();
}

fn is_whole(page: &Page, mode: RankMode) {
    assert_eq!(page.total, PLAYERS);
    let scores = page.entries.iter().map(|entry| entry.score);
    assert!(scores.is_sorted_by(|a, b| a >= b), "{page:?}");
    let ranks: Vec<u64> = page.entries.iter().filter_map(|entry| entry.rank).collect();
    assert_eq!(ranks.len(), page.entries.len());
    if mode == RankMode::Ordinal {
        assert!(ranks.windows(2).all(|pair| pair[1] == pair[0] + 1));
    } else {
        assert!(ranks.is_sorted());
    }
}

async fn read(mirror: &Mirror, view: &View, mode: RankMode) {
    for round in 0..ROUNDS {
        let offset = round * 37 % (PLAYERS - 50);
        let page = mirror
            .page(view, PageStart::Offset(offset), 30)
            .await
            .unwrap();
        assert_eq!(page.entries.len(), 30);
        is_whole(&page, mode);
        let next = mirror
            .page(view, PageStart::After(page.next.unwrap()), 300)
            .await;
        is_whole(&next.unwrap(), mode);
        let id = player(round).id;
        let page = mirror.around(view, id, 11).await.unwrap();
        assert!(page.entries.len() >= 10, "{}", page.entries.len());
        is_whole(&page, mode);
        let standing = mirror.entry(view, id).await.unwrap();
        assert_eq!(standing.total, PLAYERS);
        assert!((0.0..=100.0).contains(&standing.percentile.unwrap()));
        let stats = mirror.stats(view, &[0.0, 50.0, 99.0], 10).await.unwrap();
        assert_eq!((stats.total, stats.percentiles.len()), (PLAYERS, 3));
        let counted: u64 = stats.histogram.iter().map(|part| part.count).sum();
        assert_eq!(counted, PLAYERS);
        let ids: Vec<PlayerId> = (0..100).map(|number| player(number).id).collect();
        let found = mirror.lookup(view, &ids).await.unwrap();
        assert_eq!(found.entries.len(), 100);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn readings_are_whole_while_entries_move() {
    let server = RedisServer::start();
    for (rooms, mode) in [
        (1, RankMode::Shared),
        (4, RankMode::Ordinal),
        (4, RankMode::Dense),
    ] {
        let prefix = format!("{rooms}-{mode:?}").to_lowercase();
        let mut mirror = Mirror::empty(&server.url(), &prefix, rooms).await;
        let id = BoardId::parse("b").unwrap();
        let settings = BoardSettings {
            rank_mode: mode,
            ..BoardSettings::default()
        };
        let line = BoardLine::new(7, settings, 5);
        mirror.put_board(&id, &line);
        let ladder = Ladder::new(line.number(), SeasonId::FIRST);
        for number in 0..PLAYERS {
            mirror.put_player(&player(number));
            mirror.put_entry(ladder, &line, &entry(number));
        }
        mirror.write().await;
        let is_over = AtomicBool::new(false);
        let reads = async {
            read(&mirror, &View::of(id), mode).await;
            is_over.store(true, Ordering::Relaxed);
        };
        tokio::join!(reads, churn(&mirror, ladder, &is_over));
    }
}
