//! `…/entries`: what stands on a board, page by page, around a player or a score, or player by player;
//! and entries deleted, hidden, shown again.

use std::collections::HashSet;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use boards::{Change, Page, PageStart, PlayerId, SeasonId, Segment, View};
use serde_json::Value;
use utoipa::ToSchema;

use super::entry::{Entries, EntrySet, EntryStanding};
use super::queries::{AroundQuery, EntriesQuery, ScoreQuery, ViewQuery};
use crate::body::JsonList;
use crate::openapi::{
    DeleteEntryErrors, EntryErrors, HideErrors, LookupErrors, PageErrors, ViewErrors,
};
use crate::path::{BoardPath, EntryPath};
use crate::problem::{Fault, Problem};
use crate::query::Query;
use crate::state::Api;
use fields::{Fields, FromFields, FromValue, ListBody};

/// A page of a board
///
/// Best first. Ranks are exact on every page, also where scores change between one page and the next.
#[utoipa::path(get, path = "/v1/boards/{board}/entries", tag = "entries", params(BoardPath, EntriesQuery, ViewQuery), responses(
    (status = 200, description = "The entries", body = Entries),
    PageErrors,
))]
pub(crate) async fn list_entries(
    State(api): State<Api>,
    BoardPath { board }: BoardPath,
    Query((view, query)): Query<(ViewQuery, EntriesQuery)>,
) -> Result<Json<Entries>, Problem> {
    let view = view.of(board);
    let start = match query.cursor {
        Some(cursor) => after(&api, &cursor, &view).await?,
        None => PageStart::Offset(0),
    };
    let page = api.boards.page(&view, start, query.limit).await?;
    entries(&api, page, &view).await
}

/// Where a cursor says that the page begins.
async fn after(api: &Api, cursor: &str, view: &View) -> Result<PageStart, Problem> {
    let mark = api.cursors().await?.read(cursor, view.segment.as_ref());
    let of_season = |season: &SeasonId| view.season.is_none_or(|asked| asked == *season);
    mark.filter(|mark| of_season(&mark.season))
        .map(PageStart::After)
        .ok_or_else(Problem::invalid_cursor)
}

async fn entries(api: &Api, page: Page, view: &View) -> Result<Json<Entries>, Problem> {
    let cursors = api.cursors().await?;
    Ok(Json(Entries::new(page, view.segment.as_ref(), cursors)))
}

/// A player's entry
#[utoipa::path(get, path = "/v1/boards/{board}/entries/{player}", tag = "entries", params(EntryPath, ViewQuery), responses(
    (status = 200, description = "The entry", body = EntryStanding),
    EntryErrors,
))]
pub(crate) async fn get_entry(
    State(api): State<Api>,
    EntryPath { board, player }: EntryPath,
    Query(view): Query<ViewQuery>,
) -> Result<Json<EntryStanding>, Problem> {
    Ok(Json(
        api.boards.entry(&view.of(board), player).await?.into(),
    ))
}

/// The entries around a player's
///
/// At the ends of the board as many as elsewhere, where it has them.
#[utoipa::path(get, path = "/v1/boards/{board}/entries/{player}/around", tag = "entries", params(EntryPath, AroundQuery, ViewQuery), responses(
    (status = 200, description = "The entries, best first", body = Entries),
    EntryErrors,
))]
pub(crate) async fn entries_around(
    State(api): State<Api>,
    EntryPath { board, player }: EntryPath,
    Query((view, AroundQuery { limit })): Query<(ViewQuery, AroundQuery)>,
) -> Result<Json<Entries>, Problem> {
    let view = view.of(board);
    let page = api.boards.around(&view, player, limit).await?;
    entries(&api, page, &view).await
}

/// The entries around a score
///
/// Around the place that an entry would get that reached this score now. At the ends of the board as many
/// as elsewhere, where it has them.
#[utoipa::path(get, path = "/v1/boards/{board}/entries:around-score", tag = "entries", params(BoardPath, ScoreQuery, AroundQuery, ViewQuery), responses(
    (status = 200, description = "The entries, best first", body = Entries),
    ViewErrors,
))]
pub(crate) async fn entries_around_score(
    State(api): State<Api>,
    BoardPath { board }: BoardPath,
    Query((view, (around, ScoreQuery { score }))): Query<(ViewQuery, (AroundQuery, ScoreQuery))>,
) -> Result<Json<Entries>, Problem> {
    let view = view.of(board);
    let page = api.boards.around_score(&view, score, around.limit).await?;
    entries(&api, page, &view).await
}

/// Players whose entries are wanted.
#[derive(ToSchema)]
pub(crate) struct EntryLookup {
    /// Of a player that is there twice one entry comes.
    #[schema(value_type = Vec<String>, min_items = 1, max_items = 1000, example = json!(["e4cdb120-28fc-4285-a78d-eb48660b7730"]))]
    #[allow(dead_code, reason = "describes the list, which is read apart")]
    player_ids: Vec<PlayerId>,
    /// An attribute that the board is ranked by and its value; the whole board, if missing.
    #[schema(value_type = Option<String>, example = "country:tr")]
    segment: Option<Segment>,
    /// A season; the present one, if missing.
    #[schema(value_type = Option<u32>, minimum = 1, example = 1)]
    season: Option<SeasonId>,
}

impl FromFields for EntryLookup {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let segment = fields.optional("segment");
        let season = fields.whole("season", 1..=u64::from(u32::MAX));
        Some(EntryLookup {
            player_ids: Vec::new(),
            segment: segment?,
            season: season?.map(|n| SeasonId(n as u32)),
        })
    }
}

impl ListBody for EntryLookup {
    type Item = PlayerId;
    const LIST: &'static str = "player_ids";
    const MAX_ITEMS: usize = 1000;

    fn item(value: &Value, pointer: &str, faults: &mut Vec<Fault>) -> Option<PlayerId> {
        let id = PlayerId::from_value(value);
        id.map_err(|reason| faults.push(Fault::at(pointer.to_owned(), reason)))
            .ok()
    }
}

/// The entries of some players
///
/// Each with its rank on the board and its rank among these.
#[utoipa::path(post, path = "/v1/boards/{board}/entries:lookup", tag = "entries", params(BoardPath), request_body = EntryLookup, responses(
    (status = 200, description = "The entries, best first", body = EntrySet),
    LookupErrors,
))]
pub(crate) async fn lookup_entries(
    State(api): State<Api>,
    BoardPath { board }: BoardPath,
    JsonList { head, items }: JsonList<EntryLookup>,
) -> Result<Json<EntrySet>, Problem> {
    let view = View {
        board,
        season: head.season,
        segment: head.segment,
    };
    let mut seen = HashSet::new();
    let different = items.into_iter().filter(|id| seen.insert(*id));
    let players: Vec<PlayerId> = different.collect();
    Ok(Json(api.boards.lookup(&view, &players).await?.into()))
}

/// Delete a player's entry
///
/// From the present season.
#[utoipa::path(delete, path = "/v1/boards/{board}/entries/{player}", tag = "entries", params(EntryPath), responses(
    (status = 204, description = "Deleted"),
    DeleteEntryErrors,
))]
pub(crate) async fn delete_entry(
    State(api): State<Api>,
    EntryPath { board, player }: EntryPath,
) -> Result<StatusCode, Problem> {
    let change = Change::DeleteEntry { board, player };
    api.change(change, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Hide a player
///
/// From the ranks of this board, in all seasons to come and gone. The score is kept, and goes on
/// changing.
#[utoipa::path(put, path = "/v1/boards/{board}/entries/{player}/hidden", tag = "entries", params(EntryPath), responses(
    (status = 204, description = "Hidden"),
    HideErrors,
))]
pub(crate) async fn hide_player(api: State<Api>, path: EntryPath) -> Result<StatusCode, Problem> {
    set_hidden(api, path, true).await
}

/// Show a hidden player again
#[utoipa::path(delete, path = "/v1/boards/{board}/entries/{player}/hidden", tag = "entries", params(EntryPath), responses(
    (status = 204, description = "Not hidden any more"),
    HideErrors,
))]
pub(crate) async fn show_player(api: State<Api>, path: EntryPath) -> Result<StatusCode, Problem> {
    set_hidden(api, path, false).await
}

async fn set_hidden(
    State(api): State<Api>,
    EntryPath { board, player }: EntryPath,
    hidden: bool,
) -> Result<StatusCode, Problem> {
    let change = Change::SetHidden {
        board,
        player,
        hidden,
    };
    api.change(change, None).await?;
    Ok(StatusCode::NO_CONTENT)
}
