//! `/user/create` and `/user/profile`: players, made one by one or in bulk, and their profiles.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use boards::{
    Attributes, BoardId, Change, Changed, Country, DisplayName, Guard, NewPlayer, Player, PlayerId,
    Receipt, Score, StoreError, View,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::body::OneOrMany;
use crate::idempotency::{Guarded, KeyHeader, NewIds, Reply};
use crate::openapi::{CreateErrors, ProfileErrors};
use crate::path::FirstName;
use crate::problem::{Code, Fault, Problem};
use crate::state::Api;
use fields::{Fields, FromFields};

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
    ProfileErrors,
))]
pub(crate) async fn profile(
    State(api): State<Api>,
    FirstName(guid): FirstName,
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
    ProfileErrors,
))]
pub(crate) async fn short_profile(
    api: State<Api>,
    guid: FirstName,
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

impl NewUser {
    fn into_player(self, generated: impl FnOnce() -> PlayerId) -> NewPlayer {
        NewPlayer {
            player: Player {
                id: self.user_id.unwrap_or_else(generated),
                display_name: self.display_name,
                country: self.country,
                attributes: Attributes::default(),
            },
            score: self.points.unwrap_or(Score::ZERO),
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
    #[schema(example = true)]
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
#[utoipa::path(post, path = "/user/create", tag = "players", params(KeyHeader), request_body = NewUsers, responses(
    (status = 201, description = "Created", body = CreateReceipt),
    CreateErrors,
))]
pub(crate) async fn create_users(
    State(api): State<Api>,
    Guarded { body, guard }: Guarded<OneOrMany<NewUser>>,
) -> Result<Reply<CreateReceipt>, Problem> {
    let ids = NewIds::under(guard);
    match body {
        OneOrMany::One(user) => create_one(&api, user.into_player(|| ids.at(0)), guard).await,
        OneOrMany::Many(users) => {
            let numbered = users.into_iter().enumerate();
            let players = numbered.map(|(place, user)| user.into_player(|| ids.at(place)));
            create_many(&api, players.collect(), guard).await
        }
    }
}

async fn create_one(
    api: &Api,
    new: NewPlayer,
    guard: Option<Guard>,
) -> Result<Reply<CreateReceipt>, Problem> {
    let NewPlayer { player, score } = new.clone();
    let receipt = create(api, vec![new], guard, |_, field| format!("/{field}")).await?;
    let rank = match &receipt.changed {
        Changed::Created(ranks) => ranks.first().copied().flatten(),
        other => return Err(Problem::unexpected(other)),
    };
    let profile = Profile::new(player, score, rank);
    Ok(created(&receipt, CreateReceipt::One(profile)))
}

async fn create_many(
    api: &Api,
    players: Vec<NewPlayer>,
    guard: Option<Guard>,
) -> Result<Reply<CreateReceipt>, Problem> {
    let count = players.len();
    let pointer = |place: usize, field: &str| format!("/{place}/{field}");
    let receipt = create(api, players, guard, pointer).await?;
    let bulk = BulkReceipt {
        status: true,
        created: count,
    };
    Ok(created(&receipt, CreateReceipt::Many(bulk)))
}

fn created(receipt: &Receipt, body: CreateReceipt) -> Reply<CreateReceipt> {
    Reply {
        status: StatusCode::CREATED,
        replayed: receipt.replayed,
        body,
    }
}

async fn create(
    api: &Api,
    players: Vec<NewPlayer>,
    guard: Option<Guard>,
    pointer: impl Fn(usize, &str) -> String,
) -> Result<Receipt, Problem> {
    let change = Change::CreatePlayers {
        board: BoardId::global(),
        players,
    };
    let receipt = api.change(change, guard).await;
    receipt.map_err(|error| match error {
        StoreError::Duplicate(places) => {
            exist_already(places.into_iter().map(|place| pointer(place, "user_id")))
        }
        StoreError::Refused { at, refusal } => Problem::refused(&refusal, pointer(at, "points")),
        other => other.into(),
    })
}

fn exist_already(pointers: impl Iterator<Item = String>) -> Problem {
    let fault = |pointer| Fault::at(pointer, "belongs to a player that exists or comes twice");
    Problem::faults(Code::PlayerExists, pointers.map(fault).collect())
}
