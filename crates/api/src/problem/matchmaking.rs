//! Which error of a store of queues is which problem.

use fields::Fault;
use matchmaking::{MatchError, QueueChanged};

use super::{Code, Problem};

/// Players that are missing, each at its place.
const NOBODY: &str = "belongs to no player";

impl From<MatchError> for Problem {
    fn from(error: MatchError) -> Self {
        let code = code_of(&error);
        match error {
            MatchError::Store(error) => error.into(),
            MatchError::UnknownPlayers(ref places) => {
                let fault = |at: &usize| player(*at, NOBODY.to_owned());
                let faults = places.iter().map(fault).collect();
                Problem::faults(code, faults)
            }
            MatchError::PlayerWaits { at, .. } => pointed(code, player(at, error.to_string())),
            MatchError::UnknownBoard { at, .. } => {
                let pointer = format!("/boards/{at}/board");
                pointed(code, Fault::at(pointer, error.to_string()))
            }
            MatchError::BadSeat { at, reason } => {
                Problem::faults(code, vec![Fault::at(format!("/seats/{at}"), reason)])
            }
            error => Problem::new(code, error.to_string()),
        }
    }
}

fn player(at: usize, detail: String) -> Fault {
    Fault::at(format!("/players/{at}/player_id"), detail)
}

/// A problem that says it all, with the place that it is about.
fn pointed(code: Code, fault: Fault) -> Problem {
    Problem {
        faults: vec![fault.clone()],
        ..Problem::new(code, fault.detail)
    }
}

fn code_of(error: &MatchError) -> Code {
    match error {
        MatchError::UnknownQueue(_) => Code::QueueNotFound,
        MatchError::UnknownTicket(_) => Code::TicketNotFound,
        MatchError::UnknownMatch(_) => Code::MatchNotFound,
        MatchError::UnknownBackfill(_) => Code::BackfillNotFound,
        MatchError::UnknownPlayers(_) => Code::PlayerNotFound,
        MatchError::UnknownBoard { .. } => Code::BoardNotFound,
        MatchError::TicketExists(_) => Code::TicketExists,
        MatchError::BackfillExists(_) => Code::BackfillExists,
        MatchError::PlayerWaits { .. } => Code::PlayerWaits,
        MatchError::Unmatchable(_) => Code::Unmatchable,
        MatchError::TicketMatched(_) => Code::TicketMatched,
        MatchError::WrongState(_) => Code::WrongMatchState,
        MatchError::NotInMatch(_) => Code::NotInMatch,
        MatchError::ResultDiffers => Code::ResultDiffers,
        MatchError::BadResult(_) => Code::BadResult,
        MatchError::BadSeat { .. } => Code::BadSeat,
        MatchError::NotLeader(_) => Code::StoreUnavailable,
        MatchError::Store(error) => super::code_of(error),
    }
}

impl Problem {
    /// A store of queues answered with what does not belong to the question.
    pub(crate) fn unexpected_of_queue(changed: &QueueChanged) -> Self {
        Problem::answered(format!("{changed:?}"))
    }
}
