//! A server that ends, comes back, or does not answer.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_restarted_is_used_again() {
    let server = RedisServer::launch()
        .set("appendonly", "yes")
        .set("appendfsync", "always")
        .start();
    let redis = to_server(&server).await;
    redis.script(&add(), b"n", &[b"1"]).await.unwrap();
    server.restart();
    // All links have ended, and it is known before anything is sent: nobody pays for it with an error.
    for n in 2..20 {
        assert_eq!(redis.script(&add(), b"n", &[b"1"]).await, Ok(Value::Int(n)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_while_it_is_away_is_done_once_it_is_back() {
    let server = RedisServer::launch().set("appendonly", "yes").start();
    let redis = to_server(&server).await;
    server.kill();
    until(PATIENCE, "not ready", || !redis.is_ready()).await;
    let waiting = tokio::spawn({
        let redis = redis.clone();
        async move { redis.script(&add(), b"n", &[b"1"]).await }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    server.restart();
    assert_eq!(waiting.await.unwrap(), Ok(Value::Int(1)));
    until(PATIENCE, "ready", || redis.is_ready()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn patience_ends_and_nothing_was_done() {
    let server = RedisServer::start();
    let mut options = options(&server.url());
    options.patience = Duration::from_millis(700);
    let redis = Redis::connect(&options).await.unwrap();
    server.kill();
    until(PATIENCE, "not ready", || !redis.is_ready()).await;
    let started = Instant::now();
    let add = add();
    let crowd = (0..200).map(|_| redis.script(&add, b"n", &[b"1"]));
    for answer in futures_util::future::join_all(crowd).await {
        let failure = answer.unwrap_err();
        assert!(matches!(failure, RedisFailure::NotDone { .. }), "{failure}");
        assert!(failure.to_string().contains("cannot connect"), "{failure}");
    }
    assert!(
        started.elapsed() < Duration::from_millis(1500),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_change_is_unknown_and_a_late_reading_asked_again() {
    let server = RedisServer::start();
    let mut options = options(&server.url());
    options.response_timeout = Duration::from_millis(400);
    options.connections = 1;
    let redis = Redis::connect(&options).await.unwrap();
    redis.script(&add(), b"n", &[b"1"]).await.unwrap();
    server.pause();
    let started = Instant::now();
    let failure = redis.script(&add(), b"n", &[b"1"]).await.unwrap_err();
    assert!(matches!(failure, RedisFailure::Unknown { .. }), "{failure}");
    assert!(
        started.elapsed() < Duration::from_millis(900),
        "{:?}",
        started.elapsed()
    );
    assert!(!redis.is_ready());
    // There is no connection now, so what follows is certainly not done.
    let started = Instant::now();
    let failure = redis.script(&add(), b"n", &[b"1"]).await.unwrap_err();
    assert!(matches!(failure, RedisFailure::NotDone { .. }), "{failure}");
    assert!(started.elapsed() < PATIENCE + Duration::from_millis(600));
    let reading = tokio::spawn({
        let redis = redis.clone();
        async move { redis.read_script(&get(), b"n", &[]).await }
    });
    tokio::time::sleep(Duration::from_millis(800)).await;
    server.resume();
    // The one that was unknown was done after all, when the server went on; the other never.
    assert_eq!(reading.await.unwrap(), Ok(bulk("2")));
    until(PATIENCE, "ready", || redis.is_ready()).await;
    assert_eq!(redis.script(&add(), b"n", &[b"1"]).await, Ok(Value::Int(3)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_under_a_change_leaves_it_unknown() {
    let server = RedisServer::start();
    let redis = to_server(&server).await;
    // Many seconds.
    let long = Script::writing(&[
        "redis.call('INCR', KEYS[1])",
        "for _ = 1, 10000000000 do end return 1",
    ]);
    let running = tokio::spawn({
        let redis = redis.clone();
        async move { redis.script(&long, b"n", &[]).await }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    server.kill();
    let failure = running.await.unwrap().unwrap_err();
    assert!(matches!(failure, RedisFailure::Unknown { .. }), "{failure}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_is_told_at_the_start() {
    let mut options = options("redis://agon:secret@127.0.0.1:1");
    options.patience = Duration::from_millis(300);
    let error = Redis::connect(&options).await.err().unwrap().to_string();
    assert!(
        error.contains("127.0.0.1:1") && !error.contains("secret"),
        "{error}"
    );
}
