//! Keys that change: in files, and where somebody fetches them.

use serde_json::json;
use testkit::tokens::{Signer, jwks};

use super::*;

const ADA: &str = "e4cdb120-28fc-4285-a78d-eb48660b7730";

fn rules(algorithm: Algorithm) -> TokenRules {
    TokenRules {
        issuer: "issuer".to_owned(),
        audience: "game".to_owned(),
        algorithms: vec![algorithm],
        leeway_ms: 0,
    }
}

fn token(signer: &Signer, kid: Option<&str>) -> String {
    signer.token(
        kid,
        &json!({"iss": "issuer", "aud": "game", "sub": ADA, "exp": 1000}),
    )
}

async fn judged(tokens: &Tokens, signer: &Signer, kid: &str) -> Result<(), Option<TokenFault>> {
    tokens.player(&token(signer, Some(kid)), 0).await.map(drop)
}

#[tokio::test]
async fn files_may_change_and_may_break() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("jwks.json");
    let (one, two) = (Signer::ed25519(), Signer::ed25519());
    let by = || Tokens::by_jwks_file(rules(Algorithm::EdDSA), &path);
    assert!(by().is_err_and(|e| e.contains("no such file")));
    std::fs::write(&path, jwks(&[one.jwk("1")])).unwrap();
    let tokens = by().unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(judged(&tokens, &one, "1").await, Ok(()));
    assert_eq!(
        judged(&tokens, &two, "2").await,
        Err(Some(TokenFault::UnknownKey))
    );
    std::fs::write(&path, jwks(&[two.jwk("2")])).unwrap();
    tokens.look();
    assert_eq!(judged(&tokens, &two, "2").await, Ok(()));
    assert_eq!(
        judged(&tokens, &one, "1").await,
        Err(Some(TokenFault::UnknownKey))
    );
    std::fs::write(&path, "{}").unwrap();
    tokens.look();
    assert_eq!(judged(&tokens, &two, "2").await, Ok(()));
}

#[tokio::test]
async fn secrets_may_change() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("secret");
    let secrets = ["one".repeat(11), "two".repeat(11)];
    std::fs::write(&path, &secrets[0]).unwrap();
    let tokens = Tokens::by_secret_file(rules(Algorithm::HS256), &path);
    let tokens = tokens.unwrap_or_else(|e| panic!("{e}"));
    let [one, two] = secrets.each_ref().map(|s| Signer::secret(s.as_bytes()));
    assert!(tokens.player(&token(&one, None), 0).await.is_ok());
    std::fs::write(&path, &secrets[1]).unwrap();
    tokens.look();
    assert!(tokens.player(&token(&two, None), 0).await.is_ok());
    let old = tokens.player(&token(&one, None), 0).await;
    assert_eq!(old, Err(Some(TokenFault::Signature)));
}

/// Fetches whenever a token asks for it, and counts that.
async fn issuer(
    tokens: Arc<Tokens>,
    content: Arc<Mutex<Result<Vec<u8>, String>>>,
    asked: Arc<Mutex<u32>>,
) {
    loop {
        tokens.wanted().await;
        *asked.lock() += 1;
        let content = content.lock().clone();
        tokens.fetched(content, true);
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_not_known_has_them_fetched_but_not_for_ever() {
    let (one, two) = (Signer::ed25519(), Signer::ed25519());
    let tokens = Arc::new(Tokens::by_fetched_jwks(rules(Algorithm::EdDSA)));
    let content = Arc::new(Mutex::new(Err("away".to_owned())));
    let asked = Arc::new(Mutex::new(0));
    tokio::spawn(issuer(tokens.clone(), content.clone(), asked.clone()));
    assert_eq!(judged(&tokens, &one, "1").await, Err(None));
    *content.lock() = Ok(jwks(&[one.jwk("1")]));
    tokio::time::advance(Duration::from_secs(2)).await;
    assert_eq!(judged(&tokens, &one, "1").await, Ok(()));
    assert_eq!(*asked.lock(), 2);
    // A new key of the issuer's is taken up by the request that needs it.
    *content.lock() = Ok(jwks(&[one.jwk("1"), two.jwk("2")]));
    tokio::time::advance(PAUSE).await;
    assert_eq!(judged(&tokens, &two, "2").await, Ok(()));
    assert_eq!(*asked.lock(), 3);
    // Made-up ones ask less and less: after 1, 2, 4 … seconds, at last once a minute.
    for _ in 0..600 {
        tokio::time::advance(Duration::from_secs(1)).await;
        let made_up = judged(&tokens, &one, "3").await;
        assert_eq!(made_up, Err(Some(TokenFault::UnknownKey)));
    }
    let more = *asked.lock() - 3;
    assert!((14..=17).contains(&more), "{more}");
    // While the issuer is away, all stays as it was.
    *content.lock() = Err("away".to_owned());
    tokio::time::advance(MAX_PAUSE).await;
    assert_eq!(
        judged(&tokens, &one, "3").await,
        Err(Some(TokenFault::UnknownKey))
    );
    assert_eq!(judged(&tokens, &two, "2").await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn what_is_fetched_by_the_clock_makes_no_token_wait() {
    let (one, two) = (Signer::ed25519(), Signer::ed25519());
    let tokens = Arc::new(Tokens::by_fetched_jwks(rules(Algorithm::EdDSA)));
    for _ in 0..10 {
        assert!(tokens.fetched(Ok(jwks(&[one.jwk("1")])), false));
        tokio::time::advance(PAUSE).await;
    }
    let content = Arc::new(Mutex::new(Ok(jwks(&[one.jwk("1"), two.jwk("2")]))));
    let asked = Arc::new(Mutex::new(0));
    tokio::spawn(issuer(tokens.clone(), content, asked.clone()));
    assert_eq!(judged(&tokens, &two, "2").await, Ok(()));
    assert_eq!(*asked.lock(), 1);
    // Nor does it let made-up ones ask sooner.
    tokio::time::advance(PAUSE).await;
    for _ in 0..3 {
        let made_up = judged(&tokens, &one, "3").await;
        assert_eq!(made_up, Err(Some(TokenFault::UnknownKey)));
        tokio::time::advance(PAUSE).await;
    }
    assert_eq!(*asked.lock(), 3);
    assert!(tokens.fetched(Ok(jwks(&[one.jwk("1"), two.jwk("2")])), false));
    tokio::time::advance(PAUSE).await;
    let made_up = judged(&tokens, &one, "3").await;
    assert_eq!(made_up, Err(Some(TokenFault::UnknownKey)));
    assert_eq!(*asked.lock(), 3);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_ever_for_keys() {
    let tokens = Tokens::by_fetched_jwks(rules(Algorithm::EdDSA));
    let began = Instant::now();
    assert_eq!(judged(&tokens, &Signer::ed25519(), "1").await, Err(None));
    assert_eq!(began.elapsed(), PATIENCE);
}
