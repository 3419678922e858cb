//! Changes that replicas have to confirm, by `WAIT`.
//!
//! It is sent on the same link and behind the changes, as one with them, so that it is about all that the server
//! had done up to them: also where a script found that its change had been made before, by a call whose reply was
//! lost. What is not confirmed in time is there all the same, so the answer is that it may have been done.

use std::time::Duration;

use redis::{Cmd, Pipeline, Value};

use super::shared::Shared;
use crate::options::Durability;

impl Shared {
    /// Adds the question to a pipeline of changes, where replicas are asked for, and returns how long replies to
    /// the whole may take.
    pub(super) fn ask_replicas(&self, pipeline: &mut Pipeline, has_changes: bool) -> Duration {
        let limit = self.options.response_timeout;
        match self.options.durability {
            Durability::Replicas { count, timeout } if has_changes => {
                pipeline.add_command(wait(count, timeout));
                limit + timeout
            }
            _ => limit,
        }
    }

    /// What is wrong with the reply to the question; `None` if enough have confirmed, or none are asked for.
    pub(super) fn lacking_replicas(&self, reply: Option<&Value>) -> Option<String> {
        let Durability::Replicas { count, timeout } = self.options.durability else {
            return None;
        };
        match reply {
            Some(Value::Int(confirmed)) if *confirmed >= i64::from(count) => None,
            Some(Value::Int(confirmed)) => Some(format!(
                "{confirmed} of {count} replicas have confirmed it in {timeout:?}"
            )),
            _ => Some("the server does not tell whether replicas have it".to_owned()),
        }
    }
}

fn wait(count: u32, timeout: Duration) -> Cmd {
    let mut command = Cmd::new();
    // None at all would be for ever.
    let millis = u64::try_from(timeout.as_millis())
        .unwrap_or(u64::MAX)
        .max(1);
    command.arg("WAIT").arg(count).arg(millis);
    command
}
