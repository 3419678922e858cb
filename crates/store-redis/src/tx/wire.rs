//! The parts of a transaction as the script reads them: MessagePack, all of it arrays and strings. Strings
//! of bytes go as strings of text, since the server's reader knows no others; its strings may hold any bytes.

use rmp::encode::{write_array_len, write_bool, write_f64, write_str_len};

/// A write that no commit depends on. Keys are without what all keys of the room begin with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Write {
    /// Adds a member to a sorted set, or gives it another score.
    ZAdd {
        key: Vec<u8>,
        score: f64,
        member: Vec<u8>,
    },
    ZRem {
        key: Vec<u8>,
        member: Vec<u8>,
    },
    SAdd {
        key: Vec<u8>,
        member: Vec<u8>,
    },
    HSet {
        key: Vec<u8>,
        field: Vec<u8>,
        value: Vec<u8>,
    },
    HDel {
        key: Vec<u8>,
        field: Vec<u8>,
    },
    /// Adds one to a counter.
    Incr {
        key: Vec<u8>,
    },
    /// Adds to a figure of a hash.
    Add {
        key: Vec<u8>,
        field: Vec<u8>,
        by: i64,
    },
    /// Puts something at the end of a list and keeps so many of its last.
    Push {
        key: Vec<u8>,
        value: Vec<u8>,
        keep: u64,
    },
    /// Gives a member the next number of a counter, which ticks once for all that a commit numbers by it.
    Stamped {
        counter: Vec<u8>,
        key: Vec<u8>,
        member: Vec<u8>,
    },
    /// Tells all nodes.
    Publish {
        channel: Vec<u8>,
        message: Vec<u8>,
    },
    /// Removes keys, their memory in the background.
    Unlink {
        keys: Vec<Vec<u8>>,
    },
}

/// A figure of a sorted set.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Count {
    /// The set's key, without what all keys of the room begin with.
    pub(crate) key: Vec<u8>,
    pub(crate) of: Counted,
}

/// What is counted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Counted {
    /// Members that stand before this one, whether or not it is there.
    Before { score: f64, member: Vec<u8> },
    /// Members with a lower score.
    Better { score: f64 },
    /// Members with this score.
    Equal { score: f64 },
    /// All members.
    All,
}

/// A record that the transaction relies on or changes.
pub(super) struct Checked {
    pub(super) key: Vec<u8>,
    pub(super) field: Option<Vec<u8>>,
    pub(super) expected: Expected,
}

/// What has to be there.
pub(super) enum Expected {
    /// What was read.
    Read(Option<Vec<u8>>),
    /// Anything: it is written without a look. It is locked all the same.
    Anything,
}

/// What a transaction is in one room, with whole keys.
#[derive(Default)]
pub(super) struct Part {
    pub(super) records: Vec<Checked>,
    pub(super) commands: Vec<Vec<Vec<u8>>>,
    pub(super) counts: Vec<(Vec<u8>, Counted)>,
    pub(super) clock: Option<(u64, u64)>,
}

impl Part {
    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty() && self.commands.is_empty()
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        array(&mut out, 4);
        array(&mut out, self.records.len());
        for record in &self.records {
            array(&mut out, 3);
            bytes(&mut out, &record.key);
            perhaps(&mut out, record.field.as_deref());
            match &record.expected {
                Expected::Read(read) => perhaps(&mut out, read.as_deref()),
                Expected::Anything => boolean(&mut out, true),
            }
        }
        array(&mut out, self.commands.len());
        for command in &self.commands {
            array(&mut out, command.len());
            command.iter().for_each(|word| bytes(&mut out, word));
        }
        array(&mut out, self.counts.len());
        for (key, of) in &self.counts {
            count(&mut out, key, of);
        }
        match self.clock {
            // The script's numbers are doubles, which are exact for microseconds until the year 2255.
            Some((first, last)) => {
                array(&mut out, 2);
                infallible(write_f64(&mut out, first as f64));
                infallible(write_f64(&mut out, last as f64));
            }
            None => no(&mut out),
        }
        out
    }
}

impl Write {
    /// The commands that do it; `whole` completes a key.
    pub(super) fn commands(self, whole: impl Fn(&[u8]) -> Vec<u8>) -> Vec<Vec<Vec<u8>>> {
        let word = |text: &str| text.as_bytes().to_vec();
        match self {
            Write::ZAdd { key, score, member } => {
                vec![vec![word("ZADD"), whole(&key), number(score), member]]
            }
            Write::ZRem { key, member } => vec![vec![word("ZREM"), whole(&key), member]],
            Write::SAdd { key, member } => vec![vec![word("SADD"), whole(&key), member]],
            Write::HSet { key, field, value } => {
                vec![vec![word("HSET"), whole(&key), field, value]]
            }
            Write::HDel { key, field } => vec![vec![word("HDEL"), whole(&key), field]],
            Write::Incr { key } => vec![vec![word("INCR"), whole(&key)]],
            Write::Add { key, field, by } => {
                vec![vec![
                    word("HINCRBY"),
                    whole(&key),
                    field,
                    word(&by.to_string()),
                ]]
            }
            Write::Push { key, value, keep } => {
                let (key, last) = (whole(&key), word("-1"));
                let first = format!("-{}", keep.max(1)).into_bytes();
                let push = vec![word("RPUSH"), key.clone(), value];
                vec![push, vec![word("LTRIM"), key, first, last]]
            }
            Write::Stamped {
                counter,
                key,
                member,
            } => vec![vec![word("STAMPED"), whole(&counter), whole(&key), member]],
            Write::Publish { channel, message } => vec![vec![word("PUBLISH"), channel, message]],
            Write::Unlink { keys } => {
                let keys = keys.iter().map(|key| whole(key));
                vec![std::iter::once(word("UNLINK")).chain(keys).collect()]
            }
        }
    }
}

/// A score as the server reads it back to the same double.
pub(crate) fn number(score: f64) -> Vec<u8> {
    format!("{score:e}").into_bytes()
}

fn count(out: &mut Vec<u8>, key: &[u8], of: &Counted) {
    let (kind, score, member): (&str, f64, &[u8]) = match of {
        Counted::Before { score, member } => ("before", *score, member),
        Counted::Better { score } => ("better", *score, b""),
        Counted::Equal { score } => ("equal", *score, b""),
        Counted::All => ("all", 0.0, b""),
    };
    array(out, 4);
    bytes(out, kind.as_bytes());
    bytes(out, key);
    bytes(out, &number(score));
    bytes(out, member);
}

fn perhaps(out: &mut Vec<u8>, value: Option<&[u8]>) {
    match value {
        Some(value) => bytes(out, value),
        None => no(out),
    }
}

fn array(out: &mut Vec<u8>, length: usize) {
    infallible(write_array_len(out, length_of(length)).map(drop));
}

fn bytes(out: &mut Vec<u8>, value: &[u8]) {
    infallible(write_str_len(out, length_of(value.len())).map(drop));
    out.extend_from_slice(value);
}

fn no(out: &mut Vec<u8>) {
    boolean(out, false);
}

fn boolean(out: &mut Vec<u8>, value: bool) {
    infallible(write_bool(out, value));
}

fn length_of(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// Writing to memory cannot fail.
fn infallible<E>(result: Result<(), E>) {
    debug_assert!(result.is_ok());
}
