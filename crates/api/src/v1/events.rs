//! `…/events`: the top of a board and one player's place, told to those who watch whenever they change.
//!
//! Nobody writes to watchers. Each looks at the board's version a few times a second, and at the board
//! where that has changed, at the moment when its connection has room. So a slow reader misses states in
//! between and costs a writer nothing, nothing is kept for it, and there is no list of watchers.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName};
use axum::response::sse::{Event, KeepAlive, Sse};
use boards::{PageStart, PlayerId, SeasonId, Segment, StoreError, View};
use futures_util::stream::{self, Stream};
use serde::Serialize;
use tokio::time::{Instant, sleep_until};
use utoipa::{IntoParams, ToSchema};

use super::entry::{Entry, EntryStanding};
use crate::openapi::EventErrors;
use crate::path::BoardPath;
use crate::problem::{Fault, Problem};
use crate::query::{FromQuery, Query, parsed, whole};
use crate::state::Api;
use crate::stay::Stay;

pub(crate) const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const DEFAULT_TOP: u64 = 10;
const MAX_TOP: u64 = 100;
/// Between two events, and between two looks at the board's version.
const PAUSE: Duration = Duration::from_millis(200);
/// A comment goes out after so long without an event, so that nobody on the way takes the connection
/// for dead.
pub(super) const SIGN_OF_LIFE: Duration = Duration::from_secs(15);
/// What clients are told to wait before they connect again.
pub(super) const RETRY: Duration = Duration::from_secs(1);

/// What is watched.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventsQuery {
    /// Entries from the top.
    #[param(value_type = u64, minimum = 1, maximum = 100, default = 10, required = false)]
    top: usize,
    /// A player whose place is told as well.
    #[param(value_type = String, format = Uuid, required = false)]
    player: Option<PlayerId>,
    /// An attribute that the board is ranked by and its value; the whole board, if missing.
    #[param(value_type = String, example = "country:tr", required = false)]
    segment: Option<Segment>,
}

impl FromQuery for EventsQuery {
    fn from_query(query: &str, faults: &mut Vec<Fault>) -> Self {
        EventsQuery {
            top: whole(query, "top", 1..=MAX_TOP, DEFAULT_TOP, faults) as usize,
            player: parsed(query, "player", PlayerId::parse, faults),
            segment: parsed(query, "segment", Segment::parse, faults),
        }
    }
}

/// The data of an event.
#[derive(Serialize, ToSchema)]
pub(crate) struct BoardState {
    /// The present season.
    #[schema(value_type = u32, example = 3)]
    season: SeasonId,
    /// Ranked entries of the board or segment.
    #[schema(example = 1000)]
    total: u64,
    /// The first of them, best first.
    top: Vec<Entry>,
    /// The player's entry; null where none is watched, or it has none.
    #[schema(required = true)]
    player: Option<EntryStanding>,
}

/// Watch a board
///
/// Server-sent events named `board`: one at once, then one whenever the top or the player's entry has
/// changed, at most 5 a second; changes in between are told by the next. `last-event-id` says what the
/// client has seen: what has not changed since is not told again. The stream ends when the board is deleted
/// and when the server stops; one that begins while it stops, after a second.
#[utoipa::path(get, path = "/v1/boards/{board}/events", tag = "entries", params(
    BoardPath, EventsQuery,
    ("last-event-id" = Option<String>, Header, description = "The id of the last event that was seen"),
), responses(
    (status = 200, description = "Events without end; `data` is a BoardState", content_type = "text/event-stream", body = String,
        example = json!("event: board\nid: 3-17\ndata: {\"season\":3,\"total\":0,\"top\":[],\"player\":null}\n\n")),
    EventErrors,
))]
pub(crate) async fn board_events(
    State(api): State<Api>,
    BoardPath { board }: BoardPath,
    Query(query): Query<EventsQuery>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    if let Some(player) = query.player {
        api.boards.player(player).await?;
    }
    let seen = headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok());
    let watcher = Watcher {
        view: View {
            segment: query.segment,
            ..View::of(board)
        },
        stay: api.stay(),
        api,
        top: query.top,
        player: query.player,
        seen: seen.map(str::to_owned),
        version: None,
        told: String::new(),
        next_look: Instant::now(),
    };
    // What is wrong with the request is told before the stream begins.
    watcher.state().await?;
    let alive = KeepAlive::new().interval(SIGN_OF_LIFE);
    Ok(Sse::new(stream::unfold(watcher, Watcher::next)).keep_alive(alive))
}

struct Watcher {
    api: Api,
    stay: Stay,
    view: View,
    top: usize,
    player: Option<PlayerId>,
    /// What the client says that it has seen, until that has been looked at.
    seen: Option<String>,
    /// The board's version at the last look.
    version: Option<u64>,
    /// The data of the last event.
    told: String,
    next_look: Instant,
}

impl Watcher {
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        loop {
            sleep_until(self.next_look).await;
            self.next_look = Instant::now() + PAUSE;
            // Streams have no end of their own that a stop could wait for. But each has its first event.
            if self.version.is_some() && self.stay.is_over() {
                return None;
            }
            if let Some(event) = self.look().await.ok()? {
                return Some((Ok(event), self));
            }
        }
    }

    /// An event, if there is something to tell.
    async fn look(&mut self) -> Result<Option<Event>, StoreError> {
        let version = self.api.boards.version(&self.view.board).await?;
        if self.version.replace(version) == Some(version) {
            return Ok(None);
        }
        let state = self.state().await?;
        let id = format!("{}-{version}", state.season.0);
        // Plain data with text keys always has a JSON form.
        let data = serde_json::to_string(&state).unwrap_or_default();
        let known = data == self.told || self.seen.take().is_some_and(|seen| seen == id);
        self.told = data;
        Ok((!known).then(|| {
            let event = Event::default().event("board").id(id).retry(RETRY);
            event.data(&self.told)
        }))
    }

    async fn state(&self) -> Result<BoardState, StoreError> {
        let store = &self.api.boards;
        let page = store
            .page(&self.view, PageStart::Offset(0), self.top)
            .await?;
        Ok(BoardState {
            season: page.season,
            total: page.total,
            top: page.entries.into_iter().map(Entry::from).collect(),
            player: self.standing().await?,
        })
    }

    async fn standing(&self) -> Result<Option<EntryStanding>, StoreError> {
        let Some(player) = self.player else {
            return Ok(None);
        };
        match self.api.boards.entry(&self.view, player).await {
            Ok(standing) => Ok(Some(standing.into())),
            // It may come, or come back.
            Err(StoreError::NoEntry(_) | StoreError::UnknownPlayer(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
