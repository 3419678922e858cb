//! Which problems an operation can answer with, for the API document.

use std::collections::BTreeMap;

use utoipa::IntoResponses;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::{ContentBuilder, Ref, RefOr};

use crate::problem::{Code, PROBLEM_JSON, Problem};

type Responses = BTreeMap<String, RefOr<Response>>;

const READ: &[Code] = &[Code::Internal, Code::StoreUnavailable];
const WRITE: &[Code] = &[Code::Internal, Code::Overloaded, Code::StoreUnavailable];
const INPUT: &[Code] = &[Code::InvalidRequest];
const BODY: &[Code] = &[
    Code::MalformedJson,
    Code::InvalidRequest,
    Code::BodyTimeout,
    Code::BodyTooLarge,
    Code::UnsupportedMediaType,
];
const KEY: &[Code] = &[
    Code::InvalidIdempotencyKey,
    Code::IdempotencyKeyInUse,
    Code::IdempotencyKeyReused,
];
const LIST: &[Code] = &[Code::TooManyItems];
const BOARD: &[Code] = &[Code::BoardNotFound];
const PLAYER: &[Code] = &[Code::PlayerNotFound];
const ENTRY: &[Code] = &[Code::PlayerNotFound, Code::EntryNotFound];
const BOUNDS: &[Code] = &[Code::ScoreOutOfBounds];
const REFUSAL: &[Code] = &[
    Code::ScoreOutOfBounds,
    Code::ScoreOverflow,
    Code::BoardNotFound,
    Code::PlayerNotFound,
    Code::ScoreConditionFailed,
];
const VIEW: &[Code] = &[
    Code::InvalidRequest,
    Code::NotASegment,
    Code::BoardNotFound,
    Code::SeasonNotFound,
];
const QUEUE: &[Code] = &[Code::QueueNotFound];
const TICKET: &[Code] = &[Code::QueueNotFound, Code::TicketNotFound];
const MATCH: &[Code] = &[Code::MatchNotFound];
const BACKFILL: &[Code] = &[Code::QueueNotFound, Code::BackfillNotFound];
const UPSTREAM: &[Code] = &[
    Code::InvalidRequest,
    Code::UpstreamNotFound,
    Code::Internal,
    Code::UpstreamBusy,
    Code::UpstreamUnavailable,
];

/// A set of problems for each name.
macro_rules! problems {
    ($($(#[$doc:meta])* $name:ident: $($codes:expr),+;)+) => {$(
        $(#[$doc])*
        pub(crate) struct $name;

        impl IntoResponses for $name {
            fn responses() -> Responses {
                responses(&[$(&$codes[..]),+].concat())
            }
        }
    )+};
}

problems! {
    /// What can fail by a fault of the server alone.
    NoErrors: [Code::Internal];
    /// Changing the log.
    LogErrors: [Code::Internal], BODY;
    /// Reading everything.
    ReadAllErrors: READ;
    /// Reading a list.
    ReadErrors: READ, INPUT;
    /// A profile.
    ProfileErrors: READ, INPUT, ENTRY;
    /// A score on the classic path.
    SubmitErrors: WRITE, BODY, KEY, PLAYER, BOUNDS;
    /// Players on the classic path.
    CreateErrors: WRITE, BODY, KEY, BOUNDS, [Code::PlayerExists];
    /// Random players.
    GenerateErrors: WRITE, BODY, KEY, BOUNDS;
    /// A board.
    BoardErrors: READ, INPUT, BOARD;
    /// A board to be made or changed.
    PutBoardErrors: WRITE, BODY, [Code::OrderIsFixed];
    /// A board to be deleted.
    DeleteBoardErrors: WRITE, INPUT, BOARD, [Code::BoardProtected];
    /// A player.
    PlayerErrors: READ, INPUT, PLAYER;
    /// A player to be made or changed.
    PutPlayerErrors: WRITE, BODY;
    /// A player to be deleted.
    DeletePlayerErrors: WRITE, INPUT, PLAYER;
    /// Many players.
    PutPlayersErrors: WRITE, BODY, KEY, LIST;
    /// A score for a board, or one player's for several, all or none.
    ScoreErrors: WRITE, BODY, KEY, REFUSAL;
    /// The same for several.
    PlayerScoresErrors: WRITE, BODY, KEY, LIST, REFUSAL;
    /// Scores for a board, each for itself.
    BatchErrors: WRITE, BODY, KEY, LIST, BOARD;
    /// A season to be ended.
    RotateErrors: WRITE, BODY, KEY, BOARD;
    /// Some of a board.
    ViewErrors: READ, VIEW;
    /// A page of a board.
    PageErrors: READ, VIEW, [Code::InvalidCursor];
    /// What is about one entry.
    EntryErrors: READ, VIEW, ENTRY;
    /// A board to be watched.
    EventErrors: READ, VIEW, PLAYER;
    /// Some entries by a list.
    LookupErrors: READ, BODY, VIEW, LIST;
    /// An entry to be deleted.
    DeleteEntryErrors: WRITE, INPUT, BOARD, ENTRY;
    /// A player to be hidden or shown.
    HideErrors: WRITE, INPUT, BOARD, PLAYER;
    /// A queue.
    QueueErrors: READ, INPUT, QUEUE;
    /// A queue to be made or changed.
    PutQueueErrors: WRITE, BODY, BOARD;
    /// A queue to be deleted.
    DeleteQueueErrors: WRITE, INPUT, QUEUE;
    /// A ticket.
    TicketErrors: READ, INPUT, TICKET;
    /// A ticket to be made.
    CreateTicketErrors: WRITE, BODY, KEY, QUEUE, PLAYER, [Code::Unmatchable, Code::TicketExists, Code::PlayerWaits];
    /// A ticket to be cancelled.
    CancelTicketErrors: WRITE, INPUT, TICKET, [Code::TicketMatched];
    /// A match.
    MatchReadErrors: READ, INPUT, MATCH;
    /// A match to be accepted or declined.
    AcceptErrors: WRITE, BODY, KEY, MATCH, [Code::NotInMatch, Code::WrongMatchState];
    /// A match to be finished.
    FinishErrors: WRITE, BODY, KEY, MATCH, [Code::BadResult, Code::WrongMatchState, Code::ResultDiffers];
    /// A backfill.
    BackfillErrors: READ, INPUT, BACKFILL;
    /// A backfill to be made.
    CreateBackfillErrors: WRITE, BODY, KEY, QUEUE, MATCH, [Code::BadSeat, Code::NotInMatch, Code::BackfillExists, Code::WrongMatchState];
    /// A backfill to be taken back.
    CancelBackfillErrors: WRITE, INPUT, BACKFILL;
    /// A page of a player's matches.
    HistoryErrors: READ, INPUT, PLAYER, [Code::InvalidCursor];
    /// Matches out of a request.
    MatchErrors: BODY, LIST, [Code::Internal, Code::Overloaded, Code::MatchTimeout];
    /// A simulation of a queue.
    SimulateErrors: READ, BODY, QUEUE, [Code::Overloaded, Code::MatchTimeout];
    /// A call to an upstream.
    UpstreamErrors: UPSTREAM, [Code::UpstreamFailed, Code::UpstreamTimeout];
    /// The same where failures of the upstream are no errors.
    UpstreamAllErrors: UPSTREAM;
    /// What any request can get.
    TooManyRequests: [Code::RateLimited];
    /// Not ready.
    NotReady: [Code::Draining, Code::StoreUnavailable];
}

/// The replies for these codes; codes of one status share a reply, with an example each.
fn responses(codes: &[Code]) -> Responses {
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in codes {
        let of_status = by_status.entry(code.status().as_u16()).or_default();
        if !of_status.contains(code) {
            of_status.push(*code);
        }
    }
    let reply = |(status, codes): (u16, Vec<Code>)| (status.to_string(), RefOr::T(problem(&codes)));
    by_status.into_iter().map(reply).collect()
}

/// The reply for codes of one status.
pub(super) fn problem(codes: &[Code]) -> Response {
    let titles: Vec<&str> = codes.iter().map(|c| c.title()).collect();
    let examples = codes.iter().map(|code| {
        let body = Problem::body(*code, code.example_detail().to_owned(), Vec::new());
        let example = ExampleBuilder::new()
            .summary(code.title())
            .value(serde_json::to_value(body).ok());
        (code.as_str(), example.build())
    });
    let content = ContentBuilder::new()
        .schema(Some(RefOr::Ref(Ref::from_schema_name("Problem"))))
        .examples_from_iter(examples)
        .build();
    ResponseBuilder::new()
        .description(titles.join("; "))
        .content(PROBLEM_JSON, content)
        .build()
}
