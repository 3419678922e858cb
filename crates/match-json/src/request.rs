//! A request for matches: rules and tickets, and nothing else that the reply could depend on.

use std::time::Duration;

use fields::{Fault, Fields, FromFields, ListBody, Unread, list_body, read_fields, read_object};
use matchmaking::{RatingSystem, Rules, Ticket, TicketId, Waiting, form};
use serde_json::{Map, Value};

use crate::amount::Amount;
use crate::places::Places;
use crate::reply::MatchReply;
use crate::rules::NewRules;
use crate::ticket::TicketBody;

/// Tickets of a request at the most.
pub const MAX_TICKETS: usize = 100_000;

/// Rules, and tickets that wait.
#[derive(Debug)]
pub struct MatchRequest {
    rules: Rules,
    system: RatingSystem,
    tickets: Vec<(Ticket, Duration)>,
}

impl MatchRequest {
    /// Reads a body. Costs some microseconds a ticket.
    ///
    /// # Errors
    /// [`Unread`], with every fault.
    pub fn from_json(bytes: &[u8]) -> Result<Self, Unread> {
        let (head, items) = list_body::<Head>(bytes)?;
        Ok(MatchRequest::new(head, items))
    }

    /// Reads values of JSON: what stands beside the tickets, and the tickets, of which there may be any
    /// number; one that is no JSON comes as its faults.
    ///
    /// # Errors
    /// Every fault.
    pub fn from_values(
        beside: &Map<String, Value>,
        tickets: impl Iterator<Item = Result<Value, Vec<Fault>>>,
    ) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let head = read_fields(beside, "", &mut faults);
        let mut items = Vec::with_capacity(tickets.size_hint().0);
        for (place, ticket) in tickets.enumerate() {
            let pointer = format!("/{}/{place}", Head::LIST);
            match ticket {
                Ok(value) => items.push(read_object(&value, &pointer, &mut faults)),
                Err(others) => {
                    faults.extend(others);
                    items.push(None);
                }
            }
        }
        Head::check(&items, &mut faults);
        match head {
            Some(head) if faults.is_empty() => Ok(MatchRequest::new(head, items)),
            _ => Err(faults),
        }
    }

    fn new(Head { rules, system }: Head, items: Vec<Option<WaitingBody>>) -> Self {
        let tickets = items.into_iter().flatten();
        let tickets = tickets.map(|item| (item.ticket.alone(item.id, system), item.waited));
        MatchRequest {
            rules,
            system,
            tickets: tickets.collect(),
        }
    }

    /// The matches, and why each of the others is in none. The same request has the same reply.
    pub fn reply(&self) -> MatchReply<'_> {
        let waiting = self.tickets.iter();
        let waiting = waiting.map(|(ticket, waited)| Waiting {
            ticket,
            waited: *waited,
        });
        let waiting: Vec<Waiting<'_>> = waiting.collect();
        let formation = form(&self.rules, self.system, &[], &waiting);
        MatchReply::new(formation, &self.tickets)
    }
}

/// What stands beside the tickets.
struct Head {
    rules: Rules,
    system: RatingSystem,
}

impl FromFields for Head {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let rules = match fields.optional_object::<NewRules>("rules") {
            Some(None) => fields.missing("rules"),
            other => other.flatten(),
        };
        let system = fields.optional("rating_system");
        Some(Head {
            rules: rules?.0,
            system: system?.unwrap_or_default(),
        })
    }
}

impl ListBody for Head {
    type Item = Option<WaitingBody>;
    const LIST: &'static str = "tickets";
    const MAX_ITEMS: usize = MAX_TICKETS;
    const MAY_BE_EMPTY: bool = true;

    // Also of one that is wrong there is something, so that the places of those after it are theirs.
    fn item(value: &Value, pointer: &str, faults: &mut Vec<Fault>) -> Option<Self::Item> {
        Some(read_object(value, pointer, faults))
    }

    /// No ticket is there twice, and nobody is in two.
    fn check(items: &[Self::Item], faults: &mut Vec<Fault>) {
        let mut tickets = Places::new(|at: usize| format!("/tickets/{at}/ticket_id"));
        let mut players = Places::new(|(at, player): (usize, usize)| {
            format!("/tickets/{at}/players/{player}/player_id")
        });
        for (at, item) in items.iter().enumerate() {
            let Some(item) = item else {
                continue;
            };
            tickets.note(&item.id, at, faults);
            for (place, player) in item.ticket.players.iter().enumerate() {
                players.note(player.id, (at, place), faults);
            }
        }
    }
}

/// A ticket, and how long it has waited.
struct WaitingBody {
    id: TicketId,
    ticket: TicketBody,
    waited: Duration,
}

impl FromFields for WaitingBody {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let ticket = TicketBody::from_fields(fields);
        let waited = fields.optional::<Amount>("waited_s");
        // Of a ticket that is wrong in other ways this has to be told too.
        if fields.value("ticket_id").is_none() {
            return fields.missing("ticket_id");
        }
        let ticket = ticket?;
        let id = ticket.id.clone()?;
        let waited = waited?.map_or(0.0, |Amount(seconds)| seconds);
        Some(WaitingBody {
            id,
            ticket,
            waited: Duration::from_secs_f64(waited),
        })
    }
}
