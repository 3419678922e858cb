//! Those who are in a match so far, as far as limits go: whether one more may join.

use super::lists::Lists;
use super::pool::{Limits, Pool};

/// The terms on which a match is looked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    /// Where it would be held; `None` where there is no latency rule.
    pub(super) region: Option<u32>,
    /// The limits, where one ticket's clock sets them; `None`: that of the newest of the match does.
    pub(super) held: Option<Limits>,
    /// Limits are at least these.
    pub(super) floor: Limits,
}

impl Terms {
    /// The limits of a match whose newest ticket has waited so many seconds.
    pub(super) fn limits(&self, pool: &Pool<'_>, newest_s: f64) -> Limits {
        let held = self
            .held
            .unwrap_or_else(|| Limits::at(pool.rules, newest_s));
        held.or(self.floor)
    }
}

/// What limits ask of some tickets taken together. Of fewer tickets they never ask more, so who may
/// not join some may not join more of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Company {
    pub(super) low: f64,
    pub(super) high: f64,
    /// The shortest that one of them has waited, in seconds.
    newest_s: f64,
    /// The worst latency to the region, in milliseconds.
    latency_ms: f64,
}

impl Company {
    pub(super) const NOBODY: Company = Company {
        low: f64::INFINITY,
        high: f64::NEG_INFINITY,
        newest_s: f64::INFINITY,
        latency_ms: 0.0,
    };

    /// The company with one more ticket; `None` where that is beyond a limit.
    pub(super) fn with(&self, pool: &Pool<'_>, terms: &Terms, ticket: u32) -> Option<Company> {
        let party = pool.party(ticket);
        let latency = terms
            .region
            .map_or(0.0, |region| pool.latency(ticket, region));
        let joined = Company {
            low: self.low.min(party.rating),
            high: self.high.max(party.rating),
            newest_s: self.newest_s.min(party.waited_s),
            latency_ms: self.latency_ms.max(latency),
        };
        let limits = terms.limits(pool, joined.newest_s);
        let fits =
            joined.high - joined.low <= limits.spread && joined.latency_ms <= limits.latency_ms;
        fits.then_some(joined)
    }
}

/// Whether some tickets have a value in common for every `overlap` rule.
pub(super) fn overlap(common: &[Lists<u32>], tickets: impl Iterator<Item = u32> + Clone) -> bool {
    common.iter().all(|lists| {
        let mut sets = tickets.clone().map(|ticket| lists.of(ticket));
        let Some(first) = sets.next() else {
            return true;
        };
        let mut left = first.to_vec();
        for set in sets {
            left.retain(|value| set.binary_search(value).is_ok());
        }
        !left.is_empty()
    })
}
