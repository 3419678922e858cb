//! What lines are, and how many there are of each.

use serde::{Deserialize, Serialize};

/// What a line is; they come in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The first.
    AgonExport,
    /// A board.
    Board,
    /// A player.
    Player,
    /// A player's entry in a season of a board.
    Entry,
    /// A mark that a player is hidden on a board.
    Hidden,
    /// A queue.
    Queue,
    /// A match.
    Match,
    /// A ticket.
    Ticket,
    /// A backfill.
    Backfill,
    /// A player's rating in a queue.
    Rating,
    /// The last.
    End,
    /// Instead of the end, where the rest could not be read.
    Error,
}

/// How much there is of everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Counts {
    /// Boards.
    pub boards: u64,
    /// Players.
    pub players: u64,
    /// Entries, of all seasons.
    pub entries: u64,
    /// Marks that a player is hidden on a board.
    pub hidden: u64,
    /// Queues.
    pub queues: u64,
    /// Matches.
    pub matches: u64,
    /// Tickets that wait or are proposed.
    pub tickets: u64,
    /// Open backfills.
    pub backfills: u64,
    /// Ratings.
    pub ratings: u64,
}

impl Counts {
    /// Counts one.
    pub fn add(&mut self, kind: Kind) {
        match kind {
            Kind::Board => self.boards += 1,
            Kind::Player => self.players += 1,
            Kind::Entry => self.entries += 1,
            Kind::Hidden => self.hidden += 1,
            Kind::Queue => self.queues += 1,
            Kind::Match => self.matches += 1,
            Kind::Ticket => self.tickets += 1,
            Kind::Backfill => self.backfills += 1,
            Kind::Rating => self.ratings += 1,
            Kind::AgonExport | Kind::End | Kind::Error => {}
        }
    }

    /// All of it.
    pub fn records(&self) -> u64 {
        self.boards + self.players + self.entries + self.hidden + self.of_queues()
    }

    /// What is of queues.
    pub fn of_queues(&self) -> u64 {
        self.queues + self.matches + self.tickets + self.backfills + self.ratings
    }
}
