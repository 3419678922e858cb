use std::io::{ErrorKind, Read, Write};
use std::net::Ipv4Addr;
use std::time::Duration;

use super::*;

/// Long enough for what is not held to arrive, if it were to.
const A_WHILE: Duration = Duration::from_millis(100);

/// A server that sends everything back, in capitals.
fn shouting() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || shout(stream));
        }
    });
    port
}

fn shout(mut stream: TcpStream) {
    let mut bytes = [0; 64];
    while let Ok(length @ 1..) = stream.read(&mut bytes) {
        bytes[..length].make_ascii_uppercase();
        if stream.write_all(&bytes[..length]).is_err() {
            return;
        }
    }
}

fn open(relay: &Relay) -> TcpStream {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, relay.port())).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream
}

const LIMIT: Duration = Duration::from_secs(30);

fn read(stream: &mut TcpStream, length: usize) -> String {
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn is_silent(stream: &mut TcpStream) -> bool {
    stream.set_read_timeout(Some(A_WHILE)).unwrap();
    let read = stream.read(&mut [0; 1]);
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    read.is_err_and(|e| matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut))
}

#[test]
fn what_was_held_arrives_when_it_is_healed() {
    let relay = Relay::to(shouting());
    let mut stream = open(&relay);
    for cut in [Relay::cut, Relay::cut_requests, Relay::cut_replies] {
        stream.write_all(b"a").unwrap();
        assert_eq!(read(&mut stream, 1), "A");
        cut(&relay);
        stream.write_all(b"bc").unwrap();
        assert!(is_silent(&mut stream));
        let mut new = open(&relay);
        new.write_all(b"d").unwrap();
        assert!(is_silent(&mut new));
        relay.heal();
        assert_eq!(read(&mut stream, 2), "BC");
        assert_eq!(read(&mut new, 1), "D");
    }
}

#[test]
fn what_was_sent_before_it_was_given_up_arrives_as_well() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let relay = Relay::to(listener.local_addr().unwrap().port());
    relay.cut();
    let mut stream = open(&relay);
    stream.write_all(b"late").unwrap();
    let mut served = listener.accept().unwrap().0;
    thread::sleep(A_WHILE);
    drop(stream);
    assert!(is_silent(&mut served));
    relay.heal();
    let mut all = String::new();
    served.read_to_string(&mut all).unwrap();
    assert_eq!(all, "late");
}

#[test]
fn only_those_of_one_address_are_cut_where_it_is_named() {
    let relay = Relay::to(shouting());
    relay.cut_from("127.0.0.2".parse().unwrap());
    let mut stream = open(&relay);
    stream.write_all(b"a").unwrap();
    assert_eq!(read(&mut stream, 1), "A");
    relay.cut_from("127.0.0.1".parse().unwrap());
    stream.write_all(b"b").unwrap();
    assert!(is_silent(&mut stream));
}

#[test]
fn a_message_that_is_waited_for_is_held_with_all_that_follows() {
    let relay = Relay::to(shouting());
    relay.cut_at(b"now");
    let mut stream = open(&relay);
    stream.write_all(b"before").unwrap();
    assert_eq!(read(&mut stream, 6), "BEFORE");
    assert_eq!(relay.caught(), None);
    stream.write_all(b"and now").unwrap();
    assert!(is_silent(&mut stream));
    assert_eq!(relay.caught().as_deref(), Some(&b"and now"[..]));
    assert!(is_silent(&mut open(&relay)));
    relay.heal();
    assert_eq!(read(&mut stream, 7), "AND NOW");
}

#[test]
fn refused_connections_are_taken_again_when_it_is_healed() {
    let relay = Relay::to(shouting());
    let mut stream = open(&relay);
    for _ in 0..3 {
        relay.refuse();
        assert_eq!(stream.read(&mut [0; 1]).unwrap_or(0), 0, "it has ended");
        let refused = TcpStream::connect((Ipv4Addr::LOCALHOST, relay.port()));
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::ConnectionRefused);
        relay.heal();
        stream = open(&relay);
        stream.write_all(b"a").unwrap();
        assert_eq!(read(&mut stream, 1), "A");
    }
}
