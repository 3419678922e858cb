//! Reads all of an export before any of it is written, and refuses it for whatever is wrong.
//!
//! In memory are the ids of the players and the order of one season's entries, some tens of bytes for
//! each: far less than the store takes that they go to. Likewise of queues, `check/queues.rs`.

use std::fs::File;
use std::io::{BufReader, Seek};

use archive::{
    ArchiveError, BoardLine, Counts, EntryLine, HiddenLine, Kind, Lines, PlayerLine, Scope,
};
use boards::{BoardId, PlayerId, SeasonId};
use sha2::{Digest, Sha256};

use super::{ImportError, ImportPlan};
use crate::codec::StoredEntry;
use crate::import::verify::fold;
use crate::records::BoardRecord;

mod queues;

use queues::CheckQueues;
pub(super) use queues::{CheckedQueue, CheckedQueues};

/// The smallest and the largest sequence number may be so far apart: what was moved to Redis has kept small ones,
/// and those that are given there are times in microseconds, 4096 of them each.
const MAX_SPAN: u64 = 1 << 63;
const READ_BYTES: usize = 256 << 10;

/// A board that will be imported.
pub(super) struct CheckedBoard {
    pub(super) id: BoardId,
    pub(super) record: BoardRecord,
    pub(super) entries: u64,
    /// Over all entries, in their order.
    pub(super) digest: Sha256,
    pub(super) hidden: Vec<PlayerId>,
    wanted: bool,
}

/// An export that is good.
pub(super) struct Checked {
    /// Those that are wanted, by name.
    pub(super) boards: Vec<CheckedBoard>,
    /// Those that are needed, by id.
    pub(super) players: Vec<PlayerId>,
    /// The smallest and the largest sequence number.
    pub(super) reached: Option<(u64, u64)>,
    /// Where in the file they begin.
    pub(super) players_at: u64,
    pub(super) entries_at: u64,
    /// None where some boards alone are wanted.
    pub(super) queues: CheckedQueues,
}

impl Checked {
    pub(super) fn read(
        file: &File,
        plan: &ImportPlan,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Self, ImportError> {
        let mut reader = BufReader::with_capacity(READ_BYTES, file);
        reader.rewind().map_err(ArchiveError::Read)?;
        let mut check = Check::new(Lines::new(reader), plan);
        while let Some(kind) = check.lines.advance()? {
            check.line(kind)?;
            progress(check.lines.counts().records());
        }
        check.finish()
    }

    pub(super) fn counts(&self) -> Counts {
        let of_queues = |count: fn(&Counts) -> u64| {
            let all = self.queues.all.iter();
            all.map(|queue| count(&queue.counts)).sum()
        };
        Counts {
            boards: self.boards.len() as u64,
            players: self.players.len() as u64,
            entries: self.boards.iter().map(|b| b.entries).sum(),
            hidden: self.boards.iter().map(|b| b.hidden.len() as u64).sum(),
            queues: self.queues.all.len() as u64,
            matches: self.queues.matches,
            tickets: of_queues(|counts| counts.tickets),
            backfills: of_queues(|counts| counts.backfills),
            ratings: of_queues(|counts| counts.ratings),
        }
    }

    /// What is to be written one by one.
    pub(super) fn records(&self) -> u64 {
        let counts = self.counts();
        counts.players + counts.entries + self.queues.lines()
    }
}

struct Check<'a, R> {
    lines: Lines<R>,
    plan: &'a ImportPlan,
    scope: Option<Scope>,
    boards: Vec<CheckedBoard>,
    players: Vec<PlayerId>,
    /// Whether each of them is needed by a wanted board.
    needed: Vec<bool>,
    entry: Option<(usize, SeasonId, PlayerId)>,
    hidden: Option<(usize, PlayerId)>,
    /// The sequence numbers of the present season.
    season: Vec<u64>,
    reached: Option<(u64, u64)>,
    players_at: Option<u64>,
    entries_at: Option<u64>,
    queues: CheckQueues,
}

impl<'a, R: std::io::BufRead> Check<'a, R> {
    fn new(lines: Lines<R>, plan: &'a ImportPlan) -> Self {
        Check {
            lines,
            plan,
            scope: None,
            boards: Vec::new(),
            players: Vec::new(),
            needed: Vec::new(),
            entry: None,
            hidden: None,
            season: Vec::new(),
            reached: None,
            players_at: None,
            entries_at: None,
            queues: CheckQueues::default(),
        }
    }

    fn line(&mut self, kind: Kind) -> Result<(), ArchiveError> {
        let at = self.lines.at();
        match kind {
            Kind::AgonExport => {
                self.scope = Some(self.lines.head()?.scope);
                Ok(())
            }
            Kind::Board => self.board(),
            Kind::Player => {
                self.players_at.get_or_insert(at);
                self.player()
            }
            Kind::Entry => {
                self.entries_at.get_or_insert(at);
                self.entry()
            }
            Kind::Hidden => self.hidden(),
            Kind::Queue | Kind::Match | Kind::Ticket | Kind::Backfill | Kind::Rating => {
                if matches!(self.scope, Some(Scope::Boards(_))) {
                    return Err(self.lines.wrong("an export of some boards has no queues"));
                }
                self.queues.line(kind, &self.lines, &self.players)
            }
            Kind::End | Kind::Error => Ok(()),
        }
    }

    fn board(&mut self) -> Result<(), ArchiveError> {
        let BoardLine {
            name,
            settings,
            seasons,
            reset_set_at_ms,
            ..
        } = self.lines.parse()?;
        if self.boards.last().is_some_and(|last| last.id >= name) {
            return Err(self.lines.wrong("boards come by name, each once"));
        }
        let record = BoardRecord {
            settings,
            seasons,
            reset_set_at_ms,
        };
        if !is_in_order(&record) {
            let what = "the seasons are not a present one and past ones before it";
            return Err(self.lines.wrong(what));
        }
        self.boards.push(CheckedBoard {
            wanted: self.plan.boards.is_empty() || self.plan.boards.contains(&name),
            id: name,
            record,
            entries: 0,
            digest: Sha256::new(),
            hidden: Vec::new(),
        });
        Ok(())
    }

    fn player(&mut self) -> Result<(), ArchiveError> {
        let line: PlayerLine = self.lines.parse()?;
        line.player().map_err(|e| self.lines.wrong(e))?;
        if line.id == PlayerId::NIL {
            let what = "the nil UUID stands for players that were erased; erase this one before the export";
            return Err(self.lines.wrong(what));
        }
        if self.players.last().is_some_and(|last| *last >= line.id) {
            return Err(self.lines.wrong("players come by id, each once"));
        }
        self.players.push(line.id);
        self.needed.push(self.plan.boards.is_empty());
        Ok(())
    }

    fn entry(&mut self) -> Result<(), ArchiveError> {
        let line: EntryLine = self.lines.parse()?;
        let wrong = |what: &str| Err(self.lines.wrong(what));
        let Some(board) = find_board(&self.boards, line.board) else {
            return wrong("this board is not in the export");
        };
        let mut seasons = self.boards[board].record.seasons.iter();
        if !seasons.any(|s| s.season == line.season) {
            return wrong("the board has no such season");
        }
        let Ok(player) = self.players.binary_search(&line.player_id) else {
            return wrong("this player is not in the export");
        };
        let Some(stored) = StoredEntry::of(&line) else {
            return wrong("metadata must be an object of at most 1024 bytes");
        };
        let key = (board, line.season, line.player_id);
        if self.entry.is_some_and(|last| last >= key) {
            return wrong("entries come by board, season and player, each once");
        }
        let next_season = self.entry.is_none_or(|(b, s, _)| (b, s) != (key.0, key.1));
        let season = line.season;
        if next_season {
            self.end_season()?;
        }
        self.entry = Some(key);
        self.season.push(stored.reached);
        let board = &mut self.boards[board];
        board.entries += 1;
        fold(&mut board.digest, season, key.2, &stored);
        if board.wanted {
            self.needed[player] = true;
            widen(&mut self.reached, stored.reached);
        }
        Ok(())
    }

    /// Two entries that reached their scores as the same one would have no order.
    fn end_season(&mut self) -> Result<(), ArchiveError> {
        self.season.sort_unstable();
        let repeated = self.season.windows(2).any(|two| two[0] == two[1]);
        self.season.clear();
        if repeated {
            let what = "of the entries of the season before, two have the same reached";
            return Err(self.lines.wrong(what));
        }
        Ok(())
    }

    fn hidden(&mut self) -> Result<(), ArchiveError> {
        let line: HiddenLine = self.lines.parse()?;
        let wrong = |what: &str| Err(self.lines.wrong(what));
        let Some(board) = find_board(&self.boards, line.board) else {
            return wrong("this board is not in the export");
        };
        let Ok(player) = self.players.binary_search(&line.player_id) else {
            return wrong("this player is not in the export");
        };
        let key = (board, line.player_id);
        if self.hidden.is_some_and(|last| last >= key) {
            return wrong("hidden marks come by board and player, each once");
        }
        self.hidden = Some(key);
        self.boards[board].hidden.push(key.1);
        self.needed[player] |= self.boards[board].wanted;
        Ok(())
    }

    fn finish(mut self) -> Result<Checked, ImportError> {
        self.end_season()?;
        let mut queues = std::mem::take(&mut self.queues).finish(&self.lines)?;
        if !self.plan.boards.is_empty() {
            queues = CheckedQueues::default();
        }
        if let Some((low, high)) = queues.made {
            widen(&mut self.reached, low);
            widen(&mut self.reached, high);
        }
        if self
            .reached
            .is_some_and(|(low, high)| high - low > MAX_SPAN)
        {
            let what = "reached and made of some lines are too far apart";
            return Err(self.lines.wrong(what).into());
        }
        if let Some(Scope::Boards(names)) = &self.scope
            && !names.iter().eq(self.boards.iter().map(|b| &b.id))
        {
            let what = "the boards are not those of the scope";
            return Err(self.lines.wrong(what).into());
        }
        let missing = self.plan.boards.iter();
        let missing = missing.filter(|id| find_board(&self.boards, id.as_str()).is_none());
        let missing: Vec<_> = missing.cloned().collect();
        if !missing.is_empty() {
            return Err(ImportError::UnknownBoards(missing));
        }
        self.boards.retain(|board| board.wanted);
        let mut needed = self.needed.iter();
        self.players
            .retain(|_| needed.next().copied().unwrap_or(false));
        Ok(Checked {
            boards: self.boards,
            players: self.players,
            reached: self.reached,
            players_at: self.players_at.unwrap_or(0),
            entries_at: self.entries_at.unwrap_or(0),
            queues,
        })
    }
}

/// Makes room for a number between the smallest and the largest.
fn widen(span: &mut Option<(u64, u64)>, number: u64) {
    let (low, high) = span.unwrap_or((number, number));
    *span = Some((low.min(number), high.max(number)));
}

fn find_board(boards: &[CheckedBoard], name: &str) -> Option<usize> {
    boards.binary_search_by(|b| b.id.as_str().cmp(name)).ok()
}

/// Whether the first season is the present one, and the others, newest first, have ended.
fn is_in_order(record: &BoardRecord) -> bool {
    let Some((present, past)) = record.seasons.split_first() else {
        return false;
    };
    let falling = |two: &[boards::Season]| two[0].season > two[1].season;
    present.ended_at_ms.is_none()
        && past.iter().all(|s| s.ended_at_ms.is_some())
        && record.seasons.windows(2).all(falling)
        && record.seasons.iter().all(|s| s.season >= SeasonId::FIRST)
        && present.season.0 < u32::MAX
}
