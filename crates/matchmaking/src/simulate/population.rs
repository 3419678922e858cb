//! The players of a simulation: what they are like, who of them is free, and with whom they come.
//!
//! What the rules ask about is given to players so that the rules have something to do. Somebody lives
//! in one region: 5 ms and an exponential 20 ms more to it, and 60 ms more for each region between,
//! the regions being a row. An attribute that has to be equal has two values, held by 7 and 3 in 10; one
//! that has to differ has a thousand; of one that has to overlap there are five, and each player has each of
//! them or not, one at least. A player has a role, and each other one with a chance of a quarter.
//!
//! Friends come together if the rules let them: from one region, with what has to be equal, within the
//! spread of a party. Where two of a party want one place, the second plays anything.

use boards::PlayerId;
use fastrand::Rng;

use super::draw;
use super::scenario::{Scenario, Start};
use crate::names::{AttributeKey, AttributeText, Region, Role};
use crate::queue::QueueSettings;
use crate::rating::{Rating, RatingSystem};
use crate::rules::{Likeness, Rules};
use crate::ticket::TicketPlayer;

/// To the region where one lives: the least, and what comes to it on average, in milliseconds.
const NEAR_MS: (f64, f64) = (5.0, 20.0);
/// To each region further along the row.
const FAR_MS: f64 = 60.0;
/// The chance of being willing to play another role.
const FLEXIBLE: f64 = 0.25;
/// The share of the more common of two values.
const COMMON: f64 = 0.7;
/// Values of an attribute that has to differ.
const CLANS: usize = 1_000;
/// Values of an attribute that has to overlap.
const MAPS: usize = 5;
/// How well a settled rating is known, where a system has deviations: what Weng-Lin comes to after
/// some three hundred matches.
const SETTLED_DEVIATION: f64 = 75.0;
/// So many strangers are looked at for each place in a party.
const TRIES: usize = 64;

const STREAM: u64 = 1;

/// A player.
pub(super) struct Player {
    /// How good, truly.
    pub(super) skill: f64,
    /// Matches so far.
    pub(super) played: u64,
    /// Where the player lives, by its place in the row.
    home: usize,
    /// As in a ticket of its own; with the rating as it is now.
    ticket: TicketPlayer,
}

impl Player {
    pub(super) fn rating(&self) -> Rating {
        self.ticket.rating
    }
}

/// All players.
pub(super) struct Population {
    players: Vec<Player>,
    /// Those who are not in a ticket, in no order.
    free: Vec<usize>,
    /// Where each is among those; `None` for one who is in a ticket.
    place: Vec<Option<usize>>,
}

impl Population {
    pub(super) fn new(settings: &QueueSettings, scenario: &Scenario) -> Self {
        let roles = scenario.roles(settings);
        let player = |number: usize| {
            let rng = &mut draw::stream(scenario.seed, STREAM, number as u64);
            player(
                number,
                rng,
                &settings.rules,
                settings.rating_system,
                scenario,
                &roles,
            )
        };
        let players: Vec<Player> = (0..scenario.players).map(player).collect();
        Population {
            free: (0..players.len()).collect(),
            place: (0..players.len()).map(Some).collect(),
            players,
        }
    }

    pub(super) fn player(&self, number: usize) -> &Player {
        &self.players[number]
    }

    /// Those who have played.
    pub(super) fn seasoned(&self) -> impl Iterator<Item = &Player> {
        self.players.iter().filter(|player| player.played > 0)
    }

    /// A rating that a match has come to.
    pub(super) fn rate(&mut self, number: usize, rating: Rating) {
        let player = &mut self.players[number];
        player.ticket.rating = rating;
        player.played += 1;
    }

    /// A party of up to that many who are free, and are not any more; `None` where nobody is.
    pub(super) fn party(
        &mut self,
        rng: &mut Rng,
        size: usize,
        rules: &Rules,
    ) -> Option<Vec<usize>> {
        let leader = self.anybody(rng)?;
        self.take(leader);
        let mut party = vec![leader];
        while party.len() < size {
            let Some(friend) = self.friend(rng, &party, rules) else {
                break;
            };
            self.take(friend);
            party.push(friend);
        }
        Some(party)
    }

    /// The party as players of a ticket.
    pub(super) fn seats(&self, party: &[usize], rules: &Rules) -> Vec<TicketPlayer> {
        let ticket = |number: &usize| self.players[*number].ticket.clone();
        let mut players: Vec<TicketPlayer> = party.iter().map(ticket).collect();
        give_way(&mut players, rules);
        players
    }

    /// They come back.
    pub(super) fn release(&mut self, party: &[usize]) {
        for number in party {
            self.place[*number] = Some(self.free.len());
            self.free.push(*number);
        }
    }

    /// First by number, so that the same come whatever the rules have done with others before.
    fn anybody(&self, rng: &mut Rng) -> Option<usize> {
        for _ in 0..TRIES {
            let number = rng.usize(..self.players.len());
            if self.place[number].is_some() {
                return Some(number);
            }
        }
        rng.choice(&self.free).copied()
    }

    fn friend(&self, rng: &mut Rng, party: &[usize], rules: &Rules) -> Option<usize> {
        let mut strangers = (0..TRIES).map(|_| rng.usize(..self.players.len()));
        strangers.find(|number| self.place[*number].is_some() && self.fits(*number, party, rules))
    }

    fn fits(&self, number: usize, party: &[usize], rules: &Rules) -> bool {
        let (one, leader) = (&self.players[number], &self.players[party[0]]);
        let alike = rules.attributes.iter().all(|attribute| {
            let (one, leader) = (
                values(one, &attribute.name),
                values(leader, &attribute.name),
            );
            match attribute.rule {
                Likeness::Equal => one == leader,
                Likeness::Different => true,
                Likeness::Overlap => leader.first().is_some_and(|first| one.contains(first)),
            }
        });
        let widest = rules.party.max_spread.unwrap_or(f64::INFINITY);
        let near = |other: &usize| {
            let other = self.players[*other].rating().mean;
            (one.rating().mean - other).abs() <= widest
        };
        alike && (rules.latency.is_none() || one.home == leader.home) && party.iter().all(near)
    }

    fn take(&mut self, number: usize) {
        let Some(place) = self.place[number].take() else {
            return;
        };
        self.free.swap_remove(place);
        if let Some(moved) = self.free.get(place) {
            self.place[*moved] = Some(place);
        }
    }
}

fn values<'a>(player: &'a Player, name: &AttributeKey) -> &'a [AttributeText] {
    player
        .ticket
        .attributes
        .get(name)
        .map_or(&[], Vec::as_slice)
}

fn player(
    number: usize,
    rng: &mut Rng,
    rules: &Rules,
    system: RatingSystem,
    scenario: &Scenario,
    roles: &[(Role, f64)],
) -> Player {
    let skill = scenario.skills.draw(rng);
    let homes: Vec<(usize, f64)> = scenario
        .regions
        .iter()
        .map(|(_, w)| *w)
        .enumerate()
        .collect();
    let home = draw::weighted(rng, &homes).copied().unwrap_or(0);
    let mut id = [0; 16];
    id[8..].copy_from_slice(&(number as u64 + 1).to_be_bytes());
    let attributes = rules.attributes.iter().map(|attribute| {
        let values = attribute_values(rng, attribute.rule);
        (attribute.name.clone(), values)
    });
    let attributes = attributes.collect();
    let latencies_ms = match &rules.latency {
        Some(_) => latencies(rng, home, &scenario.regions).collect(),
        None => Default::default(),
    };
    let ticket = TicketPlayer {
        id: PlayerId::from_bytes(id),
        rating: first_rating(rng, skill, system, scenario.start),
        roles: willing(rng, roles),
        latencies_ms,
        attributes,
    };
    Player {
        skill,
        played: 0,
        home,
        ticket,
    }
}

fn first_rating(rng: &mut Rng, skill: f64, system: RatingSystem, start: Start) -> Rating {
    let new = system.initial();
    match start {
        Start::New => new,
        Start::Settled => Rating {
            mean: draw::normal(rng, skill, SETTLED_DEVIATION),
            deviation: new.deviation.min(SETTLED_DEVIATION),
            ..new
        },
    }
}

fn latencies(
    rng: &mut Rng,
    home: usize,
    regions: &[(Region, f64)],
) -> impl Iterator<Item = (Region, f64)> {
    let near = NEAR_MS.0 + draw::exponential(rng, NEAR_MS.1);
    let latency = move |(at, (region, _)): (usize, &(Region, f64))| {
        (region.clone(), near + FAR_MS * at.abs_diff(home) as f64)
    };
    regions.iter().enumerate().map(latency)
}

fn attribute_values(rng: &mut Rng, rule: Likeness) -> Vec<AttributeText> {
    let texts: Vec<String> = match rule {
        Likeness::Equal if rng.f64() < COMMON => vec!["common".to_owned()],
        Likeness::Equal => vec!["rare".to_owned()],
        Likeness::Different => vec![rng.usize(..CLANS).to_string()],
        Likeness::Overlap => {
            let sure = rng.usize(..MAPS);
            let maps = (0..MAPS).filter(|map| *map == sure || rng.bool());
            maps.map(|map| map.to_string()).collect()
        }
    };
    let named = texts.iter().map(|text| AttributeText::parse(text));
    named.filter_map(Result::ok).collect()
}

fn willing(rng: &mut Rng, roles: &[(Role, f64)]) -> Vec<Role> {
    let main = draw::weighted(rng, roles).cloned();
    let willing = roles.iter().map(|(role, _)| role);
    let chosen = willing.filter(|role| main.as_ref() == Some(*role) || rng.f64() < FLEXIBLE);
    chosen.cloned().collect()
}

/// Whoever finds all places for its roles taken by the party's others plays anything. Asked of the first
/// kind of team that has room for the party.
fn give_way(party: &mut [TicketPlayer], rules: &Rules) {
    let size = party.len();
    let Some(team) = rules.teams.iter().find(|team| team.max_size >= size) else {
        return;
    };
    if size < 2 || team.roles.is_empty() {
        return;
    }
    let mut left = team.roles.clone();
    for player in party {
        let open = |role: &&Role| left.get(*role).is_some_and(|count| *count > 0);
        let taken = player.roles.iter().find(open).cloned();
        match taken.and_then(|role| left.get_mut(&role)) {
            Some(count) => *count -= 1,
            None => player.roles.clear(),
        }
    }
}
