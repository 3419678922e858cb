//! A key: its secret, which only its owner has, and the record of it, which the server has.
//!
//! A secret is `agon_ID_RANDOM` with 256 random bits. The record has the SHA-256 of that. A slow hash, as
//! passwords need, would protect nothing here: nobody guesses 256 bits, however fast each guess is; and it
//! would be paid for in every request.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;

use crate::scope::Scopes;

/// What secrets of keys begin with, so that scanners of code and of logs can tell one.
pub const PREFIX: &str = "agon_";
/// Bytes of chance in a secret: some for the id, 32 for what nobody may guess.
pub const RANDOM_BYTES: usize = ID_BYTES + 32;
const ID_BYTES: usize = 4;
const ID_CHARS: usize = 2 * ID_BYTES;
const MAX_NAME_CHARS: usize = 64;

/// The public name of one key: eight hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId([u8; ID_CHARS]);

impl KeyId {
    /// Reads an id; `None` for anything but eight lower-case hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let hex = |b: &u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
        let digits: [u8; ID_CHARS] = text.as_bytes().try_into().ok()?;
        digits.iter().all(hex).then_some(KeyId(digits))
    }

    /// Its digits.
    pub fn as_str(&self) -> &str {
        // They are ASCII.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A new secret, to be shown once. There is no way to print it by accident.
pub struct Secret {
    id: KeyId,
    text: String,
}

impl Secret {
    /// The secret made of this chance, which has to be fit for cryptography.
    pub fn of(random: [u8; RANDOM_BYTES]) -> Self {
        let (id, secret) = random.split_at(ID_BYTES);
        let id: String = id.iter().map(|b| format!("{b:02x}")).collect();
        Secret {
            text: format!("{PREFIX}{id}_{}", URL_SAFE_NO_PAD.encode(secret)),
            id: KeyId(std::array::from_fn(|n| id.as_bytes()[n])),
        }
    }

    /// The id of the key.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// What its owner sends.
    pub fn expose(&self) -> &str {
        &self.text
    }
}

/// SHA-256 of a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Of what a client has sent.
    pub fn of(secret: &str) -> Self {
        Digest(Sha256::digest(secret.as_bytes()).into())
    }

    /// Whether it is of the same secret; takes as long for one that is nearly right as for any other.
    pub(crate) fn is(&self, other: &Digest) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    /// From 64 hexadecimal digits.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        for (n, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(2 * n..2 * n + 2)?, 16).ok()?;
        }
        Some(Digest(bytes))
    }

    pub(crate) fn to_hex(&self) -> String {
        self.0.iter().map(|b| format!("{b:02x}")).collect()
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SHA-256")
    }
}

/// The record of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its public name.
    pub id: KeyId,
    /// Who it is for. Keys of one name count as one caller, so that one can take the other's place.
    pub name: String,
    /// What it is good for.
    pub scopes: Scopes,
    /// Of its secret.
    pub digest: Digest,
    /// When it was made, in milliseconds since 1970.
    pub created_ms: i64,
    /// From when on it is no good any more.
    pub expires_ms: Option<i64>,
    /// When it was revoked. Its record stays, so that a file of revoked keys is not taken for one without
    /// keys.
    pub revoked_ms: Option<i64>,
}

impl Key {
    /// Whether it is good at this time.
    pub fn is_valid(&self, now_ms: i64) -> bool {
        self.revoked_ms.is_none() && self.expires_ms.is_none_or(|at| now_ms < at)
    }
}

/// A key to be made.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// Who it is for.
    pub name: String,
    /// What it is good for.
    pub scopes: Scopes,
    /// From when on it is no good any more.
    pub expires_ms: Option<i64>,
}

impl NewKey {
    /// The record of the key with this secret.
    pub fn with(self, secret: &Secret, now_ms: i64) -> Key {
        Key {
            id: secret.id(),
            name: self.name,
            scopes: self.scopes,
            digest: Digest::of(secret.expose()),
            created_ms: now_ms,
            expires_ms: self.expires_ms,
            revoked_ms: None,
        }
    }
}

/// Why a name cannot be a key's; `None` if it can.
pub fn fault_of_name(name: &str) -> Option<&'static str> {
    let fit = (1..=MAX_NAME_CHARS).contains(&name.chars().count())
        && !name.chars().any(char::is_control)
        && !name.contains(PREFIX);
    (!fit).then_some("expected 1 to 64 characters, none of them a control character")
}

/// The id in a secret; `None` if that is no secret of a key.
pub fn id_of(secret: &str) -> Option<KeyId> {
    let (id, _) = secret.strip_prefix(PREFIX)?.split_once('_')?;
    KeyId::parse(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_carries_its_id_and_256_bits() {
        let random: [u8; RANDOM_BYTES] = std::array::from_fn(|n| 255 - n as u8);
        let secret = Secret::of(random);
        assert_eq!(secret.id().as_str(), "fffefdfc");
        assert_eq!(id_of(secret.expose()), Some(secret.id()));
        let chance = secret.expose().strip_prefix("agon_fffefdfc_").unwrap();
        assert_eq!(URL_SAFE_NO_PAD.decode(chance).unwrap(), random[4..]);
        for bad in [
            "",
            "agon_",
            "agon_12",
            "agon_FFFEFDFC_x",
            "agon_12345678",
            "x",
        ] {
            assert_eq!(id_of(bad), None, "{bad}");
        }
    }

    #[test]
    fn digests_are_those_of_other_tools() {
        // printf %s agon_0_x | sha256sum
        let hex = "5ec66e39bcf1e792018b56fcf02427ea0e9cb5109fc28db28a1b365ebca0ec1f";
        let digest = Digest::of("agon_0_x");
        assert_eq!(digest.to_hex(), hex);
        assert!(Digest::parse(hex).unwrap().is(&digest));
        assert!(!Digest::of("agon_0_y").is(&digest));
        assert!(
            Digest::parse(&hex[1..]).is_none() && Digest::parse(&hex.replace('c', "g")).is_none()
        );
    }

    #[test]
    fn a_key_is_good_until_it_expires_or_is_revoked() {
        let new = NewKey {
            name: "a".to_owned(),
            scopes: Scopes::default(),
            expires_ms: Some(1000),
        };
        let key = new.with(&Secret::of([7; RANDOM_BYTES]), 0);
        assert!(key.is_valid(999) && !key.is_valid(1000));
        let revoked = Key {
            revoked_ms: Some(5),
            ..key.clone()
        };
        assert!(!revoked.is_valid(1));
        assert!(!format!("{key:?}").contains(&key.digest.to_hex()));
    }

    #[test]
    fn names_are_short_and_are_no_secrets() {
        assert_eq!(fault_of_name("game server 1"), None);
        for bad in ["", "a\nb", &"x".repeat(65), "agon_12345678_abc"] {
            assert!(fault_of_name(bad).is_some(), "{bad:?}");
        }
    }
}
