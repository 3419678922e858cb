//! One look at a queue: what is over is ended, matches are looked for, and what has been found is announced.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use boards::StoreError;
use matchmaking::{
    BackfillId, Formation, FormedMatch, FormedTeam, MatchError, MatchId, MatchStore, Opening,
    ProposedMatch, ProposedTeam, QueueChange, QueueId, QueueSnapshot, Role, Seated, TicketId,
    Waiting, WhyWaiting, form,
};

/// Matches announced in one change, so that others get into the batches between.
const ANNOUNCED: usize = 200;

/// What a look has seen.
pub(super) struct Pass {
    /// The version of what was looked at.
    pub(super) version: u64,
}

type Fill = (BackfillId, usize, TicketId, Vec<Option<Role>>);

/// What is to be told to the store.
#[derive(Default)]
struct Found {
    matches: Vec<ProposedMatch>,
    fills: Vec<Fill>,
    why: Vec<(TicketId, WhyWaiting)>,
}

pub(super) async fn look(store: &Arc<dyn MatchStore>, queue: &QueueId) -> Result<Pass, MatchError> {
    let mut snapshot = store.snapshot(queue, now_ms()).await?;
    if snapshot.lapsed {
        let lapse = QueueChange::Lapse(queue.clone());
        store.change_queue(lapse, None, now_ms()).await?;
        snapshot = store.snapshot(queue, now_ms()).await?;
    }
    let version = snapshot.version;
    let looking = tokio::task::spawn_blocking(move || find(&snapshot, now_ms()));
    let found = looking.await.map_err(|panic| failed(panic.to_string()))??;
    announce(store, queue, found).await?;
    Ok(Pass { version })
}

async fn announce(
    store: &Arc<dyn MatchStore>,
    queue: &QueueId,
    found: Found,
) -> Result<(), MatchError> {
    let mut matches = found.matches.into_iter();
    let mut fills = found.fills.into_iter();
    loop {
        let fills: Vec<_> = fills.by_ref().take(ANNOUNCED).collect();
        let matches: Vec<_> = matches.by_ref().take(ANNOUNCED - fills.len()).collect();
        if fills.is_empty() && matches.is_empty() {
            return store.explain(queue, found.why).await;
        }
        let change = QueueChange::Announce {
            queue: queue.clone(),
            matches,
            fills,
        };
        store.change_queue(change, None, now_ms()).await?;
    }
}

fn find(snapshot: &QueueSnapshot, now_ms: i64) -> Result<Found, MatchError> {
    let openings: Vec<_> = snapshot
        .openings
        .iter()
        .map(|(backfill, of)| Opening {
            region: of.region.as_ref(),
            teams: of.teams.iter().map(seated).collect(),
            seats: (0..of.teams.len())
                .map(|team| {
                    let open = backfill.open.iter().filter(|seat| seat.team == team);
                    open.map(|seat| seat.role.as_ref()).collect()
                })
                .collect(),
            waited: since(backfill.created_at_ms, now_ms),
        })
        .collect();
    let waiting: Vec<_> = snapshot
        .waiting
        .iter()
        .map(|queued| Waiting {
            ticket: &queued.ticket,
            waited: since(queued.created_at_ms, now_ms),
        })
        .collect();
    let settings = &snapshot.settings;
    let formation = form(&settings.rules, settings.rating_system, &openings, &waiting);
    told(snapshot, formation)
}

/// Those who are in the team.
fn seated(team: &matchmaking::MatchTeam) -> Vec<Seated<'_>> {
    let there = team.players.iter().filter(|player| !player.left);
    let seated = there.map(|player| Seated {
        player: &player.player,
        role: player.role.as_ref(),
    });
    seated.collect()
}

fn since(then_ms: i64, now_ms: i64) -> Duration {
    Duration::from_millis(u64::try_from(now_ms.saturating_sub(then_ms)).unwrap_or(0))
}

/// What the engine tells by places, by names.
fn told(snapshot: &QueueSnapshot, formation: Formation) -> Result<Found, MatchError> {
    let id = |ticket: usize| snapshot.waiting[ticket].id().clone();
    let fills = formation.filled.into_iter().map(|filled| {
        let backfill = snapshot.openings[filled.opening].0.id.clone();
        (backfill, filled.team, id(filled.ticket), filled.roles)
    });
    let why = formation.unmatched.into_iter().map(|unmatched| {
        let (reason, detail) = (unmatched.reason, unmatched.detail);
        (id(unmatched.ticket), WhyWaiting { reason, detail })
    });
    let matches = formation.matches.into_iter();
    Ok(Found {
        fills: fills.collect(),
        why: why.collect(),
        matches: matches
            .map(|formed| proposed(snapshot, formed))
            .collect::<Result<_, _>>()?,
    })
}

fn proposed(snapshot: &QueueSnapshot, formed: FormedMatch) -> Result<ProposedMatch, MatchError> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|e| failed(e.to_string()))?;
    Ok(ProposedMatch {
        id: MatchId::from_random(random),
        teams: formed
            .teams
            .iter()
            .map(|team| proposed_team(snapshot, team))
            .collect(),
        region: formed.region,
        rating_spread: formed.rating_spread,
        team_gap: formed.team_gap,
        win_probabilities: formed.win_probabilities,
    })
}

fn proposed_team(snapshot: &QueueSnapshot, team: &FormedTeam) -> ProposedTeam {
    let seats = team.seats.iter();
    let roles: HashMap<(usize, usize), &Role> = seats
        .filter_map(|seat| Some(((seat.ticket, seat.player), seat.role.as_ref()?)))
        .collect();
    let tickets = team.tickets.iter().map(|ticket| {
        let queued = &snapshot.waiting[*ticket];
        let players = 0..queued.ticket.players.len();
        let role = |player| roles.get(&(*ticket, player)).copied().cloned();
        (queued.id().clone(), players.map(role).collect())
    });
    ProposedTeam {
        tickets: tickets.collect(),
    }
}

fn failed(reason: String) -> MatchError {
    let source = None;
    MatchError::Store(StoreError::Unavailable { reason, source })
}

fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |time| {
        i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
    })
}
