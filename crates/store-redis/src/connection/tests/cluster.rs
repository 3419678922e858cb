//! A cluster: all slots, moves and failovers.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn all_slots_are_reached_and_moves_followed() {
    let cluster = RedisCluster::start();
    let redis = connect(&cluster.url()).await;
    reach_all_slots(&redis, &cluster).await;
    follow_a_move(&redis, &cluster).await;
    follow_a_planned_failover(&redis, &cluster).await;
}

async fn reach_all_slots(redis: &Redis, cluster: &RedisCluster) {
    let keys = keys(2000);
    let call = |key: &String| (key.clone().into_bytes(), vec![b"2".to_vec()]);
    let answers = redis.scripts(&add(), keys.iter().map(call).collect()).await;
    assert!(
        answers.iter().all(|a| *a == Ok(Value::Int(2))),
        "{answers:?}"
    );
    let read = keys.iter().map(|key| redis::cmd("GET").arg(key).clone());
    let values = redis.read(read.collect()).await.unwrap();
    assert!(values.iter().all(|value| *value == bulk("2")));
    let sizes = cluster
        .masters()
        .into_iter()
        .map(|m| cluster.nodes()[m].command(&["DBSIZE"]));
    let sizes: Vec<i64> = sizes.map(|v| redis::from_redis_value(v).unwrap()).collect();
    assert_eq!(sizes.iter().sum::<i64>(), 2000);
    assert!(sizes.iter().all(|size| *size > 500), "{sizes:?}");
}

async fn follow_a_move(redis: &Redis, cluster: &RedisCluster) {
    let key = "agon:{moving}:n";
    let from = cluster.master_of(key);
    let to = cluster.masters().into_iter().find(|m| *m != from).unwrap();
    let one: &[&[u8]] = &[b"1"];
    assert_eq!(
        redis.script(&add(), key.as_bytes(), one).await,
        Ok(Value::Int(1))
    );
    cluster.begin_move(key, to);
    // It is still where it was. A script whose key may be in either place waits until the slot has moved: what
    // else it needs would be in the other.
    assert_eq!(
        redis.script(&add(), key.as_bytes(), one).await,
        Ok(Value::Int(2))
    );
    let other = "agon:{moving}:other";
    let waiting = tokio::spawn({
        let redis = redis.clone();
        async move { redis.script(&add(), other.as_bytes(), &[b"1"]).await }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let keys_there = cluster.nodes()[to].command(&[
        "CLUSTER",
        "COUNTKEYSINSLOT",
        &cluster.slot(key).to_string(),
    ]);
    assert_eq!(keys_there, Value::Int(0));
    cluster.finish_move(&[key], to);
    assert_eq!(waiting.await.unwrap(), Ok(Value::Int(1)));
    assert_eq!(
        redis.script(&add(), key.as_bytes(), one).await,
        Ok(Value::Int(3))
    );
    assert_eq!(
        redis.read_script(&get(), other.as_bytes(), &[]).await,
        Ok(bulk("1"))
    );
    assert_eq!(cluster.master_of(key), to);
}

async fn follow_a_planned_failover(redis: &Redis, cluster: &RedisCluster) {
    cluster.wait_until_well();
    let key = "agon:{failover}:n";
    let old = cluster.master_of(key);
    let old_id = cluster.nodes()[old].text(&["CLUSTER", "MYID"]);
    let nodes = cluster.nodes()[old].text(&["CLUSTER", "NODES"]);
    let replica = nodes
        .lines()
        .find(|l| l.contains("slave") && l.contains(&old_id))
        .unwrap();
    let is_it = |n: &&RedisServer| replica.contains(&format!(":{}@", n.port()));
    let replica = cluster.nodes().iter().find(is_it).unwrap();
    replica.command(&["CLUSTER", "FAILOVER"]);
    // The old master keeps changes waiting until the new one has been elected, which may take longer than a reply.
    count_to(redis, key, 0, 200).await;
    until(PATIENCE, "it has moved", || cluster.master_of(key) != old).await;
    count_to(redis, key, 200, 201).await;
}

/// Counts until so many changes are acknowledged, and holds the counter against them: none is lost, and none that
/// was refused or acknowledged is there twice.
async fn count_to(redis: &Redis, key: &str, from: i64, to: i64) -> i64 {
    let base = value_of(redis, key).await - from;
    let (mut done, mut unknown) = (from, 0);
    let started = Instant::now();
    while done < to {
        match redis.script(&add(), key.as_bytes(), &[b"1"]).await {
            Ok(_) => done += 1,
            Err(RedisFailure::Unknown { .. }) => unknown += 1,
            Err(_) => {}
        }
        assert!(
            started.elapsed() < Duration::from_secs(40),
            "{done} of {to}"
        );
    }
    let value = value_of(redis, key).await - base;
    assert!(
        (done..=done + unknown).contains(&value),
        "{value}, {done}, {unknown}"
    );
    value
}

async fn value_of(redis: &Redis, key: &str) -> i64 {
    let value = redis
        .read_script(&get(), key.as_bytes(), &[])
        .await
        .unwrap();
    let value: Option<i64> = redis::from_redis_value(value).unwrap();
    value.unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_master_is_replaced_and_nothing_counted_twice() {
    let cluster = RedisCluster::start();
    let redis = connect(&cluster.url()).await;
    let key = "agon:{killed}:n";
    let master = cluster.master_of(key);
    redis.script(&add(), key.as_bytes(), &[b"1"]).await.unwrap();
    // Asynchronous replication may lose what was just acknowledged; that is not asked here.
    let wait = cluster.nodes()[master].command(&["WAIT", "1", "2000"]);
    assert_eq!(wait, Value::Int(1));
    cluster.kill(master);
    until(PATIENCE, "not ready", || !redis.is_ready()).await;
    let add = add();
    let done = until_done(Duration::from_secs(30), || {
        redis.script(&add, key.as_bytes(), &[b"0"])
    });
    assert_eq!(
        done.await,
        Value::Int(1),
        "what a replica had confirmed is there"
    );
    count_to(&redis, key, 1, 3).await;
    until(Duration::from_secs(20), "ready", || redis.is_ready()).await;
    cluster.restart(master);
    cluster.wait_until_well();
    count_to(&redis, key, 3, 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_of_the_wrong_kind_are_told() {
    let server = RedisServer::start();
    let url = server.url().replace("redis://", "redis-cluster://");
    let error = Redis::connect(&options(&url)).await.err().unwrap();
    assert!(matches!(error, ConnectError::NotACluster { .. }), "{error}");
    let node = RedisServer::launch().set("cluster-enabled", "yes").start();
    let error = Redis::connect(&options(&node.url())).await.err().unwrap();
    assert!(matches!(error, ConnectError::IsACluster { .. }), "{error}");
    // It has no slots, so it is no cluster that could be used.
    let mut alone = options(&node.url().replace("redis://", "redis-cluster://"));
    alone.patience = Duration::from_millis(600);
    let error = Redis::connect(&alone).await.err().unwrap();
    assert!(error.to_string().contains("CLUSTERDOWN"), "{error}");
}
