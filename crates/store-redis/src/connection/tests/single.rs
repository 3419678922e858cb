//! One server that is well.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_script_runs_with_binary_arguments() {
    let server = RedisServer::start();
    let redis = to_server(&server).await;
    let echo = Script::writing(&["local a = ARGV[1]", "return {KEYS[1], a .. ARGV[2], 7}"]);
    let reply = redis.script(&echo, b"k\0\xff", &[b"\r\n\xfe", b""]).await;
    let bytes = |bytes: &[u8]| Value::BulkString(bytes.to_vec());
    let wanted = vec![bytes(b"k\0\xff"), bytes(b"\r\n\xfe"), Value::Int(7)];
    assert_eq!(reply, Ok(Value::Array(wanted)));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_scripts_are_answered_in_order_and_each_for_itself() {
    let server = RedisServer::start();
    let redis = to_server(&server).await;
    server.command(&["SET", "agon:{7}:n", "no number"]);
    let call = |key: &String| (key.clone().into_bytes(), vec![b"3".to_vec()]);
    let calls: Vec<_> = keys(1000).iter().map(call).collect();
    let answers = redis.scripts(&add(), calls).await;
    for (i, answer) in answers.iter().enumerate() {
        match i {
            7 => assert!(
                matches!(answer, Err(RedisFailure::Script { .. })),
                "{answer:?}"
            ),
            _ => assert_eq!(*answer, Ok(Value::Int(3))),
        }
    }
    assert_eq!(answers.len(), 1000);
    assert!(redis.is_ready(), "a script's own error is no outage");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_slow_scripts_take_longer_than_one_reply_may() {
    let server = RedisServer::start();
    let mut options = options(&server.url());
    options.response_timeout = Duration::from_secs(1);
    let redis = Redis::connect(&options).await.unwrap();
    let slow = Script::writing(&["for _ = 1, 30000 do end return 1"]);
    let run = async |count: usize| {
        let started = Instant::now();
        let calls = vec![(b"n".to_vec(), Vec::new()); count];
        (redis.scripts(&slow, calls).await, started.elapsed())
    };
    let (_, of_500) = run(500).await;
    let times = Duration::from_millis(2500).div_duration_f64(of_500);
    let (answers, elapsed) = run((500.0 * times) as usize).await;
    assert!(elapsed > redis.options().response_timeout, "{elapsed:?}");
    let failure = answers.iter().find(|a| a.is_err());
    assert_eq!(failure, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_the_server_has_lost_is_loaded_again() {
    let server = RedisServer::start();
    let redis = to_server(&server).await;
    assert_eq!(redis.script(&add(), b"n", &[b"1"]).await, Ok(Value::Int(1)));
    server.command(&["SCRIPT", "FLUSH"]);
    assert_eq!(redis.script(&add(), b"n", &[b"1"]).await, Ok(Value::Int(2)));
    server.command(&["SCRIPT", "FLUSH"]);
    let calls = vec![(b"n".to_vec(), vec![b"1".to_vec()]); 300];
    let answers = redis.scripts(&add(), calls).await;
    assert_eq!(answers.last(), Some(&Ok(Value::Int(302))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reading_script_may_not_write() {
    let server = RedisServer::start();
    let redis = to_server(&server).await;
    let wrong = Script::reading(&["return redis.call('SET', KEYS[1], 'x')"]);
    let calls = vec![(b"k".to_vec(), Vec::new())];
    let failure = redis
        .read_scripts(&wrong, calls)
        .await
        .remove(0)
        .unwrap_err();
    assert!(matches!(failure, RedisFailure::Script { .. }), "{failure}");
    assert_eq!(server.command(&["EXISTS", "k"]), Value::Int(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_script_says_is_told_with_its_code() {
    let server = RedisServer::start();
    let redis = to_server(&server).await;
    let says = Script::writing(&["return redis.error_reply('FENCED token 7')"]);
    let failure = redis.script(&says, b"k", &[]).await.unwrap_err();
    let (code, message) = ("FENCED".to_owned(), "token 7".to_owned());
    assert_eq!(failure, RedisFailure::Script { code, message });
}

#[tokio::test(flavor = "multi_thread")]
async fn readings_are_answered_in_order() {
    let server = RedisServer::start();
    let redis = to_server(&server).await;
    server.command(&["SET", "a", "1"]);
    server.command(&["ZADD", "z", "1.5", "m"]);
    let mut score = Cmd::new();
    score.arg("ZSCORE").arg("z").arg("m");
    let read = vec![
        redis::cmd("GET").arg("a").clone(),
        score,
        redis::cmd("DBSIZE"),
    ];
    let answers = redis.read(read).await;
    assert_eq!(answers, Ok(vec![bulk("1"), bulk("1.5"), Value::Int(2)]));
    let usage = redis::cmd("OBJECT").arg("ENCODING").arg("z").clone();
    let encoding = redis.read_at(vec![(b"z".to_vec(), usage)]).await;
    assert_eq!(encoding, Ok(vec![bulk("listpack")]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_and_a_password_are_used() {
    let server = RedisServer::launch().password("p@ss word").start();
    let url = format!("redis://:p%40ss%20word@127.0.0.1:{}/3", server.port());
    let redis = connect(&url).await;
    redis.script(&add(), b"n", &[b"4"]).await.unwrap();
    let mut read = Cmd::new();
    read.arg("GET").arg("n");
    assert_eq!(redis.read(vec![read]).await, Ok(vec![bulk("4")]));
    for (url, word) in [
        (
            format!("redis://:wrong@127.0.0.1:{}", server.port()),
            "authentication failed",
        ),
        (server.url(), "NOAUTH"),
    ] {
        let mut options = options(&url);
        options.patience = Duration::from_millis(500);
        let error = Redis::connect(&options).await.err().unwrap().to_string();
        assert!(error.contains(word) && !error.contains("wrong@"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn slots_are_those_of_the_server() {
    let cluster_like = RedisServer::launch().set("cluster-enabled", "yes").start();
    for key in ["", "a", "agon:{b}:c", "{}x", "a{b", "x{{y}}", "ünïcode"] {
        let told = cluster_like.command(&["CLUSTER", "KEYSLOT", key]);
        assert_eq!(told, Value::Int(slot(key.as_bytes()).into()), "{key}");
    }
}
