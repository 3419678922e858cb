//! What a player's token is good for where that depends on what is asked: the player's own affairs.
//!
//! Callers with a key are not asked here; their scope was enough. What belongs to others is answered like
//! what does not exist, wherever its name was not known to the player anyway.

use access::Caller;
use boards::{Authority, BoardId, Operator, PlayerId};
use matchmaking::{Match, MatchError, NewTicket, TicketView, Who};

use super::By;
use crate::problem::{Code, Problem};
use crate::state::Api;

impl By {
    /// Whether it is a player.
    pub(crate) fn is_player(&self) -> bool {
        self.player().is_some()
    }

    fn player(&self) -> Option<PlayerId> {
        self.0.player()
    }

    /// Something that is this player's.
    pub(crate) fn require_own(&self, player: PlayerId) -> Result<(), Problem> {
        match self.player() {
            Some(own) if own != player => {
                Err(forbidden("a player's token is for that player alone"))
            }
            _ => Ok(()),
        }
    }

    /// A score for this player on a board, maybe by an operator that the request names.
    ///
    /// A player may only do so where the board trusts players, and by the board's own operator: with another
    /// one it could get around what the board is for.
    pub(crate) async fn may_submit(
        &self,
        api: &Api,
        board: &BoardId,
        player: PlayerId,
        operator: Option<Operator>,
    ) -> Result<(), Problem> {
        if self.player().is_none() {
            return Ok(());
        }
        self.require_own(player)?;
        let settings = api.boards.board(board).await?.settings;
        if settings.authority != Authority::Player {
            let detail =
                format!("the board {board} takes no scores from players: its authority is server");
            return Err(forbidden(detail));
        }
        if operator.is_some_and(|operator| operator != settings.operator) {
            let detail = "a player's token does not choose another operator than the board's";
            return Err(forbidden(detail));
        }
        Ok(())
    }

    /// A ticket to be made: of the player alone, and without what the player must not say of itself.
    pub(crate) fn may_make(&self, ticket: &NewTicket) -> Result<(), Problem> {
        let Some(own) = self.player() else {
            return Ok(());
        };
        if ticket.players.iter().any(|player| player.id != own) {
            return Err(forbidden(
                "a player's token makes tickets for that player alone",
            ));
        }
        if ticket.players.iter().any(|player| player.rating.is_some()) {
            return Err(forbidden("a player's token does not choose a rating"));
        }
        if ticket.priority != 0 {
            return Err(forbidden("a player's token does not choose a priority"));
        }
        Ok(())
    }

    /// A ticket that the player is in.
    pub(crate) fn may_see_ticket(&self, view: &TicketView) -> Result<(), Problem> {
        let ticket = &view.ticket.ticket;
        match self.player() {
            Some(own) if ticket.players.iter().all(|player| player.id != own) => {
                Err(MatchError::UnknownTicket(ticket.id.clone()).into())
            }
            _ => Ok(()),
        }
    }

    /// A match that the player is in.
    pub(crate) fn may_see_match(&self, of: &Match) -> Result<(), Problem> {
        let Some(own) = self.player() else {
            return Ok(());
        };
        if of.has_player(own) {
            return Ok(());
        }
        Err(MatchError::UnknownMatch(of.id).into())
    }

    /// An answer to a proposed match, for the player alone.
    pub(crate) async fn may_answer(
        &self,
        api: &Api,
        id: matchmaking::MatchId,
        who: &Who,
    ) -> Result<(), Problem> {
        let Some(own) = self.player() else {
            return Ok(());
        };
        self.may_see_match(&*api.matches.find_match(id).await?)?;
        match who {
            Who::Player(player) if *player == own => Ok(()),
            _ => Err(forbidden(
                "a player's token answers for that player alone: send its player_id",
            )),
        }
    }

    /// What tells callers apart, its kind first, whose requests must not be taken for each other's.
    ///
    /// Keys of one name are one caller, so that a retry counts once although the key has been replaced in
    /// between.
    pub(crate) fn realm(&self) -> Option<(&'static str, &[u8])> {
        match &self.0 {
            Caller::Anonymous => None,
            Caller::Key(key) => Some(("key", key.name.as_bytes())),
            Caller::Player(player) => Some(("player", player.as_bytes())),
        }
    }
}

fn forbidden(detail: impl Into<String>) -> Problem {
    Problem::new(Code::Forbidden, detail)
}
