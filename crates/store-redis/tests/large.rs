//! Boards with many entries: made at once, given segments and limits while they are played on.
#![allow(clippy::unwrap_used)]

use boards::{
    Attribute, BoardId, BoardSettings, BoardStore, Change, Changed, Clock, Country, DisplayName,
    NewPlayer, PageStart, Player, PlayerId, RankMode, Score, Segment, StoreError, Submission, View,
};
use store_redis::{Options, RedisStore};
use testkit::RedisServer;

const PLAYERS: u32 = 6_000;
/// Attempts at a change that many are at the same time.
const TRIES: u32 = 20;

fn board() -> BoardId {
    BoardId::parse("many").unwrap()
}

fn score(value: u32) -> Score {
    Score::new(f64::from(value)).unwrap()
}

/// Every second player is of one country, the others of another.
fn player(n: u32) -> Player {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&n.wrapping_mul(0x9e37_79b9).to_be_bytes());
    bytes[12..].copy_from_slice(&(n + 1).to_be_bytes());
    let country = if n.is_multiple_of(2) { "tr" } else { "us" };
    Player {
        id: PlayerId::from_bytes(bytes),
        display_name: DisplayName::parse("x").unwrap(),
        country: Some(Country::parse(country).unwrap()),
        attributes: boards::Attributes::default(),
    }
}

fn settings(rank_mode: RankMode) -> BoardSettings {
    BoardSettings {
        segments: Vec::new(),
        rank_mode,
        ..BoardSettings::global()
    }
}

async fn open(server: &RedisServer, partitions: u16) -> RedisStore {
    let mut options = Options::new(server.url().parse().unwrap());
    options.partitions = Some(partitions);
    options.prefix = format!("many-{partitions}");
    RedisStore::open(&options, Clock::system()).await.unwrap()
}

/// Asks again where others were always quicker, as a client does that is told so; nothing was changed then.
async fn change(store: &RedisStore, change: Change) -> Changed {
    for _ in 0..TRIES {
        match store.change(change.clone(), None, 0).await {
            Err(StoreError::Overloaded) => {}
            answer => return answer.unwrap().changed,
        }
    }
    panic!("{TRIES} times others were quicker");
}

async fn put(store: &RedisStore, settings: BoardSettings) {
    let board = board();
    change(store, Change::PutBoard { board, settings }).await;
}

/// The entries of a part of the board, all of them.
async fn walk(store: &RedisStore, segment: Option<&str>) -> Vec<(PlayerId, f64)> {
    let mut view = View::of(board());
    view.segment = segment.map(|text| Segment::parse(text).unwrap());
    let mut entries = Vec::new();
    let mut start = PageStart::Offset(0);
    loop {
        let page = store.page(&view, start, 1_000).await.unwrap();
        let shown = page.entries.iter();
        entries.extend(shown.map(|e| (e.player.id, e.score.get())));
        match page.next {
            Some(mark) => start = PageStart::After(mark),
            None => return entries,
        }
    }
}

/// Creates everybody, of which each ranks in the order given and the scores are few.
async fn create(store: &RedisStore) {
    let players = (0..PLAYERS).map(|n| NewPlayer {
        player: player(n),
        score: score(n % 10),
    });
    let (board, players) = (board(), players.collect());
    let created = change(store, Change::CreatePlayers { board, players }).await;
    let Changed::Created(ranks) = created else {
        panic!("{created:?}");
    };
    // Those before with the same score or a better one.
    let rank = |n: u32| (0..n).filter(|before| before % 10 >= n % 10).count() as u64 + 1;
    for n in (0..PLAYERS).step_by(97) {
        assert_eq!(ranks[n as usize], Some(rank(n)), "{n}");
    }
}

async fn holds(partitions: u16) {
    let server = RedisServer::start();
    let store = open(&server, partitions).await;
    put(&store, settings(RankMode::Ordinal)).await;
    create(&store).await;

    // Ranked by country from now on, while everybody goes on.
    let by_country = BoardSettings {
        segments: vec![Attribute::Country],
        ..settings(RankMode::Ordinal)
    };
    let playing = async {
        for n in 0..200 {
            let submission = Submission::new(player(n * 7).id, score(100 + n));
            let board = board();
            change(&store, Change::Submit { board, submission }).await;
        }
    };
    let batch = (0..3_000).map(|n| {
        let submission = Submission::new(player(n + 2_000).id, score(1));
        (board(), submission)
    });
    let batch = Change::SubmitBatch {
        submissions: batch.collect(),
        all_or_nothing: true,
    };
    let (_, batch, ()) = tokio::join!(
        put(&store, by_country.clone()),
        change(&store, batch),
        playing
    );
    let Changed::Batch(outcomes) = batch else {
        panic!("{batch:?}");
    };
    assert!(outcomes.iter().all(|o| o.as_ref().unwrap().applied));

    let all = walk(&store, None).await;
    assert_eq!(all.len() as u32, PLAYERS);
    for (country, odd) in [("country:tr", 0), ("country:us", 1)] {
        let of_country = (0..PLAYERS).filter(|n| n % 2 == odd);
        let of_country: std::collections::HashSet<_> = of_country.map(|n| player(n).id).collect();
        let mut expected = all.clone();
        expected.retain(|(id, _)| of_country.contains(id));
        assert_eq!(walk(&store, Some(country)).await, expected);
    }

    // Many more than one transaction drops have to leave: nobody sees them any more when the answer comes.
    let limited = BoardSettings {
        max_entries: Some(50),
        ..by_country
    };
    put(&store, limited).await;
    let kept = &all[..50];
    assert_eq!(walk(&store, None).await, kept);
    for (country, odd) in [("country:tr", 0), ("country:us", 1)] {
        let of_country = (0..PLAYERS).filter(|n| n % 2 == odd);
        let of_country: std::collections::HashSet<_> = of_country.map(|n| player(n).id).collect();
        let mut expected = kept.to_vec();
        expected.retain(|(id, _)| of_country.contains(id));
        assert_eq!(walk(&store, Some(country)).await, expected);
    }
    let view = View::of(board());
    let stats = store.stats(&view, &[0.0, 100.0], 4).await.unwrap();
    assert_eq!(stats.total, 50);
    assert_eq!(stats.min.unwrap().get(), kept[49].1);
    let gone = store.entry(&view, all[50].0).await;
    assert!(matches!(gone, Err(StoreError::NoEntry(_))), "{gone:?}");
    let submission = Submission::new(all[PLAYERS as usize - 1].0, score(1_000));
    let submit = Change::Submit {
        board: board(),
        submission,
    };
    let Changed::Submitted(outcome) = change(&store, submit).await else {
        panic!("it was no submission");
    };
    assert_eq!((outcome.previous_score, outcome.rank), (None, Some(1)));
    assert_eq!(outcome.total, 50);
    store.close();
}

#[tokio::test]
async fn a_large_board_in_one_room() {
    holds(1).await;
}

#[tokio::test]
async fn a_large_board_in_four_rooms() {
    holds(4).await;
}
