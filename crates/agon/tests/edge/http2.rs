//! HTTP/2, chosen in the handshake: it is served, and its clients have the same limits.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::net::SocketAddr;
use std::time::Duration;

use h2::client::{Builder, SendRequest};
use h2::{RecvStream, client};
use hyper::Request;
use testkit::{App, Launch};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::secure::{PATIENCE, Secure};

type Sender = SendRequest<bytes::Bytes>;
/// Ends when the connection does.
type Ended = JoinHandle<Result<(), h2::Error>>;

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async { timeout(PATIENCE * 2, test).await.expect("in time") });
}

async fn shake(secure: &Secure, address: SocketAddr) -> TlsStream<TcpStream> {
    let connector = TlsConnector::from(secure.client(&["h2", "http/1.1"]));
    let stream = TcpStream::connect(address).await.unwrap();
    let name = "localhost".try_into().unwrap();
    let stream = connector.connect(name, stream).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    stream
}

async fn connect(secure: &Secure, address: SocketAddr, builder: &Builder) -> (Sender, Ended) {
    let stream = shake(secure, address).await;
    let (sender, connection) = builder.handshake(stream).await.unwrap();
    (sender, tokio::spawn(connection))
}

fn request(method: &str, path: &str) -> Request<()> {
    let url = format!("https://localhost{path}");
    let request = Request::builder().method(method).uri(url);
    request
        .header("content-type", "application/json")
        .body(())
        .unwrap()
}

async fn whole(mut body: RecvStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some(chunk) = body.data().await {
        let chunk = chunk.unwrap();
        body.flow_control().release_capacity(chunk.len()).unwrap();
        bytes.extend(chunk);
    }
    bytes
}

async fn get(sender: &mut Sender, path: &str) -> (u16, Vec<u8>) {
    *sender = sender.clone().ready().await.unwrap();
    let (reply, _) = sender.send_request(request("GET", path), true).unwrap();
    let reply = reply.await.unwrap();
    (reply.status().as_u16(), whole(reply.into_body()).await)
}

fn start(launch: Launch) -> App {
    launch.start()
}

#[test]
fn many_requests_share_a_connection() {
    let secure = Secure::new();
    let app = start(secure.launch());
    run(async {
        let (mut sender, _) = connect(&secure, app.address(), &Builder::new()).await;
        let body = br#"{"display_name": "ada"}"#;
        let (reply, mut stream) = sender
            .send_request(request("POST", "/user/create"), false)
            .unwrap();
        stream
            .send_data(bytes::Bytes::from_static(body), true)
            .unwrap();
        assert_eq!(reply.await.unwrap().status(), 201);
        let mut waiting = Vec::new();
        for _ in 0..300 {
            sender = sender.ready().await.unwrap();
            waiting.push(
                sender
                    .send_request(request("GET", "/leaderboard"), true)
                    .unwrap()
                    .0,
            );
        }
        for reply in waiting {
            let reply = reply.await.unwrap();
            assert_eq!(reply.status(), 200);
            assert!(reply.headers().contains_key("x-request-id"));
            let body = whole(reply.into_body()).await;
            assert!(String::from_utf8(body).unwrap().contains("ada"));
        }
        assert_eq!(get(&mut sender, "/nowhere").await.0, 404);
    });
}

#[test]
fn an_idle_connection_is_closed_however_often_it_pings() {
    let secure = Secure::new();
    let app = start(secure.launch().set("SERVER__IDLE_TIMEOUT", "300ms"));
    run(async {
        let stream = shake(&secure, app.address()).await;
        let (mut sender, mut connection) = client::handshake(stream).await.unwrap();
        let mut pings = connection.ping_pong().unwrap();
        let ended: JoinHandle<_> = tokio::spawn(connection);
        assert_eq!(get(&mut sender, "/healthz").await.0, 200);
        while !ended.is_finished() {
            let _ = pings.ping(h2::Ping::opaque()).await;
            sleep(Duration::from_millis(20)).await;
        }
    });
}

#[test]
fn a_connection_in_use_outlives_the_idle_limit() {
    let secure = Secure::new();
    let app = start(secure.launch().set("SERVER__IDLE_TIMEOUT", "2s"));
    run(async {
        let (mut sender, _) = connect(&secure, app.address(), &Builder::new()).await;
        for _ in 0..12 {
            assert_eq!(get(&mut sender, "/healthz").await.0, 200);
            sleep(Duration::from_millis(250)).await;
        }
    });
}

#[test]
fn a_preface_that_does_not_come_closes_the_connection() {
    let secure = Secure::new();
    let app = start(secure.launch().set("SERVER__IDLE_TIMEOUT", "300ms"));
    run(async {
        for beginning in [&b""[..], b"PRI * HTTP/2.0\r\n"] {
            let mut stream = shake(&secure, app.address()).await;
            stream.write_all(beginning).await.unwrap();
            // The server's settings may come; then the end.
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
    });
}

/// A request head without its end: flags 0, that is neither END_HEADERS nor END_STREAM.
const HALF_A_HEAD: &[u8] = b"\0\0\x01\x01\0\0\0\0\x01\x82";
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

#[test]
fn a_head_that_does_not_end_closes_the_connection() {
    let secure = Secure::new();
    let app = start(secure.launch().set("SERVER__IDLE_TIMEOUT", "300ms"));
    run(async {
        let mut stream = shake(&secure, app.address()).await;
        stream.write_all(PREFACE).await.unwrap();
        stream.write_all(HALF_A_HEAD).await.unwrap();
        let _ = stream.read_to_end(&mut Vec::new()).await;
    });
}

#[test]
fn a_head_that_goes_on_without_end_closes_the_connection() {
    let secure = Secure::new();
    let app = start(secure.launch());
    run(async {
        let mut stream = shake(&secure, app.address()).await;
        stream.write_all(PREFACE).await.unwrap();
        stream.write_all(HALF_A_HEAD).await.unwrap();
        // One empty continuation after the other, as fast as they are taken.
        while stream.write_all(b"\0\0\0\x09\0\0\0\0\x01").await.is_ok() {}
    });
}

#[test]
fn a_head_over_the_limit_gets_431() {
    let secure = Secure::new();
    let app = start(secure.launch());
    run(async {
        let (mut sender, _) = connect(&secure, app.address(), &Builder::new()).await;
        let mut long = request("GET", "/healthz");
        let value = "a".repeat(40 << 10).parse().unwrap();
        long.headers_mut().insert("x", value);
        let (reply, _) = sender.send_request(long, true).unwrap();
        assert_eq!(reply.await.unwrap().status(), 431);
    });
}

#[test]
fn a_body_that_does_not_come_gets_408_and_the_connection_lives() {
    let secure = Secure::new();
    let app = start(secure.launch().set("SERVER__BODY_READ_TIMEOUT", "300ms"));
    run(async {
        let (mut sender, _) = connect(&secure, app.address(), &Builder::new()).await;
        let (reply, mut stream) = sender
            .send_request(request("POST", "/user/create"), false)
            .unwrap();
        stream
            .send_data(bytes::Bytes::from_static(b"{"), false)
            .unwrap();
        assert_eq!(reply.await.unwrap().status(), 408);
        assert_eq!(get(&mut sender, "/healthz").await.0, 200);
    });
}

/// A board whose whole is tens of megabytes.
async fn large_board(sender: &mut Sender) {
    let (reply, mut stream) = sender
        .send_request(request("POST", "/user/generate"), false)
        .unwrap();
    let body = bytes::Bytes::from_static(br#"{"count": 200000}"#);
    stream.send_data(body, true).unwrap();
    assert_eq!(reply.await.unwrap().status(), 201);
}

#[test]
fn a_client_that_takes_no_reply_is_left_though_it_goes_on_asking() {
    let secure = Secure::new();
    let app = start(secure.launch().set("SERVER__IDLE_TIMEOUT", "500ms"));
    run(async {
        // The others have room on the connection, whatever becomes of this stream.
        let mut builder = Builder::new();
        builder.initial_connection_window_size(1 << 24);
        let (mut sender, ended) = connect(&secure, app.address(), &builder).await;
        large_board(&mut sender).await;
        // The window of this stream is used up and never opened again.
        let (reply, _) = sender
            .send_request(request("GET", "/leaderboard/all"), true)
            .unwrap();
        let _untaken = reply.await.unwrap().into_body();
        while !ended.is_finished() {
            if let Ok(mut ready) = sender.clone().ready().await {
                let _ = ready.send_request(request("GET", "/healthz"), true);
            }
            sleep(Duration::from_millis(50)).await;
        }
    });
}

#[test]
fn a_reply_that_is_taken_slowly_but_steadily_comes_whole() {
    let secure = Secure::new();
    let app = start(secure.launch().set("SERVER__IDLE_TIMEOUT", "3s"));
    run(async {
        let (mut sender, _) = connect(&secure, app.address(), &Builder::new()).await;
        large_board(&mut sender).await;
        let (reply, _) = sender
            .send_request(request("GET", "/leaderboard/all"), true)
            .unwrap();
        let mut body = reply.await.unwrap().into_body();
        let (mut taken, mut pause_at, mut last) = (0, 0, 0);
        while let Some(chunk) = body.data().await {
            let chunk = chunk.unwrap_or_else(|e| panic!("after {taken} bytes: {e}"));
            taken += chunk.len();
            last = chunk.last().copied().unwrap_or(last);
            if taken > pause_at {
                pause_at += 512 << 10;
                sleep(Duration::from_millis(100)).await;
            }
            body.flow_control().release_capacity(chunk.len()).unwrap();
        }
        assert_eq!(last, b']');
    });
}

#[test]
fn a_client_that_opens_and_resets_streams_is_left_and_others_are_served() {
    let secure = Secure::new();
    let app = start(secure.launch());
    run(async {
        let (mut sender, ended) = connect(&secure, app.address(), &Builder::new()).await;
        for _ in 0..500 {
            let mut streams = Vec::new();
            while let (false, Ok(ready)) = (streams.len() == 16, sender.clone().ready().await) {
                sender = ready;
                let opened = sender.send_request(request("POST", "/user/create"), false);
                let Ok((_, stream)) = opened else { break };
                streams.push(stream);
            }
            // The heads go out; only then what takes them back.
            tokio::task::yield_now().await;
            for mut stream in streams {
                stream.send_reset(h2::Reason::CANCEL);
            }
            tokio::task::yield_now().await;
            if ended.is_finished() {
                break;
            }
        }
        let (mut other, _) = connect(&secure, app.address(), &Builder::new()).await;
        assert_eq!(get(&mut other, "/healthz").await.0, 200);
        assert_eq!(get(&mut other, "/leaderboard").await, (200, b"[]".to_vec()));
    });
}

#[test]
fn more_streams_than_allowed_wait() {
    let secure = Secure::new();
    let app = start(secure.launch());
    run(async {
        let (mut sender, _) = connect(&secure, app.address(), &Builder::new()).await;
        assert_eq!(get(&mut sender, "/healthz").await.0, 200);
        let mut open = Vec::new();
        // The head alone; each is one of the 128 until its body has come.
        while open.len() < 128 {
            sender = sender.ready().await.unwrap();
            open.push(
                sender
                    .send_request(request("POST", "/user/create"), false)
                    .unwrap(),
            );
        }
        sender = sender.ready().await.unwrap();
        let (mut late, _) = sender
            .send_request(request("GET", "/healthz"), true)
            .unwrap();
        let early = timeout(Duration::from_millis(500), &mut late).await;
        assert!(early.is_err(), "one more was let in");
        let (reply, mut stream) = open.pop().unwrap();
        let body = br#"{"display_name": "ada"}"#;
        stream
            .send_data(bytes::Bytes::from_static(body), true)
            .unwrap();
        assert_eq!(reply.await.unwrap().status(), 201);
        assert_eq!(late.await.unwrap().status(), 200);
    });
}

#[test]
fn a_request_in_flight_is_finished_when_the_server_stops() {
    let secure = Secure::new();
    let mut app = start(secure.launch());
    run(async {
        let (mut sender, ended) = connect(&secure, app.address(), &Builder::new()).await;
        let (reply, mut stream) = sender
            .send_request(request("POST", "/user/create"), false)
            .unwrap();
        stream
            .send_data(bytes::Bytes::from_static(b"{"), false)
            .unwrap();
        // It is being served once a later one has been.
        assert_eq!(get(&mut sender, "/healthz").await.0, 200);
        app.signal("TERM");
        while TcpStream::connect(app.address()).await.is_ok() {
            sleep(Duration::from_millis(10)).await;
        }
        let rest = br#""display_name": "ada"}"#;
        stream
            .send_data(bytes::Bytes::from_static(rest), true)
            .unwrap();
        assert_eq!(reply.await.unwrap().status(), 201);
        let _ = ended.await.unwrap();
    });
    assert_eq!(app.wait().code(), Some(0));
}

#[test]
fn an_idle_connection_does_not_hold_up_the_stop_though_its_client_is_silent() {
    let secure = Secure::new();
    let mut app = start(secure.launch().set("SERVER__DRAIN_TIMEOUT", "1h"));
    run(async {
        let mut stream = shake(&secure, app.address()).await;
        stream.write_all(PREFACE).await.unwrap();
        // The server's settings; nothing is said after them.
        stream.read_exact(&mut [0; 9]).await.unwrap();
        assert_eq!(app.stop().code(), Some(0));
    });
}

#[test]
fn a_client_is_told_to_go_with_its_next_reply_before_the_server_stops() {
    let secure = Secure::new();
    let mut app = start(secure.launch().set("SERVER__DRAIN_DELAY", "1h"));
    run(async {
        let (mut sender, ended) = connect(&secure, app.address(), &Builder::new()).await;
        assert_eq!(get(&mut sender, "/readyz").await.0, 200);
        app.signal("TERM");
        loop {
            let (mut late, ended) = connect(&secure, app.address(), &Builder::new()).await;
            if get(&mut late, "/readyz").await.0 == 503 {
                let _ = ended.await.unwrap();
                break;
            }
            sleep(Duration::from_millis(10)).await;
        }
        assert!(!ended.is_finished());
        assert_eq!(get(&mut sender, "/healthz").await.0, 200);
        let _ = ended.await.unwrap();
    });
    assert_eq!(app.stop().code(), Some(0));
}
