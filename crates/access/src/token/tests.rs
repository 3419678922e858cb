//! Every fault of a token, against tokens that an issuer would sign.

use serde_json::{Value, json};
use testkit::tokens::{Signer, jwks, unsigned};

use super::*;
use crate::signatures;

const ADA: &str = "e4cdb120-28fc-4285-a78d-eb48660b7730";
const NOW_S: i64 = 1_800_000_000;
const SECRET: &[u8] = b"a secret of more than 32 bytes, to sign with";

fn claims() -> Value {
    json!({"iss": "https://id.example", "aud": "game", "sub": ADA, "exp": NOW_S + 60, "nbf": NOW_S - 60})
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

fn rules(algorithms: &[Algorithm]) -> TokenRules {
    signatures::install();
    TokenRules {
        issuer: "https://id.example".to_owned(),
        audience: "game".to_owned(),
        algorithms: algorithms.to_vec(),
        leeway_ms: 5000,
    }
}

/// What comes of a token for an issuer with both kinds of public keys.
fn judge(signers: [&Signer; 2], token: &str) -> Result<PlayerId, TokenFault> {
    let both = [Algorithm::EdDSA, Algorithm::RS256];
    let [ed, rsa] = signers;
    let set = jwks(&[ed.jwk("ed"), rsa.jwk("rsa")]);
    let keys = TokenKeys::of_jwks(&set, &both).unwrap();
    rules(&both).player(token, &keys, NOW_S * 1000)
}

#[test]
fn good_tokens_are_the_players() {
    let (ed, rsa, ada) = (
        Signer::ed25519(),
        Signer::rsa(),
        PlayerId::parse(ADA).unwrap(),
    );
    let signers = [&ed, &rsa];
    for token in [
        ed.token(Some("ed"), &claims()),
        rsa.token(Some("rsa"), &claims()),
        // Of each kind there is one key alone.
        ed.token(None, &claims()),
        ed.token(Some("ed"), &with("aud", json!(["other", "game"]))),
        ed.token(Some("ed"), &without("nbf")),
        ed.token(Some("ed"), &with("sub", json!(ADA.to_uppercase()))),
        ed.token(Some("ed"), &with("exp", json!(NOW_S as f64 + 0.5))),
        // Clocks may be 5 s apart.
        ed.token(Some("ed"), &with("exp", json!(NOW_S - 4))),
        ed.token(Some("ed"), &with("nbf", json!(NOW_S + 5))),
    ] {
        assert_eq!(judge(signers, &token), Ok(ada), "{token}");
    }
    let keys = TokenKeys::of_secret(SECRET).unwrap();
    let token = Signer::secret(SECRET).token(None, &claims());
    let rules = rules(&[Algorithm::HS256]);
    assert_eq!(rules.player(&token, &keys, NOW_S * 1000), Ok(ada));
}

#[test]
fn claims_that_do_not_fit_are_told() {
    let (ed, rsa) = (Signer::ed25519(), Signer::rsa());
    for (claims, fault) in [
        (with("exp", json!(NOW_S - 5)), TokenFault::Expired),
        (with("exp", json!(-1)), TokenFault::Expired),
        (without("exp"), TokenFault::NoExpiry),
        (with("exp", json!(null)), TokenFault::NoExpiry),
        (with("exp", json!("never")), TokenFault::Malformed),
        (with("nbf", json!(NOW_S + 6)), TokenFault::NotYet),
        (with("nbf", json!("now")), TokenFault::Malformed),
        (
            with("iss", json!("https://id.example/")),
            TokenFault::Issuer,
        ),
        (without("iss"), TokenFault::Issuer),
        (with("aud", json!("gam")), TokenFault::Audience),
        (with("aud", json!([])), TokenFault::Audience),
        (without("aud"), TokenFault::Audience),
        (with("sub", json!("ada")), TokenFault::Subject),
        (
            with("sub", json!(format!("{{{ADA}}}"))),
            TokenFault::Subject,
        ),
        (without("sub"), TokenFault::Subject),
        (with("sub", json!(7)), TokenFault::Malformed),
        (json!([]), TokenFault::Malformed),
    ] {
        let token = ed.token(Some("ed"), &claims);
        assert_eq!(judge([&ed, &rsa], &token), Err(fault), "{claims}");
    }
}

#[test]
fn signatures_that_do_not_fit_are_told() {
    let (ed, rsa, other) = (Signer::ed25519(), Signer::rsa(), Signer::ed25519());
    let good = ed.token(Some("ed"), &claims());
    let (message, _) = good.rsplit_once('.').unwrap();
    let (_, signature) = other
        .token(Some("ed"), &claims())
        .rsplit_once('.')
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    let header = |alg: &str, kid: &str| json!({"alg": alg, "kid": kid});
    let none = format!("{}.", unsigned(&header("none", "ed"), &claims()));
    let oversize = ed.token(Some("ed"), &with("note", json!("x".repeat(8192))));
    let critical = json!({"alg": "EdDSA", "kid": "ed", "crit": ["b64"], "b64": false});
    let hs = Signer::secret(&rsa.rsa_components().0);
    for (token, fault) in [
        (format!("{message}.{signature}"), TokenFault::Signature),
        (format!("{message}."), TokenFault::Signature),
        (other.token(Some("ed"), &claims()), TokenFault::Signature),
        (other.token(Some("new"), &claims()), TokenFault::UnknownKey),
        (none, TokenFault::Malformed),
        (oversize, TokenFault::TooLong),
        (ed.token_with(&critical, &claims()), TokenFault::Critical),
        // The key of one algorithm under the name of another.
        (
            ed.token_with(&header("EdDSA", "rsa"), &claims()),
            TokenFault::UnknownKey,
        ),
        (
            rsa.token_with(&header("RS256", "ed"), &claims()),
            TokenFault::UnknownKey,
        ),
        (
            rsa.token_with(&header("RS512", "rsa"), &claims()),
            TokenFault::Algorithm,
        ),
        // The public key taken for a shared secret.
        (hs.token(Some("rsa"), &claims()), TokenFault::Algorithm),
        (
            hs.token_with(&header("RS256", "rsa"), &claims()),
            TokenFault::Signature,
        ),
        (String::new(), TokenFault::Malformed),
        ("a.b.c".to_owned(), TokenFault::Malformed),
        (format!("{good}.x"), TokenFault::Malformed),
        (good.replace('.', ""), TokenFault::Malformed),
    ] {
        assert_eq!(judge([&ed, &rsa], &token), Err(fault), "{token:.200}");
    }
}

#[test]
fn an_algorithm_that_is_not_accepted_has_no_key() {
    let (ed, rsa) = (Signer::ed25519(), Signer::rsa());
    let set = jwks(&[ed.jwk("ed"), rsa.jwk("rsa")]);
    let keys = TokenKeys::of_jwks(&set, &[Algorithm::EdDSA]).unwrap();
    let judged = |rules: &TokenRules, token: &str| rules.player(token, &keys, NOW_S * 1000);
    let token = rsa.token(Some("rsa"), &claims());
    assert_eq!(
        judged(&rules(&[Algorithm::EdDSA]), &token),
        Err(TokenFault::Algorithm)
    );
    let both = rules(&[Algorithm::EdDSA, Algorithm::RS256]);
    assert_eq!(judged(&both, &token), Err(TokenFault::UnknownKey));
}

#[test]
fn a_token_that_names_no_key_needs_a_set_with_one() {
    let (one, two, rsa) = (Signer::ed25519(), Signer::ed25519(), Signer::rsa());
    let token = one.token(None, &claims());
    let ed = [Algorithm::EdDSA];
    let keys = TokenKeys::of_jwks(&jwks(&[one.jwk("1"), two.jwk("2")]), &ed).unwrap();
    assert_eq!(
        rules(&ed).player(&token, &keys, NOW_S * 1000),
        Err(TokenFault::UnknownKey)
    );
    let keys = TokenKeys::of_jwks(&jwks(&[one.jwk("1"), rsa.jwk("2")]), &ed).unwrap();
    assert!(rules(&ed).player(&token, &keys, NOW_S * 1000).is_ok());
}
