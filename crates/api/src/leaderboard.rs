//! `GET /leaderboard`, `/leaderboard/{country}`, `/leaderboard/all`: the board `global`, best first.

use axum::Json;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use boards::{
    BoardId, Country, DisplayName, Mark, Page, PageStart, PlayerId, RankedEntry, Score, Segment,
    View,
};
use bytes::Bytes;
use futures_util::stream;
use serde::Serialize;
use utoipa::ToSchema;

use crate::body::stream_of;
use crate::openapi::{ReadAllErrors, ReadErrors};
use crate::path::FirstName;
use crate::problem::Problem;
use crate::query::{PageQuery, Query};
use crate::state::Api;

/// Entries in one piece of a streamed board.
const STREAM_PAGE: usize = 1000;

/// A player's line on the leaderboard.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Line {
    /// Rank among all players, counted from 1.
    #[schema(example = 1)]
    rank: u64,
    #[schema(value_type = f64, example = 5011)]
    points: Score,
    #[schema(value_type = String, example = "ada")]
    display_name: DisplayName,
    /// Two lower-case letters, where the country is known.
    #[schema(value_type = Option<String>, required = true, example = "tr")]
    country: Option<Country>,
    #[schema(value_type = String, format = Uuid, example = "e4cdb120-28fc-4285-a78d-eb48660b7730")]
    user_id: PlayerId,
    /// Rank among the players of the same country, where the leaderboard is of one country.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 1)]
    country_rank: Option<u64>,
}

impl From<RankedEntry> for Line {
    fn from(entry: RankedEntry) -> Self {
        Line {
            // Pages are of ranked entries alone.
            rank: entry.rank.unwrap_or_default(),
            points: entry.score,
            display_name: entry.player.display_name,
            country: entry.player.country,
            user_id: entry.player.id,
            country_rank: entry.segment_rank,
        }
    }
}

fn lines(page: Page) -> Vec<Line> {
    page.entries.into_iter().map(Line::from).collect()
}

/// The leaderboard of all players
#[utoipa::path(get, path = "/leaderboard", tag = "leaderboard", params(PageQuery), responses(
    (status = 200, description = "The players of these ranks, best first", body = Vec<Line>),
    ReadErrors,
))]
pub(crate) async fn leaderboard(
    State(api): State<Api>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Vec<Line>>, Problem> {
    let start = PageStart::Offset(query.offset);
    let view = View::of(BoardId::global());
    let page = api.boards.page(&view, start, query.limit).await?;
    Ok(Json(lines(page)))
}

/// The leaderboard of one country
///
/// `rank` stays the rank among all players; `country_rank` is the rank within the country.
#[utoipa::path(get, path = "/leaderboard/{country}", tag = "leaderboard", params(
    ("country" = String, Path, description = "Two letters, any case", pattern = "^[A-Za-z]{2}$", example = "tr"),
    PageQuery,
), responses(
    (status = 200, description = "The country's players, best first; none: `[]`", body = Vec<Line>),
    ReadErrors,
))]
pub(crate) async fn country_leaderboard(
    State(api): State<Api>,
    FirstName(country): FirstName,
    Query(query): Query<PageQuery>,
) -> Result<Json<Vec<Line>>, Problem> {
    let country = Country::parse(&country);
    let country = country.map_err(|e| Problem::parameter("country", e.reason()))?;
    let view = View {
        segment: Some(Segment::Country(country)),
        ..View::of(BoardId::global())
    };
    let start = PageStart::Offset(query.offset);
    let page = api.boards.page(&view, start, query.limit).await?;
    Ok(Json(lines(page)))
}

/// The whole leaderboard
///
/// One array of any length, streamed. Each run of 1,000 lines is exact at its instant; a player
/// whose points change while the stream runs may be in it at its old place, its new one, or both
/// or neither where the change moved it across the point that the stream had reached.
#[utoipa::path(get, path = "/leaderboard/all", tag = "leaderboard", responses(
    (status = 200, description = "All players, best first", body = Vec<Line>),
    ReadAllErrors,
))]
pub(crate) async fn whole_leaderboard(State(api): State<Api>) -> Result<Response, Problem> {
    let mut view = View::of(BoardId::global());
    let first = api.boards.page(&view, PageStart::Offset(0), STREAM_PAGE);
    let first = first.await?;
    // A season that ends meanwhile is sent to its end.
    view.season = Some(first.season);
    let chunks = stream::unfold(Piece::Page(first, true), move |piece| {
        let (api, view) = (api.clone(), view.clone());
        async move { piece.emit(&api, &view).await }
    });
    let json = [(CONTENT_TYPE, "application/json")];
    Ok((json, stream_of(chunks)).into_response())
}

/// What a streamed board sends next.
enum Piece {
    /// A page that has been read, and whether it is the first.
    Page(Page, bool),
    /// The page from here on.
    From(Mark),
    End,
}

impl Piece {
    async fn emit(self, api: &Api, view: &View) -> Option<(Result<Bytes, Problem>, Piece)> {
        let (page, first) = match self {
            Piece::Page(page, first) => (page, first),
            Piece::From(mark) => {
                let start = PageStart::After(mark);
                match api.boards.page(view, start, STREAM_PAGE).await {
                    Ok(page) => (page, false),
                    Err(error) => return Some((Err(error.into()), Piece::End)),
                }
            }
            Piece::End => return None,
        };
        let next = page.next.map_or(Piece::End, Piece::From);
        let last = matches!(next, Piece::End);
        Some((Ok(array_part(lines(page), first, last)), next))
    }
}

/// Some lines as a part of one JSON array.
fn array_part(lines: Vec<Line>, first: bool, last: bool) -> Bytes {
    let mut json = serde_json::to_vec(&lines).unwrap_or_default();
    if !first {
        json[0] = b',';
    }
    if !last {
        json.pop();
    } else if !first && lines.is_empty() {
        // Everything after the last piece has gone in the meantime.
        json = b"]".to_vec();
    }
    Bytes::from(json)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(rank: u64) -> Line {
        Line {
            rank,
            points: Score::ZERO,
            display_name: DisplayName::parse("x").unwrap(),
            country: None,
            user_id: PlayerId::from_bytes([0; 16]),
            country_rank: None,
        }
    }

    #[test]
    fn parts_make_one_array_however_it_is_cut() {
        for cut in [vec![0], vec![2], vec![2, 1], vec![2, 2, 0], vec![1, 1, 1]] {
            let mut json = Vec::new();
            let mut rank = 0;
            for (n, size) in cut.iter().enumerate() {
                let lines = (0..*size).map(|i| line(rank + i + 1)).collect();
                rank += size;
                json.extend(array_part(lines, n == 0, n + 1 == cut.len()));
            }
            let array: Vec<serde_json::Value> = serde_json::from_slice(&json).unwrap();
            assert_eq!(array.len() as u64, rank, "{cut:?}");
        }
    }
}
