//! Submissions, one or thousands, as one transaction: the lines of their boards, then the entries, are read;
//! the submissions are played in memory; what ranks they make is asked of all rooms; then the entries that have
//! changed are written, each once.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use boards::{BoardId, Outcome, Player, PlayerId, Refusal, StoreError, Submission};

use super::First;
use super::attempt::Attempt;
use super::field::{Field, Step};
use crate::board_records as records;
use crate::layout::Room;
use crate::stamps;

/// So often it is tried to have exact ranks where nothing else depends on it that a board holds still…
const EXACT_TRIES: u32 = 3;
/// …and for so many submissions at the most: reading more takes too long for that on a busy board.
const EXACT_FOR: usize = 1000;

/// Players that are created with the submissions.
pub(super) type Newcomers<'p> = HashMap<PlayerId, &'p Player>;

/// The boards that submissions are about; those that are not there are missing.
pub(super) type Fields = BTreeMap<BoardId, Field>;

impl Attempt<'_, '_> {
    /// Plays submissions in their order. With `all_or_nothing` the first that is refused has all refused.
    pub(super) async fn play(
        &mut self,
        asked: &[(BoardId, Submission)],
        newcomers: &Newcomers<'_>,
        all_or_nothing: bool,
    ) -> Result<Vec<Result<Outcome, Refusal>>, StoreError> {
        let mut fields = self.fields(asked).await?;
        self.meet(asked, &mut fields, newcomers).await?;
        if self.first.is_some() {
            return Ok(Vec::new());
        }
        let stamp = self.attempts.stamps(asked.len() as u64);
        let mut steps = Vec::with_capacity(asked.len());
        for (at, (stamp, (board, submission))) in (stamp..).zip(asked).enumerate() {
            match self.step(&mut fields, board, submission, stamp, newcomers) {
                Err(refusal) if all_or_nothing => return Err(StoreError::Refused { at, refusal }),
                step => steps.push(step),
            }
        }
        if fields.values().any(|field| field.is_in_the_way) {
            return Err(StoreError::Overloaded);
        }
        let outcomes = self.outcomes(asked, &fields, steps, stamp).await?;
        let restamp = self.restamp(stamp, asked.len() as u64);
        for (board, field) in &fields {
            self.write(board, field, newcomers, restamp).await?;
        }
        Ok(outcomes)
    }

    fn step(
        &self,
        fields: &mut Fields,
        board: &BoardId,
        submission: &Submission,
        stamp: u64,
        newcomers: &Newcomers<'_>,
    ) -> Result<Step, Refusal> {
        let field = fields.get_mut(board);
        let field = field.ok_or_else(|| Refusal::UnknownBoard(board.clone()))?;
        let id = submission.player;
        let known = records::player(self.layout(), id);
        if !newcomers.contains_key(&id) && self.tx.known(&known).is_none() {
            return Err(Refusal::UnknownPlayer(id));
        }
        let room = self.layout().of_player(id);
        field.play(submission, stamps::reached(stamp, room))
    }

    /// Reads the lines of all boards in the rooms of all players that are about them, since every room that is
    /// written to has to have the line that counts. What they say is taken from that of the first player.
    async fn fields(&mut self, asked: &[(BoardId, Submission)]) -> Result<Fields, StoreError> {
        let mut rooms: BTreeMap<&BoardId, Room> = BTreeMap::new();
        let mut all: BTreeSet<(Room, &BoardId)> = BTreeSet::new();
        for (board, submission) in asked {
            let room = self.layout().of_player(submission.player);
            rooms.entry(board).or_insert(room);
            all.insert((room, board));
        }
        let lines = all
            .into_iter()
            .map(|(room, board)| records::line(room, board));
        self.tx.fetch(Vec::from_iter(lines)).await?;
        let mut fields = Fields::new();
        for (board, room) in rooms {
            match self.line(room, board) {
                Ok(line) => drop(fields.insert(board.clone(), Field::new(line))),
                Err(StoreError::UnknownBoard(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(fields)
    }

    /// Reads the players, their entries, and what is last on boards that have a limit.
    async fn meet(
        &mut self,
        asked: &[(BoardId, Submission)],
        fields: &mut Fields,
        newcomers: &Newcomers<'_>,
    ) -> Result<(), StoreError> {
        let mut all = Vec::new();
        for (board, submission) in asked {
            let id = submission.player;
            if let Some(field) = fields.get(board)
                && !newcomers.contains_key(&id)
            {
                all.push(records::player(self.layout(), id));
                all.extend(self.records_of(&field.line, [field.line.ladder()], id));
            }
        }
        for field in fields.values() {
            if self.holds_still(field, asked.len()) {
                let number = field.line.number();
                let rooms = self.layout().rooms();
                all.extend(rooms.map(|room| records::version(room, number)));
            }
        }
        self.tx.fetch(all).await?;
        for (board, submission) in asked {
            if let Some(field) = fields.get_mut(board) {
                self.meet_player(field, submission.player)?;
            }
        }
        for (board, field) in fields {
            self.meet_last(board, field, asked.len()).await?;
        }
        Ok(())
    }

    /// Whether the commit depends on it that no other entry of the board changes: it has to where somebody may
    /// have to leave.
    fn holds_still(&self, field: &Field, submissions: usize) -> bool {
        let exact =
            self.layout().count() == 1 && self.tries < EXACT_TRIES && submissions <= EXACT_FOR;
        exact || field.line.settings.max_entries.is_some()
    }

    fn meet_player(&self, field: &mut Field, id: PlayerId) -> Result<(), StoreError> {
        if !field.before.contains_key(&id) {
            let entry = self.entry(field.line.ladder(), id)?;
            field.know(id, entry, self.is_hidden(field.line.number(), id));
        }
        Ok(())
    }

    async fn meet_last(
        &mut self,
        board: &BoardId,
        field: &mut Field,
        submissions: usize,
    ) -> Result<(), StoreError> {
        let Some(max) = field.line.settings.max_entries else {
            return Ok(());
        };
        let (total, last) = self.last_of(field.ranking(), submissions + 1).await?;
        if total > max {
            self.first = Some(First::Shorten(board.clone()));
        }
        field.know_last(total, last);
        Ok(())
    }
}
