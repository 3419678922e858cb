//! Start-up: from a data directory to an open engine and the state in memory, checked.

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

use boards::{BoardId, BoardNumber, BoardSettings, RankKey, Season, SeasonId};
use hashbrown::HashMap;

use crate::codec;
use crate::cut::Cut;
use crate::data_dir::{Contents, DataDir};
use crate::engine::{Engine, EngineError, Table, Write};
use crate::error::OpenError;
use crate::journal_guard::JournalGuard;
use crate::ladder::{Ladder, LoadedEntry};
use crate::players::{Players, Slot};
use crate::records::{self, BoardRecord};
use crate::state::{Board, Position, State};

mod queues;

const PROGRESS_EVERY: Duration = Duration::from_secs(1);

/// The board behind the classic paths, as it is made with the store.
const GLOBAL: BoardNumber = BoardNumber(1);

type Boards = HashMap<BoardNumber, (BoardId, BoardRecord)>;
type Entries = HashMap<(BoardNumber, SeasonId), Vec<LoadedEntry>>;
type Hidden = HashSet<(BoardNumber, Slot)>;

/// Opens or creates the store in a directory.
pub(crate) fn open(
    dir: &DataDir,
    contents: Contents,
    cache_bytes: u64,
    now_ms: i64,
) -> Result<(Engine, State), OpenError> {
    match contents {
        Contents::Nothing => create(dir, cache_bytes, now_ms),
        Contents::Store => recover(dir, cache_bytes, false),
        Contents::OldStore => recover(dir, cache_bytes, true),
    }
}

fn create(dir: &DataDir, cache_bytes: u64, now_ms: i64) -> Result<(Engine, State), OpenError> {
    dir.begin()?;
    let failed = |e: EngineError| OpenError::io("create", dir.engine())(std::io::Error::other(e));
    let mut engine = Engine::open(&dir.engine(), cache_bytes).map_err(failed)?;
    let position = Position {
        commit: 1,
        next_sequence: 1,
        ..Position::default()
    };
    let season = Season {
        season: SeasonId::FIRST,
        started_at_ms: now_ms,
        ended_at_ms: None,
    };
    let global = Board::new(GLOBAL, BoardSettings::global(), season);
    let record = records::board(GLOBAL, &global.record());
    let name = BoardId::global();
    let writes = [
        Write::put(Table::Boards, name.as_str().as_bytes(), &record),
        Write::secret(&new_secret().map_err(OpenError::io("make a secret for", dir.engine()))?),
        Write::position(&position),
    ];
    engine.commit(&writes).map_err(failed)?;
    dir.finish()?;
    let state = Loader::new(dir, &engine).load()?;
    Ok((engine, state))
}

fn recover(dir: &DataDir, cache_bytes: u64, old: bool) -> Result<(Engine, State), OpenError> {
    let mut engine = open_engine(dir, cache_bytes)?;
    if old {
        upgrade(dir, &mut engine)?;
    }
    let state = Loader::new(dir, &engine).load()?;
    Ok((engine, state))
}

/// Opens the engine of a store that is there, with nothing of it lost.
pub(crate) fn open_engine(dir: &DataDir, cache_bytes: u64) -> Result<Engine, OpenError> {
    let guard = JournalGuard::before_open(dir)?;
    let damaged = |e: EngineError| dir.damaged(e.to_string());
    let engine = Engine::open(&dir.engine(), cache_bytes).map_err(damaged)?;
    let position = engine.position().map_err(damaged)?.unwrap_or_default();
    let mut engine = Some(engine);
    guard
        .after_open(position.commit, || drop(engine.take()))
        .map_err(|what| dir.damaged(what))?;
    engine.ok_or_else(|| dir.damaged("the engine was closed"))
}

/// Gives a store of an older format what it lacks. Its records are still read as they are. Format 1 had no
/// secret, formats 1 and 2 no queues, formats 1 to 3 no erasures that go on.
fn upgrade(dir: &DataDir, engine: &mut Engine) -> Result<(), OpenError> {
    let secret = engine.secret().map_err(|e| dir.damaged(e.to_string()))?;
    if secret.is_none() {
        let secret = new_secret().map_err(OpenError::io("make a secret for", dir.engine()))?;
        let written = engine.commit(&[Write::secret(&secret)]);
        written.map_err(|e| OpenError::io("upgrade", dir.engine())(std::io::Error::other(e)))?;
    }
    // Last, so that an upgrade that is cut short is done again. Until then nothing is
    // there that an older Agon would not read.
    dir.finish()
}

fn new_secret() -> std::io::Result<[u8; 32]> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(std::io::Error::other)?;
    Ok(secret)
}

/// Reads all tables into memory.
struct Loader<'a> {
    dir: &'a DataDir,
    engine: &'a Engine,
    started: Instant,
    reported: Instant,
}

impl<'a> Loader<'a> {
    fn new(dir: &'a DataDir, engine: &'a Engine) -> Self {
        let now = Instant::now();
        Loader {
            dir,
            engine,
            started: now,
            reported: now,
        }
    }

    fn load(mut self) -> Result<State, OpenError> {
        let position = self.position()?;
        let boards = self.boards()?;
        let doomed = self.doomed()?;
        let cuts = self.cuts()?;
        let players = self.players(&position)?;
        let hidden = self.hidden(&boards, &players)?;
        let gone = (&doomed[..], &cuts[..]);
        let entries = self.entries(&position, &boards, gone, &players, &hidden)?;
        let queues = self.queues(&position, &players)?;
        let erasures = self.erasures(&position)?;
        let marks = self.marks(&position)?;
        let next_board = self.engine.next_board();
        let secret = self.engine.secret();
        let mut state = State {
            players,
            numbers: BTreeMap::new(),
            boards: HashMap::new(),
            doomed,
            queues,
            erasures,
            marks,
            cuts,
            next_board: next_board
                .map_err(|e| self.unreadable("next board's number", &e))?
                .unwrap_or(GLOBAL.0 + 1),
            secret: secret
                .map_err(|e| self.unreadable("secret", &e))?
                .ok_or_else(|| self.dir.damaged("its secret is missing"))?,
            position,
        };
        self.rank(&mut state, boards, &hidden, entries)?;
        let took = self.started.elapsed();
        if took > PROGRESS_EVERY {
            let (players, ms) = (position.players, took.as_millis() as u64);
            tracing::info!(players, entries = position.entries, ms, "store loaded");
        }
        Ok(state)
    }

    fn position(&self) -> Result<Position, OpenError> {
        let found = self
            .engine
            .position()
            .map_err(|e| self.unreadable("position", &e))?;
        found.ok_or_else(|| {
            self.dir
                .damaged("its position record is missing or unreadable")
        })
    }

    fn boards(&self) -> Result<Boards, OpenError> {
        let mut boards = Boards::new();
        for record in self.engine.scan(Table::Boards) {
            let record = record.map_err(|e| self.unreadable("boards", &e))?;
            let (number, id, board) = records::read_board(record.key(), record.value())
                .ok_or_else(|| self.malformed("board", record.key()))?;
            boards.insert(number, (id, board));
        }
        // Its number is another one once it has been replaced by an import.
        if !boards.values().any(|(id, _)| *id == BoardId::global()) {
            return Err(self.dir.damaged("the board global is missing"));
        }
        Ok(boards)
    }

    fn doomed(&self) -> Result<Vec<(BoardNumber, SeasonId)>, OpenError> {
        let records = self.engine.scan(Table::Doomed).map(|record| {
            let record = record.map_err(|e| self.unreadable("deleted seasons", &e))?;
            codec::read_season_key(record.key())
                .ok_or_else(|| self.malformed("deleted season", record.key()))
        });
        records.collect()
    }

    fn cuts(&self) -> Result<Vec<Cut>, OpenError> {
        let cuts = self.engine.scan(Table::Cuts).map(|record| {
            let record = record.map_err(|e| self.unreadable("cuts", &e))?;
            Cut::read(&record).ok_or_else(|| self.malformed("cut", record.key()))
        });
        cuts.collect()
    }

    fn hidden(&self, boards: &Boards, players: &Players) -> Result<Hidden, OpenError> {
        let records = self.engine.scan(Table::Hidden).map(|record| {
            let record = record.map_err(|e| self.unreadable("hidden players", &e))?;
            codec::read_hidden_key(record.key())
                .filter(|(board, _)| boards.contains_key(board))
                .and_then(|(board, id)| Some((board, players.find(id)?)))
                .ok_or_else(|| self.malformed("hidden player", record.key()))
        });
        records.collect()
    }

    fn players(&mut self, position: &Position) -> Result<Players, OpenError> {
        let mut players = Players::new();
        for record in self.engine.scan(Table::Players) {
            let record = record.map_err(|e| self.unreadable("players", &e))?;
            let player = codec::read_player(record.key(), record.value())
                .ok_or_else(|| self.malformed("player", record.key()))?;
            players.add(player);
            self.progress("players", players.len() as u64, position.players);
        }
        self.same("players", players.len() as u64, position.players)?;
        Ok(players)
    }

    fn entries(
        &mut self,
        position: &Position,
        boards: &Boards,
        (doomed, cuts): (&[(BoardNumber, SeasonId)], &[Cut]),
        players: &Players,
        hidden: &Hidden,
    ) -> Result<Entries, OpenError> {
        let mut entries = Entries::new();
        let mut count: u64 = cuts.iter().map(Cut::left).sum();
        for record in self.engine.scan(Table::Entries) {
            let record = record.map_err(|e| self.unreadable("entries", &e))?;
            let parts = codec::read_entry_key(record.key()).zip(codec::read_entry(record.value()));
            let Some(((number, season, id), stored)) = parts else {
                return Err(self.malformed("entry", record.key()));
            };
            if cuts
                .iter()
                .any(|cut| cut.has((number, season), id, &stored))
            {
                continue;
            }
            count += 1;
            self.progress("entries", count, position.entries);
            if doomed.contains(&(number, season)) {
                continue;
            }
            let order = order_of(boards, number, season);
            let Some((order, slot)) = order.zip(players.find(id)) else {
                return Err(self.malformed("entry", record.key()));
            };
            if stored.reached >= position.next_sequence {
                return Err(self.dir.damaged(format!(
                    "entry record {:02x?} is from the future",
                    record.key()
                )));
            }
            let of_season = entries.entry((number, season)).or_default();
            of_season.push(LoadedEntry {
                key: RankKey::new(order, stored.score, stored.reached),
                slot,
                details: stored.details,
                hidden: hidden.contains(&(number, slot)),
            });
        }
        self.same("entries", count, position.entries)?;
        Ok(entries)
    }

    fn rank(
        &self,
        state: &mut State,
        boards: Boards,
        hidden: &Hidden,
        mut entries: Entries,
    ) -> Result<(), OpenError> {
        for (number, (id, record)) in boards {
            let mut ladders = Vec::with_capacity(record.seasons.len());
            for season in &record.seasons {
                let mut sorted = entries.remove(&(number, season.season)).unwrap_or_default();
                sorted.sort_unstable_by_key(|entry| entry.key);
                let (mode, segments) = (record.settings.rank_mode, &record.settings.segments);
                let ladder = Ladder::from_sorted(mode, segments.clone(), sorted, &state.players);
                let two = format!("two entries of board {id} have one place");
                ladders.push((*season, ladder.map_err(|_| self.dir.damaged(two))?));
            }
            let mut ladders = ladders.into_iter();
            // Records without a season are refused when they are read.
            let Some((season, ladder)) = ladders.next() else {
                continue;
            };
            let mut board = Board::new(number, record.settings, season);
            board.reset_set_at_ms = record.reset_set_at_ms;
            board.set_end();
            board.ladder = ladder;
            board.version = state.position.commit;
            board.past = ladders.collect();
            let here = hidden.iter().filter(|(board, _)| *board == number);
            board.hidden = here.map(|(_, slot)| *slot).collect();
            state.numbers.insert(id, number);
            state.boards.insert(number, board);
        }
        Ok(())
    }

    fn malformed(&self, what: &str, key: &[u8]) -> OpenError {
        self.dir.damaged(format!(
            "{what} record {key:02x?} is malformed or an orphan"
        ))
    }

    fn same(&self, what: &str, found: u64, expected: u64) -> Result<(), OpenError> {
        if found == expected {
            return Ok(());
        }
        let damage = format!("{found} {what} are there, {expected} were stored");
        Err(self.dir.damaged(damage))
    }

    fn unreadable(&self, what: &str, error: &EngineError) -> OpenError {
        self.dir
            .damaged(format!("its {what} cannot be read: {error}"))
    }

    fn progress(&mut self, what: &str, done: u64, of: u64) {
        if self.is_time_to_report(done) {
            tracing::info!("loading {what}: {done} of {of}");
        }
    }

    fn progress_so_far(&mut self, what: &str, done: u64) {
        if self.is_time_to_report(done) {
            tracing::info!("loading {what}: {done}");
        }
    }

    fn is_time_to_report(&mut self, done: u64) -> bool {
        // Asking the clock for every record would cost more than reading it.
        let due = done.is_multiple_of(8192) && self.reported.elapsed() > PROGRESS_EVERY;
        if due {
            self.reported = Instant::now();
        }
        due
    }
}

/// The order of the board, where it has this season.
fn order_of(boards: &Boards, number: BoardNumber, season: SeasonId) -> Option<boards::Order> {
    let (_, record) = boards.get(&number)?;
    let known = record.seasons.iter().any(|s| s.season == season);
    known.then_some(record.settings.order)
}
