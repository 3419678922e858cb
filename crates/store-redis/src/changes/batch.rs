//! Submissions that are not made by the script for a single one: many at once, or on a board that asks for more.

use boards::{BoardId, Changed, Refusal, StoreError, Submission};

use super::attempt::Attempt;
use super::play::Newcomers;

impl Attempt<'_, '_> {
    pub(super) async fn submit(
        &mut self,
        board: &BoardId,
        submission: &Submission,
    ) -> Result<Changed, StoreError> {
        let asked = [(board.clone(), submission.clone())];
        let mut results = self.play(&asked, &Newcomers::new(), false).await?;
        match results.pop() {
            Some(Ok(outcome)) => Ok(Changed::Submitted(outcome)),
            Some(Err(refusal)) => Err(refused(refusal)),
            // Something else comes first, and nothing of this attempt counts.
            None => Ok(Changed::Done),
        }
    }

    pub(super) async fn submit_batch(
        &mut self,
        submissions: &[(BoardId, Submission)],
        all_or_nothing: bool,
    ) -> Result<Changed, StoreError> {
        let nobody = Newcomers::new();
        let results = self.play(submissions, &nobody, all_or_nothing).await?;
        let missing = |result: &_| matches!(result, Err(Refusal::UnknownBoard(_)));
        if let Some((first, _)) = submissions.first()
            && !results.is_empty()
            && results.iter().all(missing)
        {
            return Err(StoreError::UnknownBoard(first.clone()));
        }
        Ok(Changed::Batch(results))
    }
}

/// Why a submission that came alone is refused.
pub(super) fn refused(refusal: Refusal) -> StoreError {
    match refusal {
        Refusal::UnknownBoard(board) => StoreError::UnknownBoard(board),
        Refusal::UnknownPlayer(player) => StoreError::UnknownPlayer(player),
        refusal => StoreError::Refused { at: 0, refusal },
    }
}
