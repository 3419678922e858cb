//! A view that is read: judged by what the first room says of the board, then asked of all rooms.
//!
//! Rooms have copies of a board's line, and while a change of them is applied one can be ahead of another for
//! a moment. So the first answer decides what is read, its board's number and season; rooms that meant something
//! else are asked once more, and later questions name it.

use boards::{BoardNumber, Order, RankKey, RankMode, SeasonId, StoreError, View};
use redis::Value;

use super::wire::{Words, bytes, cut_words, items, word};
use crate::board_keys::BOARDS;
use crate::board_line::BoardLine;
use crate::core::Core;
use crate::layout::Room;
use crate::replies::strange;
use crate::script::Script;

/// What is read, once a room has said what that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pin {
    pub(super) number: BoardNumber,
    pub(super) season: SeasonId,
    pub(super) order: Order,
    pub(super) mode: RankMode,
    /// The first that is cut off.
    pub(super) cut: Option<RankKey>,
}

/// A view that is read.
pub(super) struct Look<'a> {
    pub(super) core: &'a Core,
    pub(super) view: &'a View,
    pin: Option<Pin>,
}

/// What a room answers.
struct Answer<'a> {
    line: Option<&'a [u8]>,
    found: Option<&'a Value>,
}

impl<'a> Look<'a> {
    pub(super) fn new(core: &'a Core, view: &'a View) -> Self {
        let pin = None;
        Look { core, view, pin }
    }

    /// What is read; known once something was asked.
    pub(super) fn pin(&self) -> Result<Pin, StoreError> {
        self.pin.ok_or_else(|| strange("no room has been asked"))
    }

    /// Whether one room has everything, so that one script reads all at one instant.
    pub(super) fn is_alone(&self) -> bool {
        self.core.layout.count() == 1
    }

    /// Asks all rooms the same. The answers are what the script has found, in the order of the rooms.
    pub(super) async fn ask_all(
        &mut self,
        script: &Script,
        words: Words,
    ) -> Result<Vec<Value>, StoreError> {
        let rooms = self.core.layout.rooms();
        let calls = rooms.map(|room| (room, words.clone()));
        self.ask(script, calls.collect()).await
    }

    /// Asks some rooms, all at once.
    ///
    /// # Errors
    /// Those of the view, by what the first of these rooms says of the board.
    pub(super) async fn ask(
        &mut self,
        script: &Script,
        calls: Vec<(Room, Words)>,
    ) -> Result<Vec<Value>, StoreError> {
        let answers = self.run(script, &calls).await?;
        if self.pin.is_some() {
            return answers.into_iter().map(found).collect();
        }
        let Some(first) = answers.first() else {
            return Ok(Vec::new());
        };
        let line = Answer::read(first)?.line.map(<[u8]>::to_vec);
        self.pin = Some(judge(self.view, line.as_deref())?);
        self.settle(script, calls, answers, line.as_deref()).await
    }

    /// Asks those rooms again that have another line, now by what the first one has.
    async fn settle(
        &self,
        script: &Script,
        calls: Vec<(Room, Words)>,
        mut answers: Vec<Value>,
        line: Option<&[u8]>,
    ) -> Result<Vec<Value>, StoreError> {
        let mut again = Vec::new();
        for (at, answer) in answers.iter().enumerate() {
            let answer = Answer::read(answer)?;
            if answer.line != line || answer.found.is_none() {
                again.push(at);
            }
        }
        if !again.is_empty() {
            let calls: Vec<(Room, Words)> = again.iter().map(|at| calls[*at].clone()).collect();
            let later = self.run(script, &calls).await?;
            for (at, answer) in again.into_iter().zip(later) {
                answers[at] = answer;
            }
        }
        answers.into_iter().map(found).collect()
    }

    async fn run(
        &self,
        script: &Script,
        calls: &[(Room, Words)],
    ) -> Result<Vec<Value>, StoreError> {
        let head = self.head();
        let calls = calls.iter().map(|(room, words)| {
            let key = self.core.layout.key(*room, BOARDS);
            (key, [&head[..], words].concat())
        });
        let answers = self.core.redis.read_scripts(script, calls.collect()).await;
        answers.into_iter().map(|answer| Ok(answer?)).collect()
    }

    /// What all scripts that read a view are told first; see `read_view.lua`.
    fn head(&self) -> Words {
        let View {
            board,
            season,
            segment,
        } = self.view;
        let number = |number: u32| number.to_string().into_bytes();
        let season = self.pin.map(|pin| pin.season).or(*season);
        vec![
            word(board.as_str()),
            season.map_or(Vec::new(), |season| number(season.0)),
            segment
                .as_ref()
                .map_or(Vec::new(), |s| s.to_string().into_bytes()),
            self.pin.map_or(Vec::new(), |pin| number(pin.number.0)),
            self.pin.map_or(Vec::new(), |pin| word(mode_word(pin.mode))),
            self.pin.map_or(Vec::new(), order_and_cut),
        ]
    }
}

impl<'a> Answer<'a> {
    fn read(answer: &'a Value) -> Result<Self, StoreError> {
        let parts = items(answer)?;
        let line = parts.first().map_or(Ok(None), bytes)?;
        let found = parts.get(1);
        Ok(Answer { line, found })
    }
}

/// What the script has found.
fn found(answer: Value) -> Result<Value, StoreError> {
    let Value::Array(mut parts) = answer else {
        return Err(strange("it is no list"));
    };
    match parts.pop() {
        Some(found) if parts.len() == 1 => Ok(found),
        _ => Err(strange("it says nothing of the board")),
    }
}

/// What is to be read of a board with this line.
fn judge(view: &View, line: Option<&[u8]>) -> Result<Pin, StoreError> {
    let line = line.ok_or_else(|| StoreError::UnknownBoard(view.board.clone()))?;
    let line = BoardLine::read(line).ok_or_else(|| strange("a board's line is none"))?;
    let season = view.season.unwrap_or(line.present().season);
    if !line.seasons.iter().any(|kept| kept.season == season) {
        return Err(StoreError::UnknownSeason(season));
    }
    if let Some(segment) = &view.segment
        && !line.settings.segments.contains(&segment.attribute())
    {
        return Err(StoreError::NotASegment(segment.attribute()));
    }
    Ok(Pin {
        number: line.number(),
        season,
        order: line.settings.order,
        mode: line.settings.rank_mode,
        cut: line.cut_of(season),
    })
}

/// The order, and where the season's end is cut off from where on; see `read_view.lua`.
fn order_and_cut(pin: Pin) -> Vec<u8> {
    let order = word(order_word(pin.order));
    match pin.cut.map(|key| cut_words((key, false))) {
        None => order,
        Some([weight, reached]) => [order, weight, reached].join(&b' '),
    }
}

fn mode_word(mode: RankMode) -> &'static str {
    match mode {
        RankMode::Ordinal => "ordinal",
        RankMode::Shared => "shared",
        RankMode::Dense => "dense",
    }
}

fn order_word(order: Order) -> &'static str {
    match order {
        Order::Asc => "asc",
        Order::Desc => "desc",
    }
}

#[cfg(test)]
mod tests {
    use boards::{Attribute, BoardId, BoardSettings, Segment};

    use super::*;

    fn view(season: Option<u32>, segment: Option<&str>) -> View {
        View {
            board: BoardId::global(),
            season: season.map(SeasonId),
            segment: segment.map(|text| Segment::parse(text).unwrap()),
        }
    }

    #[test]
    fn a_view_is_judged_by_board_then_season_then_segment() {
        let mut line = BoardLine::new(3, BoardSettings::global(), 5);
        line.rotate(7);
        line.building = vec![Attribute::parse("league").unwrap()];
        let line = line.to_bytes();
        let wrong = |view: View, line| judge(&view, line).unwrap_err().to_string();
        let nothing = view(Some(9), Some("league:gold"));
        assert_eq!(wrong(nothing.clone(), None), "there is no board global");
        let season = wrong(nothing, Some(&line));
        assert_eq!(season, "there is no season 9, or not any more");
        let building = wrong(view(Some(1), Some("league:gold")), Some(&line));
        assert_eq!(building, "the board is not ranked by league");
        let present = judge(&view(None, Some("country:tr")), Some(&line)).unwrap();
        let pin = Pin {
            number: BoardNumber(3),
            season: SeasonId(2),
            order: Order::Desc,
            mode: RankMode::Ordinal,
            cut: None,
        };
        assert_eq!(present, pin);
        let past = judge(&view(Some(1), None), Some(&line)).unwrap();
        assert_eq!(past.season, SeasonId(1));
    }

    #[test]
    fn words_are_those_of_the_line() {
        for mode in [RankMode::Ordinal, RankMode::Shared, RankMode::Dense] {
            let json = serde_json::to_string(&mode).unwrap();
            assert_eq!(json, format!("\"{}\"", mode_word(mode)));
        }
        for order in [Order::Asc, Order::Desc] {
            let json = serde_json::to_string(&order).unwrap();
            assert_eq!(json, format!("\"{}\"", order_word(order)));
        }
    }
}
