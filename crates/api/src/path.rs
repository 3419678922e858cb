//! Names in paths: read into values that cannot be wrong, all faults at once.

use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use boards::{BoardId, Invalid, PlayerId};
use matchmaking::{BackfillId, MatchId, QueueId, TicketId};
use utoipa::IntoParams;

use crate::problem::{Code, Fault, Problem};
use crate::verbs::{is_verb, not_allowed};

/// The path of a board.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct BoardPath {
    /// The board's name.
    #[param(value_type = String, pattern = "^[a-z0-9][a-z0-9_-]{0,63}$", example = "weekly")]
    pub(crate) board: BoardId,
}

/// The path of a player.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct PlayerPath {
    /// The player's id.
    #[param(value_type = String, format = Uuid, example = "e4cdb120-28fc-4285-a78d-eb48660b7730")]
    pub(crate) player: PlayerId,
}

/// The path of a player's entry on a board.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct EntryPath {
    /// The board's name.
    #[param(value_type = String, pattern = "^[a-z0-9][a-z0-9_-]{0,63}$", example = "weekly")]
    pub(crate) board: BoardId,
    /// The player's id.
    #[param(value_type = String, format = Uuid, example = "e4cdb120-28fc-4285-a78d-eb48660b7730")]
    pub(crate) player: PlayerId,
}

/// The path of a queue.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct QueuePath {
    /// The queue's name.
    #[param(value_type = String, pattern = "^[a-z0-9][a-z0-9_-]{0,63}$", example = "ranked-5v5")]
    pub(crate) queue: QueueId,
}

/// The path of a ticket.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct TicketPath {
    /// The queue's name.
    #[param(value_type = String, pattern = "^[a-z0-9][a-z0-9_-]{0,63}$", example = "ranked-5v5")]
    pub(crate) queue: QueueId,
    /// The ticket's name.
    #[param(value_type = String, pattern = "^[A-Za-z0-9_.-]{1,64}$", example = "t1")]
    pub(crate) ticket: TicketId,
}

/// The path of a backfill.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct BackfillPath {
    /// The queue's name.
    #[param(value_type = String, pattern = "^[a-z0-9][a-z0-9_-]{0,63}$", example = "ranked-5v5")]
    pub(crate) queue: QueueId,
    /// The backfill's name.
    #[param(value_type = String, pattern = "^[A-Za-z0-9_.-]{1,64}$", example = "b1")]
    pub(crate) backfill: BackfillId,
}

/// The path of a match.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct MatchPath {
    /// The match's id.
    #[param(rename = "match", value_type = String, format = Uuid, example = "0d6f9b1e-5f3a-4c56-9a57-6f0e5d0c8a11")]
    pub(crate) id: MatchId,
}

impl MatchPath {
    /// The match of this text.
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        let id = MatchId::parse(text);
        id.map(|id| MatchPath { id })
            .map_err(|invalid| Problem::parameter("match", invalid.reason()))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for BoardPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let mut names = Names::of(parts, state).await?;
        let board = names.read("board", BoardId::parse);
        names.all_well(board.map(|board| BoardPath { board }))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for PlayerPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let mut names = Names::of(parts, state).await?;
        let player = names.read("player", PlayerId::parse);
        names.all_well(player.map(|player| PlayerPath { player }))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for EntryPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let mut names = Names::of(parts, state).await?;
        let board = names.read("board", BoardId::parse);
        let player = names.read("player", PlayerId::parse);
        let path = board
            .zip(player)
            .map(|(board, player)| EntryPath { board, player });
        names.all_well(path)
    }
}

impl QueuePath {
    /// The queue of this text.
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        let queue = QueueId::parse(text);
        queue
            .map(|queue| QueuePath { queue })
            .map_err(|invalid| Problem::parameter("queue", invalid.reason()))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for QueuePath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        if is_verb(parts.uri.path()) {
            return Err(not_allowed(&parts.method, parts.uri.path()));
        }
        let mut names = Names::of(parts, state).await?;
        let queue = names.read("queue", QueueId::parse);
        names.all_well(queue.map(|queue| QueuePath { queue }))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for TicketPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let mut names = Names::of(parts, state).await?;
        let queue = names.read("queue", QueueId::parse);
        let ticket = names.read("ticket", TicketId::parse);
        let path = queue
            .zip(ticket)
            .map(|(queue, ticket)| TicketPath { queue, ticket });
        names.all_well(path)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for BackfillPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let mut names = Names::of(parts, state).await?;
        let queue = names.read("queue", QueueId::parse);
        let backfill = names.read("backfill", BackfillId::parse);
        let path = queue
            .zip(backfill)
            .map(|(queue, backfill)| BackfillPath { queue, backfill });
        names.all_well(path)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for MatchPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let FirstName(text) = FirstName::from_request_parts(parts, state).await?;
        MatchPath::parse(&text)
    }
}

/// The first name in a path, as text.
pub(crate) struct FirstName(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for FirstName {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let names = Names::of(parts, state).await?;
        let first = names.params.iter().next();
        Ok(FirstName(first.map_or("", |(_, text)| text).to_owned()))
    }
}

/// The names in a path, and what is wrong with them.
struct Names {
    params: RawPathParams,
    faults: Vec<Fault>,
}

impl Names {
    async fn of<S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, state).await;
        Ok(Names {
            params: params.map_err(not_text)?,
            faults: Vec::new(),
        })
    }

    fn read<T>(&mut self, name: &str, parse: impl Fn(&str) -> Result<T, Invalid>) -> Option<T> {
        let text = self.params.iter().find(|(n, _)| *n == name);
        match parse(text.map_or("", |(_, text)| text)) {
            Ok(value) => Some(value),
            Err(invalid) => {
                self.faults.push(Fault::parameter(name, invalid.reason()));
                None
            }
        }
    }

    fn all_well<T>(self, path: Option<T>) -> Result<T, Problem> {
        path.ok_or_else(|| Problem::faults(Code::InvalidRequest, self.faults))
    }
}

fn not_text(rejection: RawPathParamsRejection) -> Problem {
    Problem::new(Code::InvalidRequest, rejection.body_text())
}
