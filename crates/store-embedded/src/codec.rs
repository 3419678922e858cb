//! How players, entries and the store's position lie on disk.
//!
//! Fixed layouts of big-endian integers: keys sort as their parts do, and ten million records are
//! read at start-up without a parser. A leading byte gives each kind of record its version.

use std::collections::BTreeMap;

use boards::{
    AttributeName, AttributeValue, Attributes, BoardNumber, Country, Details, DisplayName,
    Metadata, Player, PlayerId, Score, SeasonId,
};

use crate::state::Position;

/// The first bytes of every position record. They are found again in the raw journal, to tell how
/// far the journal ought to reach.
pub(crate) const POSITION_MAGIC: [u8; 16] = *b"agon position 1\n";

/// A country and a name.
const PLAYER_PLAIN: u8 = 1;
/// Attributes as well.
const PLAYER_WITH_ATTRIBUTES: u8 = 2;
/// Score, sequence number and a time that is not shown; written by format 1.
const ENTRY_TIMED: u8 = 1;
/// Score and sequence number, then what flags say.
const ENTRY_DETAILED: u8 = 2;
/// A time of eight bytes follows.
const HAS_TIME: u8 = 1;
/// The rest is metadata.
const HAS_METADATA: u8 = 2;
const NO_COUNTRY: [u8; 2] = [0, 0];

pub(crate) type EntryKey = [u8; 24];

/// An entry as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StoredEntry {
    pub(crate) score: Score,
    pub(crate) reached: u64,
    pub(crate) details: Details,
}

impl StoredEntry {
    /// `None` where the metadata of the line is not what an entry can have.
    pub(crate) fn of(line: &archive::EntryLine<'_>) -> Option<Self> {
        Some(StoredEntry {
            score: line.score,
            reached: line.reached,
            details: line.details()?,
        })
    }
}

/// What the keys of all entries of a season begin with.
pub(crate) fn season_key(board: BoardNumber, season: SeasonId) -> [u8; 8] {
    let mut key = [0; 8];
    key[..4].copy_from_slice(&board.0.to_be_bytes());
    key[4..].copy_from_slice(&season.0.to_be_bytes());
    key
}

pub(crate) fn read_season_key(key: &[u8]) -> Option<(BoardNumber, SeasonId)> {
    let (board, rest) = take(key)?;
    let season: [u8; 4] = rest.try_into().ok()?;
    Some((
        BoardNumber(u32::from_be_bytes(board)),
        SeasonId(u32::from_be_bytes(season)),
    ))
}

/// The key of a mark that a player is hidden on a board.
pub(crate) fn hidden_key(board: BoardNumber, player: PlayerId) -> [u8; 20] {
    let mut key = [0; 20];
    key[..4].copy_from_slice(&board.0.to_be_bytes());
    key[4..].copy_from_slice(player.as_bytes());
    key
}

pub(crate) fn read_hidden_key(key: &[u8]) -> Option<(BoardNumber, PlayerId)> {
    let (board, rest) = take(key)?;
    let id = PlayerId::from_bytes(rest.try_into().ok()?);
    Some((BoardNumber(u32::from_be_bytes(board)), id))
}

pub(crate) fn entry_key(board: BoardNumber, season: SeasonId, player: PlayerId) -> EntryKey {
    let mut key = [0; 24];
    key[..4].copy_from_slice(&board.0.to_be_bytes());
    key[4..8].copy_from_slice(&season.0.to_be_bytes());
    key[8..].copy_from_slice(player.as_bytes());
    key
}

pub(crate) fn read_entry_key(key: &[u8]) -> Option<(BoardNumber, SeasonId, PlayerId)> {
    let (board, rest) = take(key)?;
    let (season, rest) = take(rest)?;
    let id: [u8; 16] = rest.try_into().ok()?;
    let board = BoardNumber(u32::from_be_bytes(board));
    let season = SeasonId(u32::from_be_bytes(season));
    Some((board, season, PlayerId::from_bytes(id)))
}

pub(crate) fn entry(entry: &StoredEntry) -> Vec<u8> {
    let Details {
        occurred_at_ms,
        metadata,
    } = &entry.details;
    let mut bytes = Vec::with_capacity(18);
    bytes.push(ENTRY_DETAILED);
    bytes.extend(entry.score.get().to_bits().to_be_bytes());
    bytes.extend(entry.reached.to_be_bytes());
    let time = if occurred_at_ms.is_some() {
        HAS_TIME
    } else {
        0
    };
    let data = if metadata.is_some() { HAS_METADATA } else { 0 };
    bytes.push(time | data);
    bytes.extend(occurred_at_ms.iter().flat_map(|ms| ms.to_be_bytes()));
    bytes.extend(metadata.iter().flat_map(|m| m.as_json().as_bytes()));
    bytes
}

pub(crate) fn read_entry(bytes: &[u8]) -> Option<StoredEntry> {
    let ([version], rest) = take(bytes)?;
    let (score, rest) = take(rest)?;
    let (reached, rest) = take(rest)?;
    Some(StoredEntry {
        score: Score::new(f64::from_bits(u64::from_be_bytes(score))).ok()?,
        reached: u64::from_be_bytes(reached),
        details: match version {
            ENTRY_TIMED if rest.len() == 8 => Details::default(),
            ENTRY_DETAILED => read_details(rest)?,
            _ => return None,
        },
    })
}

fn read_details(bytes: &[u8]) -> Option<Details> {
    let ([flags], mut rest) = take(bytes)?;
    let mut details = Details::default();
    if flags & HAS_TIME != 0 {
        let (ms, after) = take(rest)?;
        details.occurred_at_ms = Some(i64::from_be_bytes(ms));
        rest = after;
    }
    if flags & HAS_METADATA != 0 {
        let json = std::str::from_utf8(rest).ok()?.to_owned();
        details.metadata = Some(Metadata::of_object(json).ok()?);
        rest = &[];
    }
    (rest.is_empty() && flags <= (HAS_TIME | HAS_METADATA)).then_some(details)
}

/// The key of a player is its id.
pub(crate) fn player(player: &Player) -> Vec<u8> {
    let name = player.display_name.as_str().as_bytes();
    let country = player.country.map_or(NO_COUNTRY, Country::to_bytes);
    if player.attributes.is_empty() {
        return [&[PLAYER_PLAIN][..], &country, name].concat();
    }
    let mut bytes = [&[PLAYER_WITH_ATTRIBUTES][..], &country].concat();
    let texts = player.attributes.iter();
    let texts = texts.flat_map(|(name, value)| [name.as_str(), value.as_str()]);
    for text in std::iter::once(player.display_name.as_str()).chain(texts) {
        // None of them has more than 64 characters of up to four bytes.
        bytes.extend((text.len() as u16).to_be_bytes());
        bytes.extend(text.as_bytes());
    }
    bytes
}

pub(crate) fn read_player(key: &[u8], bytes: &[u8]) -> Option<Player> {
    let ([version], rest) = take(bytes)?;
    let (country, rest) = take(rest)?;
    let country = match country {
        NO_COUNTRY => None,
        letters => Some(Country::parse(std::str::from_utf8(&letters).ok()?).ok()?),
    };
    let (name, attributes) = match version {
        PLAYER_PLAIN => (std::str::from_utf8(rest).ok()?, Attributes::default()),
        PLAYER_WITH_ATTRIBUTES => {
            let (name, rest) = take_text(rest)?;
            (name, read_attributes(rest)?)
        }
        _ => return None,
    };
    Some(Player {
        id: PlayerId::from_bytes(key.try_into().ok()?),
        display_name: DisplayName::parse(name).ok()?,
        country,
        attributes,
    })
}

fn read_attributes(mut bytes: &[u8]) -> Option<Attributes> {
    let mut all = BTreeMap::new();
    while !bytes.is_empty() {
        let (name, rest) = take_text(bytes)?;
        let (value, rest) = take_text(rest)?;
        all.insert(
            AttributeName::parse(name).ok()?,
            AttributeValue::parse(value).ok()?,
        );
        bytes = rest;
    }
    Attributes::new(all).ok()
}

fn take_text(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (length, rest) = take(bytes)?;
    let (text, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(length)))?;
    Some((std::str::from_utf8(text).ok()?, rest))
}

/// Before there were queues the counts of what is in them were missing.
const POSITION_WITHOUT_QUEUES: usize = 48;

pub(crate) fn position(position: &Position) -> Vec<u8> {
    let numbers = [
        position.commit,
        position.next_sequence,
        position.players,
        position.entries,
        position.tickets,
        position.matches,
        position.backfills,
        position.ratings,
    ];
    let mut bytes = POSITION_MAGIC.to_vec();
    bytes.extend(numbers.iter().flat_map(|number| number.to_be_bytes()));
    bytes
}

pub(crate) fn read_position(bytes: &[u8]) -> Option<Position> {
    let (POSITION_MAGIC, mut rest) = take(bytes)? else {
        return None;
    };
    let old = bytes.len() == POSITION_WITHOUT_QUEUES;
    let mut next = || {
        let (number, after) = take(rest)?;
        rest = after;
        Some(u64::from_be_bytes(number))
    };
    let mut position = Position {
        commit: next()?,
        next_sequence: next()?,
        players: next()?,
        entries: next()?,
        ..Position::default()
    };
    if !old {
        position.tickets = next()?;
        position.matches = next()?;
        position.backfills = next()?;
        position.ratings = next()?;
    }
    rest.is_empty().then_some(position)
}

fn take<const N: usize>(bytes: &[u8]) -> Option<([u8; N], &[u8])> {
    let (head, rest) = bytes.split_first_chunk::<N>()?;
    Some((*head, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn entries_come_back(
            board in any::<u32>(), season in any::<u32>(), id in any::<[u8; 16]>(),
            score in any::<f64>().prop_filter_map("finite", |v| Score::new(v).ok()),
            reached in any::<u64>(), occurred_at_ms in any::<Option<i64>>(),
            metadata in proptest::option::of("\\{\"a\":[0-9]{1,9}\\}"),
        ) {
            let parts = (BoardNumber(board), SeasonId(season), PlayerId::from_bytes(id));
            prop_assert_eq!(read_entry_key(&entry_key(parts.0, parts.1, parts.2)), Some(parts));
            let metadata = metadata.map(|json| Metadata::of_object(json).unwrap());
            let stored = StoredEntry { score, reached, details: Details { occurred_at_ms, metadata } };
            prop_assert_eq!(read_entry(&entry(&stored)), Some(stored));
        }

        #[test]
        fn players_come_back(
            id in any::<[u8; 16]>(), name in "[a-zA-Z0-9ğüşöç ]{1,64}",
            country in proptest::option::of("[a-z]{2}"),
            attributes in prop::collection::btree_map("[a-b][a-z0-9_]{0,31}", "[a-zğ ]{1,64}", 0..4),
        ) {
            let attributes = attributes.iter().map(|(name, value)| {
                (AttributeName::parse(name).unwrap(), AttributeValue::parse(value).unwrap())
            });
            let attributes = Attributes::new(attributes.collect()).unwrap();
            let stored = Player {
                id: PlayerId::from_bytes(id),
                display_name: DisplayName::parse(&name).unwrap(),
                country: country.map(|c| Country::parse(&c).unwrap()),
                attributes,
            };
            prop_assert_eq!(read_player(&id, &player(&stored)), Some(stored));
        }

        #[test]
        fn foreign_bytes_are_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = read_entry_key(&bytes);
            let _ = read_entry(&bytes);
            let _ = read_player(&[0; 16], &bytes);
            prop_assert_eq!(read_position(&bytes), None);
        }
    }

    #[test]
    fn entries_of_format_1_are_read() {
        let mut bytes = vec![ENTRY_TIMED];
        bytes.extend(5.5_f64.to_bits().to_be_bytes());
        bytes.extend(7_u64.to_be_bytes());
        bytes.extend(1_700_000_000_000_i64.to_be_bytes());
        let read = read_entry(&bytes).unwrap();
        assert_eq!((read.score.get(), read.reached), (5.5, 7));
        assert!(read.details.is_empty());
        assert_eq!(read_entry(&bytes[..24]), None);
    }

    #[test]
    fn positions_come_back() {
        let stored = Position {
            commit: 1,
            next_sequence: 2,
            players: 3,
            entries: u64::MAX,
            tickets: 4,
            matches: 5,
            backfills: 6,
            ratings: 7,
        };
        let bytes = position(&stored);
        assert_eq!(read_position(&bytes), Some(stored));
        let old = read_position(&bytes[..POSITION_WITHOUT_QUEUES]).unwrap();
        assert_eq!((old.entries, old.tickets), (u64::MAX, 0));
        assert_eq!(read_position(&bytes[..POSITION_WITHOUT_QUEUES + 8]), None);
    }
}
