//! What rules cannot mean: settings out of range, and settings that leave no match possible.
//!
//! All faults are found, not only the first. What is odd but possible, such as a single team, is left
//! alone.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::error::RulesFault;
use crate::names::Role;
use crate::rules::{AttributeRule, LatencyRule, Likeness, RatingRule, Rules, TeamRule};

/// Teams of a match at the most.
pub const MAX_TEAMS: usize = 32;
/// Players of a team at the most.
pub const MAX_TEAM_SIZE: usize = 64;
/// Players of a match at the most.
pub const MAX_MATCH_SIZE: usize = 256;
/// Kinds of roles that the teams of a match may name.
pub const MAX_ROLES: usize = 64;
/// Rules about attributes at the most.
pub const MAX_ATTRIBUTE_RULES: usize = 32;

impl Rules {
    /// The rules, where nothing speaks against them.
    ///
    /// # Errors
    /// Everything that does; see [`contradictions`].
    pub fn validated(self) -> Result<Rules, Vec<RulesFault>> {
        let faults = contradictions(&self);
        if faults.is_empty() {
            Ok(self)
        } else {
            Err(faults)
        }
    }

    /// Whether all teams are of one kind.
    pub fn has_equal_teams(&self) -> bool {
        self.teams.windows(2).all(|pair| pair[0] == pair[1])
    }
}

/// Everything that is wrong with rules, in the order of their settings.
///
/// Where all teams are of one kind a fault of theirs is told once and its pointer has no index
/// (`/teams/max_size`), where they differ it has one (`/teams/1/max_size`). Their number is
/// `/teams/count` in the first case and `/teams` in the second. A reader that was given equal teams as
/// a list points to `/teams/0/…` and `/teams` instead.
pub fn contradictions(rules: &Rules) -> Vec<RulesFault> {
    let mut faults = Faults::default();
    of_teams(rules, &mut faults);
    if let Some(rating) = &rules.rating {
        of_rating(rating, &mut faults);
    }
    if let Some(latency) = &rules.latency {
        of_latency(latency, &mut faults);
    }
    of_attributes(&rules.attributes, &mut faults);
    of_parties(rules, &mut faults);
    faults.0
}

#[derive(Default)]
struct Faults(Vec<RulesFault>);

impl Faults {
    fn add(&mut self, pointer: impl Into<String>, detail: impl Into<String>) {
        self.0.push(RulesFault {
            pointer: pointer.into(),
            detail: detail.into(),
        });
    }

    /// Notes a figure that is none; whether it is one.
    fn is_figure(&mut self, pointer: &str, figure: f64) -> bool {
        let fits = figure.is_finite() && figure >= 0.0;
        if !fits {
            self.add(pointer, "must be a number from 0");
        }
        fits
    }
}

fn of_teams(rules: &Rules, faults: &mut Faults) {
    let equal = rules.has_equal_teams();
    let all = if equal { "/teams/count" } else { "/teams" };
    let count = rules.teams.len();
    if count == 0 {
        faults.add(all, "must be at least 1");
    }
    if count > MAX_TEAMS {
        faults.add(all, format!("must be at most {MAX_TEAMS}"));
    }
    let kinds = if equal { count.min(1) } else { count };
    for (at, team) in rules.teams.iter().take(kinds).enumerate() {
        let pointer = if equal {
            "/teams".to_owned()
        } else {
            format!("/teams/{at}")
        };
        of_team(team, &pointer, faults);
    }
    let players = rules.teams.iter().fold(0_usize, |sum, team| {
        sum.saturating_add(team.max_size.min(MAX_TEAM_SIZE))
    });
    if count <= MAX_TEAMS && players > MAX_MATCH_SIZE {
        faults.add(
            all,
            format!("must not make matches of {players} players; {MAX_MATCH_SIZE} at the most"),
        );
    }
    let roles: BTreeSet<&Role> = rules.teams.iter().flat_map(|t| t.roles.keys()).collect();
    if roles.len() > MAX_ROLES {
        let pointer = if equal { "/teams/roles" } else { "/teams" };
        faults.add(
            pointer,
            format!("must not name more than {MAX_ROLES} roles in all"),
        );
    }
}

fn of_team(team: &TeamRule, pointer: &str, faults: &mut Faults) {
    if team.min_size == 0 {
        faults.add(format!("{pointer}/min_size"), "must be at least 1");
    }
    if team.max_size > MAX_TEAM_SIZE {
        faults.add(
            format!("{pointer}/max_size"),
            format!("must be at most {MAX_TEAM_SIZE}"),
        );
    }
    if team.max_size < team.min_size {
        faults.add(
            format!("{pointer}/max_size"),
            format!("must be at least min_size, {}", team.min_size),
        );
    }
    for (role, count) in &team.roles {
        if *count == 0 {
            faults.add(format!("{pointer}/roles/{role}"), "must be at least 1");
        }
    }
    let sum = team.roles.values().fold(0, |sum, n| n.saturating_add(sum));
    if sum > team.min_size {
        faults.add(
            format!("{pointer}/roles"),
            format!(
                "must not add up to {sum}, more than min_size, {}",
                team.min_size
            ),
        );
    }
}

fn of_rating(rule: &RatingRule, faults: &mut Faults) {
    let spread = faults.is_figure("/rating/spread", rule.spread);
    faults.is_figure("/rating/widen_per_s", rule.widen_per_s);
    if faults.is_figure("/rating/max_spread", rule.max_spread)
        && spread
        && rule.max_spread < rule.spread
    {
        faults.add(
            "/rating/max_spread",
            format!("must be at least spread, {}", rule.spread),
        );
    }
    if let Some(gap) = rule.max_team_gap {
        faults.is_figure("/rating/max_team_gap", gap);
    }
}

fn of_latency(rule: &LatencyRule, faults: &mut Faults) {
    let max = faults.is_figure("/latency/max_ms", rule.max_ms);
    faults.is_figure("/latency/widen_ms_per_s", rule.widen_ms_per_s);
    if faults.is_figure("/latency/ceiling_ms", rule.ceiling_ms)
        && max
        && rule.ceiling_ms < rule.max_ms
    {
        faults.add(
            "/latency/ceiling_ms",
            format!("must be at least max_ms, {}", rule.max_ms),
        );
    }
}

fn of_attributes(rules: &[AttributeRule], faults: &mut Faults) {
    if rules.len() > MAX_ATTRIBUTE_RULES {
        faults.add(
            "/attributes",
            format!("must be at most {MAX_ATTRIBUTE_RULES}"),
        );
    }
    for (at, rule) in rules.iter().enumerate() {
        let earlier = rules[..at].iter().find(|other| clash(other, rule));
        if let Some(earlier) = earlier {
            let detail = if earlier.rule == rule.rule {
                format!("must not say twice what {} has to be", rule.name)
            } else {
                format!(
                    "must not ask for {} to be {} where another rule asks for {}",
                    rule.name,
                    word(rule.rule),
                    word(earlier.rule)
                )
            };
            faults.add(format!("/attributes/{at}"), detail);
        }
    }
}

/// Equal values that are not none overlap, so those two go together. Different ones do neither.
fn clash(one: &AttributeRule, other: &AttributeRule) -> bool {
    let differ = |a: &AttributeRule, b: &AttributeRule| {
        (a.rule == Likeness::Different) != (b.rule == Likeness::Different)
    };
    one.name == other.name && (one.rule == other.rule || differ(one, other))
}

fn word(rule: Likeness) -> &'static str {
    match rule {
        Likeness::Equal => "equal",
        Likeness::Different => "different",
        Likeness::Overlap => "overlap",
    }
}

fn of_parties(rules: &Rules, faults: &mut Faults) {
    let largest = rules.teams.iter().map(|team| team.max_size).max();
    if let (Some(size), Some(largest)) = (rules.party.max_size, largest) {
        if size == 0 {
            faults.add("/party/max_size", "must be at least 1");
        }
        if size > largest {
            faults.add(
                "/party/max_size",
                format!("must be at most {largest}, the players of the largest team"),
            );
        }
    }
    if let Some(spread) = rules.party.max_spread {
        faults.is_figure("/party/max_spread", spread);
    }
    let least = rules.teams.iter().map(|team| team.max_size).min();
    let most = rules.teams.iter().map(|team| team.min_size).max();
    if let (true, Some(least), Some(most)) = (rules.party.mirrored, least, most)
        && least < most
    {
        faults.add(
            "/party/mirrored",
            format!("must not be asked of a team of at most {least} and one of at least {most}"),
        );
    }
}
