//! Two nodes on a real Redis: what one changes the other hears of, and sees also where it hears nothing.

mod told;
mod watched;

use std::time::Duration;

use boards::{
    Attributes, BoardId, BoardSettings, BoardStore, Change, Clock, DisplayName, Player, PlayerId,
    Score, Submission,
};
use testkit::RedisServer;
use tokio::time::{Instant, sleep};

use crate::options::Options;
use crate::store::RedisStore;

/// Far beyond what anything takes here.
const LIMIT: Duration = Duration::from_secs(30);

async fn node(server: &RedisServer) -> RedisStore {
    let options = Options::new(server.url().parse().unwrap());
    RedisStore::open(&options, Clock::new(|| 5)).await.unwrap()
}

async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < LIMIT, "it did not come about that {what}");
        sleep(Duration::from_millis(5)).await;
    }
}

async fn hears(node: &RedisStore) {
    let hearing = node.core.versions.hearing();
    until("the node hears", || hearing.spell().is_some()).await;
}

fn board(name: &str) -> BoardId {
    BoardId::parse(name).unwrap()
}

fn id(number: u8) -> PlayerId {
    PlayerId::from_bytes([number; 16])
}

fn player(number: u8, name: &str) -> Player {
    Player {
        id: id(number),
        display_name: DisplayName::parse(name).unwrap(),
        country: None,
        attributes: Attributes::default(),
    }
}

async fn make(node: &RedisStore, change: Change) {
    node.change(change, None, 5).await.unwrap();
}

fn put_board(name: &str) -> Change {
    Change::PutBoard {
        board: board(name),
        settings: BoardSettings::default(),
    }
}

fn submit(name: &str, number: u8, score: f64) -> Change {
    Change::Submit {
        board: board(name),
        submission: Submission::new(id(number), Score::new(score).unwrap()),
    }
}
