//! stub
use super::pool::Pool;
use super::serving::Serving;
use super::{Unmatched, Reason};
pub(super) fn unmatched(pool: &Pool<'_>, serving: &Serving<'_>) -> Vec<Unmatched> {
    let mut all = pool.unfit.clone();
    for (at, there) in serving.is_there.iter().enumerate() {
        if *there { all.push(super::pool::unmatched(pool.parties[at].given as usize, Reason::TooFewPlayers, String::new())); }
    }
    all.sort_by_key(|u| u.ticket);
    all
}
