//! Boards, players, entries and hidden marks, as they are read from Redis.

use std::io::Write;

use archive::{BoardLine as BoardText, EntryLine, HiddenLine, Kind, PlayerLine};
use boards::{BoardId, PlayerId, SeasonId};

use super::MigrateError;
use super::scan::{Found, Reading, damaged};
use super::unload::Out;
use crate::board_keys::{self, BOARDS, Ladder, PLAYERS};
use crate::board_line::BoardLine;
use crate::entry::StoredEntry;
use crate::layout::Layout;
use crate::players;

/// Records fetched in one go.
pub(crate) const RUN: usize = 1000;

pub(super) async fn write<W: Write>(
    reading: Reading<'_>,
    out: &mut Out<'_, W>,
) -> Result<(), MigrateError> {
    let boards = boards(reading).await?;
    for (name, line) in &boards {
        let (settings, seasons) = (line.settings.clone(), line.seasons.clone());
        let line = BoardText::new(name.clone(), settings, seasons, line.reset_set_at_ms);
        out.record(Kind::Board, &line)?;
    }
    write_players(reading, out).await?;
    for (name, line) in &boards {
        let mut seasons: Vec<SeasonId> = line.seasons.iter().map(|s| s.season).collect();
        seasons.sort_unstable();
        for season in seasons {
            let ladder = Ladder::new(line.number(), season);
            write_entries(reading, (name, ladder), out).await?;
        }
    }
    for (name, line) in &boards {
        for id in reading.ids(&board_keys::hidden(line.number())).await? {
            let line = HiddenLine::new(name.as_str(), PlayerId::from_bytes(id));
            out.record(Kind::Hidden, &line)?;
        }
    }
    Ok(())
}

/// By name.
async fn boards(reading: Reading<'_>) -> Result<Vec<(BoardId, BoardLine)>, MigrateError> {
    let all = reading.all(Layout::CONTROL, BOARDS).await?.into_iter();
    let boards = all.map(|(name, line)| {
        let id = std::str::from_utf8(&name)
            .ok()
            .and_then(|name| BoardId::parse(name).ok());
        let both = id.zip(BoardLine::read(&line));
        both.ok_or_else(|| damaged(BOARDS, &name))
    });
    boards.collect()
}

async fn write_players<W: Write>(
    reading: Reading<'_>,
    out: &mut Out<'_, W>,
) -> Result<(), MigrateError> {
    for some in reading.ids(PLAYERS).await?.chunks(RUN) {
        for (id, value) in fetch(reading, PLAYERS, some).await? {
            let player = players::read(id, &value);
            let player = player.ok_or_else(|| damaged(PLAYERS, id.as_bytes()))?;
            out.record(Kind::Player, &PlayerLine::of(&player))?;
        }
    }
    Ok(())
}

async fn write_entries<W: Write>(
    reading: Reading<'_>,
    (board, ladder): (&BoardId, Ladder),
    out: &mut Out<'_, W>,
) -> Result<(), MigrateError> {
    let key = ladder.entries();
    for some in reading.ids(&key).await?.chunks(RUN) {
        for (id, value) in fetch(reading, &key, some).await? {
            let bad = || damaged(&key, id.as_bytes());
            let entry = StoredEntry::read(&value).ok_or_else(bad)?;
            let place = (board.as_str(), ladder.season, id);
            let score = (entry.score, entry.reached);
            let written = EntryLine::with(place, score, &entry.details, |line| {
                out.record(Kind::Entry, line)
            });
            written.ok_or_else(bad)??;
        }
    }
    Ok(())
}

/// Records of players, each in its room.
pub(crate) async fn fetch(
    reading: Reading<'_>,
    key: &[u8],
    ids: &[[u8; 16]],
) -> Result<Vec<(PlayerId, Vec<u8>)>, MigrateError> {
    let layout = &reading.core().layout;
    let ids = ids.iter().map(|id| PlayerId::from_bytes(*id));
    let ids: Vec<PlayerId> = ids.collect();
    let place = |id: &PlayerId| (layout.of_player(*id), key.to_vec(), id.as_bytes().to_vec());
    let places: Vec<Found> = ids.iter().map(place).collect();
    let values = reading.values(&places).await?;
    let pairs = ids.into_iter().zip(values).map(|(id, value)| {
        let value = value.ok_or_else(|| damaged(key, id.as_bytes()))?;
        Ok((id, value))
    });
    pairs.collect()
}
