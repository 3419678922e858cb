//! What is an address, what is not, and that the password is not shown.

use super::*;

fn parsed(text: &str) -> Address {
    text.parse()
        .unwrap_or_else(|e: AddressError| panic!("{text}: {e}"))
}

fn host(name: &str, port: u16) -> Host {
    Host {
        name: name.to_owned(),
        port,
    }
}

#[test]
fn one_server() {
    let address = parsed("redis://localhost");
    assert_eq!(address.hosts, [host("localhost", 6379)]);
    assert!(!address.tls && !address.cluster && address.user.is_none());
    let address = parsed("rediss://agon:p%40ss%3A%2F@10.0.0.1:6380/3");
    assert!(address.tls);
    assert_eq!(address.user.as_deref(), Some("agon"));
    assert_eq!(address.password.as_deref(), Some("p@ss:/"));
    assert_eq!(address.hosts, [host("10.0.0.1", 6380)]);
    assert_eq!(address.database, 3);
    assert_eq!(parsed("redis://:pw@h").password.as_deref(), Some("pw"));
    assert_eq!(parsed("redis://h:1/").database, 0);
}

#[test]
fn a_cluster() {
    let address = parsed("redis-cluster://u:p@a:7000,b,[::1]:7002,[fe80::1]");
    let hosts = [
        host("a", 7000),
        host("b", 6379),
        host("::1", 7002),
        host("fe80::1", 6379),
    ];
    assert_eq!(address.hosts, hosts);
    assert!(address.is_cluster() && !address.tls);
    assert!(parsed("rediss-cluster://a").tls);
}

#[test]
fn what_is_wrong_is_named() {
    let wrong = [
        ("localhost:6379", AddressError::Scheme),
        ("http://localhost", AddressError::Scheme),
        ("redis://", AddressError::NoHost),
        ("redis://:6379", AddressError::NoHost),
        ("redis-cluster://a,,b", AddressError::NoHost),
        ("redis://a b", AddressError::Host("a b".into())),
        ("redis://[::1", AddressError::Host("[::1".into())),
        ("redis://[a]", AddressError::Host("[a]".into())),
        ("redis://a:0", AddressError::Port),
        ("redis://a:65536", AddressError::Port),
        ("redis://a:+1", AddressError::Port),
        ("redis://a,b", AddressError::SeveralHosts),
        ("redis://a/x", AddressError::Database("x".into())),
        ("redis://a/1/2", AddressError::Database("1/2".into())),
        ("redis-cluster://a/1", AddressError::ClusterDatabase),
        ("redis://a?db=1", AddressError::Trailing),
        ("redis://u:%ff@a", AddressError::Credentials),
    ];
    for (text, error) in wrong {
        assert_eq!(text.parse::<Address>(), Err(error), "{text}");
    }
}

#[test]
fn the_password_is_not_shown() {
    let address = parsed("redis-cluster://agon:secret@a,b:7");
    assert_eq!(address.to_string(), "redis-cluster://agon:***@a:6379,b:7");
    assert!(!format!("{address:?}").contains("secret"));
    assert_eq!(
        parsed("redis://:secret@a/2").to_string(),
        "redis://:***@a:6379/2"
    );
    for text in [
        "redis://u:secret@a:x",
        "redis://u:secret@a b",
        "x://u:secret@a",
    ] {
        let error = text.parse::<Address>().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret"), "{error}");
    }
}

#[test]
fn it_is_read_back_from_its_text() {
    for text in [
        "redis://a:1",
        "rediss://[::1]:6379/4",
        "redis-cluster://u@a:1,b:2",
    ] {
        assert_eq!(parsed(text).to_string(), text);
    }
}
