//! A script that the server runs as a whole, in Lua.
//!
//! Its first line tells the server what it is (Redis 7): one that changes is refused before its first line runs
//! where the server cannot take changes now (`OOM`, `READONLY`, `MISCONF`, `NOREPLICAS`), so a refusal means that
//! nothing was done; one that reads is run there all the same. In a cluster the server also refuses keys of
//! another slot than that of `KEYS[1]`.

/// A script. Made once, of pieces that follow each other.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) text: String,
    /// By which the server knows it: 40 hexadecimal digits.
    pub(crate) digest: String,
}

impl Script {
    /// One that changes something. The pieces have no `#!` line.
    pub(crate) fn writing(pieces: &[&str]) -> Self {
        Script::with_head("#!lua", pieces)
    }

    /// One that changes nothing; the server holds it to that.
    pub(crate) fn reading(pieces: &[&str]) -> Self {
        Script::with_head("#!lua flags=no-writes", pieces)
    }

    fn with_head(head: &str, pieces: &[&str]) -> Self {
        // Lines keep their numbers within the first piece, but for the head's.
        let text = format!("{head}\n{}", pieces.join("\n"));
        let digest = redis::Script::new(&text).get_hash().to_owned();
        Script { text, digest }
    }
}
