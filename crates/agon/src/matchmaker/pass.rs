//! One look at a queue: what is over is ended, matches are looked for, and what has been found is announced.
//! And one at what it left: why.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use boards::StoreError;
use matchmaking::{
    BackfillId, Formation, FormedMatch, FormedTeam, MatchError, MatchId, MatchStore, Opening,
    ProposedMatch, ProposedTeam, QueueChange, QueueId, QueueSnapshot, RatingSystem, Role, Rules,
    Seated, TicketId, Waiting, WhyWaiting, form, form_unexplained,
};

use crate::clock::now_ms;

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
}

/// How matches are looked for among what waits.
pub(super) type Form = fn(&Rules, RatingSystem, &[Opening<'_>], &[Waiting<'_>]) -> Formation;

/// How a queue is looked at.
#[derive(Clone, Copy)]
pub(super) struct Forming {
    /// To find matches.
    pub(super) find: Form,
    /// To find out why the others wait.
    pub(super) explain: Form,
}

impl Forming {
    /// By the engine.
    pub(super) fn engine() -> Self {
        Forming {
            find: form_unexplained,
            explain: form,
        }
    }
}

/// Looks for matches and announces them; `None` where another node leads the queue, or has taken it over
/// meanwhile.
pub(super) async fn look(
    store: Arc<dyn MatchStore>,
    queue: QueueId,
    find_by: Form,
) -> Result<Option<Pass>, MatchError> {
    if !store.lead(&queue, now_ms()).await? {
        return Ok(None);
    }
    match look_as_leader(store, queue, find_by).await {
        // What was found is found again by who leads now.
        Err(MatchError::NotLeader(_)) => Ok(None),
        looked => looked.map(Some),
    }
}

async fn look_as_leader(
    store: Arc<dyn MatchStore>,
    queue: QueueId,
    find_by: Form,
) -> Result<Pass, MatchError> {
    let mut snapshot = store.snapshot(&queue, now_ms()).await?;
    if snapshot.lapsed {
        let lapse = QueueChange::Lapse(queue.clone());
        store.change_queue(lapse, None, now_ms()).await?;
        snapshot = store.snapshot(&queue, now_ms()).await?;
    }
    let version = snapshot.version;
    let found = blocking(move || find(&snapshot, now_ms(), find_by)).await??;
    announce(&store, &queue, found).await?;
    Ok(Pass { version })
}

/// Runs what takes long on a thread that may block. A panic there is one here.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, MatchError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(ended) => failed(ended.to_string()),
    })
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
            return Ok(());
        }
        let change = QueueChange::Announce {
            queue: queue.clone(),
            matches,
            fills,
        };
        store.change_queue(change, None, now_ms()).await?;
    }
}

/// Tells those who ask why tickets wait, as far as matches have not been found for them.
pub(super) async fn explain(
    store: Arc<dyn MatchStore>,
    queue: QueueId,
    explain_by: Form,
) -> Result<(), MatchError> {
    let snapshot = store.snapshot(&queue, now_ms()).await?;
    let why = blocking(move || why(&snapshot, now_ms(), explain_by)).await?;
    store.explain(&queue, why).await
}

fn find(snapshot: &QueueSnapshot, now_ms: i64, form: Form) -> Result<Found, MatchError> {
    let formation = formed(snapshot, now_ms, form);
    told(snapshot, formation)
}

fn why(snapshot: &QueueSnapshot, now_ms: i64, form: Form) -> Vec<(TicketId, WhyWaiting)> {
    let unmatched = formed(snapshot, now_ms, form).unmatched.into_iter();
    let why = unmatched.map(|unmatched| {
        let (reason, detail) = (unmatched.reason, unmatched.detail);
        let id = snapshot.waiting[unmatched.ticket].id().clone();
        (id, WhyWaiting { reason, detail })
    });
    why.collect()
}

fn formed(snapshot: &QueueSnapshot, now_ms: i64, form: Form) -> Formation {
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
    form(&settings.rules, settings.rating_system, &openings, &waiting)
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
    let matches = formation.matches.into_iter();
    Ok(Found {
        fills: fills.collect(),
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
