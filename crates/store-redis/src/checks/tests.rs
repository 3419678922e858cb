//! Every judgement, on replies as servers make them.

use std::time::Duration;

use super::*;

const ADDRESS: &str = "redis://h";

fn judge(
    info: &str,
    settings: Option<&[(&str, &str)]>,
    address: &str,
    durability: Durability,
) -> Result<Vec<String>, ConnectError> {
    let bulk = |text: &str| Value::BulkString(text.as_bytes().to_vec());
    let settings = settings.map(|pairs| {
        let pairs = pairs.iter().flat_map(|(k, v)| [bulk(k), bulk(v)]);
        Value::Array(pairs.collect())
    });
    let host = "h:1".parse().unwrap();
    let info = bulk(&info.replace(' ', "\r\n"));
    let mut options = Options::new(address.parse().unwrap());
    options.durability = durability;
    Facts::new(&host, &info, &settings.unwrap_or(Value::Nil)).judge(&options)
}

fn warnings(info: &str, settings: Option<&[(&str, &str)]>, durability: Durability) -> String {
    let info = format!("redis_version:7.0.15 maxmemory_policy:noeviction role:master {info}");
    let judged = judge(&info, settings, ADDRESS, durability);
    judged.unwrap().join("; ")
}

const SYNCED: [(&str, &str); 2] = [
    ("appendfsync", "always"),
    ("no-appendfsync-on-rewrite", "no"),
];

#[test]
fn a_server_that_keeps_the_promise_gives_no_warning() {
    let replicas = Durability::Replicas {
        count: 1,
        timeout: Duration::from_secs(1),
    };
    assert_eq!(warnings("aof_enabled:0", None, Durability::Memory), "");
    let aof = "aof_enabled:1 connected_slaves:1";
    for durability in [Durability::EverySecond, Durability::Always, replicas] {
        assert_eq!(warnings(aof, Some(&SYNCED), durability), "");
    }
    let every_second = [("appendfsync", "everysec")];
    assert_eq!(
        warnings(aof, Some(&every_second), Durability::EverySecond),
        ""
    );
}

#[test]
fn contradictions_say_what_is_lost() {
    let no_aof = warnings("aof_enabled:0", Some(&SYNCED), Durability::EverySecond);
    assert!(no_aof.contains("appendonly no"), "{no_aof}");
    let every_second = [("appendfsync", "everysec")];
    let loose = warnings("aof_enabled:1", Some(&every_second), Durability::Always);
    assert!(
        loose.contains("appendfsync everysec: a crash loses the last second"),
        "{loose}"
    );
    let never = [("appendfsync", "no"), ("no-appendfsync-on-rewrite", "yes")];
    let never = warnings("aof_enabled:1", Some(&never), Durability::EverySecond);
    assert!(
        never.contains("half a minute") && never.contains("rewrites"),
        "{never}"
    );
    let hidden = warnings("aof_enabled:1", None, Durability::Always);
    assert!(hidden.contains("could not be checked"), "{hidden}");
    let two = Durability::Replicas {
        count: 2,
        timeout: Duration::from_secs(1),
    };
    let lonely = warnings("connected_slaves:1", None, two);
    assert!(lonely.contains("it has 1 replicas"), "{lonely}");
    let replica = warnings("", None, Durability::Memory);
    assert_eq!(replica, "");
    let replica = judge(
        "redis_version:7.2.0 maxmemory_policy:noeviction role:slave",
        None,
        ADDRESS,
        Durability::Memory,
    );
    assert!(replica.unwrap()[0].contains("takes no changes"));
}

#[test]
fn what_cannot_be_used_is_an_error() {
    let error = |info: &str, address: &str| {
        let judged = judge(info, None, address, Durability::Memory);
        judged.unwrap_err().to_string()
    };
    let old = error("redis_version:6.2.7 maxmemory_policy:noeviction", ADDRESS);
    assert!(old.contains("version 6.2.7"), "{old}");
    let evicts = error("redis_version:7.0.1 maxmemory_policy:volatile-lru", ADDRESS);
    assert!(evicts.contains("maxmemory-policy volatile-lru"), "{evicts}");
    let cluster = "redis_version:7.0.1 maxmemory_policy:noeviction redis_mode:cluster";
    assert!(error(cluster, ADDRESS).contains("redis-cluster://"));
    assert!(judge(cluster, None, "redis-cluster://h", Durability::Memory).is_ok());
}

#[test]
fn valkey_is_new_enough_whatever_it_is_compatible_with() {
    let info = "redis_version:7.2.4 valkey_version:8.0.1 maxmemory_policy:noeviction";
    assert!(judge(info, None, ADDRESS, Durability::Memory).is_ok());
}
