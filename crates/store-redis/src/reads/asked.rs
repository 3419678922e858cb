//! Players' entries in a view: those of each room in one script, however many are asked for.

use boards::{Player, PlayerId, StoreError};
use redis::Value;

use super::look::Look;
use super::wire::{Words, bytes, count, counts, item, items, odd};
use crate::entry::StoredEntry;
use crate::layout::{Layout, Room};
use crate::players;

/// Players that one script is asked for.
const MOST_AT_ONCE: usize = 1000;

/// What a room has of a player.
pub(super) struct Asked {
    pub(super) id: PlayerId,
    pub(super) player: Option<Player>,
    pub(super) entry: Option<StoredEntry>,
    /// Whether the entry is ranked on the whole board, and not hidden.
    pub(super) is_ranked: bool,
    /// Whether it is ranked in the view.
    pub(super) is_in_view: bool,
    /// How it stands, where the one room has said so.
    pub(super) above: Above,
    /// Entries of the view in this room.
    pub(super) total: u64,
}

/// How many stand above an entry, where that is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Above {
    pub(super) on_board: Option<u64>,
    pub(super) in_view: Option<u64>,
    /// How many of the view have a better score.
    pub(super) better: Option<u64>,
}

/// An entry that there is.
pub(super) struct Found {
    pub(super) player: Player,
    pub(super) entry: StoredEntry,
    pub(super) is_ranked: bool,
    pub(super) is_in_view: bool,
    pub(super) above: Above,
    pub(super) total: u64,
}

impl Asked {
    /// # Errors
    /// [`StoreError::UnknownPlayer`], [`StoreError::NoEntry`].
    pub(super) fn found(self) -> Result<Found, StoreError> {
        let player = self.player.ok_or(StoreError::UnknownPlayer(self.id))?;
        Ok(Found {
            player,
            entry: self.entry.ok_or(StoreError::NoEntry(self.id))?,
            is_ranked: self.is_ranked,
            is_in_view: self.is_in_view,
            above: self.above,
            total: self.total,
        })
    }
}

impl Look<'_> {
    /// A player's entry.
    ///
    /// # Errors
    /// Those of the view; [`StoreError::UnknownPlayer`], [`StoreError::NoEntry`].
    pub(super) async fn player(&mut self, id: PlayerId) -> Result<Found, StoreError> {
        let asked = self.players(&[id]).await?.into_iter().next();
        asked.ok_or(StoreError::UnknownPlayer(id))?.found()
    }

    /// What there is of each of these players, in no order; where none are asked for, the view is judged all
    /// the same.
    pub(super) async fn players(&mut self, ids: &[PlayerId]) -> Result<Vec<Asked>, StoreError> {
        let calls = self.by_room(ids);
        let words = |(room, ids): &(Room, Vec<PlayerId>)| (*room, self.asked_words(ids));
        let asked = calls.iter().map(words).collect();
        let script = &self.core.scripts.reads.players;
        let answers = self.ask(script, asked).await?;
        let mut all = Vec::with_capacity(ids.len());
        for ((_, ids), found) in calls.iter().zip(&answers) {
            all.extend(read(ids, found)?);
        }
        Ok(all)
    }

    /// The players of each room, in parts that a script can be asked for; the control room's at the least.
    fn by_room(&self, ids: &[PlayerId]) -> Vec<(Room, Vec<PlayerId>)> {
        let layout = &self.core.layout;
        let mut rooms: Vec<(Room, Vec<PlayerId>)> =
            layout.rooms().map(|room| (room, Vec::new())).collect();
        for id in ids {
            let room = layout.of_player(*id);
            if let Some((_, players)) = rooms.get_mut(usize::from(room.0)) {
                players.push(*id);
            }
        }
        let parts = rooms.iter().flat_map(|(room, players)| {
            let parts = players.chunks(MOST_AT_ONCE);
            parts.map(|part| (*room, part.to_vec()))
        });
        let parts: Vec<_> = parts.collect();
        if parts.is_empty() {
            vec![(Layout::CONTROL, Vec::new())]
        } else {
            parts
        }
    }

    fn asked_words(&self, ids: &[PlayerId]) -> Words {
        let alone = if self.is_alone() {
            b"alone".to_vec()
        } else {
            Vec::new()
        };
        let ids = ids.iter().map(|id| id.as_bytes().to_vec());
        std::iter::once(alone).chain(ids).collect()
    }
}

fn read(ids: &[PlayerId], found: &Value) -> Result<Vec<Asked>, StoreError> {
    let parts = items(found)?;
    let total = count(item(parts, 0)?)?;
    let (known, kept) = (items(item(parts, 1)?)?, items(item(parts, 2)?)?);
    let (ranked, in_view) = (counts(item(parts, 3)?)?, counts(item(parts, 4)?)?);
    let mut figures = Figures::read(parts.get(5..).unwrap_or_default())?;
    let mut all = Vec::with_capacity(ids.len());
    for (at, id) in ids.iter().enumerate() {
        let is_ranked = ranked.get(at) == Some(&1);
        let is_in_view = in_view.get(at) == Some(&1);
        all.push(Asked {
            id: *id,
            player: read_by(item(known, at)?, |bytes| players::read(*id, bytes))?,
            entry: read_by(item(kept, at)?, StoredEntry::read)?,
            is_ranked,
            is_in_view,
            above: figures.next(is_ranked, is_in_view),
            total,
        });
    }
    Ok(all)
}

/// What is there; that it can be read is the store's own promise.
fn read_by<T>(value: &Value, read: impl Fn(&[u8]) -> Option<T>) -> Result<Option<T>, StoreError> {
    match bytes(value)? {
        None => Ok(None),
        Some(bytes) => read(bytes).map(Some).ok_or_else(|| odd(value)),
    }
}

/// How those that are ranked stand, in the order asked; nothing where the room has not said so.
struct Figures {
    on_board: std::vec::IntoIter<u64>,
    in_view: std::vec::IntoIter<u64>,
    better: std::vec::IntoIter<u64>,
}

impl Figures {
    fn read(parts: &[Value]) -> Result<Self, StoreError> {
        let list = |at: usize| {
            let list = parts.get(at).map_or(Ok(Vec::new()), counts);
            list.map(Vec::into_iter)
        };
        Ok(Figures {
            on_board: list(0)?,
            in_view: list(1)?,
            better: list(2)?,
        })
    }

    fn next(&mut self, is_ranked: bool, is_in_view: bool) -> Above {
        let mut above = Above::default();
        if is_ranked {
            above.on_board = self.on_board.next();
        }
        if is_in_view {
            above.in_view = self.in_view.next();
            above.better = self.better.next();
        }
        above
    }
}
