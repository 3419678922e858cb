//! What readers ask of the state. None of it touches the disk.

use boards::{
    Attribute, Bucket, Lookup, Mark, Page, PageStart, PlayerId, RankKey, RankMode, RankedEntry,
    Score, SeasonId, Standing, Stats, StoreError, View, histogram_bounds, nearest_rank,
};

use crate::ladder::Ladder;
use crate::players::Slot;
use crate::ranks::Ranks;
use crate::state::{Board, State};

/// The part of a board that a view names.
struct Part<'a> {
    state: &'a State,
    board: &'a Board,
    season: SeasonId,
    ladder: &'a Ladder,
    /// `None`: a segment that nobody is in.
    ranks: Option<&'a Ranks>,
    is_segment: bool,
}

impl State {
    fn part(&self, view: &View) -> Result<Part<'_>, StoreError> {
        self.part_of(view, view.season)
    }

    /// The part that the view names, of this season; `None`: of the present one.
    fn part_of(&self, view: &View, season: Option<SeasonId>) -> Result<Part<'_>, StoreError> {
        let board = self.board(&view.board)?;
        let season = season.unwrap_or(board.season.season);
        let ladder = board.ladders().find(|(s, _)| *s == season);
        let (_, ladder) = ladder.ok_or(StoreError::UnknownSeason(season))?;
        let ranks = match &view.segment {
            None => Some(ladder.all()),
            Some(segment) => {
                is_ranked_by(board, segment.attribute())?;
                ladder.segment(segment)
            }
        };
        Ok(Part {
            state: self,
            board,
            season,
            ladder,
            ranks,
            is_segment: view.segment.is_some(),
        })
    }

    pub(crate) fn entry(&self, view: &View, id: PlayerId) -> Result<Standing, StoreError> {
        self.part(view)?.standing(id)
    }

    pub(crate) fn page(
        &self,
        view: &View,
        start: PageStart,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let part = self.part_of(view, start.season_in(view))?;
        let first = match start {
            PageStart::Offset(offset) => usize::try_from(offset).unwrap_or(usize::MAX),
            PageStart::After(mark) if mark.board != part.board.number => {
                return Err(StoreError::ForeignMark);
            }
            PageStart::After(mark) if mark.season != part.season => {
                return Err(StoreError::ForeignMark);
            }
            PageStart::After(mark) => part
                .ranks
                .map_or(0, |r| r.entries().position_after(&mark.key)),
        };
        Ok(part.page(first, limit))
    }

    pub(crate) fn around(
        &self,
        view: &View,
        id: PlayerId,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let part = self.part(view)?;
        let key = part.ladder.ranked_key(self.slot(id)?);
        let at = key.and_then(|key| part.ranks?.entries().rank(&key));
        let at = at.ok_or(StoreError::NoEntry(id))?;
        Ok(part.window(at, limit.saturating_sub(1) / 2, limit))
    }

    pub(crate) fn around_score(
        &self,
        view: &View,
        score: Score,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let part = self.part(view)?;
        let last = RankKey::new(part.board.settings.order, score, u64::MAX);
        let at = part.ranks.map_or(0, |r| r.entries().position_after(&last));
        Ok(part.window(at, limit / 2, limit))
    }

    pub(crate) fn lookup(&self, view: &View, ids: &[PlayerId]) -> Result<Lookup, StoreError> {
        let part = self.part(view)?;
        let mut found = Vec::with_capacity(ids.len());
        let mut not_found = Vec::new();
        for id in ids {
            let slot = self.players.find(*id);
            let key = slot.and_then(|slot| part.ladder.ranked_key(slot));
            let key = key.filter(|key| part.contains(*key));
            match key.zip(slot) {
                Some(pair) => found.push(pair),
                None if not_found.contains(id) => {}
                None => not_found.push(*id),
            }
        }
        found.sort_unstable_by_key(|(key, _)| *key);
        found.dedup();
        Ok(Lookup {
            entries: part.ranked_in_set(&found),
            not_found,
            season: part.season,
        })
    }

    pub(crate) fn stats(
        &self,
        view: &View,
        percentiles: &[f64],
        buckets: usize,
    ) -> Result<Stats, StoreError> {
        let part = self.part(view)?;
        let scores = part.ranks.map(|ranks| Scores { part: &part, ranks });
        let scores = scores.filter(|s| s.ranks.len() > 0);
        let Some(scores) = scores else {
            return Ok(Stats::none(part.season));
        };
        let (min, max) = (scores.at(0), scores.at(scores.ranks.len() - 1));
        Ok(Stats {
            total: scores.ranks.len() as u64,
            min,
            max,
            percentiles: percentiles
                .iter()
                .filter_map(|p| Some((*p, scores.percentile(*p)?)))
                .collect(),
            histogram: scores.histogram(min.zip(max), buckets),
            season: part.season,
        })
    }
}

fn is_ranked_by(board: &Board, attribute: Attribute) -> Result<(), StoreError> {
    if board.settings.segments.contains(&attribute) {
        Ok(())
    } else {
        Err(StoreError::NotASegment(attribute))
    }
}

impl Part<'_> {
    fn contains(&self, key: RankKey) -> bool {
        self.ranks.is_some_and(|r| r.entries().get(&key).is_some())
    }

    fn len(&self) -> usize {
        self.ranks.map_or(0, Ranks::len)
    }

    fn standing(&self, id: PlayerId) -> Result<Standing, StoreError> {
        let slot = self.state.slot(id)?;
        let key = self.ladder.key(slot).ok_or(StoreError::NoEntry(id))?;
        let ranked = self.ladder.ranked_key(slot).is_some();
        let inside = self.ranks.filter(|_| ranked && self.contains(key));
        let rank = ranked.then(|| self.ladder.all().rank(key));
        let segment_rank = inside.filter(|_| self.is_segment).map(|r| r.rank(key));
        let not_better = |r: &Ranks| 100.0 * (r.len() - r.better(key)) as f64 / r.len() as f64;
        let entry = self.ranked(key, slot, rank, segment_rank);
        Ok(Standing {
            entry: entry.ok_or(StoreError::NoEntry(id))?,
            total: self.len() as u64,
            percentile: inside.map(not_better),
            season: self.season,
        })
    }

    /// `limit` entries of which `before` come before the position, where the ends allow it.
    fn window(&self, at: usize, before: usize, limit: usize) -> Page {
        let last_start = self.len().saturating_sub(limit);
        self.page(at.saturating_sub(before).min(last_start), limit)
    }

    fn page(&self, first: usize, limit: usize) -> Page {
        let mut page = Page {
            entries: Vec::with_capacity(limit.min(self.len().saturating_sub(first))),
            next: None,
            total: self.len() as u64,
            season: self.season,
        };
        let Some(ranks) = self.ranks else {
            return page;
        };
        let mut steps = Steps::new(ranks, first);
        let mut last = None;
        for (key, slot) in ranks.entries().iter_from(first).take(limit) {
            let own = steps.rank(*key);
            let (rank, segment_rank) = if self.is_segment {
                (self.ladder.all().rank(*key), Some(own))
            } else {
                (own, None)
            };
            let entry = self.ranked(*key, Slot(*slot), Some(rank), segment_rank);
            page.entries.extend(entry);
            last = Some(*key);
        }
        let more = first.saturating_add(page.entries.len()) < self.len();
        page.next = last.filter(|_| more).map(|key| Mark {
            board: self.board.number,
            season: self.season,
            key,
        });
        page
    }

    fn ranked_in_set(&self, sorted: &[(RankKey, Slot)]) -> Vec<(u64, RankedEntry)> {
        let mode = self.ladder.all().mode();
        let mut entries = Vec::with_capacity(sorted.len());
        let (mut rank, mut last) = (0, None);
        for (n, (key, slot)) in sorted.iter().enumerate() {
            let tied = last == Some(key.tier());
            rank = match mode {
                RankMode::Ordinal => n as u64 + 1,
                _ if tied => rank,
                RankMode::Shared => n as u64 + 1,
                RankMode::Dense => rank + 1,
            };
            last = Some(key.tier());
            let own = self.ladder.all().rank(*key);
            let segment_rank = self.ranks.filter(|_| self.is_segment);
            let segment_rank = segment_rank.map(|r| r.rank(*key));
            let entry = self.ranked(*key, *slot, Some(own), segment_rank);
            entries.extend(entry.map(|entry| (rank, entry)));
        }
        entries
    }

    fn ranked(
        &self,
        key: RankKey,
        slot: Slot,
        rank: Option<u64>,
        segment_rank: Option<u64>,
    ) -> Option<RankedEntry> {
        Some(RankedEntry {
            player: self.state.players.get(slot)?.clone(),
            score: key.score(self.board.settings.order),
            rank,
            segment_rank,
            details: self.ladder.details(slot).cloned().unwrap_or_default(),
        })
    }
}

/// Ranks of consecutive entries: searched for the first, counted from there.
struct Steps<'a> {
    ranks: &'a Ranks,
    position: u64,
    last: Option<(u64, u64)>,
}

impl<'a> Steps<'a> {
    fn new(ranks: &'a Ranks, first: usize) -> Self {
        Steps {
            ranks,
            position: first as u64,
            last: None,
        }
    }

    fn rank(&mut self, key: RankKey) -> u64 {
        self.position += 1;
        let rank = match (self.ranks.mode(), self.last) {
            (RankMode::Ordinal, _) => self.position,
            (_, Some((tier, rank))) if tier == key.tier() => rank,
            (RankMode::Shared, Some(_)) => self.position,
            (RankMode::Dense, Some((_, rank))) => rank + 1,
            (_, None) => self.ranks.rank(key),
        };
        self.last = Some((key.tier(), rank));
        rank
    }
}

/// The scores of a part in ascending order, whichever way the board ranks them.
struct Scores<'a> {
    part: &'a Part<'a>,
    ranks: &'a Ranks,
}

impl Scores<'_> {
    fn at(&self, position: usize) -> Option<Score> {
        let order = self.part.board.settings.order;
        let position = match order {
            boards::Order::Asc => position,
            boards::Order::Desc => self.ranks.len() - 1 - position,
        };
        let (key, _) = self.ranks.entries().select(position)?;
        Some(key.score(order))
    }

    /// The nearest rank: the least score that this share of all is at or below.
    fn percentile(&self, percent: f64) -> Option<Score> {
        let nearest = nearest_rank(percent, self.ranks.len() as u64);
        self.at(nearest as usize - 1)
    }

    /// How many scores are less than this one.
    fn below(&self, score: Score) -> usize {
        let order = self.part.board.settings.order;
        let entries = self.ranks.entries();
        match order {
            boards::Order::Asc => entries.position(&RankKey::new(order, score, 0)),
            boards::Order::Desc => {
                entries.len() - entries.position_after(&RankKey::new(order, score, u64::MAX))
            }
        }
    }

    fn histogram(&self, ends: Option<(Score, Score)>, buckets: usize) -> Vec<Bucket> {
        let Some((min, max)) = ends else {
            return Vec::new();
        };
        let bounds = histogram_bounds(min, max, buckets);
        let ends = bounds.iter().skip(1).map(|b| (*b, self.below(*b)));
        let ends = ends.chain([(max, self.ranks.len())]);
        let mut start = 0;
        let buckets = bounds.iter().zip(ends).map(|(from, (to, end))| {
            let count = end - start;
            start = end;
            Bucket {
                from: *from,
                to,
                count: count as u64,
            }
        });
        buckets.collect()
    }
}
