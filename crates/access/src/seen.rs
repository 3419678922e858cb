//! What was last seen of something that may change: whether it is another one now, and what is told once.
//!
//! Contents are compared by their digest. A fault is news when it comes and when it changes, not while it lasts.

use sha2::{Digest as _, Sha256};

/// What was last seen.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Of the last good content; none before the first.
    digest: Option<[u8; 32]>,
    /// What was wrong the last time.
    fault: Option<String>,
}

/// What is worth telling.
#[derive(Debug, PartialEq)]
pub(crate) enum News<T> {
    /// It is another one now.
    Changed(T),
    /// It is well again, and what it was before.
    WellAgain,
    /// It is of no use, for this reason.
    Fault(String),
}

impl Seen {
    /// Whether there was a good content ever.
    pub(crate) fn is_known(&self) -> bool {
        self.digest.is_some()
    }

    /// Whether all was well the last time.
    pub(crate) fn is_well(&self) -> bool {
        self.fault.is_none()
    }

    /// Takes what is seen now, or why nothing is: what is new of it, if anything.
    pub(crate) fn take<T>(
        &mut self,
        content: Result<Vec<u8>, String>,
        parse: impl FnOnce(&[u8]) -> Result<T, String>,
    ) -> Option<News<T>> {
        let before = self.fault.take();
        match content.and_then(|content| self.changed(&content, parse)) {
            Ok(Some(value)) => Some(News::Changed(value)),
            Ok(None) => before.map(|_| News::WellAgain),
            Err(reason) => {
                self.fault = Some(reason.clone());
                (before.as_ref() != Some(&reason)).then_some(News::Fault(reason))
            }
        }
    }

    fn changed<T>(
        &mut self,
        content: &[u8],
        parse: impl FnOnce(&[u8]) -> Result<T, String>,
    ) -> Result<Option<T>, String> {
        let digest = Some(Sha256::digest(content).into());
        if self.digest == digest {
            return Ok(None);
        }
        let value = parse(content)?;
        self.digest = digest;
        Ok(Some(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_told_when_it_comes_and_when_it_changes() {
        let parse = |content: &[u8]| match content {
            b"bad" => Err("bad".to_owned()),
            content => Ok(content.len()),
        };
        let mut seen = Seen::default();
        let mut take = |content: Result<&str, &str>| {
            let content = content.map(|c| c.as_bytes().to_vec());
            seen.take(content.map_err(str::to_owned), parse)
        };
        let fault = |reason: &str| Some(News::Fault(reason.to_owned()));
        for (content, expected) in [
            (Ok("one"), Some(News::Changed(3))),
            (Ok("one"), None),
            (Ok("bad"), fault("bad")),
            (Ok("bad"), None),
            (Err("gone"), fault("gone")),
            (Err("gone"), None),
            (Ok("one"), Some(News::WellAgain)),
            (Ok("one"), None),
            (Err("gone"), fault("gone")),
            (Ok("other"), Some(News::Changed(5))),
            (Ok("other"), None),
        ] {
            assert_eq!(take(content), expected, "{content:?}");
        }
    }
}
