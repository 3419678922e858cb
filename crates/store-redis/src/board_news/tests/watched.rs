//! What who watches on one node sees of changes on the other: soon and without asking all the time where messages come,
//! and still soon where none do.

use redis::Value;

use super::*;

/// Changes that are timed. Half of them have to be fast; a busy machine may delay some.
const ROUNDS: usize = 15;

/// Two nodes with a board on which nobody is yet, that hear each other.
async fn two(server: &RedisServer) -> (RedisStore, RedisStore) {
    let (one, two) = (node(server).await, node(server).await);
    make(&one, put_board("a")).await;
    make(&one, Change::PutPlayers(vec![player(1, "Ada")])).await;
    hears(&one).await;
    hears(&two).await;
    (one, two)
}

/// Waits on a node until the board's version is higher than that; it, and how long it took.
async fn seen(node: &RedisStore, than: u64) -> (u64, Duration) {
    let began = Instant::now();
    loop {
        let version = node.version(&board("a")).await.unwrap();
        if version > than {
            return (version, began.elapsed());
        }
        assert!(began.elapsed() < LIMIT, "the change is not seen");
        sleep(Duration::from_millis(2)).await;
    }
}

/// How long it took at the median until a change on the one node was seen on the other.
async fn median(one: &RedisStore, two: &RedisStore, from: u32) -> Duration {
    let mut version = two.version(&board("a")).await.unwrap();
    let mut times = Vec::new();
    for round in 0..ROUNDS {
        // Not at the time at which it would be looked anyway.
        sleep(Duration::from_millis(70)).await;
        let score = f64::from(from) + round as f64;
        make(one, submit("a", 1, score)).await;
        let (now, time) = seen(two, version).await;
        version = now;
        times.push(time);
    }
    times.sort_unstable();
    times[ROUNDS / 2]
}

/// How many scripts the server was asked for by their digest.
fn scripts(server: &RedisServer) -> u64 {
    let stats = server.text(&["INFO", "commandstats"]);
    let line = stats
        .lines()
        .find_map(|line| line.strip_prefix("cmdstat_evalsha:calls="));
    let calls = line.and_then(|line| line.split(',').next());
    calls.map_or(0, |calls| calls.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_on_another_node_is_seen_without_asking_for_it() {
    let server = RedisServer::start();
    let (one, two) = two(&server).await;
    let median = median(&one, &two, 1).await;
    // Without messages it would be found after a second.
    assert!(median < Duration::from_millis(300), "{median:?}");
    let (before, began) = (scripts(&server), Instant::now());
    let version = two.version(&board("a")).await.unwrap();
    while began.elapsed() < Duration::from_secs(3) {
        assert_eq!(two.version(&board("a")).await.unwrap(), version);
        sleep(Duration::from_millis(5)).await;
    }
    // One a second, and none for the node that nobody watches on; 60 if it was asked every 50 ms.
    let asked = scripts(&server) - before;
    assert!((2..=8).contains(&asked), "{asked} scripts in 3 s");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_seen_though_the_connection_for_messages_is_cut_again_and_again() {
    let server = RedisServer::start();
    let (one, two) = two(&server).await;
    let cut = || server.command(&["CLIENT", "KILL", "TYPE", "pubsub"]);
    let deaf = async {
        loop {
            cut();
            sleep(Duration::from_millis(5)).await;
        }
    };
    let median_while_deaf = tokio::select! {
        median = median(&one, &two, 1) => median,
        () = deaf => unreachable!(),
    };
    assert!(
        median_while_deaf < Duration::from_millis(400),
        "{median_while_deaf:?}"
    );
    hears(&one).await;
    hears(&two).await;
    let version = two.version(&board("a")).await.unwrap();
    let hearing = two.core.versions.hearing();
    let spell = hearing.spell();
    assert!(matches!(cut(), Value::Int(killed) if killed >= 2));
    until("it has noticed", || hearing.spell() != spell).await;
    make(&one, submit("a", 1, 1000.0)).await;
    hears(&two).await;
    // Nobody tells it again.
    let (_, time) = seen(&two, version).await;
    assert!(time < Duration::from_millis(500), "{time:?}");
    let again = median(&one, &two, 2000).await;
    assert!(again < Duration::from_millis(300), "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_node_did_not_live_to_tell_is_seen_within_a_second() {
    let server = RedisServer::start();
    let (_one, two) = two(&server).await;
    let version = two.version(&board("a")).await.unwrap();
    // The first board is the global one.
    assert!(matches!(
        server.command(&["INCR", "{agon:0}:b2:v"]),
        Value::Int(count) if count > 1
    ));
    let (_, time) = seen(&two, version).await;
    assert!(time < Duration::from_secs(3), "{time:?}");
}
