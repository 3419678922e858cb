//! A board as every room has it under its name: JSON, since scripts read it too.

use boards::{Attribute, BoardNumber, BoardSettings, RankKey, Season, SeasonId};
use serde::{Deserialize, Serialize};

use crate::board_keys::Ladder;
use crate::cut::Cut;
use crate::entry::StoredEntry;

/// A board's number, settings and seasons.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct BoardLine {
    /// Never given to another board.
    pub(crate) number: u32,
    pub(crate) settings: BoardSettings,
    /// The present season first, then the past ones that are kept, newest first.
    pub(crate) seasons: Vec<Season>,
    /// Attributes whose segments are kept already but are not complete yet, so that nobody may read them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) building: Vec<Attribute>,
    /// Another number each time that more segments are being built, so that who builds them does not take the
    /// segments of somebody who began after they had been given up for its own; 0 while there are none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) build: u64,
    /// Seasons whose end is cut off, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) cuts: Vec<Cut>,
    /// When the schedule was set, where that was within the present season, in milliseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reset_set_at_ms: Option<i64>,
    /// When the present season ends by schedule, in milliseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ends_at_ms: Option<i64>,
}

impl BoardLine {
    pub(crate) fn new(number: u32, settings: BoardSettings, now_ms: i64) -> Self {
        let mut line = BoardLine {
            number,
            settings,
            seasons: vec![begun(SeasonId::FIRST, now_ms)],
            building: Vec::new(),
            build: 0,
            cuts: Vec::new(),
            reset_set_at_ms: None,
            ends_at_ms: None,
        };
        line.set_end();
        line
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        // Plain data with text keys always has a JSON form.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// `None` where the bytes are no line, or one without a season.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let line: BoardLine = serde_json::from_slice(bytes).ok()?;
        (!line.seasons.is_empty()).then_some(line)
    }

    pub(crate) fn number(&self) -> BoardNumber {
        BoardNumber(self.number)
    }

    /// The present season. Lines without one are neither made nor read.
    pub(crate) fn present(&self) -> Season {
        self.seasons[0]
    }

    pub(crate) fn ladder(&self) -> Ladder {
        Ladder::new(self.number(), self.present().season)
    }

    /// The ladders of all seasons that are kept, the present one first.
    pub(crate) fn ladders(&self) -> impl Iterator<Item = Ladder> + '_ {
        let number = self.number();
        let seasons = self.seasons.iter();
        seasons.map(move |season| Ladder::new(number, season.season))
    }

    /// The attributes whose segments are kept, whether or not they may be read.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = &Attribute> {
        self.settings.segments.iter().chain(&self.building)
    }

    /// Ends the present season and begins the next.
    pub(crate) fn rotate(&mut self, now_ms: i64) -> Season {
        let next = begun(SeasonId(self.present().season.0 + 1), now_ms);
        self.seasons[0].ended_at_ms = Some(now_ms);
        self.seasons.insert(0, next);
        self.reset_set_at_ms = None;
        self.set_end();
        next
    }

    /// Forgets the seasons that are more than the settings keep; which they are.
    pub(crate) fn forget(&mut self) -> Vec<Season> {
        let keep = self.settings.keep_seasons as usize + 1;
        let forgotten = self.seasons.split_off(keep.min(self.seasons.len()));
        for season in &forgotten {
            self.mend(season.season);
        }
        forgotten
    }

    /// Cuts the present season off: the entry with that key is gone, and all behind it.
    pub(crate) fn cut(&mut self, key: RankKey) {
        let season = self.present().season;
        self.mend(season);
        self.cuts.push(Cut::from(season, self.settings.order, key));
    }

    /// Of a season nothing is cut off any more.
    pub(crate) fn mend(&mut self, season: SeasonId) {
        self.cuts.retain(|cut| cut.season != season);
    }

    /// The first key of a season that is cut off.
    pub(crate) fn cut_of(&self, season: SeasonId) -> Option<RankKey> {
        let mut cuts = self.cuts.iter();
        cuts.find(|cut| cut.season == season)?
            .key(self.settings.order)
    }

    /// Whether a ranked entry with that key is cut off.
    pub(crate) fn is_cut_off(&self, season: SeasonId, key: RankKey) -> bool {
        self.cut_of(season).is_some_and(|cut| key >= cut)
    }

    /// Whether a ranked entry of a season is cut off.
    pub(crate) fn is_gone(&self, ladder: Ladder, entry: &StoredEntry) -> bool {
        self.is_cut_off(ladder.season, entry.key(self.settings.order))
    }

    /// Gives the board other settings at that time.
    pub(crate) fn put(&mut self, settings: BoardSettings, now_ms: i64) {
        self.reset_set_at_ms = settings.reset_set_at(now_ms, &self.settings, self.reset_set_at_ms);
        self.settings = settings;
        self.set_end();
    }

    /// To be called where the settings, the time at which their schedule was set or the season change.
    pub(crate) fn set_end(&mut self) {
        self.ends_at_ms = self.settings.end_of(self.present(), self.reset_set_at_ms);
    }

    /// See [`BoardSettings::missed_end_of`]; of the present season, and mostly without a search.
    pub(crate) fn missed_end(&self, now_ms: i64) -> Option<i64> {
        self.ends_at_ms.filter(|end| *end <= now_ms)?;
        let settings = &self.settings;
        settings.missed_end_of(self.present(), self.reset_set_at_ms, now_ms)
    }
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn begun(season: SeasonId, now_ms: i64) -> Season {
    Season {
        season,
        started_at_ms: now_ms,
        ended_at_ms: None,
    }
}

#[cfg(test)]
mod tests {
    use boards::Schedule;

    use super::*;

    #[test]
    fn lines_come_back() {
        let mut line = BoardLine::new(3, BoardSettings::global(), 5);
        line.building = vec![Attribute::parse("league").unwrap()];
        line.build = 7;
        assert_eq!(BoardLine::read(&line.to_bytes()), Some(line.clone()));
        line.seasons.clear();
        assert_eq!(BoardLine::read(&line.to_bytes()), None);
        assert_eq!(BoardLine::read(b"{}"), None);
    }

    #[test]
    fn seasons_end_and_are_forgotten() {
        let settings = BoardSettings {
            keep_seasons: 1,
            ..BoardSettings::global()
        };
        let mut line = BoardLine::new(3, settings, 5);
        assert_eq!(line.rotate(10), begun(SeasonId(2), 10));
        assert_eq!(line.forget(), []);
        line.rotate(20);
        let forgotten: Vec<_> = line.forget().iter().map(|s| s.season.0).collect();
        assert_eq!(forgotten, [1]);
        let kept = line.seasons.iter().map(|s| (s.season.0, s.ended_at_ms));
        assert_eq!(Vec::from_iter(kept), [(3, None), (2, Some(20))]);
    }

    #[test]
    fn a_season_ends_by_schedule() {
        const DAY_MS: i64 = 24 * 60 * 60 * 1000;
        let settings = BoardSettings {
            reset: Some(Schedule::parse("0 0 * * *", "UTC").unwrap()),
            ..BoardSettings::global()
        };
        let line = BoardLine::new(3, settings, 5);
        assert_eq!(line.ends_at_ms, Some(DAY_MS));
        assert_eq!(line.missed_end(DAY_MS - 1), None);
        assert_eq!(line.missed_end(3 * DAY_MS + 7), Some(3 * DAY_MS));
    }

    #[test]
    fn a_schedule_counts_from_when_it_was_set() {
        const DAY_MS: i64 = 24 * 60 * 60 * 1000;
        let mut line = BoardLine::new(3, BoardSettings::global(), 5);
        let settings = BoardSettings {
            reset: Some(Schedule::parse("0 0 * * *", "UTC").unwrap()),
            ..BoardSettings::global()
        };
        line.put(settings.clone(), 9 * DAY_MS + 7);
        assert_eq!(line.ends_at_ms, Some(10 * DAY_MS));
        line.put(settings, 9 * DAY_MS + 8);
        assert_eq!(line.reset_set_at_ms, Some(9 * DAY_MS + 7));
        assert_eq!(BoardLine::read(&line.to_bytes()), Some(line.clone()));
        line.rotate(9 * DAY_MS + 9);
        assert_eq!(
            (line.reset_set_at_ms, line.ends_at_ms),
            (None, Some(10 * DAY_MS))
        );
    }
}
