//! `POST /user/generate`: players made up at random, for trying out and for load tests.

use axum::extract::State;
use axum::http::StatusCode;
use boards::{Attributes, BoardId, Change, Country, DisplayName, NewPlayer, Player, Score};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::body::JsonObject;
use crate::idempotency::{Guarded, KeyHeader, NewIds, Reply};
use crate::openapi::GenerateErrors;
use crate::problem::{Code, Problem};
use crate::state::Api;
use fields::{Fields, FromFields, FromValue, integer};

const MAX_GENERATED: usize = 1_000_000;
const DEFAULT_MAX_POINTS: f64 = 10_000.0;
const DEFAULT_COUNTRIES: [&str; 12] = [
    "br", "cn", "de", "es", "fr", "gb", "in", "jp", "kr", "mx", "tr", "us",
];

/// Players to be made up.
#[derive(Debug, ToSchema)]
pub(crate) struct Generation {
    #[schema(value_type = u64, minimum = 1, maximum = 1_000_000, example = 1000)]
    count: Count,
    /// Countries to choose from; a dozen large ones, if missing.
    #[schema(value_type = Option<Vec<CountryCode>>, min_items = 1, example = json!(["tr", "us"]))]
    countries: Option<Vec<Country>>,
    /// Points are whole numbers from 0 to this; 10000, if missing.
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 9007199254740991_u64, example = 10_000)]
    max_points: Option<Points>,
}

/// Two letters, any case.
#[derive(ToSchema)]
#[schema(value_type = String, pattern = "^[A-Za-z]{2}$", example = "tr")]
#[allow(dead_code, reason = "describes a country in the API document")]
pub(crate) struct CountryCode(String);

impl FromFields for Generation {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let count = fields.required("count");
        let countries = fields.optional_list::<Country>("countries");
        let max_points = fields.optional("max_points");
        if countries
            .as_ref()
            .is_some_and(|c| c.as_ref().is_some_and(Vec::is_empty))
        {
            fields.fault("countries", "must name a country");
            return None;
        }
        Some(Generation {
            count: count?,
            countries: countries?,
            max_points: max_points?,
        })
    }
}

#[derive(Clone, Copy, Debug)]
struct Count(usize);

impl FromValue for Count {
    fn from_value(value: &Value) -> Result<Self, &'static str> {
        let count = integer(value).and_then(|n| usize::try_from(n).ok());
        count
            .filter(|n| (1..=MAX_GENERATED).contains(n))
            .map(Count)
            .ok_or("must be a whole number from 1 to 1000000")
    }
}

/// A number of points that is not negative and small enough to be exact.
#[derive(Clone, Copy, Debug)]
struct Points(f64);

impl FromValue for Points {
    fn from_value(value: &Value) -> Result<Self, &'static str> {
        let points = value
            .as_f64()
            .filter(|p| (0.0..=9_007_199_254_740_991.0).contains(p));
        points
            .map(Points)
            .ok_or("must be a number from 0 to 9007199254740991")
    }
}

/// How many were made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Generated {
    #[schema(example = 1000)]
    created: usize,
}

/// Make up random players
///
/// For trying out and for load tests: all are created or none.
#[utoipa::path(post, path = "/user/generate", tag = "players", params(KeyHeader), request_body = Generation, responses(
    (status = 201, description = "Created", body = Generated),
    GenerateErrors,
))]
pub(crate) async fn generate_users(
    State(api): State<Api>,
    Guarded { body, guard }: Guarded<JsonObject<Generation>>,
) -> Result<Reply<Generated>, Problem> {
    let (JsonObject(generation), ids) = (body, NewIds::under(guard));
    let random = move || random_players(&generation, ids, &mut fastrand::Rng::new());
    let players = tokio::task::spawn_blocking(random).await;
    let players = players.map_err(|_| Problem::of(Code::Internal))?;
    let created = players.len();
    let change = Change::CreatePlayers {
        board: BoardId::global(),
        players,
    };
    let receipt = api.change(change, guard).await?;
    Ok(Reply {
        status: StatusCode::CREATED,
        replayed: receipt.replayed,
        body: Generated { created },
    })
}

fn random_players(
    generation: &Generation,
    ids: NewIds,
    random: &mut fastrand::Rng,
) -> Vec<NewPlayer> {
    let defaults = || {
        DEFAULT_COUNTRIES
            .iter()
            .filter_map(|c| Country::parse(c).ok())
            .collect()
    };
    let countries = generation.countries.clone().unwrap_or_else(defaults);
    let max_points = generation.max_points.map_or(DEFAULT_MAX_POINTS, |p| p.0) as u64;
    let one = |place| {
        let name = format!("player-{:08x}", random.u32(..));
        let points = random.u64(0..=max_points) as f64;
        Some(NewPlayer {
            player: Player {
                id: ids.at(place),
                display_name: DisplayName::parse(&name).ok()?,
                country: random.choice(&countries).copied(),
                attributes: Attributes::default(),
            },
            score: Score::new(points).ok()?,
        })
    };
    (0..generation.count.0).filter_map(one).collect()
}
