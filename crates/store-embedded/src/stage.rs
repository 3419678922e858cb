//! From gathered commands to one batch: each is judged against the state and the commands before
//! it, and becomes writes for the engine and a step for the state. Nothing is changed here.

use boards::{
    BoardId, NewPlayer, Outcome, Player, PlayerId, RankKey, Score, StoreError, Submission,
};
use hashbrown::{HashMap, HashSet};
use tokio::sync::oneshot::Sender;

use crate::codec::{self, StoredEntry};
use crate::engine::{Table, Write};
use crate::players::Slot;
use crate::state::{Board, BoardNo, Position, State};

pub(crate) type Reply<T> = Sender<Result<T, StoreError>>;

/// A change that somebody waits for.
pub(crate) enum Command {
    Create {
        board: BoardId,
        players: Vec<NewPlayer>,
        now_ms: i64,
        reply: Reply<Vec<u64>>,
    },
    Submit {
        board: BoardId,
        submission: Submission,
        reply: Reply<Outcome>,
    },
}

/// What becomes of a command once the batch is on disk.
pub(crate) enum Step {
    Create {
        board: BoardNo,
        players: Vec<(Player, RankKey)>,
        reply: Reply<Vec<u64>>,
    },
    Submit {
        board: BoardNo,
        player: PlayerId,
        /// `None` for a player that the same batch creates.
        slot: Option<Slot>,
        key: RankKey,
        changed: bool,
        reply: Reply<Outcome>,
    },
    RefuseCreate(Reply<Vec<u64>>, StoreError),
    RefuseSubmit(Reply<Outcome>, StoreError),
}

/// A batch that is ready to be committed.
pub(crate) struct Staged {
    /// Empty where nothing changes.
    pub(crate) writes: Vec<Write>,
    pub(crate) steps: Vec<Step>,
    pub(crate) position: Position,
}

/// Judges commands in their order.
pub(crate) fn stage(state: &State, commands: impl Iterator<Item = Command>) -> Staged {
    let mut stage = Stage {
        state,
        created: HashSet::new(),
        keys: HashMap::new(),
        writes: Vec::new(),
        position: state.position,
    };
    let steps = commands.map(|command| stage.step(command)).collect();
    let Stage {
        mut writes,
        mut position,
        ..
    } = stage;
    if !writes.is_empty() {
        position.commit += 1;
        // Last in the batch, so that a journal that shows it shows the whole batch.
        writes.push(Write::position(&position));
    }
    Staged {
        writes,
        steps,
        position,
    }
}

struct Stage<'a> {
    state: &'a State,
    /// Players of this batch, which the state does not know yet.
    created: HashSet<PlayerId>,
    /// Keys that this batch has changed, likewise.
    keys: HashMap<(BoardNo, PlayerId), RankKey>,
    writes: Vec<Write>,
    position: Position,
}

impl Stage<'_> {
    fn step(&mut self, command: Command) -> Step {
        match command {
            Command::Create {
                board,
                players,
                now_ms,
                reply,
            } => match self.create(&board, players, now_ms) {
                Ok((board, players)) => Step::Create {
                    board,
                    players,
                    reply,
                },
                Err(error) => Step::RefuseCreate(reply, error),
            },
            Command::Submit {
                board,
                submission,
                reply,
            } => match self.submit(&board, submission) {
                Ok(Change {
                    board,
                    slot,
                    key,
                    changed,
                }) => {
                    let player = submission.player;
                    Step::Submit {
                        board,
                        player,
                        slot,
                        key,
                        changed,
                        reply,
                    }
                }
                Err(error) => Step::RefuseSubmit(reply, error),
            },
        }
    }

    fn create(
        &mut self,
        board: &BoardId,
        players: Vec<NewPlayer>,
        now_ms: i64,
    ) -> Result<(BoardNo, Vec<(Player, RankKey)>), StoreError> {
        let (number, board) = self.state.board(board)?;
        self.refuse_duplicates(&players)?;
        let mut created = Vec::with_capacity(players.len());
        for NewPlayer { player, score } in players {
            let record = codec::player(&player);
            self.writes
                .push(Write::put(Table::Players, player.id.as_bytes(), &record));
            self.position.players += 1;
            self.position.entries += 1;
            self.created.insert(player.id);
            let key = self.put_entry((number, board), player.id, score, now_ms);
            created.push((player, key));
        }
        Ok((number, created))
    }

    fn refuse_duplicates(&self, players: &[NewPlayer]) -> Result<(), StoreError> {
        let mut seen = HashSet::with_capacity(players.len());
        let mut duplicates = Vec::new();
        for (place, NewPlayer { player, .. }) in players.iter().enumerate() {
            let known =
                self.created.contains(&player.id) || self.state.players.find(player.id).is_some();
            if !seen.insert(player.id) || known {
                duplicates.push(place);
            }
        }
        if duplicates.is_empty() {
            Ok(())
        } else {
            Err(StoreError::Duplicate(duplicates))
        }
    }

    fn submit(&mut self, board: &BoardId, submission: Submission) -> Result<Change, StoreError> {
        let (number, board) = self.state.board(board)?;
        let id = submission.player;
        let slot = self.state.players.find(id);
        if slot.is_none() && !self.created.contains(&id) {
            return Err(StoreError::UnknownPlayer(id));
        }
        let staged = self.keys.get(&(number, id)).copied();
        let old = staged.or_else(|| board.ladder.key(slot?));
        let previous = old.map(|key| key.score(board.settings.order));
        let score = board
            .settings
            .apply(previous, submission.score)
            .ok_or(StoreError::ScoreOverflow)?;
        if let (Some(key), true) = (old, previous == Some(score)) {
            return Ok(Change {
                board: number,
                slot,
                key,
                changed: false,
            });
        }
        self.position.entries += u64::from(old.is_none());
        let key = self.put_entry((number, board), id, score, submission.occurred_at_ms);
        Ok(Change {
            board: number,
            slot,
            key,
            changed: true,
        })
    }

    /// Writes an entry whose score takes effect now, as the last of its ties.
    fn put_entry(
        &mut self,
        (number, board): (BoardNo, &Board),
        id: PlayerId,
        score: Score,
        occurred_at_ms: i64,
    ) -> RankKey {
        let reached = self.position.next_sequence;
        self.position.next_sequence += 1;
        let entry = StoredEntry {
            score,
            reached,
            occurred_at_ms,
        };
        let place = codec::entry_key(number, board.season, id);
        self.writes
            .push(Write::put(Table::Entries, &place, &codec::entry(&entry)));
        let key = RankKey::new(board.settings.order, score, reached);
        self.keys.insert((number, id), key);
        key
    }
}

struct Change {
    board: BoardNo,
    slot: Option<Slot>,
    key: RankKey,
    changed: bool,
}
