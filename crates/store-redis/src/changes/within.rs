//! Submissions within a transaction that does other things as well, as the result of a match does.

use boards::{BoardId, Outcome, Refusal, StoreError, Submission};

use super::attempt::{After, Attempt};
use super::do_first;
use super::play::Newcomers;
use crate::tx::{Attempts, Tx};

/// A transaction with the submissions in it.
pub(crate) struct Within<'c> {
    pub(crate) tx: Tx<'c>,
    /// What each of them does, if the transaction is made.
    pub(crate) outcomes: Vec<Result<Outcome, Refusal>>,
    /// To be done once it is made.
    pub(crate) after: After,
}

/// Plays submissions in their order; those that are refused are left out. `tries` counts the attempts before this
/// one. `None` where something else had to come first, which is done by now: the transaction is to begin anew.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub(crate) async fn submit_within<'c>(
    tx: Tx<'c>,
    attempts: &Attempts<'c>,
    asked: &[(BoardId, Submission)],
    now_ms: i64,
    tries: u32,
) -> Result<Option<Within<'c>>, StoreError> {
    let core = tx.core();
    let mut attempt = Attempt::new(tx, attempts, now_ms, tries);
    let outcomes = attempt.play(asked, &Newcomers::new(), false).await;
    if let Some(first) = attempt.first.take() {
        do_first(core, first, now_ms).await?;
        return Ok(None);
    }
    Ok(Some(Within {
        outcomes: outcomes?,
        tx: attempt.tx,
        after: attempt.after,
    }))
}
