//! Transactions on a real server: what is made, what is refused, and what becomes of those that nobody finishes.

mod large;

use boards::Clock;
use testkit::RedisServer;

use super::*;
use crate::layout::Layout;
use crate::store::RedisStore;

/// Stores on one server: as many nodes.
async fn nodes(server: &RedisServer, partitions: u16, count: usize) -> Vec<RedisStore> {
    let mut options = crate::Options::new(server.url().parse().unwrap());
    options.partitions = Some(partitions);
    let mut nodes = Vec::new();
    for _ in 0..count {
        let store = RedisStore::open(&options, Clock::system()).await;
        nodes.push(store.unwrap());
    }
    nodes
}

fn at(room: u16, field: &str) -> At {
    At::field(Room(room), "things", field)
}

async fn set(core: &Core, all: &[(At, &str)]) -> Commit {
    let mut tx = core.begin();
    for (at, value) in all {
        tx.get(at).await.unwrap();
        tx.set(at.clone(), value.as_bytes().to_vec());
    }
    tx.commit().await.unwrap()
}

async fn read(core: &Core, at: &At) -> Option<String> {
    let mut tx = core.begin();
    let found = tx.get(at).await.unwrap();
    found.map(|bytes| String::from_utf8(bytes).unwrap())
}

#[tokio::test]
async fn who_comes_second_begins_anew() {
    let server = RedisServer::start();
    let nodes = nodes(&server, 4, 2).await;
    let (one, two) = (&*nodes[0].core, &*nodes[1].core);
    for rooms in [vec![0], vec![0, 1, 3]] {
        let all: Vec<At> = rooms.iter().map(|room| at(*room, "a")).collect();
        let mut late = two.begin();
        late.fetch(all.clone()).await.unwrap();
        let firsts: Vec<_> = all.iter().map(|at| (at.clone(), "first")).collect();
        assert_eq!(set(one, &firsts).await, Commit::Made(vec![]));
        for at in &all {
            late.set(at.clone(), b"late".to_vec());
        }
        assert_eq!(late.commit().await.unwrap(), Commit::Conflict);
        for at in &all {
            assert_eq!(read(two, at).await.as_deref(), Some("first"));
        }
        let gone = set(two, &firsts).await;
        assert_eq!(gone, Commit::Made(vec![]), "the same value is as it was");
        let mut remove = one.begin();
        remove.fetch(all.clone()).await.unwrap();
        all.iter().for_each(|at| remove.remove(at.clone()));
        assert_eq!(remove.commit().await.unwrap(), Commit::Made(vec![]));
        assert_eq!(read(two, &all[0]).await, None);
    }
}

#[tokio::test]
async fn figures_are_of_after_the_writes() {
    let server = RedisServer::start();
    let nodes = nodes(&server, 2, 1).await;
    let core = &*nodes[0].core;
    let member = |n: u64| [&n.to_be_bytes()[..], &[7; 16]].concat();
    let mut tx = core.begin();
    for (n, score) in [(1, 1.5), (2, 1.5), (3, 1.5), (4, 2.5), (5, 0.5)] {
        let (key, member) = (b"set".to_vec(), member(n));
        let score = -score;
        tx.also(Room(0), Write::ZAdd { key, score, member });
    }
    let count = |of| Count {
        key: b"set".to_vec(),
        of,
    };
    let before = |n, score: f64| {
        let (score, member) = (-score, member(n));
        count(Counted::Before { score, member })
    };
    tx.count(Room(1), count(Counted::All));
    for n in 1..=3 {
        tx.count(Room(0), before(n, 1.5));
    }
    tx.count(Room(0), count(Counted::Better { score: -0.5 }));
    tx.count(Room(0), count(Counted::Equal { score: -1.5 }));
    tx.count(Room(0), count(Counted::All));
    let made = tx.commit().await.unwrap();
    assert_eq!(made, Commit::Made(vec![0, 1, 2, 3, 4, 3, 5]));
}

#[tokio::test]
async fn stamps_behind_a_room_are_refused() {
    let server = RedisServer::start();
    let nodes = nodes(&server, 1, 1).await;
    let core = &*nodes[0].core;
    let stamped = |stamp| async move {
        let mut tx = core.begin();
        tx.set(at(0, "a"), stamp_text(stamp));
        tx.stamp(Room(0), stamp);
        tx.commit().await.unwrap()
    };
    let now = core.stamps.next(1);
    assert_eq!(stamped(now).await, Commit::Made(vec![]));
    assert_eq!(stamped(now).await, Commit::Behind(now));
    assert_eq!(stamped(now + 1).await, Commit::Made(vec![]));
}

fn stamp_text(stamp: u64) -> Vec<u8> {
    stamp.to_string().into_bytes()
}

/// Prepares a transaction over rooms 1 and 2 that room 0 would decide, and leaves it.
async fn leave_prepared(core: &Core, name: &str) {
    for room in [1, 2] {
        let mut part = wire::Part::default();
        let key = core.layout.key(Room(room), b"things");
        part.records.push(wire::Checked {
            key: key.clone(),
            field: Some(b"a".to_vec()),
            expected: wire::Expected::Read(None),
        });
        let word = |text: &str| text.as_bytes().to_vec();
        part.commands
            .push(vec![word("HSET"), key, word("a"), word("left")]);
        let words: [&[u8]; 3] = [b"prepare", name.as_bytes(), &part.to_bytes()];
        core.commit_script(Room(room), &words).await.unwrap();
    }
}

/// Pretends that what is prepared has been so for a minute.
async fn make_old(core: &Core, name: &str) {
    for room in [1, 2] {
        let key = core.layout.key(Room(room), b"open");
        let command = redis::cmd("ZINCRBY").arg(key).arg(-60_000).arg(name).take();
        core.redis.read(vec![command]).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_left_undecided_is_ended_and_cannot_come_back() {
    let server = RedisServer::start();
    let nodes = nodes(&server, 4, 1).await;
    let core = &*nodes[0].core;
    leave_prepared(core, "0.dead").await;
    let meets = [(at(1, "a"), "new"), (at(2, "b"), "new")];
    assert_eq!(set(core, &meets).await, Commit::Conflict, "not yet");
    make_old(core, "0.dead").await;
    assert_eq!(set(core, &meets).await, Commit::Conflict, "ended by this");
    assert_eq!(set(core, &meets).await, Commit::Made(vec![]));
    let empty = wire::Part::default().to_bytes();
    let decide: [&[u8]; 4] = [b"decide", b"0.dead", &empty, b"1,2"];
    let late = core.commit_script(Room(0), &decide).await.unwrap();
    assert_eq!(crate::replies::read(&late), crate::replies::Reply::Changed);
    sweep(core, Room(2)).await.unwrap();
    let room_2 = [(at(2, "a"), "new")];
    assert_eq!(set(core, &room_2).await, Commit::Made(vec![]));
}

#[tokio::test]
async fn what_is_decided_is_applied_by_whoever_meets_it() {
    let server = RedisServer::start();
    let nodes = nodes(&server, 4, 2).await;
    let core = &*nodes[0].core;
    leave_prepared(core, "0.made").await;
    let empty = wire::Part::default().to_bytes();
    let decide: [&[u8]; 4] = [b"decide", b"0.made", &empty, b"1,2"];
    core.commit_script(Room(0), &decide).await.unwrap();
    let meets = [(at(1, "a"), "new")];
    let mut tx = core.begin();
    tx.get(&meets[0].0).await.unwrap();
    tx.set(meets[0].0.clone(), b"new".to_vec());
    assert_eq!(tx.commit().await.unwrap(), Commit::Conflict);
    assert_eq!(read(core, &at(1, "a")).await.as_deref(), Some("left"));
    assert_eq!(
        read(core, &at(2, "a")).await,
        None,
        "nobody has met it there"
    );
    sweep(&nodes[1].core, Layout::CONTROL).await.unwrap();
    assert_eq!(read(core, &at(2, "a")).await.as_deref(), Some("left"));
}

/// Money that is moved between accounts in several rooms by several nodes: none is made or lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_between_rooms() {
    const ACCOUNTS: u16 = 6;
    let server = RedisServer::start();
    let nodes = nodes(&server, 3, 3).await;
    let account = |n: u16| at(n % 3, &format!("account {n}"));
    let all: Vec<_> = (0..ACCOUNTS).map(|n| (account(n), "100")).collect();
    set(&nodes[0].core, &all).await;
    let mut moving = Vec::new();
    for (number, node) in nodes.iter().enumerate() {
        for task in 0..4 {
            let core = std::sync::Arc::clone(&node.core);
            moving.push(tokio::spawn(async move {
                for step in 0..15 {
                    let from = (number * 7 + task * 3 + step) as u16 % ACCOUNTS;
                    transfer(&core, account(from), account((from + 1) % ACCOUNTS)).await;
                }
            }));
        }
    }
    for task in moving {
        task.await.unwrap();
    }
    let mut sum = 0;
    for n in 0..ACCOUNTS {
        let found = read(&nodes[1].core, &account(n)).await.unwrap();
        sum += found.parse::<i64>().unwrap();
    }
    assert_eq!(sum, i64::from(ACCOUNTS) * 100);
}

async fn transfer(core: &Core, from: At, to: At) {
    let mut attempts = core.attempts();
    loop {
        let mut tx = core.begin();
        tx.fetch([from.clone(), to.clone()]).await.unwrap();
        for (at, change) in [(&from, -1), (&to, 1)] {
            let held: i64 = String::from_utf8(tx.known(at).unwrap())
                .unwrap()
                .parse()
                .unwrap();
            tx.set(at.clone(), (held + change).to_string().into_bytes());
        }
        let commit = tx.commit().await.unwrap();
        if attempts.outcome(commit).await.unwrap().is_some() {
            return;
        }
    }
}
