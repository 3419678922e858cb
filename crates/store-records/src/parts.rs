//! What records are made of: a version, numbers of fixed size, and JSON to the end.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// What records begin with.
pub const VERSION: u8 = 1;

/// What is left to be read of a record.
pub struct Parts<'a>(&'a [u8]);

impl<'a> Parts<'a> {
    /// What comes after the version; `None` where it is another one.
    pub fn of(bytes: &'a [u8]) -> Option<Self> {
        let mut parts = Parts(bytes);
        (parts.take()? == [VERSION]).then_some(parts)
    }

    /// The next bytes; `None` where there are fewer.
    pub fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*head)
    }

    /// The next eight bytes as a number; `None` where they are none that can be reckoned with.
    pub fn number(&mut self) -> Option<f64> {
        let number = f64::from_bits(u64::from_be_bytes(self.take()?));
        number.is_finite().then_some(number)
    }

    /// All that is left, as JSON.
    pub fn json<T: DeserializeOwned>(self) -> Option<T> {
        read_json(self.0)
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The JSON of a record.
pub fn json(record: &(impl Serialize + ?Sized)) -> Vec<u8> {
    // Plain data with text keys always has a JSON form.
    serde_json::to_vec(record).unwrap_or_default()
}

/// A record of its JSON; `None` where it is none.
pub fn read_json<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    serde_json::from_slice(bytes).ok()
}
