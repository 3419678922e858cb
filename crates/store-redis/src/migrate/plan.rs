//! What has to be known of an export before any of it is written to Redis, found by reading all of it.

use std::collections::{BTreeMap, HashSet};
use std::io::BufRead;

use archive::{
    ArchiveError, BoardLine as BoardText, Counts, EndLine, EntryLine, HiddenLine, Kind, Lines, Sum,
};
use boards::PlayerId;

use crate::board_line::BoardLine;
use crate::queues::Census;

/// An export that was read as a whole.
pub struct Plan {
    /// By name, with the numbers that they get.
    pub(super) boards: BTreeMap<String, BoardLine>,
    /// Board number and player.
    pub(super) hidden: HashSet<(u32, PlayerId)>,
    /// The largest number of the order of ties.
    pub(super) reached: u64,
    pub(super) queues: Census,
    /// A digest of all of it.
    pub(super) source: String,
    pub(super) sum: Sum,
}

impl Plan {
    /// Reads an export. `progress` is told how many records have been read. Takes some tens of bytes for each
    /// hidden mark, each ticket and each backfill.
    ///
    /// # Errors
    /// [`ArchiveError`] where it is not whole.
    pub fn read(from: impl BufRead, progress: &mut dyn FnMut(u64)) -> Result<Self, ArchiveError> {
        let mut lines = Lines::new(from);
        let mut plan = Plan {
            boards: BTreeMap::new(),
            hidden: HashSet::new(),
            reached: 0,
            queues: Census::default(),
            source: String::new(),
            sum: Sum::default(),
        };
        while let Some(kind) = lines.advance()? {
            plan.line(kind, &lines)?;
            progress(lines.counts().records());
        }
        plan.queues.finish();
        Ok(plan)
    }

    /// How much there is of everything.
    pub fn counts(&self) -> Counts {
        self.sum.counts()
    }

    /// What there is, to be compared.
    pub fn sum(&self) -> &Sum {
        &self.sum
    }

    fn line<R: BufRead>(&mut self, kind: Kind, lines: &Lines<R>) -> Result<(), ArchiveError> {
        match kind {
            Kind::AgonExport => return lines.head().map(drop),
            Kind::End => {
                self.source = lines.parse::<EndLine>()?.sha256;
                return Ok(());
            }
            Kind::Board => self.board(lines.parse()?),
            Kind::Entry => self.reached = self.reached.max(lines.parse::<EntryLine<'_>>()?.reached),
            Kind::Hidden => self.hidden(&lines.parse()?),
            Kind::Queue | Kind::Match | Kind::Ticket | Kind::Backfill => {
                self.queues.line(kind, lines)?;
            }
            Kind::Player | Kind::Rating | Kind::Error => {}
        }
        self.sum.add(kind, lines.line());
        Ok(())
    }

    fn board(&mut self, board: BoardText) {
        let number = u32::try_from(self.boards.len() + 1).unwrap_or(u32::MAX);
        let mut line = BoardLine::new(number, board.settings, 0);
        line.seasons = board.seasons;
        line.reset_set_at_ms = board.reset_set_at_ms;
        line.set_end();
        self.boards.insert(board.name.as_str().to_owned(), line);
    }

    fn hidden(&mut self, mark: &HiddenLine<'_>) {
        if let Some(board) = self.boards.get(mark.board) {
            self.hidden.insert((board.number, mark.player_id));
        }
    }
}
