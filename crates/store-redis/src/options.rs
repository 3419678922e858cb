//! How to use a Redis: what the operator has set, checked once.

use std::path::PathBuf;
use std::time::Duration;

use crate::address::Address;

/// Of all keys that Agon makes, unless another prefix is set.
pub const DEFAULT_PREFIX: &str = "agon";
const MAX_PREFIX_BYTES: usize = 32;
/// More links to a node than these cost the server more than they give.
const MAX_CONNECTIONS: usize = 256;

/// How to use a Redis.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where it is.
    pub address: Address,
    /// What the names of all keys and channels begin with; 1 to 32 of `a-z`, `0-9`, `_` and `-`. Two Agons that
    /// share a Redis have different ones.
    pub prefix: String,
    /// Into how many parts new boards are split, where that is set.
    pub partitions: Option<u16>,
    /// How long a connection may take, with TLS and authentication.
    pub connect_timeout: Duration,
    /// How long a reply may take. Afterwards it is unknown whether a change was made. A server with `appendfsync
    /// everysec` answers nobody for two seconds and more while its disk is busy.
    pub response_timeout: Duration,
    /// For how long what certainly has not happened is tried again: while a server restarts, or a replica takes
    /// over from its master.
    pub patience: Duration,
    /// What an acknowledged change has survived.
    pub durability: Durability,
    /// Connections to each server. One carries many calls at once; more are of use where [`Durability::Replicas`]
    /// keeps them waiting.
    pub connections: usize,
    /// Certificates (PEM) of those who may sign the server's, instead of the system's.
    pub ca_file: Option<PathBuf>,
}

/// What an acknowledged change has survived. What the server does by its own settings is checked at the start,
/// and contradictions are logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Nothing is promised: it is in the memory of one server, and as safe as that server's settings make it.
    Memory,
    /// A crash of the server may lose the last second or two (`appendonly yes`, `appendfsync everysec`).
    EverySecond,
    /// It is on the server's disk (`appendonly yes`, `appendfsync always`).
    Always,
    /// Besides what the server does itself, so many replicas have it in memory (`WAIT`).
    Replicas {
        /// How many, at least one.
        count: u32,
        /// How long to wait for them. Afterwards the change is there, but not as safe as promised, and is not
        /// acknowledged.
        timeout: Duration,
    },
}

/// Why options cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OptionsError {
    /// The prefix has other characters, or is empty or too long.
    #[error("the prefix has to be 1 to 32 of a-z, 0-9, _ and -")]
    Prefix,
    /// A duration is zero.
    #[error("{0} has to be longer than nothing")]
    NoTime(&'static str),
    /// No connections or too many.
    #[error("connections has to be from 1 to 256")]
    Connections,
    /// No replicas to wait for.
    #[error("the number of replicas to wait for has to be at least 1")]
    NoReplicas,
}

impl Options {
    /// For this address; everything else as it is where nothing is set: prefix `agon`, 1 s to connect, 5 s for a
    /// reply, 5 s of patience, nothing promised beyond the server's settings, four connections.
    pub fn new(address: Address) -> Self {
        Options {
            address,
            prefix: DEFAULT_PREFIX.to_owned(),
            partitions: None,
            connect_timeout: Duration::from_secs(1),
            response_timeout: Duration::from_secs(5),
            patience: Duration::from_secs(5),
            durability: Durability::Memory,
            connections: 4,
            ca_file: None,
        }
    }

    /// Whether they can be used.
    pub fn check(&self) -> Result<(), OptionsError> {
        let is_part = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(&b);
        let length = self.prefix.len();
        if !(1..=MAX_PREFIX_BYTES).contains(&length) || !self.prefix.bytes().all(is_part) {
            return Err(OptionsError::Prefix);
        }
        for (name, duration) in self.durations() {
            if duration.is_zero() {
                return Err(OptionsError::NoTime(name));
            }
        }
        if !(1..=MAX_CONNECTIONS).contains(&self.connections) {
            return Err(OptionsError::Connections);
        }
        match self.durability {
            Durability::Replicas { count: 0, .. } => Err(OptionsError::NoReplicas),
            _ => Ok(()),
        }
    }

    fn durations(&self) -> Vec<(&'static str, Duration)> {
        let mut durations = vec![
            ("connect_timeout", self.connect_timeout),
            ("response_timeout", self.response_timeout),
            ("patience", self.patience),
        ];
        // WAIT takes zero as for ever.
        if let Durability::Replicas { timeout, .. } = self.durability {
            durations.push(("the time to wait for replicas", timeout));
        }
        durations
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> Options {
        Options::new("redis://localhost".parse().unwrap())
    }

    #[test]
    fn what_is_there_without_settings_can_be_used() {
        assert_eq!(options().check(), Ok(()));
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let wrong = |change: fn(&mut Options)| {
            let mut options = options();
            change(&mut options);
            options.check().unwrap_err()
        };
        assert_eq!(wrong(|o| o.prefix = "A".into()), OptionsError::Prefix);
        assert_eq!(wrong(|o| o.prefix = String::new()), OptionsError::Prefix);
        assert_eq!(wrong(|o| o.prefix = "a".repeat(33)), OptionsError::Prefix);
        assert_eq!(wrong(|o| o.prefix = "a{b".into()), OptionsError::Prefix);
        assert_eq!(wrong(|o| o.connections = 0), OptionsError::Connections);
        let zero = wrong(|o| o.response_timeout = Duration::ZERO);
        assert_eq!(zero, OptionsError::NoTime("response_timeout"));
        let nobody = Durability::Replicas {
            count: 0,
            timeout: Duration::from_secs(1),
        };
        let mut options = options();
        options.durability = nobody;
        assert_eq!(options.check(), Err(OptionsError::NoReplicas));
    }
}
