//! Players that are created with an entry, all of them or none.

use std::collections::HashSet;

use boards::{BoardId, Changed, NewPlayer, Refusal, StoreError, Submission};

use super::attempt::Attempt;
use super::play::Newcomers;
use crate::board_records as records;
use crate::layout::Layout;
use crate::players;

impl Attempt<'_, '_> {
    pub(super) async fn create_players(
        &mut self,
        board: &BoardId,
        new: &[NewPlayer],
    ) -> Result<Changed, StoreError> {
        let layout = self.layout();
        let first = new.first().map(|new| layout.of_player(new.player.id));
        let room = first.unwrap_or(Layout::CONTROL);
        let players = new.iter().map(|new| records::player(layout, new.player.id));
        let asked = Vec::from_iter(players.chain([records::line(room, board)]));
        let marks = new
            .iter()
            .map(|new| records::doomed_player(layout, new.player.id));
        self.tx.fetch_and_peek(asked, Vec::from_iter(marks)).await?;
        let line = self.line(room, board)?;
        self.refuse_duplicates(new)?;
        if let Some(at) = new.iter().position(|n| !line.settings.allows(n.score)) {
            let refusal = Refusal::ScoreOutOfBounds(new[at].score);
            return Err(StoreError::Refused { at, refusal });
        }
        let entries = new.iter().map(|new| {
            let submission = Submission::new(new.player.id, new.score);
            (board.clone(), submission)
        });
        let newcomers: Newcomers<'_> = new.iter().map(|n| (n.player.id, &n.player)).collect();
        let entries = Vec::from_iter(entries);
        let results = self.play(&entries, &newcomers, false).await?;
        for new in new {
            let record = records::player(layout, new.player.id);
            self.tx.set(record, players::to_bytes(&new.player));
            self.unmark(new.player.id);
        }
        let ranks = results.into_iter().map(|r| r.ok().and_then(|o| o.rank));
        Ok(Changed::Created(ranks.collect()))
    }

    fn refuse_duplicates(&self, new: &[NewPlayer]) -> Result<(), StoreError> {
        let mut seen = HashSet::with_capacity(new.len());
        let known = |id| {
            let record = records::player(self.layout(), id);
            self.tx.known(&record).is_some()
        };
        let ids = new.iter().map(|new| new.player.id).enumerate();
        let repeated = ids.filter(|(_, id)| !seen.insert(*id) || known(*id));
        let duplicates: Vec<usize> = repeated.map(|(at, _)| at).collect();
        if duplicates.is_empty() {
            Ok(())
        } else {
            Err(StoreError::Duplicate(duplicates))
        }
    }
}
