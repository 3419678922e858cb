//! Start-up: from a data directory to an open engine and the state in memory, checked.

use std::time::{Duration, Instant};

use boards::{BoardId, BoardSettings, RankKey, SeasonId};
use hashbrown::HashMap;

use crate::codec;
use crate::data_dir::{Contents, DataDir};
use crate::engine::{Engine, EngineError, Table, Write};
use crate::error::OpenError;
use crate::journal_guard::JournalGuard;
use crate::ladder::Ladder;
use crate::players::{Players, Slot};
use crate::state::{Board, BoardNo, Position, State};

const PROGRESS_EVERY: Duration = Duration::from_secs(1);

/// The board behind the classic paths, made with the store.
const GLOBAL: BoardNo = BoardNo(1);

/// Opens or creates the store in a directory.
pub(crate) fn open(
    dir: &DataDir,
    contents: Contents,
    cache_bytes: u64,
) -> Result<(Engine, State), OpenError> {
    match contents {
        Contents::Nothing => create(dir, cache_bytes),
        Contents::Store => recover(dir, cache_bytes),
    }
}

fn create(dir: &DataDir, cache_bytes: u64) -> Result<(Engine, State), OpenError> {
    dir.begin()?;
    let failed = |e: EngineError| OpenError::io("create", dir.engine())(std::io::Error::other(e));
    let mut engine = Engine::open(&dir.engine(), cache_bytes).map_err(failed)?;
    let position = Position {
        commit: 1,
        next_sequence: 1,
        ..Position::default()
    };
    let writes = [
        codec_board(GLOBAL, &BoardId::global(), &BoardSettings::global()),
        Write::position(&position),
    ];
    engine.commit(&writes).map_err(failed)?;
    dir.finish()?;
    let state = Loader::new(dir, &engine).load()?;
    Ok((engine, state))
}

fn recover(dir: &DataDir, cache_bytes: u64) -> Result<(Engine, State), OpenError> {
    let guard = JournalGuard::before_open(dir)?;
    let damaged = |e: EngineError| dir.damaged(e.to_string());
    let engine = Engine::open(&dir.engine(), cache_bytes).map_err(damaged)?;
    let position = engine.position().map_err(damaged)?.unwrap_or_default();
    let mut engine = Some(engine);
    guard
        .after_open(position.commit, || drop(engine.take()))
        .map_err(|what| dir.damaged(what))?;
    let Some(engine) = engine else {
        return Err(dir.damaged("the engine was closed"));
    };
    let state = Loader::new(dir, &engine).load()?;
    Ok((engine, state))
}

fn codec_board(number: BoardNo, id: &BoardId, settings: &BoardSettings) -> Write {
    Write::put(
        Table::Boards,
        id.as_str().as_bytes(),
        &codec::board(number, settings),
    )
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
        let players = self.players(&position)?;
        let entries = self.entries(&position, &boards, &players)?;
        let state = self.rank(position, boards, players, entries)?;
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

    fn boards(&self) -> Result<HashMap<BoardNo, (BoardId, BoardSettings)>, OpenError> {
        let mut boards = HashMap::new();
        for record in self.engine.scan(Table::Boards) {
            let record = record.map_err(|e| self.unreadable("boards", &e))?;
            let (number, id, settings) = codec::read_board(record.key(), record.value())
                .ok_or_else(|| {
                    self.dir
                        .damaged(format!("board record {:02x?} is malformed", record.key()))
                })?;
            boards.insert(number, (id, settings));
        }
        if boards
            .get(&GLOBAL)
            .is_none_or(|(id, _)| *id != BoardId::global())
        {
            return Err(self.dir.damaged("the board global is missing"));
        }
        Ok(boards)
    }

    fn players(&mut self, position: &Position) -> Result<Players, OpenError> {
        let mut players = Players::new();
        for record in self.engine.scan(Table::Players) {
            let record = record.map_err(|e| self.unreadable("players", &e))?;
            let player = codec::read_player(record.key(), record.value()).ok_or_else(|| {
                self.dir
                    .damaged(format!("player record {:02x?} is malformed", record.key()))
            })?;
            players.add(player);
            self.progress("players", players.len() as u64, position.players);
        }
        self.same("players", players.len() as u64, position.players)?;
        Ok(players)
    }

    fn entries(
        &mut self,
        position: &Position,
        boards: &HashMap<BoardNo, (BoardId, BoardSettings)>,
        players: &Players,
    ) -> Result<HashMap<BoardNo, Vec<(RankKey, Slot)>>, OpenError> {
        let mut entries: HashMap<_, Vec<_>> = HashMap::new();
        let mut count = 0;
        for record in self.engine.scan(Table::Entries) {
            let record = record.map_err(|e| self.unreadable("entries", &e))?;
            let parts = codec::read_entry_key(record.key()).zip(codec::read_entry(record.value()));
            let known = parts.and_then(|((number, season, id), entry)| {
                let (_, settings) = boards.get(&number).filter(|_| season == SeasonId::FIRST)?;
                let key = RankKey::new(settings.order, entry.score, entry.reached);
                Some((number, key, players.find(id)?, entry.reached))
            });
            let Some((number, rank_key, slot, reached)) = known else {
                return Err(self.dir.damaged(format!(
                    "entry record {:02x?} is malformed or an orphan",
                    record.key()
                )));
            };
            if reached >= position.next_sequence {
                return Err(self.dir.damaged(format!(
                    "entry record {:02x?} is from the future",
                    record.key()
                )));
            }
            entries.entry(number).or_default().push((rank_key, slot));
            count += 1;
            self.progress("entries", count, position.entries);
        }
        self.same("entries", count, position.entries)?;
        Ok(entries)
    }

    fn rank(
        &self,
        position: Position,
        boards: HashMap<BoardNo, (BoardId, BoardSettings)>,
        players: Players,
        mut entries: HashMap<BoardNo, Vec<(RankKey, Slot)>>,
    ) -> Result<State, OpenError> {
        let mut state = State {
            players,
            numbers: HashMap::new(),
            boards: HashMap::new(),
            position,
        };
        for (number, (id, settings)) in boards {
            let mut sorted = entries.remove(&number).unwrap_or_default();
            sorted.sort_unstable_by_key(|(key, _)| *key);
            let ladder = Ladder::from_sorted(settings.segments.clone(), &sorted, &state.players)
                .map_err(|_| {
                    self.dir
                        .damaged(format!("two entries of board {id} have one place"))
                })?;
            state.numbers.insert(id, number);
            let season = SeasonId::FIRST;
            state.boards.insert(
                number,
                Board {
                    settings,
                    season,
                    ladder,
                },
            );
        }
        Ok(state)
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
        // Asking the clock for every record would cost more than reading it.
        if done.is_multiple_of(8192) && self.reported.elapsed() > PROGRESS_EVERY {
            self.reported = Instant::now();
            tracing::info!("loading {what}: {done} of {of}");
        }
    }
}
