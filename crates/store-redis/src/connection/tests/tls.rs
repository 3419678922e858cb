//! TLS, with an authority of the test's own.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;

use super::*;

/// A directory with `ca.pem`, `server.pem` and `server.key`.
fn certificates() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    write("ca.pem", &authority.pem());
    write("server.pem", &certificate.pem());
    write("server.key", &key.serialize_pem());
    dir
}

fn serve(dir: &TempDir) -> RedisServer {
    let path = |name: &str| dir.path().join(name).display().to_string();
    RedisServer::launch()
        .tls()
        .set("tls-cert-file", &path("server.pem"))
        .set("tls-key-file", &path("server.key"))
        .set("tls-ca-cert-file", &path("ca.pem"))
        .set("tls-auth-clients", "no")
        .start()
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_right_authority() {
    let dir = certificates();
    let server = serve(&dir);
    let mut options = options(&server.tls_url());
    options.ca_file = Some(dir.path().join("ca.pem"));
    let redis = Redis::connect(&options).await.unwrap();
    assert_eq!(redis.script(&add(), b"n", &[b"5"]).await, Ok(Value::Int(5)));
    let mut subscription = redis.subscribe(b"c".to_vec());
    assert_eq!(subscription.next().await, Some(Event::Missed));
    server.command(&["PUBLISH", "c", "x"]);
    assert_eq!(
        subscription.next().await,
        Some(Event::Message(b"x".to_vec()))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn others_are_not_trusted() {
    let (dir, others) = (certificates(), certificates());
    let server = serve(&dir);
    let refused = async |url: &str, file: std::path::PathBuf| {
        let mut options = options(url);
        options.patience = Duration::from_millis(500);
        options.ca_file = Some(file);
        Redis::connect(&options).await.err().unwrap().to_string()
    };
    let foreign = refused(&server.tls_url(), others.path().join("ca.pem")).await;
    assert!(foreign.contains("invalid peer certificate"), "{foreign}");
    let by_address = server.tls_url().replace("localhost", "127.0.0.1");
    let misnamed = refused(&by_address, dir.path().join("ca.pem")).await;
    assert!(misnamed.contains("invalid peer certificate"), "{misnamed}");
    let missing = refused(&server.tls_url(), dir.path().join("none.pem")).await;
    assert!(missing.contains("none.pem"), "{missing}");
    let no_certificate = refused(&server.tls_url(), dir.path().join("server.key")).await;
    assert!(
        no_certificate.contains("no certificate"),
        "{no_certificate}"
    );
}
