//! Each fault of a player's token, over HTTP; and settings for tokens that cannot be.

use serde_json::{Value, json};
use testkit::tokens::{Signer, jwks, unsigned};

use crate::setup::*;

const SECRET: &[u8] = b"a secret of more than 32 bytes, to sign with";

#[test]
fn every_fault_of_a_token_is_one_refusal_with_its_reason() {
    let dir = directory();
    let (ed, rsa, other) = (Signer::ed25519(), Signer::rsa(), Signer::ed25519());
    let file = dir.path().join("jwks.json");
    std::fs::write(&file, jwks(&[ed.jwk("ed"), rsa.jwk("rsa")])).unwrap();
    let app = with_tokens(launch(&dir.path().join("data")), &file, "EdDSA,RS256").start();
    for good in [
        ed.token(Some("ed"), &claims(ADA)),
        rsa.token(Some("rsa"), &claims(ADA)),
        ed.token(Some("ed"), &claims_with("exp", seconds(-1))),
    ] {
        assert_eq!(get(&app, "/leaderboard", &good).status, 200);
    }
    let header = |alg: &str, kid: &str| json!({"alg": alg, "kid": kid});
    let of = |name: &str, value: Value| ed.token(Some("ed"), &claims_with(name, value));
    let public = Signer::secret(&rsa.rsa_components().0);
    let none = |alg: &str| format!("{}.", unsigned(&header(alg, "ed"), &claims(ADA)));
    for (token, reason) in [
        (none("none"), "cannot be read"),
        (none("EdDSA"), "signature"),
        (public.token(Some("rsa"), &claims(ADA)), "not accepted"),
        (
            public.token_with(&header("RS256", "rsa"), &claims(ADA)),
            "signature",
        ),
        (
            rsa.token_with(&header("RS384", "rsa"), &claims(ADA)),
            "not accepted",
        ),
        (
            rsa.token_with(&header("EdDSA", "rsa"), &claims(ADA)),
            "not known",
        ),
        (other.token(Some("ed"), &claims(ADA)), "signature"),
        (other.token(Some("other"), &claims(ADA)), "not known"),
        (of("exp", seconds(-60)), "expired"),
        (of("exp", Value::Null), "exp is missing"),
        (of("nbf", seconds(60)), "not valid yet"),
        (of("iss", json!("https://other.example")), "issuer"),
        (of("iss", Value::Null), "issuer"),
        (of("aud", json!("other")), "audience"),
        (of("aud", Value::Null), "audience"),
        (of("sub", json!("ada")), "sub"),
        (of("sub", Value::Null), "sub"),
        (of("note", json!("x".repeat(8200))), "too long"),
        ("a.b.c".to_owned(), "cannot be read"),
    ] {
        let reply = get(&app, "/leaderboard", &token);
        is_problem(&reply, 401, "invalid_token");
        let challenge = Some("Bearer error=\"invalid_token\"");
        assert_eq!(reply.header("www-authenticate"), challenge);
        let detail = reply.json()["detail"].as_str().unwrap().to_owned();
        assert!(
            detail.contains(reason),
            "{detail:?} should contain {reason:?}"
        );
        assert!(!app.log().contains(&token), "{}", app.log());
    }
}

#[test]
fn a_shared_secret_may_change_while_the_server_runs() {
    let dir = directory();
    let file = dir.path().join("secret");
    std::fs::write(&file, SECRET).unwrap();
    let app = with_issuer(launch(&dir.path().join("data")), "HS256")
        .set("ACCESS__TOKENS__HS256_SECRET_FILE", file.to_str().unwrap())
        .start();
    let token = Signer::secret(SECRET).token(None, &claims(ADA));
    assert_eq!(get(&app, "/leaderboard", &token).status, 200);
    let other: Vec<u8> = SECRET.iter().rev().copied().collect();
    std::fs::write(&file, &other).unwrap();
    until("the old secret is no good", || {
        get(&app, "/leaderboard", &token).status == 401
    });
    let token = Signer::secret(&other).token(None, &claims(ADA));
    assert_eq!(get(&app, "/leaderboard", &token).status, 200);
    assert!(!app.log().contains(std::str::from_utf8(SECRET).unwrap()));
}

#[test]
fn without_tokens_in_the_settings_none_is_accepted() {
    let dir = directory();
    create(dir.path(), "read");
    let app = launch(dir.path()).start();
    let reply = get(
        &app,
        "/leaderboard",
        &Signer::ed25519().token(None, &claims(ADA)),
    );
    is_problem(&reply, 401, "invalid_token");
    assert!(
        reply.json()["detail"]
            .as_str()
            .unwrap()
            .contains("not accepted here")
    );
}

#[test]
fn settings_that_cannot_be_are_refused() {
    let dir = directory();
    let (file, secret) = (dir.path().join("jwks.json"), dir.path().join("secret"));
    std::fs::write(&file, jwks(&[Signer::ed25519().jwk("1")])).unwrap();
    std::fs::write(&secret, "short\n").unwrap();
    let (file, secret) = (file.to_str().unwrap(), secret.to_str().unwrap());
    for (key, value, expected) in [
        ("JWKS_FILE", "/nonexistent", "access.tokens.jwks_file"),
        ("ISSUER", "", "access.tokens.issuer"),
        ("AUDIENCE", "", "access.tokens.audience"),
        ("ALGORITHMS", "none", "access.tokens.algorithms = none"),
        ("ALGORITHMS", "HS256", "HS256 with hs256_secret_file"),
        ("ALGORITHMS", "RS256", "no key for the algorithms"),
        ("LEEWAY", "6m", "access.tokens.leeway = 6m"),
        ("JWKS_URL", "https://id.example/", "expected one of"),
        ("HS256_SECRET_FILE", secret, "expected one of"),
    ] {
        let settings = with_tokens(launch(dir.path()), file, "EdDSA");
        let settings = settings.set(&format!("ACCESS__TOKENS__{key}"), value);
        let log = settings
            .try_start()
            .err()
            .unwrap_or_else(|| panic!("{key} = {value}"));
        assert!(log.contains(expected), "{log}");
    }
    let short = with_issuer(launch(dir.path()), "HS256");
    let short = short.set("ACCESS__TOKENS__HS256_SECRET_FILE", secret);
    let log = short.try_start().err().unwrap();
    assert!(log.contains("5 bytes") && !log.contains("short\n"), "{log}");
}
