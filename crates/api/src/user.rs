//! `/user/…`: players, made one by one, in bulk, or at random, and their profiles.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use boards::{
    Attributes, BoardId, Change, Changed, Country, DisplayName, NewPlayer, Player, PlayerId, Score,
    StoreError, View,
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::body::{JsonObject, OneOrMany};
use crate::fields::{Fields, FromFields, FromValue};
use crate::openapi::{ChangeErrors, CreateErrors, ReadOneErrors};
use crate::problem::{Code, Fault, Problem};
use crate::state::Api;

const MAX_GENERATED: u64 = 1_000_000;
const DEFAULT_MAX_POINTS: f64 = 10_000.0;
const DEFAULT_COUNTRIES: [&str; 12] = [
    "br", "cn", "de", "es", "fr", "gb", "in", "jp", "kr", "mx", "tr", "us",
];

/// A player and how it stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Profile {
    #[schema(value_type = String, format = Uuid, example = "e4cdb120-28fc-4285-a78d-eb48660b7730")]
    user_id: PlayerId,
    #[schema(value_type = String, example = "ada")]
    display_name: DisplayName,
    #[schema(value_type = f64, example = 5011)]
    points: Score,
    /// Rank among all players, counted from 1, unless the player is hidden.
    #[schema(required = true, example = 1)]
    rank: Option<u64>,
    /// Two lower-case letters, where the country is known.
    #[schema(value_type = Option<String>, required = true, example = "tr")]
    country: Option<Country>,
}

impl Profile {
    fn new(player: Player, points: Score, rank: Option<u64>) -> Self {
        Profile {
            user_id: player.id,
            display_name: player.display_name,
            points,
            rank,
            country: player.country,
        }
    }
}

/// A player's profile
#[utoipa::path(get, path = "/user/profile/{guid}", tag = "players", params(
    ("guid" = String, Path, format = Uuid, description = "The player's id"),
), responses(
    (status = 200, description = "The player", body = Profile),
    ReadOneErrors,
))]
pub(crate) async fn profile(
    State(api): State<Api>,
    Path(guid): Path<String>,
) -> Result<Json<Profile>, Problem> {
    let id = PlayerId::parse(&guid).map_err(|e| Problem::parameter("guid", e.reason()))?;
    let view = View::of(BoardId::global());
    let entry = api.boards.entry(&view, id).await?.entry;
    Ok(Json(Profile::new(entry.player, entry.score, entry.rank)))
}

/// A player's profile
///
/// The same as `/user/profile/{guid}`.
#[utoipa::path(get, path = "/profile/{guid}", tag = "players", params(
    ("guid" = String, Path, format = Uuid, description = "The player's id"),
), responses(
    (status = 200, description = "The player", body = Profile),
    ReadOneErrors,
))]
pub(crate) async fn short_profile(
    api: State<Api>,
    guid: Path<String>,
) -> Result<Json<Profile>, Problem> {
    profile(api, guid).await
}

/// A player to be created.
#[derive(Debug, ToSchema)]
#[schema(as = NewUser)]
pub(crate) struct NewUser {
    /// Generated, if missing.
    #[schema(value_type = Option<String>, format = Uuid, example = "e4cdb120-28fc-4285-a78d-eb48660b7730")]
    user_id: Option<PlayerId>,
    #[schema(value_type = String, min_length = 1, max_length = 64, example = "ada")]
    display_name: DisplayName,
    /// Points to start with; 0, if missing.
    #[schema(value_type = Option<f64>, example = 5000)]
    points: Option<Score>,
    /// Two letters, any case.
    #[schema(value_type = Option<String>, pattern = "^[A-Za-z]{2}$", example = "tr")]
    country: Option<Country>,
}

impl FromFields for NewUser {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let user_id = fields.optional("user_id");
        let display_name = fields.required("display_name");
        let points = fields.optional("points");
        let country = fields.optional("country");
        Some(NewUser {
            user_id: user_id?,
            display_name: display_name?,
            points: points?,
            country: country?,
        })
    }
}

impl From<NewUser> for NewPlayer {
    fn from(user: NewUser) -> Self {
        NewPlayer {
            player: Player {
                id: user.user_id.unwrap_or_else(PlayerId::random),
                display_name: user.display_name,
                country: user.country,
                attributes: Attributes::default(),
            },
            score: user.points.unwrap_or(Score::ZERO),
        }
    }
}

/// One player or many.
#[derive(ToSchema)]
#[schema(as = NewUsers)]
#[serde(untagged)]
#[allow(dead_code, reason = "describes the body in the API document")]
pub(crate) enum NewUsers {
    /// A single player.
    One(NewUser),
    /// Many players, all or none of which are created.
    Many(Vec<NewUser>),
}

/// Many players were created.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BulkReceipt {
    /// Always true.
    status: bool,
    #[schema(example = 2)]
    created: usize,
}

/// What was created.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum CreateReceipt {
    /// For a single player: the player.
    One(Profile),
    /// For many: how many.
    Many(BulkReceipt),
}

/// Create players
///
/// One object or an array of them; of an array all are created or none. A `rank` that is sent along
/// is ignored. Among equal points the players rank in the order of the array.
#[utoipa::path(post, path = "/user/create", tag = "players", request_body = NewUsers, responses(
    (status = 201, description = "Created", body = CreateReceipt),
    CreateErrors,
))]
pub(crate) async fn create_users(
    State(api): State<Api>,
    users: OneOrMany<NewUser>,
) -> Result<(StatusCode, Json<CreateReceipt>), Problem> {
    let receipt = match users {
        OneOrMany::One(user) => CreateReceipt::One(create_one(&api, user.into()).await?),
        OneOrMany::Many(users) => {
            let players: Vec<NewPlayer> = users.into_iter().map(NewPlayer::from).collect();
            let created = players.len();
            create(&api, players, |place| format!("/{place}/user_id")).await?;
            CreateReceipt::Many(BulkReceipt {
                status: true,
                created,
            })
        }
    };
    Ok((StatusCode::CREATED, Json(receipt)))
}

async fn create_one(api: &Api, new: NewPlayer) -> Result<Profile, Problem> {
    let NewPlayer { player, score } = new.clone();
    let ranks = create(api, vec![new], |_| "/user_id".to_owned()).await?;
    let rank = ranks.first().copied().flatten();
    Ok(Profile::new(player, score, rank))
}

async fn create(
    api: &Api,
    players: Vec<NewPlayer>,
    pointer: impl Fn(usize) -> String,
) -> Result<Vec<Option<u64>>, Problem> {
    let change = Change::CreatePlayers {
        board: BoardId::global(),
        players,
    };
    let receipt = api
        .change(change, None)
        .await
        .map_err(|error| match error {
            StoreError::Duplicate(places) => exist_already(places.into_iter().map(pointer)),
            other => other.into(),
        })?;
    match receipt.changed {
        Changed::Created(ranks) => Ok(ranks),
        other => Err(Problem::unexpected(&other)),
    }
}

fn exist_already(pointers: impl Iterator<Item = String>) -> Problem {
    let fault = |pointer| Fault::at(pointer, "belongs to a player that exists or comes twice");
    Problem::faults(Code::PlayerExists, pointers.map(fault).collect())
}

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
        let count = value.as_u64().filter(|n| (1..=MAX_GENERATED).contains(n));
        let count = count.and_then(|n| usize::try_from(n).ok());
        count
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
#[utoipa::path(post, path = "/user/generate", tag = "players", request_body = Generation, responses(
    (status = 201, description = "Created", body = Generated),
    ChangeErrors,
))]
pub(crate) async fn generate_users(
    State(api): State<Api>,
    JsonObject(generation): JsonObject<Generation>,
) -> Result<Response, Problem> {
    let made =
        tokio::task::spawn_blocking(move || random_players(&generation, &mut fastrand::Rng::new()));
    let players = made
        .await
        .map_err(|_| Problem::new(Code::Internal, Code::Internal.example_detail()))?;
    let created = players.len();
    let change = Change::CreatePlayers {
        board: BoardId::global(),
        players,
    };
    api.change(change, None).await?;
    Ok((StatusCode::CREATED, Json(Generated { created })).into_response())
}

fn random_players(generation: &Generation, random: &mut fastrand::Rng) -> Vec<NewPlayer> {
    let defaults = || {
        DEFAULT_COUNTRIES
            .iter()
            .filter_map(|c| Country::parse(c).ok())
            .collect()
    };
    let countries = generation.countries.clone().unwrap_or_else(defaults);
    let max_points = generation.max_points.map_or(DEFAULT_MAX_POINTS, |p| p.0) as u64;
    let one = |_| {
        let name = format!("player-{:08x}", random.u32(..));
        let points = random.u64(0..=max_points) as f64;
        Some(NewPlayer {
            player: Player {
                id: PlayerId::random(),
                display_name: DisplayName::parse(&name).ok()?,
                country: random.choice(&countries).copied(),
                attributes: Attributes::default(),
            },
            score: Score::new(points).ok()?,
        })
    };
    (0..generation.count.0).filter_map(one).collect()
}
