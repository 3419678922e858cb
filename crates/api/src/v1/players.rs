//! `/v1/players`: players, apart from any board.

use std::collections::{BTreeMap, HashSet};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use boards::{
    AttributeName, AttributeValue, Attributes, Change, Country, DisplayName, Player, PlayerId,
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::access::By;
use crate::body::{JsonList, JsonObject};
use crate::idempotency::{Guarded, KeyHeader, NewIds, Reply};
use crate::openapi::{DeletePlayerErrors, PlayerErrors, PutPlayerErrors, PutPlayersErrors};
use crate::path::{FirstName, PlayerPath};
use crate::problem::{Fault, Problem};
use crate::state::{Api, created};
use fields::{Fields, FromFields, ListBody, read_object, text};

/// A player as others see it.
#[derive(Serialize, ToSchema)]
#[schema(as = Player)]
pub(crate) struct PlayerBody {
    #[schema(value_type = String, format = Uuid, example = "e4cdb120-28fc-4285-a78d-eb48660b7730")]
    player_id: PlayerId,
    #[schema(value_type = String, example = "ada")]
    display_name: DisplayName,
    /// Two lower-case letters, where the country is known.
    #[schema(value_type = Option<String>, required = true, example = "tr")]
    country: Option<Country>,
    #[schema(value_type = BTreeMap<String, String>, example = json!({"league": "gold"}))]
    attributes: Attributes,
}

impl From<Player> for PlayerBody {
    fn from(player: Player) -> Self {
        PlayerBody {
            player_id: player.id,
            display_name: player.display_name,
            country: player.country,
            attributes: player.attributes,
        }
    }
}

/// What a player is to be. What is left out, it does not have from now on.
#[derive(ToSchema)]
pub(crate) struct PlayerDetails {
    #[schema(value_type = String, min_length = 1, max_length = 64, example = "ada")]
    display_name: DisplayName,
    /// Two letters, any case.
    #[schema(value_type = Option<String>, pattern = "^[A-Za-z]{2}$", example = "tr")]
    country: Option<Country>,
    /// Up to 16 others, by name: of boards that are ranked by one, the player's value is its segment.
    #[schema(value_type = Option<BTreeMap<String, String>>, example = json!({"league": "gold"}))]
    attributes: Attributes,
}

impl FromFields for PlayerDetails {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let display_name = fields.required("display_name");
        let country = fields.optional("country");
        let attributes = attributes(fields);
        Some(PlayerDetails {
            display_name: display_name?,
            country: country?,
            attributes: attributes?,
        })
    }
}

fn attributes(fields: &mut Fields<'_>) -> Option<Attributes> {
    let pairs = fields.optional_pairs("attributes", attribute)?;
    let pairs: BTreeMap<_, _> = pairs.unwrap_or_default().into_iter().collect();
    let attributes = Attributes::new(pairs);
    attributes
        .map_err(|e| fields.fault("attributes", e.reason()))
        .ok()
}

fn attribute(name: &str, value: &Value) -> Result<(AttributeName, AttributeValue), &'static str> {
    let name = AttributeName::parse(name).map_err(|_| NAME)?;
    let value = AttributeValue::parse(text(value)?);
    Ok((name, value.map_err(|e| e.reason())?))
}

const NAME: &str =
    "must be named by 1 to 32 of a-z, 0-9 and _, starting with a letter, and not country";

impl PlayerDetails {
    fn of(self, id: PlayerId) -> Player {
        Player {
            id,
            display_name: self.display_name,
            country: self.country,
            attributes: self.attributes,
        }
    }
}

/// One of several players.
#[derive(ToSchema)]
pub(crate) struct PlayerItem {
    /// Generated, if missing.
    #[schema(value_type = Option<String>, format = Uuid, example = "e4cdb120-28fc-4285-a78d-eb48660b7730")]
    player_id: Option<PlayerId>,
    #[serde(flatten)]
    details: PlayerDetails,
}

impl FromFields for PlayerItem {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let player_id = fields.optional("player_id");
        let details = PlayerDetails::from_fields(fields);
        Some(PlayerItem {
            player_id: player_id?,
            details: details?,
        })
    }
}

/// Some players. Of one that is there twice the last counts.
#[derive(ToSchema)]
pub(crate) struct Players {
    #[schema(min_items = 1, max_items = 10_000)]
    #[allow(dead_code, reason = "describes the list, which is read apart")]
    players: Vec<PlayerItem>,
}

impl FromFields for Players {
    fn from_fields(_: &mut Fields<'_>) -> Option<Self> {
        let players = Vec::new();
        Some(Players { players })
    }
}

impl ListBody for Players {
    type Item = PlayerItem;
    const LIST: &'static str = "players";
    const MAX_ITEMS: usize = 10_000;

    fn item(value: &Value, pointer: &str, faults: &mut Vec<Fault>) -> Option<PlayerItem> {
        read_object(value, pointer, faults)
    }
}

/// What became of them.
#[derive(Serialize, ToSchema)]
pub(crate) struct PlayersReceipt {
    #[schema(example = 1)]
    created: u64,
    #[schema(example = 1)]
    updated: u64,
    /// The ids, in the order of the players.
    #[schema(value_type = Vec<String>, example = json!(["e4cdb120-28fc-4285-a78d-eb48660b7730"]))]
    player_ids: Vec<PlayerId>,
}

/// Make a player, or change one
///
/// What is left out, the player does not have from now on. It changes segments at once on all boards.
#[utoipa::path(put, path = "/v1/players/{player}", tag = "players", params(PlayerPath), request_body = PlayerDetails, responses(
    (status = 200, description = "Changed", body = PlayerBody),
    (status = 201, description = "Made", body = PlayerBody),
    PutPlayerErrors,
))]
pub(crate) async fn put_player(
    State(api): State<Api>,
    PlayerPath { player }: PlayerPath,
    JsonObject(details): JsonObject<PlayerDetails>,
) -> Result<(StatusCode, Json<PlayerBody>), Problem> {
    let player = details.of(player);
    let change = Change::PutPlayers(vec![player.clone()]);
    let status = match created(&api.change(change, None).await?.changed)? {
        0 => StatusCode::OK,
        _ => StatusCode::CREATED,
    };
    Ok((status, Json(player.into())))
}

/// A player
#[utoipa::path(get, path = "/v1/players/{player}", tag = "players", params(PlayerPath), responses(
    (status = 200, description = "The player", body = PlayerBody),
    PlayerErrors,
))]
pub(crate) async fn get_player(
    State(api): State<Api>,
    PlayerPath { player }: PlayerPath,
    by: By,
) -> Result<Json<PlayerBody>, Problem> {
    by.require_own(player)?;
    Ok(Json(api.boards.player(player).await?.into()))
}

/// Erase a player
///
/// Everywhere: from all boards, from seasons of the past too, and from queues. Matches, tickets that have ended and
/// answers that are given once more under an `idempotency-key` have the nil UUID in its place.
#[utoipa::path(delete, path = "/v1/players/{player}", tag = "players", params(PlayerPath), responses(
    (status = 204, description = "Erased"),
    DeletePlayerErrors,
))]
pub(crate) async fn delete_player(
    State(api): State<Api>,
    FirstName(name): FirstName,
) -> Result<StatusCode, Problem> {
    // A store from before the nil id was refused may have a player of it, who has to be able to go.
    let player = PlayerId::parse_stored(&name);
    let player = player.map_err(|invalid| Problem::parameter("player", invalid.reason()))?;
    api.change(Change::DeletePlayer(player), None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Make or change several players
///
/// All or none. What is left out of one, it does not have from now on.
#[utoipa::path(post, path = "/v1/players:batch", tag = "players", params(KeyHeader), request_body = Players, responses(
    (status = 200, description = "Made or changed", body = PlayersReceipt),
    PutPlayersErrors,
))]
pub(crate) async fn put_players(
    State(api): State<Api>,
    Guarded { body, guard }: Guarded<JsonList<Players>>,
) -> Result<Reply<PlayersReceipt>, Problem> {
    let players = with_ids(body.items, NewIds::under(guard));
    let player_ids: Vec<PlayerId> = players.iter().map(|player| player.id).collect();
    let receipt = api.change(Change::PutPlayers(players), guard).await?;
    let created = created(&receipt.changed)?;
    let different = player_ids.iter().collect::<HashSet<_>>().len() as u64;
    Ok(Reply {
        status: StatusCode::OK,
        replayed: receipt.replayed,
        body: PlayersReceipt {
            created,
            updated: different.saturating_sub(created),
            player_ids,
        },
    })
}

fn with_ids(items: Vec<PlayerItem>, ids: NewIds) -> Vec<Player> {
    let player = |(place, item): (usize, PlayerItem)| {
        let id = item.player_id.unwrap_or_else(|| ids.at(place));
        item.details.of(id)
    };
    items.into_iter().enumerate().map(player).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn attributes_are_read_and_every_fault_is_listed() {
        let mut faults = Vec::new();
        let good = json!({"display_name": "ada", "attributes": {"league": "gold", "clan": "x"}});
        let details: PlayerDetails = read_object(&good, "", &mut faults).unwrap();
        assert_eq!(details.attributes.iter().count(), 2);
        let bad = json!({"attributes": {"a/b~": "x", "country": "tr", "ok": 1, "also": ""}});
        assert!(read_object::<PlayerDetails>(&bad, "/players/0", &mut faults).is_none());
        let pointers: Vec<_> = faults.into_iter().filter_map(|f| f.pointer).collect();
        assert_eq!(
            pointers.join(" "),
            "/players/0/display_name /players/0/attributes/a~1b~0 /players/0/attributes/also \
             /players/0/attributes/country /players/0/attributes/ok"
        );
    }
}
