//! A cluster that speaks nothing but TLS, to nodes and within: who trusts its authority is served, also after a
//! failover, and who does not is told why. Its servers call themselves by a name, as their certificates do.

use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use serde_json::json;
use tempfile::TempDir;
use testkit::{App, Launch, RedisCluster, RedisServer};

use crate::matches::{create_ticket, put_queue, ticket};
use crate::outage::{insist, is_ready};
use crate::setup::{
    assert_unavailable, create_players, free_address, get, node, player, put, score, submit, until,
};

/// An authority of the test's own, and a certificate of it for `localhost`: by the address of loopback nobody could
/// come.
fn certificates() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // Of one name with what it signs it would be taken for that, by OpenSSL.
    let name = "authority of a test";
    params.distinguished_name.push(DnType::CommonName, name);
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

fn file(dir: &Path, name: &str) -> String {
    dir.join(name).display().to_string()
}

fn cluster(certificates: &Path) -> RedisCluster {
    let launch = RedisServer::launch()
        .only_tls()
        .set("tls-cert-file", &file(certificates, "server.pem"))
        .set("tls-key-file", &file(certificates, "server.key"))
        .set("tls-ca-cert-file", &file(certificates, "ca.pem"))
        .set("tls-auth-clients", "no")
        .set("cluster-announce-hostname", "localhost")
        .set("cluster-preferred-endpoint-type", "hostname");
    RedisCluster::start_with(launch)
}

fn trusting(redis: &RedisCluster, certificates: &Path) -> Launch {
    node(&redis.url())
        .set("STORE__CA_FILE", &file(certificates, "ca.pem"))
        // A replica takes over within that.
        .set("STORE__PATIENCE", "30s")
}

#[test]
fn a_cluster_with_tls_is_used_by_who_trusts_it_and_by_nobody_else() {
    let (ours, others) = (certificates(), certificates());
    let redis = cluster(ours.path());
    assert!(redis.url().starts_with("rediss-cluster://"));
    let app = trusting(&redis, ours.path()).start();
    serves(&app);
    fails_over(&redis, &app);
    refuses(trusting(&redis, others.path()), &redis);
    assert!(is_ready(&app));
}

/// Players of all rooms, and a queue.
fn serves(app: &App) {
    create_players(app, 40);
    put(app, "/v1/boards/points", &json!({"operator": "sum"}));
    for n in 0..40 {
        let done = submit(app, "points", n, n as f64, &format!("first-{n}"));
        assert_eq!(done.status, 200, "{}", done.json());
    }
    let page = get(app, "/v1/boards/points/entries?limit=40");
    let best = page["entries"].as_array().unwrap();
    assert_eq!(best.len(), 40);
    assert_eq!(best[0]["player_id"], player(39));
    let again = submit(app, "points", 7, 7.0, "first-7");
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    put_queue(app);
    let [first, _] = [0, 1].map(|n| create_ticket(app, n));
    until("they are matched", || {
        ticket(app, &first, "?wait=1s")["status"] == "matched"
    });
}

fn fails_over(redis: &RedisCluster, app: &App) {
    let of = "{agon:0}";
    let master = redis.master_of(of);
    redis.kill(master);
    until("its replica takes over", || redis.master_of(of) != master);
    until("it is ready again", || is_ready(app));
    for n in 0..40 {
        insist(app, "points", n, 100.0, &format!("second-{n}"));
    }
    assert_eq!(score(app, "points", 39), 139.0);
}

/// Those who would not be waited for: it is asked again and again, and says why that is of no use.
fn refuses(launch: Launch, redis: &RedisCluster) {
    let mut app = launch
        .set("STORE__PATIENCE", "500ms")
        .listen(free_address())
        .begin();
    until("it says why", || {
        let log = app.log();
        log.contains("the store cannot be opened; trying again")
            && log.contains(&redis.url())
            && log.contains("invalid peer certificate")
    });
    assert_unavailable(&app.get("/readyz"));
    assert_unavailable(&app.get("/leaderboard"));
    assert_eq!(app.get("/healthz").status, 200);
    assert!(app.stop().success());
}
