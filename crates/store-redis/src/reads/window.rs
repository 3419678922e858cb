//! Consecutive entries around a place, from all rooms, with the players and what the entries keep.
//!
//! With one room that is one script. With several it is one round in which each room is asked for its share,
//! and now and then a second to those that had more than that.

use boards::{PlayerId, RankKey, Score, StoreError};
use redis::Value;

use super::gather::{Ask, Cut, Gather, Gathered, MOST_AT_ONCE, Previous, Slice, Wanted, share};
use super::look::{Look, Pin};
use super::wire::{
    Words, bytes, count, count_word, counts, cut_words, item, items, key_of, member, number, odd,
    weight, word,
};
use crate::entry::StoredEntry;
use crate::layout::Room;
use crate::players;

/// Around what entries are wanted.
#[derive(Clone, Copy, Debug)]
pub(super) enum Around {
    /// The beginning of the view.
    Start,
    /// After so many entries; where there is one room.
    Index(u64),
    /// A point of the order.
    Cut(Cut),
    /// After all entries with this score.
    Score(Score),
    /// A player's entry; where there is one room.
    Player(PlayerId),
}

/// What an entry has besides its place.
#[derive(Clone, Debug)]
pub(super) struct Body {
    pub(super) player: boards::Player,
    pub(super) entry: StoredEntry,
    /// How many stand above it on the whole board, where the one room has said so.
    pub(super) above_on_board: Option<u64>,
}

/// Entries that were wanted.
pub(super) struct Window {
    pub(super) entries: Gathered<Body>,
    /// An entry, and how many different scores are better, where the one room has said so.
    pub(super) tiers_before: Option<(RankKey, u64)>,
}

/// What a room has answered.
struct Answer {
    slice: Slice<Body>,
    tiers_before: Option<(RankKey, u64)>,
}

impl Look<'_> {
    /// # Errors
    /// Those of the view; [`StoreError::UnknownPlayer`] and [`StoreError::NoEntry`] around a player.
    pub(super) async fn window(
        &mut self,
        around: Around,
        wanted: Wanted,
    ) -> Result<Window, StoreError> {
        let rooms = usize::from(self.core.layout.count());
        let ahead = wanted
            .skip
            .saturating_add(wanted.limit)
            .saturating_sub(wanted.back);
        let back = if wanted.back > 0 {
            share(wanted.back, rooms)
        } else {
            0
        };
        let words = self.window_words(around, back, share(ahead, rooms), self.slides(wanted));
        let script = &self.core.scripts.reads.window;
        let found = self.ask_all(script, words).await?;
        let pin = self.pin()?;
        let answers = found.iter().map(|found| read(found, pin, around));
        let answers = answers.collect::<Result<Vec<_>, _>>()?;
        let tiers_before = answers.first().and_then(|answer| answer.tiers_before);
        let slices = answers.into_iter().map(|answer| answer.slice).collect();
        let gather = Gather::new(wanted, place(around, pin), slices);
        Ok(Window {
            entries: self.complete(gather).await?,
            tiers_before,
        })
    }

    async fn complete(&mut self, mut gather: Gather<Body>) -> Result<Gathered<Body>, StoreError> {
        let rooms: Vec<Room> = self.core.layout.rooms().collect();
        loop {
            let asks = gather.asks();
            if asks.is_empty() {
                return Ok(gather.finish());
            }
            let calls = asks.iter().map(|ask| {
                let Ask {
                    room,
                    at,
                    back,
                    ahead,
                } = *ask;
                (
                    rooms[room],
                    self.window_words(Around::Cut(at), back, ahead, false),
                )
            });
            let script = &self.core.scripts.reads.window;
            let found = self.ask(script, calls.collect()).await?;
            let pin = self.pin()?;
            for (ask, found) in asks.iter().zip(found) {
                let answer = read(&found, pin, Around::Cut(ask.at))?;
                gather.take(ask, answer.slice);
            }
        }
    }

    /// Whether the one room can have the window slide.
    fn slides(&self, wanted: Wanted) -> bool {
        let fits = (1..=MOST_AT_ONCE).contains(&wanted.limit) && wanted.back <= wanted.limit;
        wanted.slide && self.is_alone() && fits
    }

    fn window_words(&self, around: Around, back: u64, ahead: u64, slides: bool) -> Words {
        let [kind, first, second] = around.words();
        let flag = |word: &str, is_set: bool| if is_set { word.into() } else { Vec::new() };
        vec![
            kind,
            first,
            second,
            count_word(back),
            count_word(ahead),
            flag("slide", slides),
            flag("alone", self.is_alone()),
        ]
    }
}

impl Around {
    fn words(self) -> [Vec<u8>; 3] {
        match self {
            Around::Start => [word("start"), Vec::new(), Vec::new()],
            Around::Index(index) => [word("index"), count_word(index), Vec::new()],
            Around::Cut(cut) => {
                let [weight, reached] = cut_words(cut);
                [word("key"), weight, reached]
            }
            Around::Score(score) => [word("score"), number(score), Vec::new()],
            Around::Player(id) => [word("player"), id.as_bytes().to_vec(), Vec::new()],
        }
    }
}

/// The point of the order, where there is one besides the entries themselves.
fn place(around: Around, pin: Pin) -> Option<Cut> {
    match around {
        Around::Cut(cut) => Some(cut),
        Around::Score(score) => Some((RankKey::new(pin.order, score, u64::MAX), true)),
        Around::Start | Around::Index(_) | Around::Player(_) => None,
    }
}

fn read(found: &Value, pin: Pin, around: Around) -> Result<Answer, StoreError> {
    let parts = items(found)?;
    match (bytes(item(parts, 0)?)?, around) {
        (Some(b"player"), Around::Player(id)) => return Err(StoreError::UnknownPlayer(id)),
        (Some(b"entry"), Around::Player(id)) => return Err(StoreError::NoEntry(id)),
        (Some(b"ok"), _) => {}
        _ => return Err(odd(found)),
    }
    let entries = read_entries(parts, pin)?;
    let tiers_before = match item(parts, 6)? {
        Value::Nil => None,
        known => entries
            .first()
            .map(|(key, _)| *key)
            .zip(Some(count(known)?)),
    };
    let slice = Slice {
        total: count(item(parts, 1)?)?,
        at: count(item(parts, 2)?)?,
        first: count(item(parts, 3)?)?,
        previous: read_previous(parts, pin)?,
        entries,
    };
    Ok(Answer {
        slice,
        tiers_before,
    })
}

fn read_previous(parts: &[Value], pin: Pin) -> Result<Option<Previous>, StoreError> {
    let Some(weight) = weight(item(parts, 4)?)? else {
        return Ok(None);
    };
    Ok(Some(Previous {
        tier: key_of(pin.order, weight, 0)?.tier(),
        better: count(item(parts, 5)?)?,
    }))
}

fn read_entries(parts: &[Value], pin: Pin) -> Result<Vec<(RankKey, Body)>, StoreError> {
    let members = items(item(parts, 7)?)?;
    let (kept, known) = (items(item(parts, 8)?)?, items(item(parts, 9)?)?);
    let above = counts(item(parts, 10)?)?;
    let mut entries = Vec::with_capacity(members.len());
    for (at, found) in members.iter().enumerate() {
        let (_, id) = member(found)?;
        let entry = bytes(item(kept, at)?)?.and_then(StoredEntry::read);
        let player = bytes(item(known, at)?)?.and_then(|bytes| players::read(id, bytes));
        let (entry, player) = entry.zip(player).ok_or_else(|| odd(found))?;
        let body = Body {
            player,
            entry,
            above_on_board: above.get(at).copied(),
        };
        entries.push((body.entry.key(pin.order), body));
    }
    Ok(entries)
}
