//! Players: created with an entry, or put.

use boards::{
    BoardId, Changed, Details, NewPlayer, Player, Refusal, Score, StoreError, Submission,
};
use hashbrown::HashSet;

use super::{Stage, Written};
use crate::codec;
use crate::effect::Effect;
use crate::engine::{Table, Write};

impl Stage<'_> {
    pub(super) fn create_players(
        &mut self,
        board: &BoardId,
        players: Vec<NewPlayer>,
    ) -> Result<Changed, StoreError> {
        let settings = &self.state.board(board)?.settings;
        self.refuse_duplicates(&players)?;
        let out = players.iter().position(|p| !settings.allows(p.score));
        if let Some(at) = out {
            let refusal = Refusal::ScoreOutOfBounds(players[at].score);
            return Err(StoreError::Refused { at, refusal });
        }
        let mut ranks = Vec::with_capacity(players.len());
        for NewPlayer { player, score } in players {
            let id = player.id;
            self.put_player(player);
            let entry = self.submit(board, first(id, score));
            ranks.push(entry.ok().and_then(|outcome| outcome.rank));
        }
        Ok(Changed::Created(ranks))
    }

    fn refuse_duplicates(&self, players: &[NewPlayer]) -> Result<(), StoreError> {
        let mut seen = HashSet::with_capacity(players.len());
        let ids = players.iter().map(|new| new.player.id).enumerate();
        let repeated = ids.filter(|(_, id)| !seen.insert(*id) || self.knows(*id));
        let duplicates: Vec<_> = repeated.map(|(place, _)| place).collect();
        if duplicates.is_empty() {
            Ok(())
        } else {
            Err(StoreError::Duplicate(duplicates))
        }
    }

    pub(super) fn put_players(&mut self, players: Vec<Player>) -> Changed {
        let created = players.into_iter().map(|p| u64::from(self.put_player(p)));
        Changed::Put {
            created: created.sum(),
        }
    }

    /// Whether the player is new.
    fn put_player(&mut self, player: Player) -> bool {
        let new = !self.knows(player.id);
        if new {
            self.created.insert(player.id);
            self.position.players += 1;
        }
        let record = codec::player(&player);
        self.write(
            Written::Player(player.id),
            Write::put(Table::Players, player.id.as_bytes(), &record),
        );
        self.effects.push(Effect::PutPlayer(player));
        new
    }
}

/// The submission that makes the entry of a player who is made with it.
fn first(player: boards::PlayerId, score: Score) -> Submission {
    Submission {
        details: Details::default(),
        ..Submission::new(player, score)
    }
}
