//! `POST /v1/queues/{queue}:simulate`: a queue tried out with the engine that serves it, before anybody
//! waits in it.
//!
//! It runs where requests for matches run, counts as one of them, and has their deadline; unlike those it
//! can be stopped, and is once the deadline has passed. Nothing is stored and no ticket is touched.

use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::{FromRequest, Request, State};
use boards::Score;
use fields::{Fields, FromFields, FromValue};
use match_json::{NewQueue, SettingsBody};
use matchmaking::simulate::{Scenario, Simulation, Skills, Start, simulate};
use matchmaking::{QueueSettings, Region, Role};
use serde::Serialize;
use serde_json::Value;
use tokio::task::spawn_blocking;
use utoipa::ToSchema;

use crate::body::JsonObject;
use crate::openapi::SimulateErrors;
use crate::path::{FirstName, QueuePath};
use crate::problem::{Code, Problem};
use crate::state::Api;
use crate::verbs::not_allowed;

/// Simulated tickets of a request at the most; `agon simulate` bears more.
const MOST_ARRIVALS: f64 = 1e6;
/// As far as JSON's whole numbers are exact in other languages.
const MOST_SEED: u64 = (1 << 53) - 1;
const WEIGHT: &str = "must be a number from 0 on";

/// Who comes to the queue, and for how long. What is missing has its default.
#[derive(ToSchema)]
#[schema(as = NewSimulation, example = json!({"arrivals_per_s": 5, "lasts_s": 600, "seed": 1}))]
#[allow(
    dead_code,
    reason = "describes the body, which is read as the domain's own type"
)]
pub(crate) struct ScenarioSchema {
    /// Parties that come in a second, on average, from 0.000000001 on: 10.
    #[schema(value_type = Option<f64>, example = 5)]
    arrivals_per_s: Option<Score>,
    /// How long it goes on, in simulated seconds: 3600.
    #[schema(value_type = Option<f64>, example = 600)]
    lasts_s: Option<Score>,
    /// From one look at the queue to the next, in simulated seconds: 1.
    #[schema(value_type = Option<f64>, example = 1)]
    interval_s: Option<Score>,
    /// How good players truly are: `normal:MEAN,DEVIATION` or `uniform:LOW..HIGH`.
    #[schema(example = "normal:1500,300")]
    ratings: Option<String>,
    /// What ratings are at first: near the true skills (`settled`), or a new player's (`new`).
    #[schema(pattern = "^(settled|new)$", example = "settled")]
    start: Option<String>,
    /// How many players there are; they come again: 10,000.
    #[schema(minimum = 1, maximum = 1_000_000, example = 10_000)]
    players: Option<u64>,
    /// Weights of party sizes; all alone, if missing.
    #[schema(value_type = Option<BTreeMap<String, f64>>, example = json!({"1": 0.7, "2": 0.3}))]
    party: Option<()>,
    /// Weights of regions that players live in; asked by rules about latency.
    #[schema(value_type = Option<BTreeMap<String, f64>>, example = json!({"eu": 0.5, "us": 0.5}))]
    regions: Option<()>,
    /// Weights of roles that players like; as often as the rules need them, if missing.
    #[schema(value_type = Option<BTreeMap<String, f64>>, example = json!({}))]
    roles: Option<()>,
    /// The share of parties that decline a match, where matches have to be accepted.
    #[schema(value_type = Option<f64>, example = 0)]
    decline: Option<Score>,
    /// The same seed has the same reply: 1.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_u64, example = 1)]
    seed: Option<u64>,
    /// Other settings to try instead of the queue's own, as in `PUT /v1/queues/{queue}`.
    #[schema(value_type = Option<BTreeMap<String, serde_json::Value>>, example = json!({"teams": {"count": 2, "min_size": 1, "max_size": 1}}))]
    settings: Option<()>,
}

/// A simulation to be run.
pub(crate) struct NewSimulation {
    scenario: Scenario,
    settings: Option<QueueSettings>,
}

impl FromFields for NewSimulation {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let usual = Scenario::default();
        let arrivals = fields.optional::<Score>("arrivals_per_s");
        let lasts = fields.optional::<Seconds>("lasts_s");
        let interval = fields.optional::<Seconds>("interval_s");
        let skills = fields.optional::<NewSkills>("ratings");
        let start = fields.optional::<NewStart>("start");
        let players = fields.whole("players", 1..=1_000_000);
        let parties = fields.optional_pairs("party", party);
        let regions = fields.optional_pairs("regions", |name, value| {
            Ok((Region::parse(name).map_err(|e| e.reason())?, weight(value)?))
        });
        let roles = fields.optional_pairs("roles", |name, value| {
            Ok((Role::parse(name).map_err(|e| e.reason())?, weight(value)?))
        });
        let decline = fields.optional::<Score>("decline");
        let seed = fields.whole("seed", 0..=MOST_SEED);
        let settings = fields.optional_object::<NewQueue>("settings");
        Some(NewSimulation {
            scenario: Scenario {
                arrivals_per_s: arrivals?.map_or(usual.arrivals_per_s, Score::get),
                lasts: lasts?.map_or(usual.lasts, |Seconds(time)| time),
                interval: interval?.map_or(usual.interval, |Seconds(time)| time),
                skills: skills?.map_or(usual.skills, |NewSkills(skills)| skills),
                start: start?.map_or(usual.start, |NewStart(start)| start),
                players: players?.map_or(usual.players, |players| players as usize),
                parties: parties?.unwrap_or(usual.parties),
                regions: regions?.unwrap_or(usual.regions),
                roles: roles?.unwrap_or(usual.roles),
                decline: decline?.map_or(usual.decline, Score::get),
                seed: seed?.unwrap_or(usual.seed),
            },
            settings: settings?.map(|NewQueue(settings)| settings),
        })
    }
}

/// More than nothing, and up to a year.
struct Seconds(Duration);

impl FromValue for Seconds {
    fn from_value(value: &Value) -> Result<Self, &'static str> {
        const YEAR_S: f64 = 31_536_000.0;
        let seconds = value.as_f64().filter(|s| (0.001..=YEAR_S).contains(s));
        let seconds = seconds.map(Duration::from_secs_f64);
        seconds
            .map(Seconds)
            .ok_or("must be seconds from 0.001 to 31536000")
    }
}

struct NewSkills(Skills);

impl FromValue for NewSkills {
    fn from_value(value: &Value) -> Result<Self, &'static str> {
        let skills = value.as_str().and_then(|text| text.parse().ok());
        skills
            .map(NewSkills)
            .ok_or("must be such as normal:1500,300 or uniform:1000..2000")
    }
}

struct NewStart(Start);

impl FromValue for NewStart {
    fn from_value(value: &Value) -> Result<Self, &'static str> {
        match value.as_str() {
            Some("settled") => Ok(NewStart(Start::Settled)),
            Some("new") => Ok(NewStart(Start::New)),
            _ => Err("must be settled or new"),
        }
    }
}

fn party(name: &str, value: &Value) -> Result<(usize, f64), &'static str> {
    let size = name.parse().map_err(|_| "must be a party's size")?;
    Ok((size, weight(value)?))
}

fn weight(value: &Value) -> Result<f64, &'static str> {
    let weight = value.as_f64().filter(|w| w.is_finite() && *w >= 0.0);
    weight.ok_or(WEIGHT)
}

/// What the queue would do.
#[derive(Serialize, ToSchema)]
#[schema(as = Simulation)]
pub(crate) struct SimulationBody {
    /// The settings that were tried.
    settings: SettingsBody,
    /// Of the tickets whose end has come, the share that expired.
    #[schema(example = 0.0)]
    expired_share: f64,
    /// Waits, spreads and team gaps in percentiles, tickets that waited over time, predicted against
    /// simulated wins, and why tickets waited. As `agon simulate --json`.
    #[schema(value_type = BTreeMap<String, serde_json::Value>, example = json!({"lasted_s": 600.0, "matches": 1480}))]
    simulation: Simulation,
}

/// Try a queue out
///
/// Simulates players who come at random, with the engine that makes real matches. The same body has the
/// same reply. Nothing is stored, and no ticket is touched.
#[utoipa::path(post, path = "/v1/queues/{queue}:simulate", tag = "matchmaking", params(QueuePath), request_body = ScenarioSchema, responses(
    (status = 200, description = "What the queue would do", body = SimulationBody),
    SimulateErrors,
))]
pub(crate) async fn simulate_queue(
    api: Api,
    path: QueuePath,
    body: JsonObject<NewSimulation>,
) -> Result<Json<SimulationBody>, Problem> {
    let stored = api.matches.queue(&path.queue).await?;
    let JsonObject(NewSimulation { scenario, settings }) = body;
    let settings = settings.unwrap_or_else(|| QueueSettings::clone(&stored.settings));
    bearable(&scenario, &settings)?;
    let slot = api.matching.take()?;
    let deadline = Instant::now() + api.matching.limits.deadline;
    let running = spawn_blocking(move || {
        let found = simulate(&settings, &scenario, &mut |_| Instant::now() < deadline);
        drop(slot);
        (settings, found)
    });
    let (settings, found) = running.await.map_err(|_| Problem::of(Code::Internal))?;
    let found = found.map_err(|fault| Problem::new(Code::InvalidRequest, fault.to_string()))?;
    let simulation = found.ok_or_else(|| {
        let detail = format!(
            "the simulation took longer than {:?}; simulate less, or use agon simulate",
            api.matching.limits.deadline
        );
        Problem::new(Code::MatchTimeout, detail)
    })?;
    Ok(Json(SimulationBody {
        settings: SettingsBody::from(&settings),
        expired_share: simulation.expired_share(),
        simulation,
    }))
}

fn bearable(scenario: &Scenario, settings: &QueueSettings) -> Result<(), Problem> {
    let refused = |detail: String| Problem::new(Code::InvalidRequest, detail);
    scenario
        .check(settings)
        .map_err(|fault| refused(fault.to_string()))?;
    let arrivals = scenario.arrivals_per_s * scenario.lasts.as_secs_f64();
    if arrivals > MOST_ARRIVALS {
        let most = "are more than a request may simulate: at most 1000000";
        return Err(refused(format!("{arrivals:.0} arrivals {most}")));
    }
    Ok(())
}

/// `POST /v1/queues/{queue}:simulate`. The router does not tell apart what stands behind a parameter in the
/// same part of a path.
pub(crate) async fn post_queue(
    State(api): State<Api>,
    FirstName(name): FirstName,
    request: Request,
) -> Result<Json<SimulationBody>, Problem> {
    let Some((queue, verb)) = name.rsplit_once(':') else {
        return Err(not_allowed(request.method(), request.uri().path()));
    };
    if verb != "simulate" {
        let detail = format!("there is nothing at {}", request.uri().path());
        return Err(Problem::new(Code::NotFound, detail));
    }
    let path = QueuePath::parse(queue)?;
    let body = JsonObject::from_request(request, &api).await?;
    simulate_queue(api, path, body).await
}
