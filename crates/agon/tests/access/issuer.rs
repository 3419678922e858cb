//! An issuer that publishes its keys at a URL: it changes them, goes away, and comes back.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use testkit::tokens::{Signer, jwks};
use testkit::{App, Launch};

use crate::setup::*;

/// What the issuer answers with; nothing at all while it is away.
type Answer = Arc<Mutex<Option<(u16, Vec<u8>)>>>;

struct Issuer {
    address: SocketAddr,
    answer: Answer,
    asked: Arc<AtomicUsize>,
}

impl Issuer {
    fn start(answer: Option<(u16, Vec<u8>)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let issuer = Issuer {
            address: listener.local_addr().unwrap(),
            answer: Arc::new(Mutex::new(answer)),
            asked: Arc::default(),
        };
        let (answer, asked) = (issuer.answer.clone(), issuer.asked.clone());
        std::thread::spawn(move || serve(&listener, &answer, &asked));
        issuer
    }

    fn says(&self, answer: Option<(u16, Vec<u8>)>) {
        *self.answer.lock().unwrap() = answer;
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    fn launch(&self, data_dir: &std::path::Path) -> Launch {
        let url = format!("http://{}/jwks.json", self.address);
        with_issuer(launch(data_dir), "EdDSA").set("ACCESS__TOKENS__JWKS_URL", &url)
    }
}

fn serve(listener: &TcpListener, answer: &Answer, asked: &AtomicUsize) {
    for mut stream in listener.incoming().map_while(Result::ok) {
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        while lines
            .next()
            .and_then(Result::ok)
            .is_some_and(|line| !line.is_empty())
        {}
        asked.fetch_add(1, Ordering::Relaxed);
        if let Some((status, body)) = answer.lock().unwrap().clone() {
            let head = format!(
                "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(&[head.into_bytes(), body].concat());
        }
    }
}

fn status(app: &App, signer: &Signer, kid: &str) -> u16 {
    get(app, "/leaderboard", &signer.token(Some(kid), &claims(ADA))).status
}

#[test]
fn new_keys_are_taken_up_and_an_outage_changes_nothing() {
    let dir = directory();
    let (one, two) = (Signer::ed25519(), Signer::ed25519());
    let issuer = Issuer::start(Some((200, jwks(&[one.jwk("1")]))));
    let app = issuer.launch(dir.path()).start();
    assert_eq!(status(&app, &one, "1"), 200, "{}", app.log());
    issuer.says(Some((200, jwks(&[two.jwk("2")]))));
    until("the new key is good", || status(&app, &two, "2") == 200);
    assert_eq!(status(&app, &one, "1"), 401);
    for outage in [
        None,
        Some((500, b"{}".to_vec())),
        Some((200, b"<html>".to_vec())),
        Some((200, jwks(&[]))),
        Some((200, vec![b' '; 2 << 20])),
    ] {
        issuer.says(outage.clone());
        let before = issuer.asked();
        // Asked for by tokens, with longer and longer pauses.
        until("it has been asked again", || {
            assert_eq!(status(&app, &one, "1"), 401, "{outage:?}");
            issuer.asked() > before
        });
        assert_eq!(status(&app, &two, "2"), 200);
        // The next one begins with a short pause again.
        issuer.says(Some((
            200,
            jwks(&[two.jwk("2"), Signer::ed25519().jwk("3")]),
        )));
        let before = issuer.asked();
        until("it is well again", || {
            status(&app, &one, "1");
            issuer.asked() > before
        });
    }
    assert!(app.log().contains("cannot be fetched"), "{}", app.log());
}

#[test]
fn keys_are_fetched_again_by_themselves() {
    let dir = directory();
    let (one, two) = (Signer::ed25519(), Signer::ed25519());
    let issuer = Issuer::start(Some((200, jwks(&[one.jwk("1"), two.jwk("2")]))));
    let app = issuer
        .launch(dir.path())
        .set("ACCESS__TOKENS__JWKS_REFRESH", "1s")
        .start();
    assert_eq!(status(&app, &one, "1"), 200);
    // A key that is taken away is no good any more, though no token asks for another.
    issuer.says(Some((200, jwks(&[two.jwk("2")]))));
    until("the old key is no good", || status(&app, &one, "1") == 401);
    assert_eq!(status(&app, &two, "2"), 200);
}

#[test]
fn a_server_starts_without_its_issuer_and_says_that_it_cannot_tell() {
    let dir = directory();
    let one = Signer::ed25519();
    let issuer = Issuer::start(None);
    let key = create(dir.path(), "read");
    let app = issuer.launch(dir.path()).start();
    assert_eq!(get(&app, "/leaderboard", &key).status, 200);
    let reply = get(&app, "/leaderboard", &one.token(Some("1"), &claims(ADA)));
    is_problem(&reply, 503, "token_keys_unavailable");
    assert!(reply.header("retry-after").is_some());
    issuer.says(Some((200, jwks(&[one.jwk("1")]))));
    until("the issuer's key is good", || {
        status(&app, &one, "1") == 200
    });
}
