//! One board: its seasons with their entries, who is hidden, and what a submission does.

use std::collections::BTreeSet;

use boards::{
    BoardNumber, BoardSettings, Details, Operator, Outcome, PlayerId, RankKey, Refusal, Score,
    Season, SeasonId, Submission,
};

use super::ranks::{better, rank_at};

/// A board.
#[derive(Clone)]
pub(super) struct Board {
    pub number: BoardNumber,
    pub settings: BoardSettings,
    /// The schedule has been the same since then, or since the present season began.
    pub reset_since_ms: i64,
    pub present: Play,
    /// Those seasons of the past that are kept, the newest first.
    pub past: Vec<Play>,
    /// Hidden in all seasons, with or without an entry.
    pub hidden: BTreeSet<PlayerId>,
}

/// A season and its entries, in no order.
#[derive(Clone)]
pub(super) struct Play {
    pub season: Season,
    pub lines: Vec<Line>,
}

/// An entry. Players are looked up where they are shown: names and segments are those of today, in
/// seasons of the past too.
#[derive(Clone)]
pub(super) struct Line {
    pub player: PlayerId,
    pub score: Score,
    /// The tick at which it got its score.
    pub reached: u64,
    pub details: Details,
}

impl Play {
    pub(super) fn begin(season: SeasonId, now_ms: i64) -> Self {
        let season = Season {
            season,
            started_at_ms: now_ms,
            ended_at_ms: None,
        };
        let lines = Vec::new();
        Play { season, lines }
    }

    pub(super) fn find(&self, player: PlayerId) -> Option<&Line> {
        self.lines.iter().find(|line| line.player == player)
    }

    pub(super) fn remove(&mut self, player: PlayerId) {
        self.lines.retain(|line| line.player != player);
    }
}

impl Board {
    pub(super) fn new(number: BoardNumber, settings: BoardSettings, now_ms: i64) -> Self {
        Board {
            number,
            settings,
            reset_since_ms: now_ms,
            present: Play::begin(SeasonId::FIRST, now_ms),
            past: Vec::new(),
            hidden: BTreeSet::new(),
        }
    }

    /// The seasons that are kept, the present one first.
    pub(super) fn plays(&self) -> impl Iterator<Item = &Play> {
        std::iter::once(&self.present).chain(&self.past)
    }

    /// Where a line stands in the order.
    pub(super) fn key(&self, line: &Line) -> RankKey {
        RankKey::new(self.settings.order, line.score, line.reached)
    }

    /// The entries of a season that have a rank: those not hidden, best first.
    pub(super) fn ranked<'a>(&self, play: &'a Play) -> Vec<&'a Line> {
        let mut lines: Vec<&Line> = play.lines.iter().collect();
        lines.retain(|line| !self.hidden.contains(&line.player));
        lines.sort_by_key(|line| self.key(line));
        lines
    }

    /// The rank of a player among these lines, which are sorted; `None` if it is not there.
    pub(super) fn rank_among(&self, lines: &[&Line], player: PlayerId) -> Option<u64> {
        let place = lines.iter().position(|line| line.player == player)?;
        let scores: Vec<Score> = lines.iter().map(|line| line.score).collect();
        let (order, mode) = (self.settings.order, self.settings.rank_mode);
        Some(rank_at(place, &scores, order, mode))
    }

    /// A player's rank in the present season.
    pub(super) fn rank_now(&self, player: PlayerId) -> Option<u64> {
        self.rank_among(&self.ranked(&self.present), player)
    }

    /// Applies a submission of a player that exists, or says why not; then nothing has changed.
    pub(super) fn submit(
        &mut self,
        submission: &Submission,
        ticks: &mut u64,
    ) -> Result<Outcome, Refusal> {
        let player = submission.player;
        let previous_score = self.present.find(player).map(|line| line.score);
        let previous_rank = self.rank_now(player);
        if let Some(expected) = submission.if_score
            && expected != previous_score
        {
            return Err(Refusal::ScoreChanged(previous_score));
        }
        let score = match self.score_after(submission, previous_score)? {
            None => None,
            Some(score) if self.settings.allows(score) => Some(score),
            Some(score) => return Err(Refusal::ScoreOutOfBounds(score)),
        };
        if let Some(score) = score {
            self.set(player, score, submission.details.clone(), ticks);
            self.drop_the_last();
        }
        let dropped = self.present.find(player).is_none();
        Ok(Outcome {
            score: score.or(previous_score).unwrap(),
            previous_score,
            rank: self.rank_now(player),
            previous_rank,
            total: self.ranked(&self.present).len() as u64,
            applied: score.is_some() && !dropped,
            season: self.present.season.season,
        })
    }

    /// The score that a submission leads to, whether or not the board allows it; `None` where the
    /// entry stays as it is since it is better or as good.
    fn score_after(
        &self,
        submission: &Submission,
        previous: Option<Score>,
    ) -> Result<Option<Score>, Refusal> {
        let submitted = submission.score;
        let Some(previous) = previous else {
            return Ok(Some(submitted));
        };
        match submission.operator.unwrap_or(self.settings.operator) {
            Operator::Last => Ok(Some(submitted)),
            Operator::Best if better(self.settings.order, submitted, previous) => {
                Ok(Some(submitted))
            }
            Operator::Best => Ok(None),
            Operator::Sum => match previous.checked_add(submitted) {
                None => Err(Refusal::ScoreOverflow),
                sum => Ok(sum),
            },
        }
    }

    /// Gives a player's entry of the present season a score and details, making it where there is
    /// none. One that keeps its score keeps its place among ties.
    pub(super) fn set(
        &mut self,
        player: PlayerId,
        score: Score,
        details: Details,
        ticks: &mut u64,
    ) {
        let reached = match self.present.find(player) {
            Some(line) if line.score == score => line.reached,
            _ => {
                *ticks += 1;
                *ticks
            }
        };
        self.present.remove(player);
        self.present.lines.push(Line {
            player,
            score,
            reached,
            details,
        });
    }

    /// Removes the last ranked entries of the present season for good, as many as are too many.
    pub(super) fn drop_the_last(&mut self) {
        let Some(most) = self.settings.max_entries else {
            return;
        };
        let ranked = self.ranked(&self.present);
        let too_many = ranked.iter().skip(most as usize);
        let too_many: Vec<PlayerId> = too_many.map(|line| line.player).collect();
        for player in too_many {
            self.present.remove(player);
        }
    }

    /// Gives the board other settings. A schedule that is another than before counts from now on.
    pub(super) fn put(&mut self, settings: BoardSettings, now_ms: i64) {
        if settings.reset != self.settings.reset {
            self.reset_since_ms = now_ms.max(self.present.season.started_at_ms);
        }
        self.settings = settings;
        self.forget_the_oldest();
        self.drop_the_last();
    }

    /// Ends the present season at that time, and begins the next.
    pub(super) fn rotate(&mut self, at_ms: i64) -> Season {
        let next = SeasonId(self.present.season.season.0 + 1);
        let mut ended = std::mem::replace(&mut self.present, Play::begin(next, at_ms));
        ended.season.ended_at_ms = Some(at_ms);
        self.past.insert(0, ended);
        self.forget_the_oldest();
        self.reset_since_ms = at_ms;
        self.present.season
    }

    /// Ends the present season, if it ought to have ended by schedule. Where several instants of the schedule have
    /// gone by, it is the last of them that counts.
    pub(super) fn end_by_schedule(&mut self, now_ms: i64) {
        let reset = self.settings.reset.as_ref();
        if let Some(end_ms) = reset.and_then(|r| r.last_between(self.reset_since_ms, now_ms)) {
            self.rotate(end_ms);
        }
    }

    /// Forgets the oldest seasons, as many as are too many.
    pub(super) fn forget_the_oldest(&mut self) {
        self.past.truncate(self.settings.keep_seasons as usize);
    }

    /// Removes all that there is of a player.
    pub(super) fn erase(&mut self, player: PlayerId) {
        self.present.remove(player);
        self.past.iter_mut().for_each(|play| play.remove(player));
        self.hidden.remove(&player);
    }
}
