//! Tickets on the wire.

use std::collections::BTreeMap;

use boards::PlayerId;
use fields::{Fault, Fields, FromFields, FromValue, integer, read_object};
use matchmaking::{
    AttributeKey, AttributeText, MAX_TEAM_SIZE, NewTicket, NewTicketPlayer, RatingSystem, Region,
    Role, Ticket, TicketId,
};
use serde_json::Value;

use crate::amount::Amount;
use crate::parts::{list, within};
use crate::places::Places;

/// Players of a ticket at the most.
pub const MAX_PARTY: usize = MAX_TEAM_SIZE;
/// Players that a ticket may avoid.
pub const MAX_AVOIDED: usize = 100;
const MAX_ROLES: usize = 64;
const MAX_REGIONS: usize = 64;
const MAX_ATTRIBUTES: usize = 32;
/// Values of one attribute.
const MAX_VALUES: usize = 32;

/// A ticket as it is sent; whoever needs a name for it makes one up where it has none.
#[derive(Clone, Debug, PartialEq)]
pub struct TicketBody {
    /// Its name.
    pub id: Option<TicketId>,
    /// The party.
    pub players: Vec<NewTicketPlayer>,
    /// Larger ones are served first.
    pub priority: i32,
    /// Players that nobody of the party wants to meet.
    pub avoid: Vec<PlayerId>,
}

impl FromFields for TicketBody {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let id = fields.optional("ticket_id");
        let players = players(fields);
        let priority = fields.optional::<Priority>("priority");
        let avoid = list::<PlayerId>(fields, "avoid", MAX_AVOIDED);
        let (players, avoid) = (players?, avoid?);
        not_themselves(fields, &players, &avoid)?;
        Some(TicketBody {
            id: id?,
            players,
            priority: priority?.map_or(0, |Priority(priority)| priority),
            avoid,
        })
    }
}

fn not_themselves(
    fields: &mut Fields<'_>,
    players: &[NewTicketPlayer],
    avoid: &[PlayerId],
) -> Option<()> {
    let own = |id: &PlayerId| players.iter().any(|player| player.id == *id);
    let own: Vec<usize> = (0..avoid.len()).filter(|n| own(&avoid[*n])).collect();
    for place in &own {
        fields.fault(&format!("avoid/{place}"), "is in the party");
    }
    own.is_empty().then_some(())
}

fn players(fields: &mut Fields<'_>) -> Option<Vec<NewTicketPlayer>> {
    let players = fields.optional_objects::<NewPlayer>("players", MAX_PARTY)?;
    let players = match players {
        None => return fields.missing("players"),
        Some(none) if none.is_empty() => {
            fields.fault("players", "must have an item");
            return None;
        }
        Some(players) => players,
    };
    Some(
        players
            .into_iter()
            .map(|NewPlayer(player)| player)
            .collect(),
    )
}

struct NewPlayer(NewTicketPlayer);

impl FromFields for NewPlayer {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let id = fields.required("player_id");
        let rating = rating(fields);
        let roles = list::<Role>(fields, "roles", MAX_ROLES);
        let latencies_ms = latencies(fields);
        let attributes = attributes(fields);
        Some(NewPlayer(NewTicketPlayer {
            id: id?,
            rating: rating?,
            roles: distinct(roles?),
            latencies_ms: latencies_ms?,
            attributes: attributes?,
        }))
    }
}

fn rating(fields: &mut Fields<'_>) -> Option<Option<(f64, Option<f64>)>> {
    let mean = fields.optional::<Amount>("rating");
    let deviation = fields.optional::<Amount>("deviation");
    match (mean?, deviation?) {
        (None, Some(_)) => {
            fields.fault("deviation", "needs a rating beside it");
            None
        }
        (mean, deviation) => Some(mean.map(|mean| (mean.0, deviation.map(|d| d.0)))),
    }
}

/// What is said twice is said once.
fn distinct<T: PartialEq>(items: Vec<T>) -> Vec<T> {
    let mut distinct = Vec::with_capacity(items.len());
    for item in items {
        if !distinct.contains(&item) {
            distinct.push(item);
        }
    }
    distinct
}

fn latencies(fields: &mut Fields<'_>) -> Option<BTreeMap<Region, f64>> {
    let read = |name: &str, value: &Value| {
        let region = Region::parse(name).map_err(|_| NAME)?;
        Ok((region, Amount::from_value(value)?.0))
    };
    let latencies = fields.optional_pairs("latencies_ms", read)?;
    let latencies = within(
        fields,
        "latencies_ms",
        latencies.unwrap_or_default(),
        MAX_REGIONS,
    );
    latencies.map(|pairs| pairs.into_iter().collect())
}

fn attributes(fields: &mut Fields<'_>) -> Option<BTreeMap<AttributeKey, Vec<AttributeText>>> {
    let attributes = fields.optional_pairs("attributes", attribute)?;
    let attributes = within(
        fields,
        "attributes",
        attributes.unwrap_or_default(),
        MAX_ATTRIBUTES,
    );
    attributes.map(|pairs| pairs.into_iter().collect())
}

fn attribute(
    name: &str,
    value: &Value,
) -> Result<(AttributeKey, Vec<AttributeText>), &'static str> {
    let key = AttributeKey::parse(name).map_err(|_| NAME)?;
    let values = match value {
        Value::String(text) => vec![AttributeText::parse(text).map_err(|_| VALUE)?],
        Value::Array(values) if (1..=MAX_VALUES).contains(&values.len()) => {
            let values = values.iter().map(AttributeText::from_value);
            distinct(values.collect::<Result<_, _>>().map_err(|_| VALUE)?)
        }
        _ => return Err(VALUE),
    };
    Ok((key, values))
}

const NAME: &str = "must be named by 1 to 32 of a-z, 0-9, _ and -";
const VALUE: &str =
    "must be text of 1 to 64 characters, none of them a control character, or 1 to 32 such texts";

struct Priority(i32);

impl FromValue for Priority {
    fn from_value(value: &Value) -> Result<Self, &'static str> {
        let number = integer(value).and_then(|number| i32::try_from(number).ok());
        let reason = "must be a whole number from -2147483648 to 2147483647";
        number.map(Priority).ok_or(reason)
    }
}

/// Reads a ticket that stands alone. A player who is in it twice is a fault at both places.
pub fn read_ticket(value: &Value, faults: &mut Vec<Fault>) -> Option<TicketBody> {
    let ticket: TicketBody = read_object(value, "", faults)?;
    let before = faults.len();
    let mut places = Places::new(|at: usize| format!("/players/{at}/player_id"));
    for (at, player) in ticket.players.iter().enumerate() {
        places.note(player.id, at, faults);
    }
    (faults.len() == before).then_some(ticket)
}

impl TicketBody {
    /// The ticket for a queue under this name, which is its own where it has one.
    pub fn named(self, id: impl FnOnce() -> TicketId) -> NewTicket {
        NewTicket {
            id: self.id.unwrap_or_else(id),
            players: self.players,
            priority: self.priority,
            avoid: self.avoid,
        }
    }

    /// The ticket under this name where nothing is stored: those without a rating are new.
    pub(crate) fn alone(self, id: TicketId, system: RatingSystem) -> Ticket {
        self.named(|| id).rated(|_| system.initial())
    }
}

/// Attributes as they are written: one value as text, several as a list.
pub type AttributesBody = BTreeMap<String, Value>;

/// A player's attributes, as they are written.
pub fn attributes_body(attributes: &BTreeMap<AttributeKey, Vec<AttributeText>>) -> AttributesBody {
    let text = |text: &AttributeText| Value::from(text.as_str());
    let value = |values: &[AttributeText]| match values {
        [one] => text(one),
        several => several.iter().map(text).collect(),
    };
    let pairs = attributes.iter();
    pairs
        .map(|(key, values)| (key.to_string(), value(values)))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ADA: &str = "e4cdb120-28fc-4285-a78d-eb48660b7730";
    const BOB: &str = "0d6f9b1e-5f3a-4c56-9a57-6f0e5d0c8a11";

    fn told(ticket: Value) -> Vec<String> {
        let mut faults = Vec::new();
        assert_eq!(read_ticket(&ticket, &mut faults), None);
        let told = faults
            .into_iter()
            .map(|f| format!("{} {}", f.pointer.unwrap_or_default(), f.detail));
        told.collect()
    }

    #[test]
    fn a_ticket_is_read() {
        let mut faults = Vec::new();
        let sent = json!({
            "ticket_id": "t1", "priority": -3, "avoid": [BOB],
            "players": [{
                "player_id": ADA, "rating": 1510, "deviation": 80, "roles": ["tank", "damage", "tank"],
                "latencies_ms": {"eu": 31, "us": 120.5}, "attributes": {"mode": "ranked", "maps": ["a", "b", "a"]},
            }],
        });
        let ticket = read_ticket(&sent, &mut faults).unwrap();
        let player = &ticket.players[0];
        assert_eq!((ticket.priority, ticket.avoid.len()), (-3, 1));
        assert_eq!(player.rating, Some((1510.0, Some(80.0))));
        assert_eq!(player.roles.len(), 2);
        assert_eq!(player.latencies_ms[&Region::parse("us").unwrap()], 120.5);
        let written = attributes_body(&player.attributes);
        assert_eq!(
            json!(written),
            json!({"mode": "ranked", "maps": ["a", "b"]})
        );
    }

    #[test]
    fn a_player_without_a_rating_has_a_new_ones_where_nothing_is_stored() {
        let mut faults = Vec::new();
        let sent = json!({"players": [{"player_id": ADA}, {"player_id": BOB, "rating": 1700.5}]});
        let ticket = read_ticket(&sent, &mut faults).unwrap();
        assert_eq!(ticket.players[0].rating, None);
        let id = TicketId::parse("t").unwrap();
        let ticket = ticket.alone(id, RatingSystem::Glicko2);
        let initial = RatingSystem::Glicko2.initial();
        assert_eq!(ticket.players[0].rating, initial);
        assert_eq!(ticket.players[1].rating.mean, 1700.5);
        assert_eq!(ticket.players[1].rating.deviation, initial.deviation);
    }

    #[test]
    fn every_fault_is_told_with_its_place() {
        let bad = json!({
            "ticket_id": "a/b", "priority": 1.5, "avoid": [ADA, "x"],
            "players": [
                {"rating": -1, "roles": ["tank", "T"], "latencies_ms": {"eu": -1, "EU": 1, "us": "1"}, "attributes": {"mode": ""}},
                {"player_id": ADA, "deviation": 80, "attributes": {"mode": [], "a b": "c", "n": 7}},
            ],
        });
        let expected = [
            "/ticket_id must be 1 to 64 of A-Z, a-z, 0-9, _, . and -",
            "/players/0/player_id is missing",
            "/players/0/rating must be a number from 0 to 1000000000",
            "/players/0/roles/1 must be 1 to 32 of a-z, 0-9, _ and -",
            "/players/0/latencies_ms/EU must be named by 1 to 32 of a-z, 0-9, _ and -",
            "/players/0/latencies_ms/eu must be a number from 0 to 1000000000",
            "/players/0/latencies_ms/us must be a number",
        ];
        let found = told(bad);
        assert_eq!(found[..7], expected);
        let places: Vec<&str> = found[7..]
            .iter()
            .filter_map(|f| f.split(' ').next())
            .collect();
        let others = "/players/0/attributes/mode /players/1/deviation /players/1/attributes/a \
            /players/1/attributes/mode /players/1/attributes/n /priority /avoid/1";
        assert_eq!(places.join(" "), others);
    }

    #[test]
    fn a_party_has_somebody_and_nobody_twice() {
        assert_eq!(told(json!({})), ["/players is missing"]);
        assert_eq!(told(json!({"players": []})), ["/players must have an item"]);
        let many = vec![json!({"player_id": ADA}); 65];
        assert_eq!(
            told(json!({"players": many})),
            ["/players may have 64 items"]
        );
        let ada = json!({"player_id": ADA});
        let twice =
            json!({"players": [ada, {"player_id": BOB}, {"player_id": ADA.to_uppercase()}]});
        assert_eq!(
            told(twice),
            [
                "/players/0/player_id is the same as /players/2/player_id",
                "/players/2/player_id is the same as /players/0/player_id",
            ]
        );
        let own = json!({"players": [ada], "avoid": [BOB, ADA]});
        assert_eq!(told(own), ["/avoid/1 is in the party"]);
    }
}
