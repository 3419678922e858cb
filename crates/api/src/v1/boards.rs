//! `/v1/boards`: boards made, changed, listed, deleted.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use boards::{
    Attribute, Authority, BoardId, BoardInfo, BoardSettings, Change, Operator, Order, RankMode,
    Score, SeasonId,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::reset::{NewReset, Reset};
use super::words;
use crate::body::JsonObject;
use crate::openapi::{BoardErrors, DeleteBoardErrors, PutBoardErrors, ReadErrors};
use crate::path::BoardPath;
use crate::problem::{Code, Fault, Problem};
use crate::query::{BoardsQuery, Query};
use crate::state::{Api, created};
use crate::time::Time;
use fields::{Fields, FromFields};

const MAX_SEGMENTS: usize = 8;
const MAX_KEPT_SEASONS: u64 = 100;
const MAX_ENTRIES: u64 = 1_000_000_000;

/// The settings of a board. What is left out has its default, also where the board had another value:
/// `desc`, `best` (of the board `global`: `sum`), `ordinal` and `server` where there is a choice of words.
#[derive(ToSchema)]
#[schema(as = BoardSettings)]
#[allow(
    dead_code,
    reason = "describes the body, which is read as the domain's own type"
)]
pub(crate) struct Settings {
    #[schema(value_type = Option<words::Order>, inline, required = false)]
    order: Order,
    #[schema(value_type = Option<words::Operator>, inline, required = false)]
    operator: Operator,
    #[schema(value_type = Option<words::RankMode>, inline, required = false)]
    rank_mode: RankMode,
    /// Attributes by which the board is ranked in parts as well. Those of the board `global` have to have
    /// `country`.
    #[schema(value_type = Option<Vec<String>>, required = false, max_items = 8, default = json!(["country"]), example = json!(["country", "league"]))]
    segments: Vec<Attribute>,
    /// When the board begins a new season by itself; only when it is told to, if missing. One that is set or changed
    /// counts from then on.
    reset: Option<Reset>,
    /// Seasons of the past that are kept.
    #[schema(value_type = Option<u32>, required = false, minimum = 0, maximum = 100, default = 4, example = 4)]
    keep_seasons: u32,
    /// Entries at the most; the last give way. No limit, if missing.
    #[schema(minimum = 1, maximum = 1_000_000_000, example = 100_000)]
    max_entries: Option<u64>,
    /// The lowest score that an entry may get.
    #[schema(value_type = Option<f64>, example = 0)]
    min_score: Option<Score>,
    /// The highest score that an entry may get.
    #[schema(value_type = Option<f64>, example = 1_000_000)]
    max_score: Option<Score>,
    #[schema(value_type = Option<words::Authority>, inline, required = false)]
    authority: Authority,
}

/// The same, as they are read.
pub(crate) struct NewSettings {
    settings: BoardSettings,
    /// What is sent: the default is not the same for all boards.
    operator: Option<Operator>,
}

impl NewSettings {
    /// For this board. The classic paths are about `global`: its points add up where nothing else is said, and
    /// it is always ranked by country.
    fn of(self, board: &BoardId) -> Result<BoardSettings, Problem> {
        let NewSettings { settings, operator } = self;
        let default = if *board == BoardId::global() {
            require_country(&settings.segments)?;
            BoardSettings::global()
        } else {
            BoardSettings::default()
        };
        Ok(BoardSettings {
            operator: operator.unwrap_or(default.operator),
            ..settings
        })
    }
}

fn require_country(segments: &[Attribute]) -> Result<(), Problem> {
    if segments.contains(&Attribute::Country) {
        return Ok(());
    }
    let detail = "must have country on the board global, for /leaderboard/{country}";
    let fault = Fault::at("/segments".to_owned(), detail);
    Err(Problem::faults(Code::InvalidRequest, vec![fault]))
}

impl FromFields for NewSettings {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let default = BoardSettings::default();
        let order = fields.optional("order");
        let operator = fields.optional("operator");
        let rank_mode = fields.optional("rank_mode");
        let segments = segments(fields);
        let reset = fields.optional_object::<NewReset>("reset");
        let keep_seasons = fields.whole("keep_seasons", 0..=MAX_KEPT_SEASONS);
        let max_entries = fields.whole("max_entries", 1..=MAX_ENTRIES);
        let bounds = bounds(fields);
        let authority = fields.optional("authority");
        let (min_score, max_score) = bounds?;
        let operator = operator?;
        let settings = BoardSettings {
            order: order?.unwrap_or(default.order),
            rank_mode: rank_mode?.unwrap_or(default.rank_mode),
            segments: segments?.unwrap_or(default.segments),
            reset: reset?.map(|NewReset(schedule)| schedule),
            keep_seasons: keep_seasons?.map_or(default.keep_seasons, |n| n as u32),
            max_entries: max_entries?,
            min_score,
            max_score,
            authority: authority?.unwrap_or(default.authority),
            ..default
        };
        Some(NewSettings { settings, operator })
    }
}

fn segments(fields: &mut Fields<'_>) -> Option<Option<Vec<Attribute>>> {
    let segments = fields.optional_list::<Attribute>("segments")?;
    let Some(names) = &segments else {
        return Some(None);
    };
    if names.len() > MAX_SEGMENTS {
        fields.fault("segments", "must have at most 8 items");
        return None;
    }
    let again = (0..names.len()).filter(|n| names[..*n].contains(&names[*n]));
    let again: Vec<usize> = again.collect();
    for place in &again {
        fields.fault(&format!("segments/{place}"), "must not be repeated");
    }
    again.is_empty().then_some(segments)
}

fn bounds(fields: &mut Fields<'_>) -> Option<(Option<Score>, Option<Score>)> {
    let min: Option<Option<Score>> = fields.optional("min_score");
    let max: Option<Option<Score>> = fields.optional("max_score");
    let (min, max) = (min?, max?);
    if min.zip(max).is_some_and(|(min, max)| min > max) {
        fields.fault("max_score", "must not be less than min_score");
        return None;
    }
    Some((min, max))
}

/// A board.
#[derive(Serialize, ToSchema)]
pub(crate) struct Board {
    #[schema(value_type = String, example = "weekly")]
    board: BoardId,
    #[schema(value_type = words::Order, inline)]
    order: Order,
    #[schema(value_type = words::Operator, inline)]
    operator: Operator,
    #[schema(value_type = words::RankMode, inline)]
    rank_mode: RankMode,
    /// Attributes by which the board is ranked in parts as well.
    #[schema(value_type = Vec<String>, example = json!(["country", "league"]))]
    segments: Vec<Attribute>,
    /// When the board begins a new season by itself.
    #[schema(required = true)]
    reset: Option<Reset>,
    /// Seasons of the past that are kept.
    #[schema(example = 4)]
    keep_seasons: u32,
    /// Entries at the most; the last give way.
    #[schema(required = true, example = 100_000)]
    max_entries: Option<u64>,
    /// The lowest score that an entry may get.
    #[schema(value_type = Option<f64>, required = true, example = 0)]
    min_score: Option<Score>,
    /// The highest score that an entry may get.
    #[schema(value_type = Option<f64>, required = true, example = 1_000_000)]
    max_score: Option<Score>,
    #[schema(value_type = words::Authority, inline)]
    authority: Authority,
    /// The present season.
    #[schema(value_type = u32, example = 3)]
    season: SeasonId,
    #[schema(value_type = String, format = DateTime, example = "2024-05-01T12:00:00Z")]
    season_started_at: Time,
    /// Ranked entries of the present season.
    #[schema(example = 1000)]
    total: u64,
}

impl From<BoardInfo> for Board {
    fn from(info: BoardInfo) -> Self {
        let settings = info.settings;
        Board {
            board: info.id,
            order: settings.order,
            operator: settings.operator,
            rank_mode: settings.rank_mode,
            segments: settings.segments,
            reset: settings.reset.map(Reset::from),
            keep_seasons: settings.keep_seasons,
            max_entries: settings.max_entries,
            min_score: settings.min_score,
            max_score: settings.max_score,
            authority: settings.authority,
            season: info.season.season,
            season_started_at: Time::from_ms(info.season.started_at_ms),
            total: info.total,
        }
    }
}

/// Some boards.
#[derive(Serialize, ToSchema)]
pub(crate) struct Boards {
    /// By name.
    boards: Vec<Board>,
    /// What to send as `after` for those that follow; null after the last.
    #[schema(value_type = Option<String>, required = true, example = "weekly")]
    next: Option<BoardId>,
}

/// Make a board, or change its settings
///
/// What is left out of the settings has its default, also where the board had another value. The order of
/// a board with entries cannot change. The board `global`, which the classic paths are about, has the operator
/// `sum` by default and stays ranked by country.
#[utoipa::path(put, path = "/v1/boards/{board}", tag = "boards", params(BoardPath), request_body = Settings, responses(
    (status = 200, description = "Changed", body = Board),
    (status = 201, description = "Made", body = Board),
    PutBoardErrors,
))]
pub(crate) async fn put_board(
    State(api): State<Api>,
    BoardPath { board }: BoardPath,
    JsonObject(settings): JsonObject<NewSettings>,
) -> Result<(StatusCode, Json<Board>), Problem> {
    let change = Change::PutBoard {
        board: board.clone(),
        settings: settings.of(&board)?,
    };
    let status = match created(&api.change(change, None).await?.changed)? {
        0 => StatusCode::OK,
        _ => StatusCode::CREATED,
    };
    let info = api.boards.board(&board).await?;
    Ok((status, Json(info.into())))
}

/// A board
#[utoipa::path(get, path = "/v1/boards/{board}", tag = "boards", params(BoardPath), responses(
    (status = 200, description = "The board", body = Board),
    BoardErrors,
))]
pub(crate) async fn get_board(
    State(api): State<Api>,
    BoardPath { board }: BoardPath,
) -> Result<Json<Board>, Problem> {
    Ok(Json(api.boards.board(&board).await?.into()))
}

/// Delete a board
///
/// With all its seasons. The board `global` cannot be deleted.
#[utoipa::path(delete, path = "/v1/boards/{board}", tag = "boards", params(BoardPath), responses(
    (status = 204, description = "Deleted"),
    DeleteBoardErrors,
))]
pub(crate) async fn delete_board(
    State(api): State<Api>,
    BoardPath { board }: BoardPath,
) -> Result<StatusCode, Problem> {
    api.change(Change::DeleteBoard(board), None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Boards by name
#[utoipa::path(get, path = "/v1/boards", tag = "boards", params(BoardsQuery), responses(
    (status = 200, description = "The boards", body = Boards),
    ReadErrors,
))]
pub(crate) async fn list_boards(
    State(api): State<Api>,
    Query(BoardsQuery { limit, after }): Query<BoardsQuery>,
) -> Result<Json<Boards>, Problem> {
    // One more than is wanted tells whether there are any.
    let mut infos = api.boards.boards(after.as_ref(), limit + 1).await?;
    let more = infos.len() > limit;
    infos.truncate(limit);
    let next = infos.last().filter(|_| more).map(|info| info.id.clone());
    Ok(Json(Boards {
        boards: infos.into_iter().map(Board::from).collect(),
        next,
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use fields::read_object;

    fn read(body: Value) -> Result<BoardSettings, Vec<String>> {
        let weekly = BoardId::parse("weekly").unwrap();
        let mut faults = Vec::new();
        let read = read_object::<NewSettings>(&body, "", &mut faults);
        read.map(|settings| settings.of(&weekly).unwrap())
            .ok_or_else(|| faults.into_iter().filter_map(|f| f.pointer).collect())
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        assert_eq!(read(json!({})), Ok(BoardSettings::default()));
        let nulls = json!({"order": null, "segments": null, "max_entries": null, "reset": null});
        assert_eq!(read(nulls), Ok(BoardSettings::default()));
    }

    #[test]
    fn settings_come_back_as_they_were_sent() {
        let sent = json!({
            "order": "asc", "operator": "last", "rank_mode": "dense", "segments": ["league", "country"],
            "reset": {"cron": "@daily", "time_zone": "Asia/Kolkata"}, "keep_seasons": 0, "max_entries": 1, "min_score": -2.5, "max_score": -2.5, "authority": "player",
        });
        let settings = read(sent.clone()).unwrap();
        assert_eq!(serde_json::to_value(settings).unwrap(), sent);
    }

    #[test]
    fn whole_numbers_may_have_a_point() {
        let settings = read(json!({"keep_seasons": 2.0, "max_entries": 1e3})).unwrap();
        assert_eq!(
            (settings.keep_seasons, settings.max_entries),
            (2, Some(1000))
        );
        let faults = read(json!({"keep_seasons": 2.5, "max_entries": -1.0})).unwrap_err();
        assert_eq!(faults, ["/keep_seasons", "/max_entries"]);
    }

    #[test]
    fn every_fault_is_listed() {
        let bad = json!({
            "order": "up", "operator": 1, "rank_mode": "", "segments": ["a", "B", "a"], "reset": {"cron": ""},
            "keep_seasons": 101, "max_entries": 0, "min_score": "x", "authority": "all",
        });
        let faults = read(bad).unwrap_err();
        let expected = "/order /operator /rank_mode /segments/1 /reset/cron /keep_seasons /max_entries /min_score /authority";
        assert_eq!(faults.join(" "), expected);
        assert_eq!(
            read(json!({"segments": ["a", "b", "a"]})).unwrap_err(),
            ["/segments/2"]
        );
        let nine: Vec<String> = (0..9).map(|n| format!("a{n}")).collect();
        assert_eq!(read(json!({"segments": nine})).unwrap_err(), ["/segments"]);
        assert_eq!(
            read(json!({"min_score": 1, "max_score": 0})).unwrap_err(),
            ["/max_score"]
        );
    }
}
