//! Messages, and that it is told where some may have been missed.

use tokio::time::timeout;

use super::*;

const SOON: Duration = Duration::from_secs(15);

async fn next(subscription: &mut Subscription) -> Event {
    let event = timeout(SOON, subscription.next()).await;
    event.expect("nothing came").expect("it has ended")
}

fn message(text: &str) -> Event {
    Event::Message(text.as_bytes().to_vec())
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_come_and_a_restart_is_told() {
    let server = RedisServer::start();
    let mut options = options(&server.url());
    options.response_timeout = Duration::from_secs(2);
    let redis = Redis::connect(&options).await.unwrap();
    let mut subscription = redis.subscribe(b"agon:events".to_vec());
    assert_eq!(next(&mut subscription).await, Event::Missed);
    let publish = Script::writing(&["return redis.call('PUBLISH', ARGV[1], ARGV[2])"]);
    let arguments: [&[u8]; 2] = [b"agon:events", b"a\0b"];
    assert_eq!(
        redis.script(&publish, b"k", &arguments).await,
        Ok(Value::Int(1))
    );
    assert_eq!(next(&mut subscription).await, message("a\0b"));
    server.restart();
    assert_eq!(next(&mut subscription).await, Event::Missed);
    server.command(&["PUBLISH", "agon:events", "2"]);
    assert_eq!(next(&mut subscription).await, message("2"));
    server.pause();
    tokio::time::sleep(Duration::from_secs(4)).await;
    server.resume();
    assert_eq!(next(&mut subscription).await, Event::Missed);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_with_who_has_it() {
    let server = RedisServer::start();
    let redis = to_server(&server).await;
    let mut subscription = redis.subscribe(b"c".to_vec());
    next(&mut subscription).await;
    let listeners = || server.command(&["PUBLISH", "c", "x"]);
    assert_eq!(listeners(), Value::Int(1));
    drop(subscription);
    until(SOON, "no listener", || listeners() == Value::Int(0)).await;
    let mut subscription = redis.subscribe(b"c".to_vec());
    next(&mut subscription).await;
    drop(redis);
    while timeout(SOON, subscription.next())
        .await
        .expect("it goes on")
        .is_some()
    {}
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_cluster_it_survives_the_death_of_its_node() {
    let cluster = RedisCluster::start();
    let redis = connect(&cluster.url()).await;
    let mut subscription = redis.subscribe(b"events".to_vec());
    assert_eq!(next(&mut subscription).await, Event::Missed);
    let listened = |node: &usize| {
        let list = cluster.nodes()[*node].text(&["CLIENT", "LIST", "TYPE", "pubsub"]);
        list.contains("sub=1")
    };
    let node = cluster.masters().into_iter().find(listened).unwrap();
    let other = cluster.masters().into_iter().find(|m| *m != node).unwrap();
    cluster.nodes()[other].command(&["PUBLISH", "events", "1"]);
    assert_eq!(next(&mut subscription).await, message("1"));
    cluster.kill(node);
    assert_eq!(next(&mut subscription).await, Event::Missed);
    cluster.nodes()[other].command(&["PUBLISH", "events", "2"]);
    assert_eq!(next(&mut subscription).await, message("2"));
}
