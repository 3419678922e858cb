//! Whether a subscription misses nothing at this moment, for who keeps what messages would make old.
//!
//! A server keeps no messages, so what was kept before a connection ended says nothing afterwards. Each time in which
//! nothing is missed is a spell of its own: what was read during one is as good as its messages as long as that one
//! lasts. A connection that has died without a word is taken for one that lives until it is found out, which takes
//! a second and a reply's time; so nothing may be kept for ever.

use std::sync::atomic::{AtomicU64, Ordering};

/// Odd while nothing is missed, another number for each spell.
#[derive(Debug, Default)]
pub(crate) struct Hearing(AtomicU64);

impl Hearing {
    /// The present spell; `None` while messages may be missed.
    pub(crate) fn spell(&self) -> Option<u64> {
        let number = self.0.load(Ordering::SeqCst);
        (number % 2 == 1).then_some(number)
    }

    /// From here on nothing is missed; before, something may have been.
    pub(crate) fn begins(&self) {
        self.turn(|number| (number + 1) | 1);
    }

    /// From here on something may be missed.
    pub(crate) fn ends(&self) {
        self.turn(|number| (number + 1) & !1);
    }

    fn turn(&self, next: impl Fn(u64) -> u64) {
        let turned = |number| Some(next(number));
        // It is never refused.
        let _ = self
            .0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, turned);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_spell_is_another() {
        let hearing = Hearing::default();
        hearing.ends();
        assert_eq!(hearing.spell(), None);
        hearing.begins();
        let first = hearing.spell().unwrap();
        hearing.begins();
        let second = hearing.spell().unwrap();
        assert_ne!(first, second);
        hearing.ends();
        hearing.ends();
        assert_eq!(hearing.spell(), None);
        hearing.begins();
        assert!(![first, second].contains(&hearing.spell().unwrap()));
    }
}
