//! What is read of a board: the ranked entries sorted anew for each question, and counted.
//!
//! The view is judged first (board, then season, then segment), then the mark or the player.

use std::collections::BTreeSet;

use boards::{
    Bucket, Lookup, Mark, Page, PageStart, Player, PlayerId, RankKey, RankedEntry, Score, Segment,
    Standing, Stats, StoreError, View, histogram_bounds, nearest_rank,
};

use super::State;
use super::board::{Board, Line, Play};
use super::ranks::better;

/// A view of a board, with what is to be seen there.
pub(super) struct Look<'a> {
    state: &'a State,
    board: &'a Board,
    play: &'a Play,
    segment: Option<Segment>,
    /// The ranked entries of the season, best first.
    all: Vec<&'a Line>,
    /// Those of them that are in the segment, or all where none was asked for.
    part: Vec<&'a Line>,
}

impl State {
    pub(super) fn look(&self, view: &View) -> Result<Look<'_>, StoreError> {
        let board = self.board(&view.board)?;
        let season = view.season.unwrap_or(board.present.season.season);
        let play = board.plays().find(|play| play.season.season == season);
        let play = play.ok_or(StoreError::UnknownSeason(season))?;
        if let Some(segment) = &view.segment
            && !board.settings.segments.contains(&segment.attribute())
        {
            return Err(StoreError::NotASegment(segment.attribute()));
        }
        let all = board.ranked(play);
        let mut part = all.clone();
        part.retain(|line| match &view.segment {
            None => true,
            Some(segment) => self.is_in(line.player, segment),
        });
        Ok(Look {
            state: self,
            board,
            play,
            segment: view.segment.clone(),
            all,
            part,
        })
    }

    fn is_in(&self, player: PlayerId, segment: &Segment) -> bool {
        let player = &self.players[&player];
        segment.attribute().segment_of(player).as_ref() == Some(segment)
    }
}

impl Look<'_> {
    pub(super) fn entry(&self, player: PlayerId) -> Result<Standing, StoreError> {
        self.state.player(player)?;
        let line = self.play.find(player);
        let line = line.ok_or(StoreError::NoEntry(player))?;
        Ok(Standing {
            entry: self.shown(line),
            total: self.part.len() as u64,
            percentile: self.percentile(line),
            season: self.play.season.season,
        })
    }

    pub(super) fn page(&self, start: PageStart, limit: usize) -> Result<Page, StoreError> {
        let first = match start {
            PageStart::Offset(offset) => self.part.len().min(offset as usize),
            PageStart::After(mark) => {
                let season = self.play.season.season;
                if (mark.board, mark.season) != (self.board.number, season) {
                    return Err(StoreError::ForeignMark);
                }
                self.count_to(mark.key)
            }
        };
        Ok(self.page_from(first, limit))
    }

    pub(super) fn around(&self, player: PlayerId, limit: usize) -> Result<Page, StoreError> {
        self.state.player(player)?;
        let place = self.part.iter().position(|line| line.player == player);
        let place = place.ok_or(StoreError::NoEntry(player))?;
        Ok(self.window(place, limit.saturating_sub(1) / 2, limit))
    }

    pub(super) fn around_score(&self, score: Score, limit: usize) -> Page {
        let infinitely_late = RankKey::new(self.board.settings.order, score, u64::MAX);
        self.window(self.count_to(infinitely_late), limit / 2, limit)
    }

    pub(super) fn lookup(&self, players: &[PlayerId]) -> Lookup {
        let asked: BTreeSet<PlayerId> = players.iter().copied().collect();
        let mut found = self.part.clone();
        found.retain(|line| asked.contains(&line.player));
        let mut not_found: Vec<PlayerId> = Vec::new();
        for player in players {
            if !found.iter().any(|line| line.player == *player) && !not_found.contains(player) {
                not_found.push(*player);
            }
        }
        let rank = |line: &Line| self.board.rank_among(&found, line.player).unwrap();
        let entries = found.iter().map(|line| (rank(line), self.shown(line)));
        Lookup {
            entries: entries.collect(),
            not_found,
            season: self.play.season.season,
        }
    }

    pub(super) fn stats(&self, percentiles: &[f64], buckets: usize) -> Stats {
        let mut scores: Vec<Score> = self.part.iter().map(|line| line.score).collect();
        scores.sort();
        let at = |percent: f64| {
            let rank = nearest_rank(percent, scores.len() as u64);
            let score = scores.get(rank as usize - 1)?;
            Some((percent, *score))
        };
        Stats {
            total: scores.len() as u64,
            min: scores.first().copied(),
            max: scores.last().copied(),
            percentiles: percentiles.iter().filter_map(|p| at(*p)).collect(),
            histogram: histogram(&scores, buckets),
            season: self.play.season.season,
        }
    }

    /// How many entries of the part stand at or before this point.
    fn count_to(&self, key: RankKey) -> usize {
        let before = self.part.iter().filter(|line| self.board.key(line) <= key);
        before.count()
    }

    /// `limit` entries of which `before` stand before that place, or more or fewer where the ends of
    /// the part leave no room for that.
    fn window(&self, place: usize, before: usize, limit: usize) -> Page {
        let last_full = self.part.len().saturating_sub(limit);
        self.page_from(place.saturating_sub(before).min(last_full), limit)
    }

    fn page_from(&self, first: usize, limit: usize) -> Page {
        let lines = &self.part[first..];
        let (lines, later) = lines.split_at(limit.min(lines.len()));
        let mark = |line: &&Line| Mark {
            board: self.board.number,
            season: self.play.season.season,
            key: self.board.key(line),
        };
        Page {
            entries: lines.iter().map(|line| self.shown(line)).collect(),
            next: lines.last().filter(|_| !later.is_empty()).map(mark),
            total: self.part.len() as u64,
            season: self.play.season.season,
        }
    }

    fn shown(&self, line: &Line) -> RankedEntry {
        let player: &Player = &self.state.players[&line.player];
        let in_segment = self.segment.as_ref();
        RankedEntry {
            player: player.clone(),
            score: line.score,
            rank: self.board.rank_among(&self.all, line.player),
            segment_rank: in_segment.and_then(|_| self.board.rank_among(&self.part, line.player)),
            details: line.details.clone(),
        }
    }

    /// The share of the part, in percent, that has no better score than this line, which has to be of
    /// the part.
    fn percentile(&self, line: &Line) -> Option<f64> {
        self.part.iter().find(|other| other.player == line.player)?;
        let order = self.board.settings.order;
        let not_better = self.part.iter();
        let not_better = not_better.filter(|other| !better(order, other.score, line.score));
        Some(100.0 * not_better.count() as f64 / self.part.len() as f64)
    }
}

/// The histogram of these scores, which are sorted, the lowest first.
fn histogram(scores: &[Score], buckets: usize) -> Vec<Bucket> {
    let (Some(min), Some(max)) = (scores.first(), scores.last()) else {
        return Vec::new();
    };
    let bounds = histogram_bounds(*min, *max, buckets);
    let part = |at: usize| {
        let (from, next) = (bounds[at], bounds.get(at + 1));
        let in_it = |score: &&Score| **score >= from && next.is_none_or(|next| *score < next);
        Bucket {
            from,
            to: *next.unwrap_or(max),
            count: scores.iter().filter(in_it).count() as u64,
        }
    };
    (0..bounds.len()).map(part).collect()
}
