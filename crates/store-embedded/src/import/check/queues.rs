//! Reads the queues of an export, and what is in them, and refuses what could not be in a store.
//!
//! In memory are the ids of matches that go on, of one queue's players that wait, and the order of its tickets.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::BufRead;

use archive::{
    ArchiveError, BackfillLine, Counts, Kind, Lines, MatchLine, QueueLine, RatingLine, TicketLine,
};
use boards::PlayerId;
use matchmaking::{
    BackfillState, Match, MatchId, MatchState, QueueId, QueueSettings, QueuedTicket, TicketId,
    TicketState,
};

use super::widen;

/// A queue that will be imported.
pub(in crate::import) struct CheckedQueue {
    pub(in crate::import) id: QueueId,
    pub(in crate::import) settings: QueueSettings,
    /// How many of each it has.
    pub(in crate::import) counts: Counts,
}

/// The queues of an export that is good.
#[derive(Default)]
pub(in crate::import) struct CheckedQueues {
    /// By name.
    pub(in crate::import) all: Vec<CheckedQueue>,
    /// Matches, those of deleted queues among them.
    pub(in crate::import) matches: u64,
    /// The smallest and the largest number of the order in which tickets and backfills were made.
    pub(in crate::import) made: Option<(u64, u64)>,
    /// Where in the file matches begin, which the rest follows.
    pub(in crate::import) at: u64,
}

impl CheckedQueues {
    /// Lines from [`CheckedQueues::at`] on.
    pub(in crate::import) fn lines(&self) -> u64 {
        let inner = self.all.iter().map(|queue| queue.counts.records());
        self.matches + inner.sum::<u64>()
    }

    pub(in crate::import) fn find(&self, id: &QueueId) -> Option<usize> {
        self.all.binary_search_by(|queue| queue.id.cmp(id)).ok()
    }
}

/// A match that goes on.
struct Held {
    /// `None`: one that was deleted.
    queue: Option<usize>,
    /// Of a proposal the tickets that have not come yet; `None`: it is being held.
    proposed_to: Option<BTreeSet<TicketId>>,
}

#[derive(Default)]
pub(super) struct CheckQueues {
    found: CheckedQueues,
    held: HashMap<MatchId, Held>,
    of_match: Option<MatchId>,
    ticket: Option<(usize, TicketId)>,
    backfill: Option<(usize, TicketId)>,
    rating: Option<(usize, PlayerId)>,
    /// Those in tickets of the present queue.
    waiting: HashSet<PlayerId>,
    /// When the tickets or backfills of the present queue were made.
    made: HashSet<u64>,
}

/// Why a line is refused.
type Reason = &'static str;

impl CheckQueues {
    /// The present line. `players` are those of the export, by id.
    pub(super) fn line<R: BufRead>(
        &mut self,
        kind: Kind,
        lines: &Lines<R>,
        players: &[PlayerId],
    ) -> Result<(), ArchiveError> {
        if kind > Kind::Queue && self.found.at == 0 {
            self.found.at = lines.at();
        }
        let checked = match kind {
            Kind::Queue => self.queue(lines.parse()?),
            Kind::Match => self.held(lines.parse()?, players),
            Kind::Ticket => self.ticket(lines.parse()?, players),
            Kind::Backfill => self.backfill(lines.parse()?),
            Kind::Rating => self.rating(&lines.parse()?, players),
            _ => Ok(()),
        };
        checked.map_err(|reason| lines.wrong(reason))
    }

    fn queue(&mut self, line: QueueLine) -> Result<(), Reason> {
        let QueueLine { name, settings, .. } = line;
        if self.found.all.last().is_some_and(|last| last.id >= name) {
            return Err("queues come by name, each once");
        }
        self.found.all.push(CheckedQueue {
            id: name,
            settings,
            counts: Counts::default(),
        });
        Ok(())
    }

    fn held(&mut self, line: MatchLine, players: &[PlayerId]) -> Result<(), Reason> {
        let of = line.of;
        if self
            .of_match
            .replace(of.id)
            .is_some_and(|last| last >= of.id)
        {
            return Err("matches come by id, each once");
        }
        let queue = match line.of_deleted_queue {
            true => None,
            false => Some(self.find(&of.queue)?),
        };
        if !people(&of).all(|id| id == PlayerId::NIL || is_there(players, id)) {
            return Err("a player of this match is not in the export");
        }
        self.found.matches += 1;
        let proposed_to = match of.state {
            MatchState::Finished { .. } => return Ok(()),
            MatchState::Failed { .. } => return Err("a match that has failed is not exported"),
            MatchState::Running { .. } => None,
            MatchState::Proposed { .. } if queue.is_none() => {
                return Err("a proposal fails with its queue");
            }
            MatchState::Proposed { .. } => Some(of.ticket_ids().cloned().collect()),
        };
        let held = Held { queue, proposed_to };
        self.held.insert(of.id, held);
        Ok(())
    }

    fn ticket(&mut self, line: TicketLine, players: &[PlayerId]) -> Result<(), Reason> {
        let ticket = &line.ticket;
        let queue = self.find(&ticket.queue)?;
        let key = (queue, ticket.id().clone());
        match &self.ticket {
            Some(last) if *last >= key => return Err("tickets come by queue and name, each once"),
            Some(last) if last.0 == queue => {}
            _ => {
                self.waiting.clear();
                self.made.clear();
            }
        }
        self.ticket = Some(key);
        self.party(ticket, players)?;
        self.is_new(line.made)?;
        self.found.all[queue].counts.add(Kind::Ticket);
        match ticket.state {
            TicketState::Waiting => Ok(()),
            TicketState::Proposed { match_id } => self.proposed(queue, match_id, ticket.id()),
            _ => Err("a ticket that has ended is not exported"),
        }
    }

    /// Players are there, and each waits once.
    fn party(&mut self, ticket: &QueuedTicket, players: &[PlayerId]) -> Result<(), Reason> {
        let party = &ticket.ticket.players;
        if party.is_empty() {
            return Err("this ticket has no players");
        }
        for player in party {
            if !is_there(players, player.id) {
                return Err("a player of this ticket is not in the export");
            }
            if !self.waiting.insert(player.id) {
                return Err("a player of this ticket waits in the queue already");
            }
            if player.latencies_ms.values().any(|ms| *ms < 0.0) {
                return Err("a latency of this ticket is negative");
            }
        }
        Ok(())
    }

    fn is_new(&mut self, made: u64) -> Result<(), Reason> {
        if !self.made.insert(made) {
            return Err("something of the queue has the same made already");
        }
        widen(&mut self.found.made, made);
        Ok(())
    }

    fn proposed(&mut self, queue: usize, of: MatchId, ticket: &TicketId) -> Result<(), Reason> {
        let held = self.held.get_mut(&of);
        let held = held.filter(|held| held.queue == Some(queue));
        let missing = held.and_then(|held| held.proposed_to.as_mut());
        if missing.is_some_and(|missing| missing.remove(ticket)) {
            return Ok(());
        }
        Err("this ticket is in no such proposal of its queue")
    }

    fn backfill(&mut self, line: BackfillLine) -> Result<(), Reason> {
        let backfill = &line.backfill;
        let queue = self.find(&backfill.queue)?;
        let key = (queue, backfill.id.clone());
        match &self.backfill {
            Some(last) if *last >= key => {
                return Err("backfills come by queue and name, each once");
            }
            Some(last) if last.0 == queue => {}
            _ => self.made.clear(),
        }
        self.backfill = Some(key);
        if backfill.state != BackfillState::Open {
            return Err("a backfill that has ended is not exported");
        }
        let of = self.held.get(&backfill.match_id);
        if !of.is_some_and(|of| of.queue == Some(queue) && of.proposed_to.is_none()) {
            return Err("this backfill is of no match that its queue holds");
        }
        self.is_new(line.made)?;
        self.found.all[queue].counts.add(Kind::Backfill);
        Ok(())
    }

    fn rating(&mut self, line: &RatingLine, players: &[PlayerId]) -> Result<(), Reason> {
        let key = (self.find(&line.queue)?, line.player_id);
        if self.rating.replace(key).is_some_and(|last| last >= key) {
            return Err("ratings come by queue and player, each once");
        }
        if !is_there(players, key.1) {
            return Err("this player is not in the export");
        }
        self.found.all[key.0].counts.add(Kind::Rating);
        Ok(())
    }

    fn find(&self, id: &QueueId) -> Result<usize, Reason> {
        self.found.find(id).ok_or("this queue is not in the export")
    }

    /// What was found, once all lines have been read.
    pub(super) fn finish<R: BufRead>(
        self,
        lines: &Lines<R>,
    ) -> Result<CheckedQueues, ArchiveError> {
        let lacks = |held: &Held| held.proposed_to.as_ref().is_some_and(|to| !to.is_empty());
        match self.held.iter().find(|(_, held)| lacks(held)) {
            Some((id, _)) => Err(lines.wrong(format!("the proposal {id} lacks a ticket"))),
            None => Ok(self.found),
        }
    }
}

fn is_there(players: &[PlayerId], id: PlayerId) -> bool {
    players.binary_search(&id).is_ok()
}

/// Everybody whom a match names.
fn people(of: &Match) -> impl Iterator<Item = PlayerId> {
    let players = of.teams.iter().flat_map(|team| &team.players);
    let mut named: Vec<PlayerId> = players.map(|player| player.player.id).collect();
    match &of.state {
        MatchState::Proposed { accepted: ids, .. }
        | MatchState::Failed {
            because_of: ids, ..
        } => named.extend(ids),
        MatchState::Running { .. } => {}
        MatchState::Finished {
            ratings, boards, ..
        } => {
            named.extend(ratings.iter().map(|rating| rating.player));
            named.extend(boards.iter().map(|effect| effect.player));
        }
    }
    named.into_iter()
}
