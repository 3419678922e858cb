//! A store that ranks nothing: it notes what it is asked, keeps answers under their guards, and fails
//! when it is told to. Rules are tested elsewhere, against real stores.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use boards::{
    BoardId, BoardInfo, BoardNumber, BoardSettings, BoardStore, Change, Changed, Details,
    DisplayName, Guard, Lookup, Mark, Metadata, Order, Outcome, Page, PageStart, Player, PlayerId,
    RankKey, RankedEntry, Receipt, Refusal, Score, Season, SeasonId, Standing, Stats, StoreError,
    Submission, View,
};

/// A player that is nowhere.
pub const NOBODY: &str = "00000000-0000-4000-8000-000000000000";
/// A player with an entry that is hidden.
pub const HIDDEN: &str = "00000000-0000-4000-8000-00000000000f";
/// The present season of each board.
pub const SEASON: SeasonId = SeasonId(2);

type Answered = ([u8; 16], Receipt);
type Failure = Box<dyn Fn(usize) -> Option<StoreError> + Send>;

#[derive(Default)]
pub struct Fake {
    /// What it was asked to change, in order, without what was only answered again.
    pub changes: Mutex<Vec<Change>>,
    /// Where pages were asked to begin.
    pub starts: Mutex<Vec<PageStart>>,
    /// By the key of their guard, with its request.
    kept: Mutex<HashMap<[u8; 16], Answered>>,
    failure: Mutex<Option<Failure>>,
    deleted: Mutex<Option<BoardId>>,
    /// Whether it takes no changes at present.
    pub unready: AtomicBool,
}

impl Fake {
    /// From now on this board is not there.
    pub fn delete(&self, board: &str) {
        *self.deleted.lock().unwrap() = Some(BoardId::parse(board).unwrap());
    }

    fn require(&self, board: &BoardId) -> Result<(), StoreError> {
        let deleted = self.deleted.lock().unwrap();
        if board.as_str() == "none" || deleted.as_ref() == Some(board) {
            return Err(StoreError::UnknownBoard(board.clone()));
        }
        Ok(())
    }

    /// From now on a change fails by what this says of its number, counted from 0.
    pub fn fail(&self, when: impl Fn(usize) -> Option<StoreError> + Send + 'static) {
        *self.failure.lock().unwrap() = Some(Box::new(when));
    }

    fn replay(&self, guard: Guard) -> Option<Result<Receipt, StoreError>> {
        let kept = self.kept.lock().unwrap();
        let (request, receipt) = kept.get(&guard.key)?;
        if *request != guard.request {
            return Some(Err(StoreError::KeyReused));
        }
        let replayed = true;
        let receipt = receipt.clone();
        Some(Ok(Receipt {
            replayed,
            ..receipt
        }))
    }

    fn make(&self, change: Change) -> Result<Receipt, StoreError> {
        let mut changes = self.changes.lock().unwrap();
        let number = changes.len();
        let failure = self.failure.lock().unwrap();
        if let Some(error) = failure.as_ref().and_then(|fails| fails(number)) {
            return Err(error);
        }
        if let Some(board) = board_of(&change) {
            self.require(board)?;
        }
        let changed = changed(&change)?;
        changes.push(change);
        Ok(Receipt {
            changed,
            replayed: false,
            // No clock says this: a reply that has it has it from here.
            at_ms: 86_400_000 * (number as i64 + 1),
        })
    }
}

/// The board that a change is made to, where it is one.
fn board_of(change: &Change) -> Option<&BoardId> {
    match change {
        Change::CreatePlayers { board, .. }
        | Change::Submit { board, .. }
        | Change::DeleteEntry { board, .. }
        | Change::SetHidden { board, .. }
        | Change::DeleteBoard(board)
        | Change::Rotate(board) => Some(board),
        Change::SubmitBatch { submissions, .. } => submissions.first().map(|(board, _)| board),
        Change::PutPlayers(_) | Change::DeletePlayer(_) | Change::PutBoard { .. } => None,
    }
}

fn changed(change: &Change) -> Result<Changed, StoreError> {
    Ok(match change {
        Change::CreatePlayers { players, .. } => Changed::Created(vec![Some(7); players.len()]),
        Change::PutPlayers(players) => Changed::Put {
            created: players.len() as u64,
        },
        Change::PutBoard { .. } => Changed::Put { created: 1 },
        Change::Submit { submission, .. } => match outcome(submission) {
            Ok(outcome) => Changed::Submitted(outcome),
            Err(refusal) => return Err(StoreError::Refused { at: 0, refusal }),
        },
        Change::SubmitBatch {
            submissions,
            all_or_nothing,
        } => {
            let outcomes = submissions.iter().map(|(_, s)| outcome(s));
            let outcomes: Vec<Result<Outcome, Refusal>> = outcomes.collect();
            let refused = outcomes.iter().position(Result::is_err);
            if let (true, Some(at)) = (all_or_nothing, refused) {
                let refusal = outcomes[at].clone().unwrap_err();
                return Err(StoreError::Refused { at, refusal });
            }
            Changed::Batch(outcomes)
        }
        Change::Rotate(_) => Changed::Rotated(season()),
        _ => Changed::Done,
    })
}

/// Even scores count, odd ones do not; a negative one is out of bounds.
fn outcome(submission: &Submission) -> Result<Outcome, Refusal> {
    if submission.player.to_string() == NOBODY {
        return Err(Refusal::UnknownPlayer(submission.player));
    }
    if submission.score < Score::ZERO {
        return Err(Refusal::ScoreOutOfBounds(submission.score));
    }
    Ok(Outcome {
        score: submission.score,
        previous_score: None,
        rank: Some(1),
        previous_rank: None,
        total: 10,
        applied: submission.score.get() % 2.0 == 0.0,
        season: SEASON,
    })
}

fn season() -> Season {
    Season {
        season: SEASON,
        started_at_ms: 1500,
        ended_at_ms: None,
    }
}

/// The board's number is the length of its name.
fn mark(view: &View) -> Mark {
    Mark {
        board: BoardNumber(view.board.as_str().len() as u32),
        season: view.season.unwrap_or(SEASON),
        key: RankKey::new(Order::Desc, Score::ZERO, 9),
    }
}

fn entry(player: PlayerId, view: &View) -> RankedEntry {
    let hidden = player.to_string() == HIDDEN;
    RankedEntry {
        player: Player {
            id: player,
            display_name: DisplayName::parse("ada").unwrap(),
            country: None,
            attributes: Default::default(),
        },
        score: Score::new(2.5).unwrap(),
        rank: (!hidden).then_some(1),
        segment_rank: view.segment.as_ref().map(|_| 1),
        details: Details {
            occurred_at_ms: Some(1500),
            metadata: Metadata::of_object(r#"{"b":1,"a":[1e2]}"#.to_owned()).ok(),
        },
    }
}

fn page(view: &View, limit: usize) -> Page {
    Page {
        entries: vec![entry(PlayerId::from_bytes([1; 16]), view); limit],
        next: Some(mark(view)),
        total: 10_000,
        season: view.season.unwrap_or(SEASON),
    }
}

#[async_trait]
impl BoardStore for Fake {
    async fn change(
        &self,
        change: Change,
        guard: Option<Guard>,
        _: i64,
    ) -> Result<Receipt, StoreError> {
        if let Some(replay) = guard.and_then(|guard| self.replay(guard)) {
            return replay;
        }
        let receipt = self.make(change)?;
        if let Some(guard) = guard {
            let mut kept = self.kept.lock().unwrap();
            kept.insert(guard.key, (guard.request, receipt.clone()));
        }
        Ok(receipt)
    }

    async fn player(&self, id: PlayerId) -> Result<Player, StoreError> {
        Ok(entry(id, &View::of(BoardId::global())).player)
    }

    async fn version(&self, id: &BoardId) -> Result<u64, StoreError> {
        self.board(id).await.map(|_| 1)
    }

    async fn board(&self, id: &BoardId) -> Result<BoardInfo, StoreError> {
        self.require(id)?;
        Ok(BoardInfo {
            id: id.clone(),
            settings: BoardSettings::default(),
            season: season(),
            total: 10,
        })
    }

    async fn boards(
        &self,
        after: Option<&BoardId>,
        limit: usize,
    ) -> Result<Vec<BoardInfo>, StoreError> {
        let names = ["a", "b", "c"].map(|name| BoardId::parse(name).unwrap());
        let after = |id: &BoardId| after.is_none_or(|after| id > after);
        let mut infos = Vec::new();
        for id in names.iter().filter(|id| after(id)).take(limit) {
            infos.push(self.board(id).await?);
        }
        Ok(infos)
    }

    async fn seasons(&self, _: &BoardId) -> Result<Vec<Season>, StoreError> {
        Ok(vec![season()])
    }

    async fn entry(&self, view: &View, player: PlayerId) -> Result<Standing, StoreError> {
        if player.to_string() == NOBODY {
            return Err(StoreError::NoEntry(player));
        }
        Ok(Standing {
            entry: entry(player, view),
            total: 10,
            percentile: Some(100.0),
            season: SEASON,
        })
    }

    async fn page(&self, view: &View, start: PageStart, limit: usize) -> Result<Page, StoreError> {
        self.starts.lock().unwrap().push(start);
        let view = View {
            season: start.season_in(view),
            ..view.clone()
        };
        match start {
            PageStart::After(other) if other != mark(&view) => Err(StoreError::ForeignMark),
            _ => Ok(page(&view, limit)),
        }
    }

    async fn around(&self, view: &View, _: PlayerId, limit: usize) -> Result<Page, StoreError> {
        Ok(page(view, limit))
    }

    async fn around_score(&self, view: &View, _: Score, limit: usize) -> Result<Page, StoreError> {
        Ok(page(view, limit))
    }

    async fn lookup(&self, view: &View, players: &[PlayerId]) -> Result<Lookup, StoreError> {
        let known = |id: &&PlayerId| id.to_string() != NOBODY;
        let (found, others): (Vec<&PlayerId>, _) = players.iter().partition(known);
        Ok(Lookup {
            entries: (1..)
                .zip(found.into_iter().map(|id| entry(*id, view)))
                .collect(),
            not_found: others.into_iter().copied().collect(),
            season: SEASON,
        })
    }

    async fn stats(&self, _: &View, percentiles: &[f64], _: usize) -> Result<Stats, StoreError> {
        Ok(Stats {
            total: 0,
            min: None,
            max: None,
            percentiles: percentiles.iter().map(|p| (*p, Score::ZERO)).collect(),
            histogram: Vec::new(),
            season: SEASON,
        })
    }

    async fn secret(&self) -> Result<[u8; 32], StoreError> {
        Ok([5; 32])
    }

    fn is_ready(&self) -> bool {
        !self.unready.load(Ordering::Relaxed)
    }
}
