//! The file with the records of keys: TOML, so that a person can read it and a deployment can mount it.
//!
//! ```toml
//! version = 1
//!
//! [[keys]]
//! id = "7f3a90c2"
//! name = "game server"
//! scopes = ["read", "submit"]
//! sha256 = "…"                          # of the secret
//! created = "2026-11-24T16:00:00Z"
//! expires = "2027-02-22T16:00:00Z"      # optional
//! revoked = "2026-12-01T09:30:00Z"      # optional
//! ```
//!
//! A fault is told with its line, and never with what stands there: it may be a secret that somebody has
//! put in the wrong place.

use std::collections::HashSet;
use std::ops::Range;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::key::{Digest, Key, KeyId, PREFIX, fault_of_name};
use crate::scope::{Scope, Scopes};

const VERSION: i64 = 1;
const HEAD: &str = "\
# Keys of Agon: made by `agon keys create`, revoked by `agon keys revoke`. A running server notices changes.
# Of a secret there is only a digest. Comments are not kept.
";

/// Why a file of keys is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct FileFault {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong, without what stands there.
    pub reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    version: Spanned<i64>,
    #[serde(default)]
    keys: Vec<Record>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    id: Spanned<String>,
    name: Spanned<String>,
    scopes: Spanned<Vec<Spanned<String>>>,
    sha256: Spanned<String>,
    created: Spanned<String>,
    expires: Option<Spanned<String>>,
    revoked: Option<Spanned<String>>,
}

/// Reads a file.
///
/// # Errors
/// [`FileFault`] for the first thing that is wrong.
pub fn read(text: &str) -> Result<Vec<Key>, FileFault> {
    let form: Form = toml::from_str(text).map_err(|error| {
        let reason = harmless(error.message());
        fault(text, error.span().unwrap_or_default(), &reason)
    })?;
    if *form.version.get_ref() != VERSION {
        let reason = "version: expected 1; a newer Agon may read it";
        return Err(fault(text, form.version.span(), reason));
    }
    let mut ids = HashSet::new();
    let read = |record: Record| {
        let id = record.id.span();
        let key = key(text, record)?;
        let new = ids.insert(key.id);
        new.then_some(key)
            .ok_or_else(|| fault(text, id, "id: another key has it"))
    };
    form.keys.into_iter().map(read).collect()
}

/// What the parser complains of, unless it quotes a secret.
fn harmless(message: &str) -> String {
    if message.contains(PREFIX) {
        return "is not understood".to_owned();
    }
    message.lines().next().unwrap_or_default().to_owned()
}

fn fault(text: &str, span: Range<usize>, reason: &str) -> FileFault {
    let before = text.as_bytes().get(..span.start).unwrap_or_default();
    FileFault {
        line: 1 + before.iter().filter(|b| **b == b'\n').count(),
        reason: reason.to_owned(),
    }
}

fn key(text: &str, record: Record) -> Result<Key, FileFault> {
    let Record {
        id,
        name,
        scopes,
        sha256,
        ..
    } = record;
    let time = |name: &str, at: &Spanned<String>| {
        let time = at.get_ref().parse::<Timestamp>();
        let reason = format!("{name}: expected a time such as 2026-11-24T16:00:00Z");
        time.map(Timestamp::as_millisecond)
            .map_err(|_| fault(text, at.span(), &reason))
    };
    let optional =
        |name: &str, at: Option<Spanned<String>>| at.map(|at| time(name, &at)).transpose();
    let bad = |at: Range<usize>, reason: &str| fault(text, at, reason);
    if let Some(reason) = fault_of_name(name.get_ref()) {
        return Err(bad(name.span(), &format!("name: {reason}")));
    }
    Ok(Key {
        id: KeyId::parse(id.get_ref())
            .ok_or_else(|| bad(id.span(), "id: expected 8 lower-case hexadecimal digits"))?,
        scopes: read_scopes(text, &scopes)?,
        digest: Digest::parse(sha256.get_ref())
            .ok_or_else(|| bad(sha256.span(), "sha256: expected 64 hexadecimal digits"))?,
        created_ms: time("created", &record.created)?,
        expires_ms: optional("expires", record.expires)?,
        revoked_ms: optional("revoked", record.revoked)?,
        name: name.into_inner(),
    })
}

fn read_scopes(text: &str, names: &Spanned<Vec<Spanned<String>>>) -> Result<Scopes, FileFault> {
    let scope = |name: &Spanned<String>| {
        let scope = name.get_ref().parse::<Scope>();
        scope.map_err(|reason| fault(text, name.span(), &format!("scopes: {reason}")))
    };
    let scopes: Scopes = names
        .get_ref()
        .iter()
        .map(scope)
        .collect::<Result<_, _>>()?;
    if scopes.is_empty() {
        return Err(fault(text, names.span(), "scopes: expected at least one"));
    }
    Ok(scopes)
}

#[derive(Serialize)]
struct Written<'a> {
    version: i64,
    keys: Vec<WrittenKey<'a>>,
}

#[derive(Serialize)]
struct WrittenKey<'a> {
    id: &'a str,
    name: &'a str,
    scopes: Vec<&'static str>,
    sha256: String,
    created: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked: Option<String>,
}

/// The file of these keys.
///
/// # Errors
/// What the library says; of plain text and lists it has nothing to complain.
pub fn write(keys: &[Key]) -> Result<String, toml::ser::Error> {
    let form = Written {
        version: VERSION,
        keys: keys.iter().map(written).collect(),
    };
    Ok(format!("{HEAD}{}", toml::to_string(&form)?))
}

fn written(key: &Key) -> WrittenKey<'_> {
    WrittenKey {
        id: key.id.as_str(),
        name: &key.name,
        scopes: key.scopes.iter().map(Scope::as_str).collect(),
        sha256: key.digest.to_hex(),
        created: time_text(key.created_ms),
        expires: key.expires_ms.map(time_text),
        revoked: key.revoked_ms.map(time_text),
    }
}

/// Milliseconds since 1970 as RFC 3339 in UTC; what is beyond the year 9999 as that year's end.
pub fn time_text(ms: i64) -> String {
    let time = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX);
    time.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{NewKey, Secret};

    fn some() -> Vec<Key> {
        let key = |n: u8, expires_ms, revoked_ms| {
            let new = NewKey {
                name: format!("key \"{n}\" ü"),
                scopes: [Scope::Submit, Scope::Read].into_iter().collect(),
                expires_ms,
            };
            let key = new.with(&Secret::of([n; 36]), 1_795_534_200_123);
            Key { revoked_ms, ..key }
        };
        vec![key(1, None, None), key(2, Some(1_800_000_000_000), Some(5))]
    }

    #[test]
    fn what_is_written_is_read() {
        for keys in [Vec::new(), some()] {
            let text = write(&keys).unwrap();
            assert_eq!(read(&text).unwrap(), keys, "{text}");
        }
        assert!(write(&some()).unwrap().contains("2026-11-24T15:30:00.123Z"));
        assert_eq!(read("version = 1").unwrap(), []);
    }

    #[test]
    fn faults_have_their_line_and_no_secrets() {
        let text = write(&some()).unwrap();
        let secret = Secret::of([1; 36]);
        let digest = Digest::of(secret.expose()).to_hex();
        for (from, to, line, reason) in [
            ("version = 1", "version = 2", 3, "version: expected 1"),
            ("version = 1\n", "", 1, "version"),
            ("id = \"01010101\"", "id = \"X\"", 6, "id: expected 8"),
            ("id = \"02020202\"", "id = \"01010101\"", 13, "id: another"),
            ("\"submit\"", "\"all\"", 8, "scopes: expected read"),
            (digest.as_str(), secret.expose(), 9, "sha256: expected 64"),
            (
                "created = \"2026",
                "created = \"soon",
                10,
                "created: expected a time",
            ),
            (
                "expires = \"2",
                "expires = \"x",
                18,
                "expires: expected a time",
            ),
            ("name = ", "nome = ", 7, "unknown field"),
            ("sha256 = ", "sha256 == ", 9, ""),
            (
                "id = \"01010101\"",
                &format!("{} = 1", secret.expose()),
                6,
                "not understood",
            ),
        ] {
            let changed = text.replacen(from, to, 1);
            assert_ne!(changed, text, "{from}");
            let fault = read(&changed).unwrap_err();
            assert_eq!(fault.line, line, "{to}: {fault}");
            assert!(fault.reason.contains(reason), "{to}: {fault}");
            assert!(!fault.to_string().contains(secret.expose()), "{fault}");
        }
    }

    #[test]
    fn a_key_that_is_good_for_nothing_is_refused() {
        let text = write(&some()[..1]).unwrap();
        let text = text.replace("[\"read\", \"submit\"]", "[]");
        assert!(read(&text).unwrap_err().reason.contains("at least one"));
    }
}
