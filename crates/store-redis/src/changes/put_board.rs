//! Boards: made, changed and deleted. Every room has a line of every board, and all lines change at once.
//!
//! A board that is to be ranked by an attribute more gets the segments first, while nobody may read them: the
//! line says that they are being built, so that every change keeps them from then on, then the entries that are
//! there are put into them bit by bit, and only then the settings change.

use boards::{Attribute, BoardId, BoardSettings, Changed, StoreError};

use super::attempt::{Attempt, unreadable};
use super::{First, commit};
use crate::board_keys::{self, DOOMED};
use crate::board_line::BoardLine;
use crate::board_records as records;
use crate::core::Core;
use crate::layout::Layout;
use crate::tx::{At, Write};

/// How many boards were ever made, in the control room.
pub(crate) const MADE: &[u8] = b"boards:made";

impl Attempt<'_, '_> {
    pub(super) async fn put_board(
        &mut self,
        board: &BoardId,
        settings: &BoardSettings,
    ) -> Result<Changed, StoreError> {
        if self.fetch_lines(board).await? {
            let line = self.line(Layout::CONTROL, board)?;
            self.change_board(board, &line, settings).await?;
            return Ok(Changed::Put { created: 0 });
        }
        self.add_board(board, settings).await?;
        Ok(Changed::Put { created: 1 })
    }

    /// Fetches a board's lines in all rooms; whether it is there.
    pub(super) async fn fetch_lines(&mut self, board: &BoardId) -> Result<bool, StoreError> {
        let rooms = self.layout().rooms();
        let all = rooms.flat_map(|room| [records::line(room, board), records::lines(room)]);
        self.tx.fetch(Vec::from_iter(all)).await?;
        let control = records::line(Layout::CONTROL, board);
        Ok(self.tx.known(&control).is_some())
    }

    /// Gives a board that line in all rooms, or none.
    pub(super) fn set_lines(&mut self, board: &BoardId, line: Option<&BoardLine>) {
        self.tx.changes_board(board);
        let now = self.attempts.stamps(1).to_string();
        for room in self.layout().rooms() {
            let record = records::line(room, board);
            match line {
                Some(line) => self.tx.set(record, line.to_bytes()),
                None => self.tx.remove(record),
            }
            self.tx.set(records::lines(room), now.clone().into_bytes());
        }
    }

    async fn add_board(
        &mut self,
        board: &BoardId,
        settings: &BoardSettings,
    ) -> Result<(), StoreError> {
        let made = At::whole(Layout::CONTROL, MADE);
        let last = self.tx.get(&made).await?.unwrap_or_else(|| b"0".to_vec());
        let last: Option<u32> = std::str::from_utf8(&last).ok().and_then(|n| n.parse().ok());
        let number = last.ok_or_else(|| unreadable("number"))? + 1;
        self.tx.set(made, number.to_string().into_bytes());
        let line = BoardLine::new(number, settings.clone(), self.now_ms);
        self.set_lines(board, Some(&line));
        // Versions go on from the time, so that those of a board are higher than those of one that had its name.
        let version = records::version(Layout::CONTROL, line.number());
        let first = self.attempts.stamps(1).to_string();
        self.tx.set(version, first.into_bytes());
        Ok(())
    }

    async fn change_board(
        &mut self,
        board: &BoardId,
        old: &BoardLine,
        settings: &BoardSettings,
    ) -> Result<(), StoreError> {
        if settings.order != old.settings.order {
            self.hold_still(old).await?;
            if self.filled(old.ladders()).await? > 0 {
                return Err(StoreError::OrderIsFixed);
            }
        }
        let is_new = |attribute: &&Attribute| !old.settings.segments.contains(attribute);
        let new: Vec<Attribute> = settings.segments.iter().filter(is_new).cloned().collect();
        if !new.is_empty() && self.built.as_ref() != Some(old) {
            self.first = Some(First::Build(board.clone(), new));
            return Ok(());
        }
        let mut line = old.clone();
        if settings.order != old.settings.order {
            // Of nothing, and the other order would have it elsewhere.
            line.cuts.clear();
        }
        line.put(settings.clone(), self.now_ms);
        line.building.clear();
        line.build = 0;
        let forgotten = line.forget();
        let before = old.settings.max_entries;
        let max = line.settings.max_entries;
        if let Some(max) = max.filter(|max| before.is_none_or(|before| *max < before)) {
            self.keep_first(board, (old, &mut line), max).await?;
        }
        self.set_lines(board, Some(&line));
        self.doom_seasons(&line, forgotten.iter().map(|season| season.season));
        self.doom_segments(old, &line);
        self.touch(Layout::CONTROL, board, &line);
        Ok(())
    }

    pub(super) async fn delete_board(&mut self, board: &BoardId) -> Result<Changed, StoreError> {
        if *board == BoardId::global() {
            return Err(StoreError::Protected(board.clone()));
        }
        self.fetch_lines(board).await?;
        let line = self.line(Layout::CONTROL, board)?;
        // Whatever its schedule says: it is gone.
        self.first = None;
        self.set_lines(board, None);
        self.doom_seasons(&line, line.seasons.iter().map(|season| season.season));
        self.doom(format!("b{}", line.number));
        Ok(Changed::Done)
    }

    fn doom_segments(&mut self, old: &BoardLine, new: &BoardLine) {
        let gone = old
            .attributes()
            .filter(|attribute| !new.settings.segments.contains(attribute));
        for attribute in gone {
            for ladder in new.ladders() {
                let ranked = String::from_utf8_lossy(&ladder.ranked()).into_owned();
                self.doom(format!("{ranked}:{}", attribute.as_str()));
            }
        }
    }

    pub(super) fn doom_seasons(
        &mut self,
        line: &BoardLine,
        seasons: impl Iterator<Item = boards::SeasonId>,
    ) {
        for season in seasons {
            let ranked = board_keys::Ladder::new(line.number(), season).ranked();
            self.doom(String::from_utf8_lossy(&ranked).into_owned());
        }
    }

    /// Has keys removed in all rooms once the change is made; see `tidy.lua`.
    fn doom(&mut self, what: String) {
        self.after.tidy = true;
        let since = self.attempts.stamps(1).to_string();
        for room in self.layout().rooms() {
            let (key, field) = (DOOMED.to_vec(), what.clone().into_bytes());
            let value = since.clone().into_bytes();
            self.tx.also(room, Write::HSet { key, field, value });
        }
    }
}

/// Makes the board that every store has, where it is not there.
///
/// # Errors
/// [`StoreError::Unavailable`]; [`StoreError::Overloaded`].
pub(crate) async fn make_global(core: &Core, now_ms: i64) -> Result<(), StoreError> {
    let mut attempts = core.attempts();
    for tries in 0.. {
        let mut attempt = Attempt::new(core.begin(), &attempts, now_ms, tries);
        let global = BoardId::global();
        if attempt.fetch_lines(&global).await? {
            return Ok(());
        }
        attempt.add_board(&global, &BoardSettings::global()).await?;
        let tx = attempt.tx;
        if commit(&mut attempts, tx).await? {
            return Ok(());
        }
    }
    Err(StoreError::Overloaded)
}
