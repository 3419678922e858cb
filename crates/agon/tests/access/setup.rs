//! A server with keys, an issuer of tokens, and requests in somebody's name.

use std::path::Path;
use std::process::{Command, Output};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use testkit::tokens::Signer;
pub use testkit::until;
use testkit::{App, Launch, Reply};

pub const AGON: &str = env!("CARGO_BIN_EXE_agon");
pub const ADA: &str = "e4cdb120-28fc-4285-a78d-eb48660b7730";
pub const BOB: &str = "0f0e0d0c-0b0a-4908-8706-050403020100";
pub const ISSUER: &str = "https://id.example";
pub const AUDIENCE: &str = "game";

/// `agon keys …` on a data directory.
pub fn keys(data_dir: &Path, arguments: &[&str]) -> Output {
    let (verb, rest) = arguments.split_first().unwrap();
    Command::new(AGON)
        .args(["keys", verb, "--data-dir"])
        .arg(data_dir)
        .args(rest)
        .output()
        .unwrap()
}

/// Makes a key with these scopes; its secret.
pub fn create(data_dir: &Path, scopes: &str) -> String {
    create_named(data_dir, "test", scopes)
}

pub fn create_named(data_dir: &Path, name: &str, scopes: &str) -> String {
    let made = keys(data_dir, &["create", "--name", name, "--scope", scopes]);
    secret_of(&made)
}

/// The secret, which is all of standard output.
pub fn secret_of(made: &Output) -> String {
    assert!(made.status.success(), "{made:?}");
    let out = String::from_utf8(made.stdout.clone()).unwrap();
    assert_eq!(out.lines().count(), 1, "{out:?}");
    out.trim_end().to_owned()
}

/// The public part of a secret.
pub fn id_of(secret: &str) -> &str {
    secret.split('_').nth(1).unwrap()
}

/// The random part of a secret, which may have an underscore itself.
pub fn chance_of(secret: &str) -> &str {
    secret.splitn(3, '_').nth(2).unwrap()
}

/// A data directory of its own, which goes when this is dropped.
pub fn directory() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// Without limits of requests: what is tested here fails more often than they allow.
pub fn launch(data_dir: &Path) -> Launch {
    Launch::on(AGON, data_dir).set("RATE_LIMIT__ENABLED", "off")
}

/// A request with a credential, or without.
pub fn ask(app: &App, method: &str, path: &str, credential: &str, body: Option<&Value>) -> Reply {
    let authorization = format!("Bearer {credential}");
    let mut headers = vec![];
    if !credential.is_empty() {
        headers.push(("authorization", authorization.as_str()));
    }
    let body = body.map(Value::to_string);
    if body.is_some() {
        headers.push(("content-type", "application/json"));
    }
    let body = body.as_ref().map(|b| b.as_bytes());
    app.request(method, path, &headers, body).unwrap()
}

pub fn get(app: &App, path: &str, credential: &str) -> Reply {
    ask(app, "GET", path, credential, None)
}

pub fn post(app: &App, path: &str, credential: &str, body: &Value) -> Reply {
    ask(app, "POST", path, credential, Some(body))
}

/// Asserts that a reply is a problem of this status and code.
pub fn is_problem(reply: &Reply, status: u16, code: &str) {
    let body = String::from_utf8_lossy(&reply.body);
    assert_eq!(reply.status, status, "{body}");
    assert_eq!(
        reply.header("content-type"),
        Some("application/problem+json"),
        "{body}"
    );
    assert_eq!(reply.json()["code"], code, "{body}");
}

/// Claims of a good token.
pub fn claims(player: &str) -> Value {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    json!({"iss": ISSUER, "aud": AUDIENCE, "sub": player, "exp": now.as_secs() + 600})
}

/// Claims with one of them another, or none where it is null.
pub fn claims_with(name: &str, value: Value) -> Value {
    let mut claims = claims(ADA);
    match value {
        Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
        value => claims[name] = value,
    }
    claims
}

/// Seconds from now, which may be before.
pub fn seconds(from_now: i64) -> Value {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    json!(now.as_secs() as i64 + from_now)
}

/// A server that accepts tokens of these keys, given as a set in a file.
pub fn with_tokens(launch: Launch, jwks: impl AsRef<Path>, algorithms: &str) -> Launch {
    with_issuer(launch, algorithms)
        .set("ACCESS__TOKENS__JWKS_FILE", jwks.as_ref().to_str().unwrap())
}

/// A server that accepts tokens, without a place for the keys to them.
pub fn with_issuer(launch: Launch, algorithms: &str) -> Launch {
    launch
        .set("ACCESS__TOKENS__ISSUER", ISSUER)
        .set("ACCESS__TOKENS__AUDIENCE", AUDIENCE)
        .set("ACCESS__TOKENS__ALGORITHMS", algorithms)
        .set("ACCESS__TOKENS__LEEWAY", "5s")
}

/// A server with a key that may do everything, two players, and an issuer for both.
pub struct Game {
    pub app: App,
    pub admin: String,
    pub signer: Signer,
    _directory: tempfile::TempDir,
}

impl Game {
    pub fn start() -> Self {
        let directory = directory();
        let data_dir = directory.path().join("data");
        let admin = create(&data_dir, "admin");
        let signer = Signer::ed25519();
        let jwks = directory.path().join("jwks.json");
        std::fs::write(&jwks, testkit::tokens::jwks(&[signer.jwk("1")])).unwrap();
        let app = with_tokens(launch(&data_dir), &jwks, "EdDSA").start();
        let game = Game {
            app,
            admin,
            signer,
            _directory: directory,
        };
        for player in [ADA, BOB] {
            let body = json!({"user_id": player, "display_name": "p", "points": 1});
            assert_eq!(
                game.as_admin("POST", "/user/create", Some(&body)).status,
                201
            );
        }
        game
    }

    pub fn token(&self, player: &str) -> String {
        self.signer.token(Some("1"), &claims(player))
    }

    pub fn as_admin(&self, method: &str, path: &str, body: Option<&Value>) -> Reply {
        ask(&self.app, method, path, &self.admin, body)
    }

    pub fn by(&self, player: &str, method: &str, path: &str, body: Option<&Value>) -> Reply {
        ask(&self.app, method, path, &self.token(player), body)
    }
}
