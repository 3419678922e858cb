//! The keys that are in force, while their file may change.
//!
//! *Open or closed.* Without a record in the file access is open. From the first record on it is closed, and
//! stays so until the server ends, whatever becomes of the file: whoever revokes the last key wants nobody in,
//! not everybody. Since a revoked key keeps its record, that holds for the next start as well.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::key::{Digest, Key, KeyId, id_of};
use crate::keys_file;
use crate::watched::Watched;

/// Keys that can be looked up by any number of threads without waiting.
#[derive(Debug)]
pub struct Keyring {
    file: Watched,
    current: ArcSwap<Ring>,
}

#[derive(Debug, Default)]
struct Ring {
    keys: HashMap<KeyId, Arc<Key>>,
    closed: bool,
}

/// Why a key does not open anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// It is none of ours, or not as it was made.
    #[error("the key is not known here")]
    Unknown,
    /// Its time is over.
    #[error("the key has expired")]
    Expired,
    /// It was taken back.
    #[error("the key was revoked")]
    Revoked,
}

impl Keyring {
    /// Reads the file of keys. Where it is missing access is open, unless it is `required`.
    ///
    /// # Errors
    /// Why the file is of no use, with the line, in words.
    pub fn open(path: &Path, required: bool) -> Result<Self, String> {
        let (file, keys) = Watched::open(path, "file of keys", parse)?;
        if required && keys.is_none() {
            let hint = "there is no such file; `agon keys create` makes it with its first key";
            return Err(hint.to_owned());
        }
        let ring = Ring::of(keys.unwrap_or_default(), required);
        Ok(Keyring {
            file,
            current: ArcSwap::from_pointee(ring),
        })
    }

    /// Whether access is closed to those without a key.
    pub fn is_closed(&self) -> bool {
        self.current.load().closed
    }

    /// How many keys are good at this time.
    pub fn valid(&self, now_ms: i64) -> usize {
        let ring = self.current.load();
        ring.keys
            .values()
            .filter(|key| key.is_valid(now_ms))
            .count()
    }

    /// The key of this secret. One look-up and one SHA-256.
    ///
    /// # Errors
    /// [`KeyFault`]; that a key is expired or revoked is told to those alone who have its secret.
    pub fn key(&self, secret: &str, now_ms: i64) -> Result<Arc<Key>, KeyFault> {
        let ring = self.current.load();
        let key = id_of(secret).and_then(|id| ring.keys.get(&id));
        let key = key.filter(|key| key.digest.is(&Digest::of(secret)));
        let key = key.ok_or(KeyFault::Unknown)?;
        if key.is_valid(now_ms) {
            return Ok(Arc::clone(key));
        }
        Err(match key.revoked_ms {
            Some(_) => KeyFault::Revoked,
            None => KeyFault::Expired,
        })
    }

    /// Looks whether the file has changed, and takes up what it says. Reads the disk.
    pub fn look(&self) {
        if let Some(keys) = self.file.look(parse) {
            let closed = self.is_closed();
            self.current.store(Arc::new(Ring::of(keys, closed)));
        }
    }
}

impl Ring {
    fn of(keys: Vec<Key>, closed: bool) -> Self {
        Ring {
            closed: closed || !keys.is_empty(),
            keys: keys.into_iter().map(|k| (k.id, Arc::new(k))).collect(),
        }
    }
}

fn parse(content: &[u8]) -> Result<Vec<Key>, String> {
    let text = std::str::from_utf8(content).map_err(|_| "it is no text".to_owned())?;
    keys_file::read(text).map_err(|fault| fault.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{NewKey, Secret};
    use crate::scope::Scope;

    fn secret(n: u8) -> Secret {
        Secret::of([n; 36])
    }

    fn key(n: u8) -> Key {
        let new = NewKey {
            name: n.to_string(),
            scopes: [Scope::Read].into_iter().collect(),
            expires_ms: Some(1000),
        };
        new.with(&secret(n), 0)
    }

    fn write(path: &Path, keys: &[Key]) {
        std::fs::write(path, keys_file::write(keys).unwrap()).unwrap();
    }

    #[test]
    fn a_key_is_found_by_its_secret_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys.toml");
        let revoked = Key {
            revoked_ms: Some(1),
            ..key(2)
        };
        write(&path, &[key(1), revoked]);
        let ring = Keyring::open(&path, false).unwrap();
        assert_eq!(*ring.key(secret(1).expose(), 999).unwrap(), key(1));
        assert_eq!(ring.key(secret(1).expose(), 1000), Err(KeyFault::Expired));
        assert_eq!(ring.key(secret(2).expose(), 0), Err(KeyFault::Revoked));
        assert_eq!((ring.valid(0), ring.valid(1000)), (1, 0));
        let right = secret(1);
        let (id, _) = right.expose().rsplit_once('_').unwrap();
        let longer = format!("{}x", right.expose());
        let other = format!("{id}_{}", "A".repeat(43));
        for wrong in [secret(3).expose(), id, "", "agon_", &longer, &other] {
            assert_eq!(ring.key(wrong, 0), Err(KeyFault::Unknown), "{wrong}");
        }
    }

    #[test]
    fn the_first_record_closes_for_good() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys.toml");
        let ring = Keyring::open(&path, false).unwrap();
        ring.look();
        assert!(!ring.is_closed());
        write(&path, &[key(1)]);
        ring.look();
        assert!(ring.is_closed() && ring.key(secret(1).expose(), 0).is_ok());
        // Not understood, then gone: the key stays good.
        for broken in [Some("version = "), None] {
            match broken {
                Some(text) => std::fs::write(&path, text).unwrap(),
                None => std::fs::remove_file(&path).unwrap(),
            }
            ring.look();
            assert!(ring.is_closed() && ring.key(secret(1).expose(), 0).is_ok());
        }
        write(&path, &[]);
        ring.look();
        assert!(ring.is_closed() && ring.key(secret(1).expose(), 0).is_err());
        assert!(!Keyring::open(&path, false).unwrap().is_closed());
        assert!(Keyring::open(&path, true).unwrap().is_closed());
    }

    #[test]
    fn a_file_that_is_asked_for_has_to_be_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys.toml");
        assert!(
            Keyring::open(&path, true)
                .unwrap_err()
                .contains("agon keys create")
        );
        std::fs::write(&path, "version = 1\nkeys = 3\n").unwrap();
        assert!(
            Keyring::open(&path, false)
                .unwrap_err()
                .starts_with("line 2: ")
        );
    }
}
