//! Why an attempt failed, and why a call has no answer.

use std::time::Duration;

/// Why an attempt failed; its text is for the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There was no reply, or not all of it.
    #[error("no whole reply: {0}")]
    Broken(String),
    /// The status is not one of a success.
    #[error("status {0}")]
    Status(u16),
    /// The reply is not said to be JSON.
    #[error("media type {0:?}")]
    MediaType(String),
    /// The body is compressed, which nobody asked for.
    #[error("content encoding {0:?}")]
    Encoding(String),
    /// The body is larger than it may be.
    #[error("more than {0} bytes")]
    TooLarge(usize),
    /// The body is not JSON.
    #[error("not JSON: {0}")]
    NotJson(String),
    /// The body is not what the schema asks for.
    #[error("against its schema: {0}")]
    Schema(String),
}

impl Refusal {
    /// Whether there was a whole reply with a right status, which was not what it should be.
    pub fn is_invalid(&self) -> bool {
        !matches!(self, Refusal::Broken(_) | Refusal::Status(_))
    }
}

/// Why a call has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The deadline passed first.
    #[error("no success before the deadline")]
    DeadlinePassed {
        /// Attempts sent.
        attempts: u32,
    },
    /// All attempts failed before the deadline.
    #[error("all attempts failed: {}", list(.refusals))]
    AllFailed {
        /// Attempts sent.
        attempts: u32,
        /// Why each failed, in the order in which they did.
        refusals: Vec<Refusal>,
    },
    /// As many calls are under way as are allowed. Nothing was sent.
    #[error("too many calls are under way")]
    Busy,
    /// Nothing has succeeded for a while. Nothing was sent.
    #[error("nothing has succeeded for a while")]
    CircuitOpen {
        /// When it is worth trying again.
        retry_after: Duration,
    },
}

fn list(refusals: &[Refusal]) -> String {
    let texts: Vec<String> = refusals.iter().map(Refusal::to_string).collect();
    texts.join("; ")
}
