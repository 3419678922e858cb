//! How players, entries and the store's position lie on disk.
//!
//! Fixed layouts of big-endian integers: keys sort as their parts do, and ten million records are
//! read at start-up without a parser. A leading byte gives each kind of record its version.

use boards::{BoardId, BoardSettings, Country, DisplayName, Player, PlayerId, Score, SeasonId};

use crate::state::{BoardNo, Position};

/// The first bytes of every position record. They are found again in the raw journal, to tell how
/// far the journal ought to reach.
pub(crate) const POSITION_MAGIC: [u8; 16] = *b"agon position 1\n";

const PLAYER_VERSION: u8 = 1;
const ENTRY_VERSION: u8 = 1;
const NO_COUNTRY: [u8; 2] = [0, 0];

pub(crate) type EntryKey = [u8; 24];

/// An entry as it is stored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct StoredEntry {
    pub(crate) score: Score,
    pub(crate) reached: u64,
    pub(crate) occurred_at_ms: i64,
}

pub(crate) fn entry_key(board: BoardNo, season: SeasonId, player: PlayerId) -> EntryKey {
    let mut key = [0; 24];
    key[..4].copy_from_slice(&board.0.to_be_bytes());
    key[4..8].copy_from_slice(&season.0.to_be_bytes());
    key[8..].copy_from_slice(player.as_bytes());
    key
}

pub(crate) fn read_entry_key(key: &[u8]) -> Option<(BoardNo, SeasonId, PlayerId)> {
    let (board, rest) = take(key)?;
    let (season, rest) = take(rest)?;
    let id: [u8; 16] = rest.try_into().ok()?;
    let board = BoardNo(u32::from_be_bytes(board));
    let season = SeasonId(u32::from_be_bytes(season));
    Some((board, season, PlayerId::from_bytes(id)))
}

pub(crate) fn entry(entry: &StoredEntry) -> [u8; 25] {
    let mut bytes = [ENTRY_VERSION; 25];
    bytes[1..9].copy_from_slice(&entry.score.get().to_bits().to_be_bytes());
    bytes[9..17].copy_from_slice(&entry.reached.to_be_bytes());
    bytes[17..].copy_from_slice(&entry.occurred_at_ms.to_be_bytes());
    bytes
}

pub(crate) fn read_entry(bytes: &[u8]) -> Option<StoredEntry> {
    let ([ENTRY_VERSION], rest) = take(bytes)? else {
        return None;
    };
    let (score, rest) = take(rest)?;
    let (reached, rest) = take(rest)?;
    let (occurred_at, rest) = take(rest)?;
    rest.is_empty().then_some(())?;
    Some(StoredEntry {
        score: Score::new(f64::from_bits(u64::from_be_bytes(score))).ok()?,
        reached: u64::from_be_bytes(reached),
        occurred_at_ms: i64::from_be_bytes(occurred_at),
    })
}

/// The key of a player is its id.
pub(crate) fn player(player: &Player) -> Vec<u8> {
    let name = player.display_name.as_str().as_bytes();
    let mut bytes = Vec::with_capacity(3 + name.len());
    bytes.push(PLAYER_VERSION);
    bytes.extend(player.country.map_or(NO_COUNTRY, Country::to_bytes));
    bytes.extend(name);
    bytes
}

pub(crate) fn read_player(key: &[u8], bytes: &[u8]) -> Option<Player> {
    let ([PLAYER_VERSION], rest) = take(bytes)? else {
        return None;
    };
    let (country, name) = take(rest)?;
    let country = match country {
        NO_COUNTRY => None,
        letters => Some(Country::parse(std::str::from_utf8(&letters).ok()?).ok()?),
    };
    Some(Player {
        id: PlayerId::from_bytes(key.try_into().ok()?),
        display_name: DisplayName::parse(std::str::from_utf8(name).ok()?).ok()?,
        country,
    })
}

/// The key of a board is its name. Its record is the number and the settings as JSON: there are
/// few boards, and their settings will grow.
pub(crate) fn board(number: BoardNo, settings: &BoardSettings) -> Vec<u8> {
    let mut bytes = number.0.to_be_bytes().to_vec();
    // Settings are plain data, which always has a JSON form.
    bytes.extend(serde_json::to_vec(settings).unwrap_or_default());
    bytes
}

pub(crate) fn read_board(key: &[u8], bytes: &[u8]) -> Option<(BoardNo, BoardId, BoardSettings)> {
    let id = BoardId::parse(std::str::from_utf8(key).ok()?).ok()?;
    let (number, settings) = take(bytes)?;
    let settings = serde_json::from_slice(settings).ok()?;
    Some((BoardNo(u32::from_be_bytes(number)), id, settings))
}

pub(crate) fn position(position: &Position) -> [u8; 48] {
    let mut bytes = [0; 48];
    bytes[..16].copy_from_slice(&POSITION_MAGIC);
    bytes[16..24].copy_from_slice(&position.commit.to_be_bytes());
    bytes[24..32].copy_from_slice(&position.next_sequence.to_be_bytes());
    bytes[32..40].copy_from_slice(&position.players.to_be_bytes());
    bytes[40..].copy_from_slice(&position.entries.to_be_bytes());
    bytes
}

pub(crate) fn read_position(bytes: &[u8]) -> Option<Position> {
    let (POSITION_MAGIC, rest) = take(bytes)? else {
        return None;
    };
    let (commit, rest) = take(rest)?;
    let (next_sequence, rest) = take(rest)?;
    let (players, rest) = take(rest)?;
    let (entries, _) = take(rest)?;
    Some(Position {
        commit: u64::from_be_bytes(commit),
        next_sequence: u64::from_be_bytes(next_sequence),
        players: u64::from_be_bytes(players),
        entries: u64::from_be_bytes(entries),
    })
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
            reached in any::<u64>(), occurred_at_ms in any::<i64>(),
        ) {
            let parts = (BoardNo(board), SeasonId(season), PlayerId::from_bytes(id));
            prop_assert_eq!(read_entry_key(&entry_key(parts.0, parts.1, parts.2)), Some(parts));
            let stored = StoredEntry { score, reached, occurred_at_ms };
            prop_assert_eq!(read_entry(&entry(&stored)), Some(stored));
        }

        #[test]
        fn players_come_back(
            id in any::<[u8; 16]>(), name in "[a-zA-Z0-9ğüşöç ]{1,64}",
            country in proptest::option::of("[a-z]{2}"),
        ) {
            let stored = Player {
                id: PlayerId::from_bytes(id),
                display_name: DisplayName::parse(&name).unwrap(),
                country: country.map(|c| Country::parse(&c).unwrap()),
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
    fn boards_come_back() {
        let (id, settings) = (BoardId::global(), BoardSettings::global());
        let bytes = board(BoardNo(7), &settings);
        assert_eq!(
            read_board(b"global", &bytes),
            Some((BoardNo(7), id, settings))
        );
        assert_eq!(read_board(b"global", &bytes[..9]), None);
    }

    #[test]
    fn positions_come_back() {
        let stored = Position {
            commit: 1,
            next_sequence: 2,
            players: 3,
            entries: u64::MAX,
        };
        assert_eq!(read_position(&position(&stored)), Some(stored));
    }
}
