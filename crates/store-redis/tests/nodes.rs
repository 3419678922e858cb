//! Several nodes on one store at once: nothing is lost, nothing counts twice, and no board has more than it may.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use boards::{
    BoardId, BoardSettings, BoardStore, Change, Changed, Clock, DisplayName, Guard, PageStart,
    Player, PlayerId, RankMode, Score, Submission, View,
};
use futures_util::future::join_all;
use store_redis::{Options, RedisStore};
use testkit::{RedisCluster, RedisServer};

const NODES: usize = 4;
const PLAYERS: u8 = 20;
/// Of each node.
const SUBMISSIONS: u32 = 150;
const LIMIT: u64 = 7;

fn board(name: &str) -> BoardId {
    BoardId::parse(name).unwrap()
}

fn id(n: u8) -> PlayerId {
    PlayerId::from_bytes([n.wrapping_mul(167).wrapping_add(1); 16])
}

fn player(n: u8) -> Player {
    Player {
        id: id(n),
        display_name: DisplayName::parse("x").unwrap(),
        country: None,
        attributes: boards::Attributes::default(),
    }
}

async fn nodes(url: &str, partitions: u16) -> Vec<RedisStore> {
    let mut options = Options::new(url.parse().unwrap());
    options.partitions = Some(partitions);
    // Others are first quite often here, and that is no reason to give up.
    options.patience = std::time::Duration::from_secs(30);
    let open = (0..NODES).map(|_| RedisStore::open(&options, Clock::system()));
    let opened = join_all(open).await;
    opened.into_iter().map(|store| store.unwrap()).collect()
}

/// The boards that everybody submits to: by the script for one submission, by transactions, and with a limit.
async fn make_boards(store: &RedisStore) {
    let settings = |rank_mode, max_entries| BoardSettings {
        rank_mode,
        max_entries,
        ..BoardSettings::global()
    };
    let boards = [
        ("plain", settings(RankMode::Ordinal, None)),
        ("dense", settings(RankMode::Dense, None)),
        ("full", settings(RankMode::Ordinal, Some(LIMIT))),
    ];
    for (name, settings) in boards {
        let board = board(name);
        let put = Change::PutBoard { board, settings };
        store.change(put, None, 0).await.unwrap();
    }
    let players = (0..PLAYERS).map(player).collect();
    let put = Change::PutPlayers(players);
    let put = store.change(put, None, 0).await.unwrap();
    let created = u64::from(PLAYERS);
    assert_eq!(put.changed, Changed::Put { created });
}

/// A small generator, so that a failure can be repeated.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// What a node adds to whom, each under a key of its own and some of it twice, or by another node as well.
fn asked(node: usize) -> Vec<(Change, Guard, u8, i32)> {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15 + node as u64);
    let mut asked = Vec::new();
    for n in 0..SUBMISSIONS {
        let (who, score) = (numbers.below(PLAYERS.into()) as u8, numbers.below(9) as i32);
        let name = ["plain", "dense", "full"][numbers.below(3) as usize];
        let mut key = [0; 16];
        key[..4].copy_from_slice(&n.to_be_bytes());
        key[4] = node as u8;
        let guard = Guard { key, request: key };
        let submission = Submission::new(id(who), Score::new(f64::from(score)).unwrap());
        let change = match numbers.below(4) {
            0 => Change::SubmitBatch {
                submissions: vec![(board(name), submission)],
                all_or_nothing: true,
            },
            _ => Change::Submit {
                board: board(name),
                submission,
            },
        };
        asked.push((change, guard, who, score));
    }
    asked
}

fn name_of(change: &Change) -> &str {
    match change {
        Change::Submit { board, .. } => board.as_str(),
        Change::SubmitBatch { submissions, .. } => submissions[0].0.as_str(),
        _ => unreachable!(),
    }
}

/// Each node makes all of its own changes in turn, every third a second time, and every fifth of the next node.
async fn play(store: &RedisStore, node: usize) {
    let (own, next) = (asked(node), asked((node + 1) % NODES));
    for (n, ((change, guard, ..), other)) in own.into_iter().zip(next).enumerate() {
        let first = store.change(change.clone(), Some(guard), 0).await.unwrap();
        if n % 3 == 0 {
            let again = store.change(change, Some(guard), 1).await.unwrap();
            assert!(again.replayed);
            assert_eq!(again.changed, first.changed);
        }
        if n % 5 == 0 {
            let (change, guard, ..) = other;
            store.change(change, Some(guard), 1).await.unwrap();
        }
    }
}

async fn scores(store: &RedisStore, name: &str) -> BTreeMap<PlayerId, f64> {
    let view = View::of(board(name));
    let page = store.page(&view, PageStart::Offset(0), 100).await.unwrap();
    let ranks: Vec<_> = page.entries.iter().map(|e| e.rank.unwrap()).collect();
    assert!(ranks.is_sorted(), "{ranks:?}");
    let entries = page.entries.into_iter();
    entries.map(|e| (e.player.id, e.score.get())).collect()
}

async fn everything_counts_once(url: &str, partitions: u16) {
    let stores = nodes(url, partitions).await;
    make_boards(&stores[0]).await;
    join_all((0..NODES).map(|node| play(&stores[node], node))).await;
    let mut expected: BTreeMap<&str, BTreeMap<PlayerId, f64>> = BTreeMap::new();
    let all: Vec<_> = (0..NODES).flat_map(asked).collect();
    for (change, _, who, score) in &all {
        let board = expected.entry(name_of(change)).or_default();
        *board.entry(id(*who)).or_default() += f64::from(*score);
    }
    for store in &stores {
        assert_eq!(scores(store, "plain").await, expected["plain"]);
        assert_eq!(scores(store, "dense").await, expected["dense"]);
        // Who was dropped begins anew, so nobody has more than all of it.
        let full = scores(store, "full").await;
        assert_eq!(full.len() as u64, LIMIT);
        assert!(
            full.iter()
                .all(|(id, score)| *score <= expected["full"][id])
        );
    }
    stores.iter().for_each(RedisStore::close);
}

/// Many requests of one node for the same full board: each is made in its turn, none is turned away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_on_a_full_board_is_served() {
    let server = RedisServer::start();
    let options = Options::new(server.url().parse().unwrap());
    let store = RedisStore::open(&options, Clock::system()).await.unwrap();
    make_boards(&store).await;
    let submit = |n: u32| {
        let who = id((n % u32::from(PLAYERS)) as u8);
        let submission = Submission::new(who, Score::new(1.0).unwrap());
        let board = board("full");
        store.change(Change::Submit { board, submission }, None, 0)
    };
    let made = join_all((0..200).map(submit)).await;
    assert!(made.iter().all(Result::is_ok), "{made:?}");
    assert_eq!(scores(&store, "full").await.len() as u64, LIMIT);
    store.close();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_one_room() {
    let server = RedisServer::start();
    everything_counts_once(&server.url(), 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_cluster() {
    let cluster = RedisCluster::start();
    everything_counts_once(&cluster.url(), 8).await;
}
