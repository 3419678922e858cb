//! The changes, each on a copy of all that there is: one that fails leaves the original alone.

use boards::{
    BoardId, BoardNumber, BoardSettings, Change, Changed, Details, NewPlayer, Outcome, Player,
    PlayerId, Refusal, StoreError, Submission,
};

use super::State;
use super::board::Board;

impl State {
    pub(super) fn change(&mut self, change: Change, now_ms: i64) -> Result<Changed, StoreError> {
        match change {
            Change::CreatePlayers { board, players } => self.create_players(&board, &players),
            Change::PutPlayers(players) => Ok(self.put_players(players)),
            Change::DeletePlayer(player) => self.delete_player(player, now_ms),
            Change::PutBoard { board, settings } => self.put_board(board, settings, now_ms),
            Change::DeleteBoard(board) => self.delete_board(board),
            Change::Submit { board, submission } => self.submit_one(&board, &submission),
            Change::SubmitBatch {
                submissions,
                all_or_nothing,
            } => self.submit_batch(&submissions, all_or_nothing),
            Change::DeleteEntry { board, player } => self.delete_entry(&board, player),
            Change::SetHidden {
                board,
                player,
                hidden,
            } => self.set_hidden(&board, player, hidden),
            Change::Rotate(board) => self.rotate(&board, now_ms),
        }
    }

    pub(super) fn make_board(&mut self, id: BoardId, settings: BoardSettings, now_ms: i64) {
        self.boards_made += 1;
        let number = BoardNumber(self.boards_made);
        self.boards.insert(id, Board::new(number, settings, now_ms));
    }

    fn create_players(
        &mut self,
        board: &BoardId,
        players: &[NewPlayer],
    ) -> Result<Changed, StoreError> {
        let settings = &self.board(board)?.settings;
        let duplicates = self.duplicates(players);
        if !duplicates.is_empty() {
            return Err(StoreError::Duplicate(duplicates));
        }
        if let Some(at) = players.iter().position(|new| !settings.allows(new.score)) {
            let refusal = Refusal::ScoreOutOfBounds(players[at].score);
            return Err(StoreError::Refused { at, refusal });
        }
        let created = players.iter().map(|new| self.create(board, new));
        Ok(Changed::Created(created.collect::<Result<_, _>>()?))
    }

    /// The places of those that exist, or that are there before in the list.
    fn duplicates(&self, players: &[NewPlayer]) -> Vec<usize> {
        let is_duplicate = |place: &usize| {
            let id = players[*place].player.id;
            let before = &players[..*place];
            self.players.contains_key(&id) || before.iter().any(|new| new.player.id == id)
        };
        (0..players.len()).filter(is_duplicate).collect()
    }

    fn create(&mut self, board: &BoardId, new: &NewPlayer) -> Result<Option<u64>, StoreError> {
        let id = new.player.id;
        self.players.insert(id, new.player.clone());
        let mut ticks = self.ticks;
        let board = self.board_mut(board)?;
        board.set(id, new.score, Details::default(), &mut ticks);
        board.drop_the_last();
        let rank = board.rank_now(id);
        self.ticks = ticks;
        Ok(rank)
    }

    fn put_players(&mut self, players: Vec<Player>) -> Changed {
        let before = self.players.len();
        for player in players {
            self.players.insert(player.id, player);
        }
        let created = (self.players.len() - before) as u64;
        Changed::Put { created }
    }

    fn delete_player(&mut self, player: PlayerId, now_ms: i64) -> Result<Changed, StoreError> {
        self.player(player)?;
        self.erase_from_queues(player, now_ms);
        self.players.remove(&player);
        for board in self.boards.values_mut() {
            board.erase(player);
        }
        Ok(Changed::Done)
    }

    fn put_board(
        &mut self,
        id: BoardId,
        settings: BoardSettings,
        now_ms: i64,
    ) -> Result<Changed, StoreError> {
        let Some(board) = self.boards.get_mut(&id) else {
            self.make_board(id, settings, now_ms);
            return Ok(Changed::Put { created: 1 });
        };
        let has_entries = board.plays().any(|play| !play.lines.is_empty());
        if has_entries && settings.order != board.settings.order {
            return Err(StoreError::OrderIsFixed);
        }
        board.put(settings, now_ms);
        Ok(Changed::Put { created: 0 })
    }

    fn delete_board(&mut self, id: BoardId) -> Result<Changed, StoreError> {
        if id == BoardId::global() {
            return Err(StoreError::Protected(id));
        }
        self.board(&id)?;
        self.boards.remove(&id);
        Ok(Changed::Done)
    }

    pub(super) fn submit(
        &mut self,
        board: &BoardId,
        submission: &Submission,
    ) -> Result<Outcome, Refusal> {
        let Some(found) = self.boards.get_mut(board) else {
            return Err(Refusal::UnknownBoard(board.clone()));
        };
        if !self.players.contains_key(&submission.player) {
            return Err(Refusal::UnknownPlayer(submission.player));
        }
        found.submit(submission, &mut self.ticks)
    }

    fn submit_one(
        &mut self,
        board: &BoardId,
        submission: &Submission,
    ) -> Result<Changed, StoreError> {
        match self.submit(board, submission) {
            Ok(outcome) => Ok(Changed::Submitted(outcome)),
            Err(Refusal::UnknownBoard(board)) => Err(StoreError::UnknownBoard(board)),
            Err(Refusal::UnknownPlayer(player)) => Err(StoreError::UnknownPlayer(player)),
            Err(refusal) => Err(StoreError::Refused { at: 0, refusal }),
        }
    }

    fn submit_batch(
        &mut self,
        submissions: &[(BoardId, Submission)],
        all_or_nothing: bool,
    ) -> Result<Changed, StoreError> {
        let is_missing = |(board, _): &(BoardId, Submission)| !self.boards.contains_key(board);
        if !all_or_nothing && !submissions.is_empty() && submissions.iter().all(is_missing) {
            return Err(StoreError::UnknownBoard(submissions[0].0.clone()));
        }
        let mut results = Vec::new();
        for (at, (board, submission)) in submissions.iter().enumerate() {
            match self.submit(board, submission) {
                Err(refusal) if all_or_nothing => return Err(StoreError::Refused { at, refusal }),
                result => results.push(result),
            }
        }
        Ok(Changed::Batch(results))
    }

    fn delete_entry(&mut self, board: &BoardId, player: PlayerId) -> Result<Changed, StoreError> {
        self.board(board)?;
        self.player(player)?;
        let present = &mut self.board_mut(board)?.present;
        if present.find(player).is_none() {
            return Err(StoreError::NoEntry(player));
        }
        present.remove(player);
        Ok(Changed::Done)
    }

    fn set_hidden(
        &mut self,
        board: &BoardId,
        player: PlayerId,
        hidden: bool,
    ) -> Result<Changed, StoreError> {
        self.board(board)?;
        self.player(player)?;
        let board = self.board_mut(board)?;
        if hidden {
            board.hidden.insert(player);
        } else {
            board.hidden.remove(&player);
            board.drop_the_last();
        }
        Ok(Changed::Done)
    }

    fn rotate(&mut self, board: &BoardId, now_ms: i64) -> Result<Changed, StoreError> {
        Ok(Changed::Rotated(self.board_mut(board)?.rotate(now_ms)))
    }
}
