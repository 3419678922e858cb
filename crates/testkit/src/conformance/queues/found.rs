//! From a step to the changes that it is at that time, by what the reference shows.

use std::sync::Arc;

use boards::PlayerId;
use matchmaking::{
    Match, MatchId, MatchResult, MatchState, MatchStore, NewBackfill, ProposedMatch, ProposedTeam,
    QueueChange, QueueId, QueueSettings, QueuedTicket, TicketId, Who,
};

use super::steps::What;
use super::{Asked, Step, cast};
use crate::ReferenceStore;

/// The changes of a step. Matches that are announced are added to those known.
pub(super) async fn changes(
    step: &Step,
    reference: &ReferenceStore,
    known: &mut Vec<MatchId>,
    now_ms: i64,
) -> Vec<Asked> {
    let queues = match &step.what {
        What::Boards(change) => return vec![Asked::Boards(change.clone())],
        What::Queues(change) => vec![change.clone()],
        What::Create { queue, ticket, new } => {
            let mut ticket = ticket.clone();
            for id in cast::ticket_ids().filter(|_| *new) {
                if reference.ticket(queue, &id).await.is_err() {
                    ticket.id = id;
                    break;
                }
            }
            let queue = queue.clone();
            vec![QueueChange::CreateTicket { queue, ticket }]
        }
        What::Found { queue, skip } => {
            let Ok(snapshot) = reference.snapshot(queue, now_ms).await else {
                return Vec::new();
            };
            let waiting = snapshot.waiting.iter().skip(*skip);
            let matches = teams_of(&snapshot.settings, waiting);
            let matches = matches.map(|teams| proposed(known, &teams));
            vec![announce(queue, matches.into_iter().collect(), Vec::new())]
        }
        What::FoundOf { queue, tickets } => {
            let teams = tickets.iter().map(|id| vec![(id.clone(), 1)]);
            let proposed = proposed(known, &teams.collect::<Vec<_>>());
            vec![announce(queue, vec![proposed], Vec::new())]
        }
        What::Fill { queue, skip } => fills(reference, queue, *skip, now_ms).await,
        What::Say {
            back,
            first,
            count,
            tickets,
            accept,
            stranger,
        } => {
            let proposed = |of: &Match| matches!(of.state, MatchState::Proposed { .. });
            let Some(of) = latest(reference, known, *back, proposed).await else {
                return Vec::new();
            };
            let mut who = says(&of, *tickets);
            if *stranger {
                who = vec![Who::Player(PlayerId::from_bytes([0xee; 16]))];
            }
            let who = who.into_iter().cycle().skip(*first);
            let count = if *accept { *count } else { 1 };
            who.take(count)
                .map(|who| say(of.id, who, *accept))
                .collect()
        }
        What::Finish { back, result } => {
            let Some(of) = latest(reference, known, *back, is_running).await else {
                return Vec::new();
            };
            let in_order = (1..=of.teams.len() as u32).collect();
            let result = result.clone();
            vec![QueueChange::Finish {
                match_id: of.id,
                result: result.unwrap_or(MatchResult::Placements(in_order)),
            }]
        }
        What::Open {
            queue,
            id,
            back,
            leave,
            seats,
        } => {
            let Some(of) = latest(reference, known, *back, is_running).await else {
                return Vec::new();
            };
            // Mostly of the match's own queue.
            let queue = if *leave == 2 { queue } else { &of.queue };
            vec![QueueChange::CreateBackfill {
                queue: queue.clone(),
                backfill: NewBackfill {
                    id: id.clone(),
                    match_id: of.id,
                    left: of.players().take(*leave).map(|p| p.player.id).collect(),
                    seats: seats.clone(),
                },
            }]
        }
    };
    queues.into_iter().map(Asked::Queues).collect()
}

fn announce(
    queue: &QueueId,
    matches: Vec<ProposedMatch>,
    fills: Vec<(TicketId, usize, TicketId, Vec<Option<matchmaking::Role>>)>,
) -> QueueChange {
    QueueChange::Announce {
        queue: queue.clone(),
        matches,
        fills,
    }
}

/// Teams as large as they have to be, of tickets in their order; `None` where there are too few.
fn teams_of<'a>(
    settings: &QueueSettings,
    waiting: impl Iterator<Item = &'a Arc<QueuedTicket>>,
) -> Option<Vec<Vec<(TicketId, usize)>>> {
    let mut teams: Vec<Vec<(TicketId, usize)>> = Vec::new();
    let mut rules = settings.rules.teams.iter();
    let (mut rule, mut size) = (rules.next()?, 0);
    teams.push(Vec::new());
    for ticket in waiting {
        let players = ticket.ticket.players.len();
        if size + players > rule.max_size {
            continue;
        }
        size += players;
        teams.last_mut()?.push((ticket.ticket.id.clone(), players));
        if size >= rule.min_size {
            let Some(next) = rules.next() else {
                return Some(teams);
            };
            (rule, size) = (next, 0);
            teams.push(Vec::new());
        }
    }
    None
}

fn proposed(known: &mut Vec<MatchId>, teams: &[Vec<(TicketId, usize)>]) -> ProposedMatch {
    let number = (known.len() as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut id = [9; 16];
    id[..8].copy_from_slice(&number.to_be_bytes());
    let id = MatchId::from_random(id);
    known.push(id);
    let team = |team: &Vec<(TicketId, usize)>| ProposedTeam {
        tickets: team
            .iter()
            .map(|(id, players)| (id.clone(), (0..*players).map(cast::role).collect()))
            .collect(),
    };
    ProposedMatch {
        id,
        teams: teams.iter().map(team).collect(),
        region: None,
        rating_spread: 0.1 + 0.2,
        team_gap: 7.0,
        win_probabilities: vec![0.25; teams.len()],
    }
}

/// For each backfill the first tickets that have as many players as a team has open seats, or fewer.
async fn fills(
    reference: &ReferenceStore,
    queue: &QueueId,
    skip: usize,
    now_ms: i64,
) -> Vec<QueueChange> {
    let Ok(snapshot) = reference.snapshot(queue, now_ms).await else {
        return Vec::new();
    };
    let mut fills = Vec::new();
    let mut waiting = snapshot.waiting.iter().skip(skip);
    for (backfill, _) in &snapshot.openings {
        let team = backfill.open[0].team;
        let seats = backfill.open.iter().filter(|seat| seat.team == team);
        let roles: Vec<_> = seats.map(|seat| seat.role.clone()).collect();
        let size = |ticket: &QueuedTicket| ticket.ticket.players.len();
        if let Some(ticket) = waiting.find(|ticket| size(ticket) <= roles.len()) {
            let roles = roles[..size(ticket)].to_vec();
            fills.push((backfill.id.clone(), team, ticket.ticket.id.clone(), roles));
        }
    }
    if fills.is_empty() {
        return Vec::new();
    }
    vec![announce(queue, Vec::new(), fills)]
}

fn is_running(of: &Match) -> bool {
    matches!(of.state, MatchState::Running { .. })
}

/// The match that was announced so many before the last; first of those that are so, then of the others.
async fn latest(
    reference: &ReferenceStore,
    known: &[MatchId],
    back: usize,
    first: impl Fn(&Match) -> bool,
) -> Option<Arc<Match>> {
    let mut all = Vec::new();
    for id in known.iter().rev() {
        all.extend(reference.find_match(*id).await);
    }
    all.sort_by_key(|of| !first(of));
    all.into_iter().nth(back)
}

fn says(of: &Match, tickets: bool) -> Vec<Who> {
    let failed = matches!(of.state, MatchState::Failed { .. });
    if tickets && !failed {
        let ids = of.teams.iter().flat_map(|team| &team.tickets);
        return ids.cloned().map(Who::Ticket).collect();
    }
    let players = of.teams.iter().flat_map(|team| &team.players);
    players.map(|p| Who::Player(p.player.id)).collect()
}

fn say(match_id: MatchId, who: Who, accept: bool) -> QueueChange {
    if accept {
        QueueChange::Accept { match_id, who }
    } else {
        QueueChange::Decline { match_id, who }
    }
}
