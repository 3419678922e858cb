//! Rules on the wire.

use std::collections::BTreeMap;

use fields::{Fields, FromFields, FromValue, integer};
use matchmaking::{
    AttributeKey, AttributeRule, Clock, LatencyRule, Likeness, MAX_ATTRIBUTE_RULES, MAX_ROLES,
    MAX_TEAM_SIZE, MAX_TEAMS, PartyRule, RatingRule, Role, Rules, TeamRule, contradictions,
};
use serde::Serialize;
use serde_json::Value;

use crate::amount::Amount;
use crate::parts::{only, within};

/// The fields that are rules.
pub(crate) const NAMES: [&str; 6] = ["teams", "rating", "latency", "attributes", "party", "clock"];

/// Reads the rules among the fields of an object; what they contradict each other in is a fault as well.
pub fn read_rules(fields: &mut Fields<'_>) -> Option<Rules> {
    let teams = teams(fields);
    let rating = fields.optional_object::<NewRatingRule>("rating");
    let latency = fields.optional_object::<NewLatencyRule>("latency");
    let attributes = attributes(fields);
    let party = fields.optional_object::<NewPartyRule>("party");
    let clock = fields.optional::<Clock>("clock");
    let (rating, in_rating) = match rating? {
        Some(NewRatingRule(rule, clock)) => (Some(rule), clock),
        None => (None, None),
    };
    let clock = one_clock(fields, clock?, in_rating);
    let rules = Rules {
        teams: teams?,
        rating,
        latency: latency?.map(|NewLatencyRule(rule)| rule),
        attributes: attributes?,
        party: party?.map(|NewPartyRule(rule)| rule).unwrap_or_default(),
        clock: clock?,
    };
    agree(fields, rules)
}

/// The clock can be told with the rating rule or beside it, where there is none.
fn one_clock(
    fields: &mut Fields<'_>,
    beside: Option<Clock>,
    within: Option<Clock>,
) -> Option<Clock> {
    if beside.zip(within).is_some_and(|(a, b)| a != b) {
        fields.fault("clock", "must not be another than /rating/clock");
        return None;
    }
    Some(beside.or(within).unwrap_or_default())
}

fn agree(fields: &mut Fields<'_>, rules: Rules) -> Option<Rules> {
    let as_list = fields.value("teams").is_some_and(Value::is_array);
    let faults = contradictions(&rules);
    for fault in &faults {
        let pointer = fault.pointer.trim_start_matches('/');
        let pointer = match pointer.strip_prefix("teams/") {
            Some("count") if as_list => "teams".to_owned(),
            Some(rest) if as_list && rules.has_equal_teams() => format!("teams/0/{rest}"),
            _ => pointer.to_owned(),
        };
        fields.fault(&pointer, &fault.detail);
    }
    faults.is_empty().then_some(rules)
}

fn teams(fields: &mut Fields<'_>) -> Option<Vec<TeamRule>> {
    match fields.value("teams") {
        None => fields.missing("teams"),
        Some(Value::Array(_)) => {
            let teams = fields.optional_objects::<NewTeam>("teams", MAX_TEAMS)?;
            let teams = teams.unwrap_or_default().into_iter();
            Some(teams.map(|NewTeam(team)| team).collect())
        }
        Some(Value::Object(_)) => {
            let EqualTeams(teams) = fields.optional_object("teams")??;
            Some(teams)
        }
        Some(_) => {
            fields.fault("teams", "must be an object or an array");
            None
        }
    }
}

struct EqualTeams(Vec<TeamRule>);

impl FromFields for EqualTeams {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let known = only(fields, &["count", "min_size", "max_size", "roles"]);
        let count = fields.whole("count", 1..=MAX_TEAMS as u64);
        let team = team(fields);
        known?;
        Some(EqualTeams(vec![team?; count?.unwrap_or(2) as usize]))
    }
}

struct NewTeam(TeamRule);

impl FromFields for NewTeam {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let known = only(fields, &["min_size", "max_size", "roles"]);
        let team = team(fields);
        known?;
        team.map(NewTeam)
    }
}

fn team(fields: &mut Fields<'_>) -> Option<TeamRule> {
    let sizes = 1..=MAX_TEAM_SIZE as u64;
    let min_size = fields.whole("min_size", sizes.clone());
    let max_size = fields.whole("max_size", sizes);
    let roles = fields.optional_pairs("roles", role);
    let min_size = match min_size? {
        Some(size) => size as usize,
        None => return fields.missing("min_size"),
    };
    let roles = within(fields, "roles", roles?.unwrap_or_default(), MAX_ROLES)?;
    Some(TeamRule {
        min_size,
        max_size: max_size?.map_or(min_size, |size| size as usize),
        roles: roles.into_iter().collect(),
    })
}

fn role(name: &str, count: &Value) -> Result<(Role, usize), &'static str> {
    let role = Role::parse(name).map_err(|_| ROLE)?;
    let count = integer(count).and_then(|n| usize::try_from(n).ok());
    let count = count.filter(|n| (1..=MAX_TEAM_SIZE).contains(n));
    Ok((role, count.ok_or("must be a whole number from 1 to 64")?))
}

const ROLE: &str = "must be named by 1 to 32 of a-z, 0-9, _ and -";

struct NewRatingRule(RatingRule, Option<Clock>);

impl FromFields for NewRatingRule {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let names = [
            "spread",
            "widen_per_s",
            "max_spread",
            "max_team_gap",
            "clock",
        ];
        let known = only(fields, &names);
        let spread = fields.required::<Amount>("spread");
        let widen_per_s = fields.optional::<Amount>("widen_per_s");
        let max_spread = fields.optional::<Amount>("max_spread");
        let max_team_gap = fields.optional::<Amount>("max_team_gap");
        let clock = fields.optional("clock");
        known?;
        let (Amount(spread), widen_per_s) = (spread?, amount(widen_per_s?));
        let max_spread = ceiling(max_spread?, spread, widen_per_s);
        let rule = RatingRule {
            spread,
            widen_per_s,
            max_spread,
            max_team_gap: max_team_gap?.map(|Amount(gap)| gap),
        };
        Some(NewRatingRule(rule, clock?))
    }
}

struct NewLatencyRule(LatencyRule);

impl FromFields for NewLatencyRule {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let known = only(fields, &["max_ms", "widen_ms_per_s", "ceiling_ms"]);
        let max_ms = fields.required::<Amount>("max_ms");
        let widen_ms_per_s = fields.optional::<Amount>("widen_ms_per_s");
        let ceiling_ms = fields.optional::<Amount>("ceiling_ms");
        known?;
        let (Amount(max_ms), widen_ms_per_s) = (max_ms?, amount(widen_ms_per_s?));
        let ceiling_ms = ceiling(ceiling_ms?, max_ms, widen_ms_per_s);
        Some(NewLatencyRule(LatencyRule {
            max_ms,
            widen_ms_per_s,
            ceiling_ms,
        }))
    }
}

fn amount(sent: Option<Amount>) -> f64 {
    sent.map_or(0.0, |Amount(amount)| amount)
}

/// Where widening ends. Where that is not told, a limit that widens does so without end: with its start
/// as the end it would never widen, which nobody can mean who asks for it.
fn ceiling(sent: Option<Amount>, start: f64, widening: f64) -> f64 {
    match sent {
        Some(Amount(ceiling)) => ceiling,
        None if widening > 0.0 => Amount::MAX,
        None => start,
    }
}

fn attributes(fields: &mut Fields<'_>) -> Option<Vec<AttributeRule>> {
    let rules = fields.optional_objects::<NewAttributeRule>("attributes", MAX_ATTRIBUTE_RULES)?;
    let rules = rules.unwrap_or_default().into_iter();
    Some(rules.map(|NewAttributeRule(rule)| rule).collect())
}

struct NewAttributeRule(AttributeRule);

impl FromFields for NewAttributeRule {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let known = only(fields, &["name", "rule"]);
        let name = fields.required::<AttributeKey>("name");
        let rule = fields.required::<Likeness>("rule");
        known?;
        Some(NewAttributeRule(AttributeRule {
            name: name?,
            rule: rule?,
        }))
    }
}

struct NewPartyRule(PartyRule);

impl FromFields for NewPartyRule {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let known = only(fields, &["max_size", "max_spread", "mirrored"]);
        let max_size = fields.whole("max_size", 1..=MAX_TEAM_SIZE as u64);
        let max_spread = fields.optional::<Amount>("max_spread");
        let mirrored = fields.optional::<Flag>("mirrored");
        known?;
        Some(NewPartyRule(PartyRule {
            max_size: max_size?.map(|size| size as usize),
            max_spread: max_spread?.map(|Amount(spread)| spread),
            mirrored: mirrored?.is_some_and(|Flag(flag)| flag),
        }))
    }
}

struct Flag(bool);

impl FromValue for Flag {
    fn from_value(value: &Value) -> Result<Self, &'static str> {
        value.as_bool().map(Flag).ok_or("must be true or false")
    }
}

/// Rules that are an object of their own.
pub(crate) struct NewRules(pub(crate) Rules);

impl FromFields for NewRules {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let known = only(fields, &NAMES);
        let rules = read_rules(fields);
        known?;
        rules.map(NewRules)
    }
}

/// Rules as they are written.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = WrittenRules))]
pub struct RulesBody {
    teams: TeamsBody,
    /// How far ratings may be apart; null: as far as they like.
    #[cfg_attr(feature = "openapi", schema(required = true, value_type = Option<crate::schema::RatingRule>))]
    rating: Option<RatingBody>,
    /// How far players may be from where the match is held; null: as far as they like.
    #[cfg_attr(feature = "openapi", schema(required = true, value_type = Option<crate::schema::LatencyRule>))]
    latency: Option<LatencyRule>,
    /// What players have to have in common, or not.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<crate::schema::AttributeRule>))]
    attributes: Vec<AttributeRule>,
    #[cfg_attr(feature = "openapi", schema(value_type = crate::schema::PartyRule))]
    party: PartyRule,
    #[cfg_attr(feature = "openapi", schema(value_type = crate::schema::Clock, inline))]
    clock: Clock,
}

/// Teams as they are written: all of one kind, or each by itself.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = WrittenTeams))]
pub enum TeamsBody {
    /// So many of one kind.
    Equal(EqualTeamsBody),
    /// Each by itself.
    Each(Vec<TeamBody>),
}

/// Teams of one kind as they are written.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = WrittenEqualTeams))]
pub struct EqualTeamsBody {
    /// How many.
    #[cfg_attr(feature = "openapi", schema(example = 2))]
    count: usize,
    #[serde(flatten)]
    team: TeamBody,
}

/// A team as it is written.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = WrittenTeam))]
pub struct TeamBody {
    /// Players at least.
    #[cfg_attr(feature = "openapi", schema(example = 5))]
    min_size: usize,
    /// Players at the most.
    #[cfg_attr(feature = "openapi", schema(example = 5))]
    max_size: usize,
    /// How many of each role a team has.
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, usize>, example = json!({"tank": 1, "healer": 1, "damage": 3})))]
    roles: BTreeMap<Role, usize>,
}

#[derive(Clone, Debug, Serialize)]
struct RatingBody {
    #[serde(flatten)]
    rule: RatingRule,
    clock: Clock,
}

impl From<&Rules> for RulesBody {
    fn from(rules: &Rules) -> Self {
        let clock = rules.clock;
        RulesBody {
            teams: TeamsBody::from(rules),
            rating: rules.rating.clone().map(|rule| RatingBody { rule, clock }),
            latency: rules.latency.clone(),
            attributes: rules.attributes.clone(),
            party: rules.party.clone(),
            clock,
        }
    }
}

impl From<&Rules> for TeamsBody {
    fn from(rules: &Rules) -> Self {
        match rules.teams.first() {
            Some(first) if rules.has_equal_teams() => TeamsBody::Equal(EqualTeamsBody {
                count: rules.teams.len(),
                team: first.clone().into(),
            }),
            _ => TeamsBody::Each(rules.teams.iter().cloned().map(TeamBody::from).collect()),
        }
    }
}

impl From<TeamRule> for TeamBody {
    fn from(team: TeamRule) -> Self {
        TeamBody {
            min_size: team.min_size,
            max_size: team.max_size,
            roles: team.roles,
        }
    }
}

#[cfg(test)]
mod tests;
