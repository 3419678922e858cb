//! Submissions: what becomes of an entry, and who has to leave a full board for it.

use boards::{
    BoardId, BoardNumber, Changed, Details, Outcome, PlayerId, RankKey, Refusal, Score, StoreError,
    Submission,
};
use hashbrown::HashSet;

use super::{Stage, Written};
use crate::codec::{self, StoredEntry};
use crate::effect::Effect;
use crate::engine::{Table, Write};
use crate::players::Slot;

/// Whether no submission changes what another one is judged by.
pub(super) fn are_independent(submissions: &[(BoardId, Submission)]) -> bool {
    let mut seen = HashSet::with_capacity(submissions.len());
    submissions.iter().all(|(board, _)| seen.insert(board))
}

/// What a submission comes to, before anything is changed.
struct Judged {
    board: BoardNumber,
    slot: Option<Slot>,
    hidden: bool,
    old: Option<RankKey>,
    previous: Option<Score>,
    /// The score that the entry has then, or would have.
    score: Score,
    applied: bool,
}

impl Stage<'_> {
    pub(super) fn submit_one(
        &mut self,
        board: &BoardId,
        submission: Submission,
    ) -> Result<Changed, StoreError> {
        let outcome = self.submit(board, submission);
        outcome
            .map(Changed::Submitted)
            .map_err(|refusal| match refusal {
                Refusal::UnknownBoard(board) => StoreError::UnknownBoard(board),
                Refusal::UnknownPlayer(player) => StoreError::UnknownPlayer(player),
                refusal => StoreError::Refused { at: 0, refusal },
            })
    }

    pub(super) fn submit_each(
        &mut self,
        submissions: Vec<(BoardId, Submission)>,
    ) -> Result<Changed, StoreError> {
        let there = |(board, _): &(BoardId, Submission)| self.state.numbers.contains_key(board);
        if let Some((first, _)) = submissions.first()
            && !submissions.iter().any(there)
        {
            return Err(StoreError::UnknownBoard(first.clone()));
        }
        let outcomes = submissions
            .into_iter()
            .map(|(board, submission)| self.submit(&board, submission));
        Ok(Changed::Batch(outcomes.collect()))
    }

    /// All of them or none. Where they are independent none can spoil another, so they are all judged
    /// before the first is applied; otherwise the batch is theirs alone and ends with the refusal.
    pub(super) fn submit_all(
        &mut self,
        submissions: Vec<(BoardId, Submission)>,
    ) -> Result<Changed, StoreError> {
        if are_independent(&submissions) {
            for (at, (board, submission)) in submissions.iter().enumerate() {
                let judged = self.judge(board, submission);
                judged.map_err(|refusal| StoreError::Refused { at, refusal })?;
            }
        }
        let mut outcomes = Vec::with_capacity(submissions.len());
        for (at, (board, submission)) in submissions.into_iter().enumerate() {
            match self.submit(&board, submission) {
                Ok(outcome) => outcomes.push(Ok(outcome)),
                Err(refusal) => {
                    *self = Stage::new(self.state, self.engine);
                    return Err(StoreError::Refused { at, refusal });
                }
            }
        }
        Ok(Changed::Batch(outcomes))
    }

    pub(super) fn submit(
        &mut self,
        board: &BoardId,
        submission: Submission,
    ) -> Result<Outcome, Refusal> {
        let judged = self.judge(board, &submission)?;
        let id = submission.player;
        // Judging has made the draft.
        let Some(draft) = self.drafts.get_mut(&judged.board) else {
            return Err(Refusal::UnknownBoard(board.clone()));
        };
        let ranked = |key: Option<RankKey>| key.filter(|_| !judged.hidden);
        let previous_rank = ranked(judged.old).map(|key| draft.rank(key));
        let season = draft.board.season.season;
        let key = self.enter(&judged, id, submission.details);
        let Some(draft) = self.drafts.get(&judged.board) else {
            return Err(Refusal::UnknownBoard(board.clone()));
        };
        Ok(Outcome {
            score: judged.score,
            previous_score: judged.previous,
            rank: ranked(key).map(|key| draft.rank(key)),
            previous_rank,
            total: draft.total(),
            applied: judged.applied && key.is_some(),
            season,
        })
    }

    fn judge(&mut self, board: &BoardId, submission: &Submission) -> Result<Judged, Refusal> {
        let id = submission.player;
        let slot = self.state.players.find(id);
        let known = slot.is_some() || self.created.contains(&id);
        let unknown_board = || Refusal::UnknownBoard(board.clone());
        let draft = self.draft(board).ok_or_else(unknown_board)?;
        if !known {
            return Err(Refusal::UnknownPlayer(id));
        }
        let settings = &draft.board.settings;
        let old = draft.key(id, slot);
        let previous = old.map(|key| key.score(settings.order));
        let boards::Judged { score, applied } = settings.judge(previous, submission)?;
        Ok(Judged {
            board: draft.board.number,
            slot,
            hidden: slot.is_some_and(|slot| draft.board.hidden.contains(&slot)),
            old,
            previous,
            score,
            applied,
        })
    }

    /// Changes the entry as judged. The key that it has then; `None` where the board is full of better
    /// ones.
    fn enter(&mut self, judged: &Judged, id: PlayerId, details: Details) -> Option<RankKey> {
        if !judged.applied {
            return judged.old;
        }
        let draft = self.drafts.get_mut(&judged.board)?;
        let reached = self.position.next_sequence;
        let moved = RankKey::new(draft.board.settings.order, judged.score, reached);
        // An unchanged score keeps its place among its ties.
        let key = judged
            .old
            .filter(|_| judged.previous == Some(judged.score))
            .unwrap_or(moved);
        let max_entries = draft.board.settings.max_entries;
        let newcomer = judged.old.is_none() && !judged.hidden;
        let full = newcomer && max_entries.is_some_and(|max| draft.total() >= max);
        let last = full.then(|| draft.last(&self.state.players)).flatten();
        if full && last.is_none_or(|(last, _)| key > last) {
            return None;
        }
        draft.set(id, judged.old, Some(key), judged.hidden);
        self.position.next_sequence += u64::from(key == moved);
        self.position.entries += u64::from(judged.old.is_none());
        self.put_entry(judged, id, key, details);
        if let Some((key, id)) = last {
            self.drop_entry(judged.board, id, key);
        }
        Some(key)
    }

    fn put_entry(&mut self, judged: &Judged, id: PlayerId, key: RankKey, details: Details) {
        let Some(draft) = self.drafts.get(&judged.board) else {
            return;
        };
        let season = draft.board.season.season;
        let entry = StoredEntry {
            score: judged.score,
            reached: key.reached(),
            details,
        };
        let place = codec::entry_key(judged.board, season, id);
        let write = Write::put(Table::Entries, &place, &codec::entry(&entry));
        self.write(Written::Entry(judged.board, id), write);
        self.effects.push(Effect::SetEntry {
            board: judged.board,
            player: id,
            slot: judged.slot,
            key,
            details: entry.details,
        });
    }

    /// Removes the ranked entry of a board's present season.
    pub(super) fn drop_entry(&mut self, board: BoardNumber, id: PlayerId, key: RankKey) {
        let Some(draft) = self.drafts.get_mut(&board) else {
            return;
        };
        draft.set(id, Some(key), None, false);
        let place = codec::entry_key(board, draft.board.season.season, id);
        self.position.entries -= 1;
        self.write(
            Written::Entry(board, id),
            Write::remove(Table::Entries, &place),
        );
        self.effects.push(Effect::RemoveEntry { board, player: id });
    }
}
