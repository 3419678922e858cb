//! Open seats of a running match, which are filled before new matches are made.

use boards::PlayerId;
use serde::{Deserialize, Serialize};

use crate::error::MatchError;
use crate::names::{MatchId, QueueId, Role, TicketId};
use crate::queue::Match;
use crate::rules::Rules;

/// Which backfill it is; named as tickets are.
pub type BackfillId = TicketId;

/// A request to fill seats of a running match.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NewBackfill {
    /// Its name.
    pub id: BackfillId,
    /// The match.
    pub match_id: MatchId,
    /// Players who have left; their seats are open, with their roles.
    pub left: Vec<PlayerId>,
    /// Seats that are open beside those, up to the largest size of a team, in which erased players do not count.
    pub seats: Vec<OpenSeat>,
}

/// A seat that somebody may take.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenSeat {
    /// The team, by its place.
    pub team: usize,
    /// What the player has to be willing to be; `None`: anything.
    pub role: Option<Role>,
}

/// A request to fill seats, and how far it has come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Backfill {
    /// Which.
    pub id: BackfillId,
    /// The queue.
    pub queue: QueueId,
    /// The match.
    pub match_id: MatchId,
    /// When it was made, in milliseconds since the Unix epoch.
    pub created_at_ms: i64,
    /// Seats that are still open.
    pub open: Vec<OpenSeat>,
    /// Tickets that have taken seats.
    pub filled_by: Vec<TicketId>,
    /// How it stands.
    pub state: BackfillState,
}

impl NewBackfill {
    /// The match once those who leave have left, and erased players who were in the way; and the seats that are to be
    /// opened: of those who leave, and the others. `open` are those of the match that are open already.
    ///
    /// # Errors
    /// [`MatchError::WrongState`] where the match is not being held; [`MatchError::NotInMatch`];
    /// [`MatchError::BadSeat`], also where there is none.
    pub fn seats_of(
        &self,
        of: &Match,
        rules: &Rules,
        open: &[&OpenSeat],
    ) -> Result<(Match, Vec<OpenSeat>), MatchError> {
        let (after, mut seats) = of.leave(&self.left)?;
        let others = open.iter().copied().chain(&seats);
        let after = after.opened(rules, &self.seats, others)?;
        seats.extend(self.seats.iter().cloned());
        if seats.is_empty() {
            let reason = "is missing: a backfill opens one at least";
            return Err(MatchError::BadSeat { at: 0, reason });
        }
        Ok((after, seats))
    }

    /// The backfill that it makes, with these seats.
    pub fn made(&self, queue: QueueId, seats: Vec<OpenSeat>, now_ms: i64) -> Backfill {
        Backfill {
            id: self.id.clone(),
            queue,
            match_id: self.match_id,
            created_at_ms: now_ms,
            open: seats,
            filled_by: Vec::new(),
            state: BackfillState::Open,
        }
    }
}

/// How a backfill stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackfillState {
    /// Seats are open.
    Open,
    /// All are taken.
    Filled,
    /// It was taken back.
    Cancelled,
    /// The match has ended.
    Ended,
}
