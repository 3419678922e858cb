//! More connections than there are places: those that say nothing give way, and one client has so many
//! and no more.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::elsewhere::connect_from;
use testkit::{App, Connection, Launch};

fn launch() -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_agon"))
}

fn get(connection: &mut Connection, path: &str) -> Option<u16> {
    connection.request(&format!("GET {path}"), "", b"");
    connection.reply().map(|reply| reply.status)
}

/// The server has begun to read a body, of which the half has come, when this returns.
fn busy(app: &App) -> Connection {
    let mut connection = app.connect();
    connection.send("POST /user/create HTTP/1.1\r\nhost: test\r\ncontent-length: 23\r\n");
    connection.send("expect: 100-continue\r\n\r\n");
    assert_eq!(connection.head().map(|r| r.status), Some(100));
    connection.send(r#"{"display_nam"#);
    connection
}

#[test]
fn connections_that_say_nothing_give_way_to_others() {
    let app = launch().set("SERVER__MAX_CONNECTIONS", "8").start();
    let silent: Vec<Connection> = (0..100).map(|_| app.connect()).collect();
    for _ in 0..10 {
        assert_eq!(get(&mut app.connect(), "/healthz"), Some(200));
    }
    drop(silent);
}

#[test]
fn heads_that_do_not_end_give_way_to_others() {
    let app = launch()
        .set("SERVER__MAX_CONNECTIONS", "8")
        .set("SERVER__HEADER_READ_TIMEOUT", "1h")
        .start();
    let slow: Vec<Connection> = (0..100)
        .map(|_| {
            let mut connection = app.connect();
            connection.send("GET /healthz HTTP/1.1\r\nho");
            connection
        })
        .collect();
    for _ in 0..3 {
        assert_eq!(get(&mut app.connect(), "/healthz"), Some(200));
    }
    drop(slow);
}

#[test]
fn the_one_that_has_waited_longest_goes_and_those_being_served_stay() {
    let app = launch().set("SERVER__MAX_CONNECTIONS", "3").start();
    let mut busy = busy(&app);
    let mut first = app.connect();
    assert_eq!(get(&mut first, "/healthz"), Some(200));
    let mut second = app.connect();
    assert_eq!(get(&mut second, "/healthz"), Some(200));
    assert_eq!(get(&mut app.connect(), "/healthz"), Some(200));
    assert!(first.ends());
    busy.send(r#"e": "ada"}"#);
    assert_eq!(busy.reply().map(|r| r.status), Some(201));
}

#[test]
fn a_client_with_as_many_connections_as_it_may_have_gets_no_more() {
    let app = launch()
        .set("SERVER__MAX_CONNECTIONS_PER_CLIENT", "3")
        .start();
    let mut mine: Vec<Connection> = (0..3).map(|_| app.connect()).collect();
    for connection in &mut mine {
        assert_eq!(get(connection, "/healthz"), Some(200));
    }
    assert!(app.connect().ends(), "a fourth was let in");
    // Another client is served meanwhile, and so are those that there are.
    let mut other = connect_from("127.0.0.2", &app);
    assert_eq!(get(&mut other, "/healthz"), Some(200));
    assert_eq!(get(&mut mine[0], "/healthz"), Some(200));
    mine.pop();
    let again = (0..6000).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(10));
        get(&mut app.connect(), "/healthz") == Some(200)
    });
    assert!(again, "no place became free");
}
