//! Names and values as small numbers, so that the search compares no text.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::names::{AttributeText, Region, Role};
use crate::rules::{AttributeRule, Rules};
use crate::ticket::{Ticket, TicketPlayer};

/// Willing to be anything.
pub(super) const ANY_ROLE: u64 = u64::MAX;
/// As many kinds of roles as there are bits for.
const ROLE_BITS: usize = u64::BITS as usize;

/// The roles that teams or open seats ask for; the others never matter.
pub(super) struct Roles<'a> {
    bits: BTreeMap<&'a Role, u8>,
}

impl<'a> Roles<'a> {
    /// Those of the rules have a bit each; of more, those that come first.
    pub(super) fn new(rules: &'a Rules, seats: impl Iterator<Item = &'a Role>) -> Self {
        let mut bits = BTreeMap::new();
        for role in rules.teams.iter().flat_map(|t| t.roles.keys()).chain(seats) {
            let next = bits.len();
            if next < ROLE_BITS {
                bits.entry(role).or_insert(next as u8);
            }
        }
        Roles { bits }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bits.is_empty()
    }

    pub(super) fn bit(&self, role: &Role) -> Option<u8> {
        self.bits.get(role).copied()
    }

    pub(super) fn name(&self, bit: u8) -> Option<&'a Role> {
        let mut all = self.bits.iter();
        all.find(|(_, b)| **b == bit).map(|(role, _)| *role)
    }

    /// What a player is willing to be.
    pub(super) fn willing(&self, player: &TicketPlayer) -> u64 {
        if player.roles.is_empty() {
            return ANY_ROLE;
        }
        let bits = player.roles.iter().filter_map(|role| self.bit(role));
        bits.fold(0, |mask, bit| mask | 1 << bit)
    }
}

/// The regions that anybody knows, numbered by name, so that ties by number are ties by name.
#[derive(Default)]
pub(super) struct Regions<'a> {
    pub(super) names: Vec<&'a Region>,
    numbers: HashMap<&'a Region, u32>,
}

impl<'a> Regions<'a> {
    pub(super) fn new(players: impl Iterator<Item = &'a TicketPlayer>) -> Self {
        let mut names: Vec<&Region> = Vec::new();
        for player in players {
            // Most players know the same regions, and both lists are in order.
            let mut at = 0;
            for region in player.latencies_ms.keys() {
                while at < names.len() && names[at] < region {
                    at += 1;
                }
                if names.get(at) != Some(&region) {
                    names.insert(at, region);
                }
            }
        }
        let numbers = names.iter().copied().zip(0..).collect();
        Regions { names, numbers }
    }

    pub(super) fn number(&self, region: &Region) -> Option<u32> {
        self.numbers.get(region).copied()
    }

    /// The worst latency of some players to each region that all of them know, by number.
    pub(super) fn worst(&self, players: &[&TicketPlayer]) -> Vec<(u32, f64)> {
        let Some((first, others)) = players.split_first() else {
            return Vec::new();
        };
        let known = first.latencies_ms.iter();
        let mut worst: Vec<(u32, f64)> = known
            .filter_map(|(region, ms)| Some((self.number(region)?, *ms)))
            .collect();
        for player in others {
            worst.retain_mut(|(number, ms)| {
                let other = player.latencies_ms.get(self.names[*number as usize]);
                *ms = other.map_or(*ms, |other| ms.max(*other));
                other.is_some()
            });
        }
        worst
    }
}

/// Sets of values, numbered as they come.
#[derive(Default)]
pub(super) struct Values<'a> {
    single: HashMap<(usize, &'a AttributeText), u32>,
    sets: HashMap<Vec<u32>, u32>,
}

impl<'a> Values<'a> {
    /// The number of a value of the rule at this place.
    pub(super) fn number(&mut self, rule: usize, value: &'a AttributeText) -> u32 {
        let next = self.single.len() as u32;
        *self.single.entry((rule, value)).or_insert(next)
    }

    /// The number of a set of numbers, which is ascending.
    pub(super) fn set(&mut self, numbers: Vec<u32>) -> u32 {
        let next = self.sets.len() as u32;
        *self.sets.entry(numbers).or_insert(next)
    }

    /// The values of a player, ascending, each once.
    pub(super) fn of(
        &mut self,
        at: usize,
        rule: &AttributeRule,
        player: &'a TicketPlayer,
    ) -> Vec<u32> {
        let values = player.attributes.get(&rule.name).into_iter().flatten();
        let mut numbers: Vec<u32> = values.map(|value| self.number(at, value)).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    /// What any of a party has.
    pub(super) fn any(&mut self, at: usize, rule: &AttributeRule, party: &'a Ticket) -> Vec<u32> {
        let all: BTreeSet<u32> = party
            .players
            .iter()
            .flat_map(|player| self.of(at, rule, player))
            .collect();
        all.into_iter().collect()
    }

    /// What all of some players have.
    pub(super) fn common(
        &mut self,
        at: usize,
        rule: &AttributeRule,
        players: impl Iterator<Item = &'a TicketPlayer>,
    ) -> Vec<u32> {
        let sets = players.map(|player| self.of(at, rule, player));
        let common = sets.reduce(|mut all, set| {
            all.retain(|value| set.binary_search(value).is_ok());
            all
        });
        common.unwrap_or_default()
    }
}
