//! A board on which submissions are played one after the other, before it is known what ranks they make.

use std::collections::{HashMap, HashSet};

use boards::{PlayerId, RankKey, RankMode, Refusal, Score, Submission};

use super::draft::{Base, Draft};
use super::figures::Ranking;
use crate::board_line::BoardLine;
use crate::entry::StoredEntry;

/// A board, and its entries as far as the submissions are about them.
pub(super) struct Field {
    pub(super) line: BoardLine,
    pub(super) hidden: HashSet<PlayerId>,
    /// Entries before the first submission; `None` where a player has none.
    pub(super) before: HashMap<PlayerId, Option<StoredEntry>>,
    /// Whose entry of before is cut off: a player has none then.
    pub(super) gone: HashSet<PlayerId>,
    /// Whether an entry would come behind the place from which the season is cut off, and be taken for gone.
    pub(super) is_in_the_way: bool,
    /// Those that have changed, as they are now.
    pub(super) after: HashMap<PlayerId, Option<StoredEntry>>,
    /// Whose score has changed.
    pub(super) moved: HashSet<PlayerId>,
    /// Others of the board that have to leave it.
    pub(super) dropped: Vec<PlayerId>,
    draft: Draft,
}

/// What a submission did, but for the ranks.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    pub(super) player: PlayerId,
    pub(super) previous: Option<Score>,
    pub(super) score: Score,
    pub(super) applied: bool,
    pub(super) hidden: bool,
    /// Keys before and after, whether or not they are ranked.
    pub(super) old: Option<RankKey>,
    pub(super) new: Option<RankKey>,
    /// Who left the board for it.
    pub(super) dropped: Option<(RankKey, PlayerId)>,
}

impl Field {
    /// A field of which nothing is known but the line.
    pub(super) fn new(line: BoardLine) -> Self {
        Field {
            line,
            hidden: HashSet::new(),
            before: HashMap::new(),
            gone: HashSet::new(),
            is_in_the_way: false,
            after: HashMap::new(),
            moved: HashSet::new(),
            dropped: Vec::new(),
            draft: Draft::new(RankMode::Ordinal, Base::default()),
        }
    }

    pub(super) fn ranking(&self) -> Ranking {
        Ranking::of(&self.line)
    }

    /// Tells what a player has before the first submission, and whether it is hidden.
    pub(super) fn know(&mut self, player: PlayerId, entry: Option<StoredEntry>, hidden: bool) {
        let ladder = self.line.ladder();
        if hidden {
            self.hidden.insert(player);
        } else if entry.as_ref().is_some_and(|e| self.line.is_gone(ladder, e)) {
            self.gone.insert(player);
        }
        self.before.insert(player, entry);
    }

    /// Tells how many entries a board with a limit has, and its last.
    pub(super) fn know_last(&mut self, total: u64, last: Vec<(RankKey, PlayerId)>) {
        let base = Base {
            total,
            last,
            ..Base::default()
        };
        // Who is last does not depend on how ties are ranked.
        self.draft = Draft::new(RankMode::Ordinal, base);
    }

    fn entry(&self, player: PlayerId) -> Option<&StoredEntry> {
        let before = || {
            self.before
                .get(&player)
                .filter(|_| !self.gone.contains(&player))
        };
        let entry = self.after.get(&player).or_else(before);
        entry.and_then(Option::as_ref)
    }

    /// Plays a submission of a player that exists. A score that changes is reached at `reached`.
    pub(super) fn play(&mut self, submission: &Submission, reached: u64) -> Result<Step, Refusal> {
        let player = submission.player;
        let order = self.line.settings.order;
        let entry = self.entry(player);
        let (old, previous) = (entry.map(|e| e.key(order)), entry.map(|e| e.score));
        let judged = self.line.settings.judge(previous, submission)?;
        let mut step = Step {
            player,
            previous,
            score: judged.score,
            applied: judged.applied,
            hidden: self.hidden.contains(&player),
            old,
            new: old,
            dropped: None,
        };
        if step.applied {
            let kept = entry.filter(|_| previous == Some(judged.score));
            let entry = StoredEntry {
                score: judged.score,
                // An unchanged score keeps its place among its ties.
                reached: kept.map_or(reached, |entry| entry.reached),
                details: submission.details.clone(),
            };
            self.enter(&mut step, entry);
        }
        Ok(step)
    }

    fn enter(&mut self, step: &mut Step, entry: StoredEntry) {
        let key = entry.key(self.line.settings.order);
        let newcomer = step.old.is_none() && !step.hidden;
        let max_entries = self.line.settings.max_entries;
        let full = newcomer && max_entries.is_some_and(|max| self.draft.total() >= max);
        let last = full.then(|| self.draft.last()).flatten();
        if full && last.is_none_or(|(last, _)| key > last) {
            step.applied = false;
            return;
        }
        let season = self.line.present().season;
        if !step.hidden && self.line.is_cut_off(season, key) {
            self.is_in_the_way = true;
        }
        step.new = Some(key);
        if !step.hidden {
            self.draft.set(step.player, step.old, step.new);
        }
        if step.old != step.new {
            self.moved.insert(step.player);
        }
        self.after.insert(step.player, Some(entry));
        if let Some((last, id)) = last {
            self.drop(last, id);
            step.dropped = Some((last, id));
        }
    }

    fn drop(&mut self, key: RankKey, id: PlayerId) {
        self.draft.set(id, Some(key), None);
        if self.before.contains_key(&id) {
            self.after.insert(id, None);
        } else {
            self.dropped.push(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use boards::BoardSettings;

    use super::*;

    fn id(n: u8) -> PlayerId {
        PlayerId::from_bytes([n; 16])
    }

    fn submission(player: u8, score: f64) -> Submission {
        Submission::new(id(player), Score::new(score).unwrap())
    }

    /// A board for two, with the scores 5 and 3 of players 1 and 2; players 1, 3 and 4 are played.
    fn full() -> Field {
        let settings = BoardSettings {
            max_entries: Some(2),
            ..BoardSettings::global()
        };
        let mut field = Field::new(BoardLine::new(1, settings, 0));
        let entry = |score, reached| StoredEntry {
            score: Score::new(score).unwrap(),
            reached,
            details: boards::Details::default(),
        };
        let (first, second) = (entry(5.0, 1), entry(3.0, 2));
        let order = boards::Order::Desc;
        let last = vec![(first.key(order), id(1)), (second.key(order), id(2))];
        field.know_last(2, last);
        field.before.insert(id(1), Some(first));
        field.before.extend([(id(3), None), (id(4), None)]);
        field
    }

    #[test]
    fn a_newcomer_to_a_full_board_takes_the_place_of_the_last() {
        let mut field = full();
        let step = field.play(&submission(3, 4.0), 10).unwrap();
        assert_eq!(step.dropped.map(|(_, id)| id), Some(id(2)));
        assert_eq!(field.dropped, [id(2)]);
        // And goes again for a better one.
        let step = field.play(&submission(4, 4.5), 11).unwrap();
        assert_eq!(step.dropped.map(|(_, id)| id), Some(id(3)));
        assert_eq!(field.after.get(&id(3)), Some(&None));
    }

    #[test]
    fn a_newcomer_that_is_no_better_is_not_let_in() {
        let mut field = full();
        let step = field.play(&submission(3, 3.0), 10).unwrap();
        assert!(!step.applied && step.new.is_none() && field.after.is_empty());
        // Hidden ones need no room.
        field.hidden.insert(id(4));
        let step = field.play(&submission(4, 1.0), 10).unwrap();
        assert!(step.applied && step.dropped.is_none());
    }

    #[test]
    fn what_is_cut_off_is_not_there_and_nothing_comes_behind_it() {
        let mut field = full();
        let order = boards::Order::Desc;
        let key = |score, reached| RankKey::new(order, Score::new(score).unwrap(), reached);
        let entry = |score, reached| StoredEntry {
            score: Score::new(score).unwrap(),
            reached,
            details: boards::Details::default(),
        };
        field.line.cut(key(3.0, 3));
        field.know(id(5), Some(entry(3.0, 3)), false);
        field.know(id(6), Some(entry(3.0, 3)), true);
        assert!(field.gone.contains(&id(5)) && !field.gone.contains(&id(6)));
        // What was there counts for nothing.
        let step = field.play(&submission(5, 4.0), 10).unwrap();
        assert_eq!(
            (step.previous, step.old, step.score.get()),
            (None, None, 4.0)
        );
        assert!(step.dropped.is_some() && !field.is_in_the_way);
        // A newcomer to a full board that is no better is refused as ever; an entry that is there stays.
        field.play(&submission(3, 1.0), 11).unwrap();
        assert!(!field.is_in_the_way);
        field.play(&submission(5, -3.0), 12).unwrap();
        assert!(field.is_in_the_way);
    }

    #[test]
    fn an_unchanged_score_keeps_its_place() {
        let mut field = full();
        let step = field.play(&submission(1, 0.0), 10).unwrap();
        assert!(step.applied && step.old == step.new);
        let step = field.play(&submission(1, 1.0), 11).unwrap();
        assert_eq!(step.new.map(RankKey::reached), Some(11));
    }
}
