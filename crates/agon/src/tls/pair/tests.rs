//! What is wrong with a pair, in words, and when its end is near.

use std::path::Path;
use std::time::{Duration, SystemTime};

use rcgen::{CertificateParams, KeyPair};

use super::*;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// A certificate for `localhost` and its key, as PEM.
fn made() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

fn files(dir: &Path, certificate: &str, key: &str) -> PairFiles {
    let files = PairFiles {
        certificate: dir.join("cert.pem"),
        key: dir.join("key.pem"),
    };
    std::fs::write(&files.certificate, certificate).unwrap();
    std::fs::write(&files.key, key).unwrap();
    files
}

#[test]
fn a_pair_that_belongs_together_is_taken() {
    let dir = tempfile::tempdir().unwrap();
    let (certificate, key) = made();
    // Text around the blocks is usual, and a key may stand in the file of the certificate.
    let both = format!("localhost\n{key}\n{certificate}");
    Pair::read(&files(dir.path(), &certificate, &key)).unwrap();
    Pair::read(&files(dir.path(), &both, &both)).unwrap();
}

#[test]
fn what_is_wrong_is_told_with_the_setting_and_the_file() {
    let (certificate, key) = made();
    let (_, other_key) = made();
    let cut = &certificate[..certificate.len() / 2];
    let broken = certificate.replacen("MII", "AAA", 1);
    for (certificate, key, expected) in [
        (
            "",
            &*key,
            ["cert_file", "cert.pem", "no certificate in PEM"],
        ),
        (
            "hello",
            &key,
            ["cert_file", "cert.pem", "no certificate in PEM"],
        ),
        (cut, &key, ["cert_file", "cert.pem", "is not PEM"]),
        (
            &broken,
            &key,
            ["cert_file", "cert.pem", "cannot be understood"],
        ),
        (
            &certificate,
            "",
            ["key_file", "key.pem", "no private key in PEM"],
        ),
        (
            &certificate,
            &certificate,
            ["key_file", "key.pem", "no private key in PEM"],
        ),
        (
            &certificate,
            &other_key,
            ["key_file", "key.pem", "does not belong to the certificate"],
        ),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let error = Pair::read(&files(dir.path(), certificate, key)).unwrap_err();
        for part in expected {
            assert!(error.contains(part), "{error:?} should contain {part:?}");
        }
    }
}

#[test]
fn a_file_that_is_not_there_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let (certificate, key) = made();
    let files = files(dir.path(), &certificate, &key);
    std::fs::remove_file(&files.key).unwrap();
    let error = Pair::read(&files).unwrap_err();
    assert!(
        error.contains("key_file") && error.contains("No such file"),
        "{error}"
    );
    std::fs::remove_file(&files.certificate).unwrap();
    let error = Pair::read(&files).unwrap_err();
    assert!(
        error.contains("cert_file") && error.contains("No such file"),
        "{error}"
    );
}

/// A pair valid for so many days from the first of January 2030 on, and that day.
fn lasting(days: u32) -> (Pair, SystemTime) {
    let dir = tempfile::tempdir().unwrap();
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(2030, 1, 1);
    params.not_after = params.not_before + DAY * days;
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap().pem();
    let pair = Pair::read(&files(dir.path(), &certificate, &key.serialize_pem())).unwrap();
    let begin = SystemTime::UNIX_EPOCH + Duration::from_secs(1_893_456_000);
    (pair, begin)
}

#[test]
fn the_end_is_near_two_weeks_before_or_in_the_last_fifth() {
    for (days, near) in [(365, 351), (90, 76), (10, 8)] {
        let (pair, begin) = lasting(days);
        assert!(
            pair.warning(begin - DAY)
                .unwrap()
                .contains("only from 2030-01-01")
        );
        assert_eq!(pair.warning(begin), None);
        assert_eq!(pair.warning(begin + DAY * near), None);
        let soon = begin + DAY * near + Duration::from_secs(1);
        assert!(
            pair.warning(soon).unwrap().contains("ends at 203"),
            "{days}"
        );
        let after = begin + DAY * days;
        assert!(pair.warning(after).unwrap().contains("ended at"), "{days}");
    }
}
