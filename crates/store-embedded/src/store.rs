//! The store as the rest of Agon uses it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use archive::Scope;
use async_trait::async_trait;
use boards::{
    BoardId, BoardInfo, BoardStore, Change, Guard, Lookup, Page, PageStart, Player, PlayerId,
    Receipt, Score, Season, Standing, Stats, StoreError, View,
};
use parking_lot::{Mutex, RwLock};
use ticket_watches::Watches;
use tokio::sync::{oneshot, watch};

use crate::access::Access;
use crate::data_dir::DataDir;
use crate::engine::Engine;
use crate::error::OpenError;
use crate::export::{Export, ExportError, Keeper, Turn};
use crate::numbers::Counted;
use crate::reader::{Reader, unavailable};
use crate::recovery;
use crate::stage::{Asked, Command};
use crate::state::State;
use crate::writer::{Ask, Request, Writer};
use boards::Clock;

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where its files are; created where it is missing.
    pub data_dir: PathBuf,
    /// Memory for the engine's block cache. Blocks are read at start-up and by compaction alone.
    pub cache_bytes: u64,
    /// Changes that may wait for the writer; one more is refused as overload.
    pub max_queue: usize,
    /// What the time is.
    pub clock: Clock,
}

/// Boards and queues in a data directory of this machine. Reads cost no IO; changes share syncs.
pub struct EmbeddedStore {
    requests: SyncSender<Request>,
    pub(crate) state: Arc<RwLock<State>>,
    pub(crate) reader: Reader,
    pub(crate) watches: Arc<Watches>,
    pub(crate) waits: watch::Receiver<u64>,
    ready: Arc<AtomicBool>,
    pub(crate) clock: Clock,
    pub(crate) counted: Arc<Counted>,
    /// How long opening took.
    pub(crate) recovery: Duration,
    pub(crate) data_dir: PathBuf,
    exporting: Arc<AtomicBool>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl EmbeddedStore {
    /// Opens the store, making it where there is none, and builds its indexes in memory. Blocks:
    /// about a second for a million entries.
    ///
    /// # Errors
    /// [`OpenError`] says what is in the way or what is damaged.
    pub fn open(options: &Options) -> Result<Self, OpenError> {
        EmbeddedStore::open_with(options, Access::direct())
    }

    pub(crate) fn open_with(options: &Options, access: Access) -> Result<Self, OpenError> {
        let started = Instant::now();
        let (dir, contents) = DataDir::open(&options.data_dir)?;
        let (engine, state) =
            recovery::open(&dir, contents, options.cache_bytes, options.clock.now_ms())?;
        let next_end = state.next_end();
        let (requests, queue) = sync_channel(options.max_queue);
        let reader = Reader::of(&engine);
        let watches = Arc::new(Watches::default());
        let (waiting, waits) = watch::channel(state.position.commit);
        let state = Arc::new(RwLock::new(state));
        let ready = Arc::new(AtomicBool::new(true));
        let counted = Arc::new(Counted::new());
        let writer = Writer {
            dir,
            cache_bytes: options.cache_bytes,
            access,
            clock: options.clock.clone(),
            state: Arc::clone(&state),
            ready: Arc::clone(&ready),
            reader: reader.clone(),
            watches: Arc::clone(&watches),
            waiting,
            next_end,
            revoked: Arc::default(),
            counted: Arc::clone(&counted),
        };
        let run = move || serve(writer, &queue, engine);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(run);
        let thread = thread.map_err(OpenError::io("start the writer of", &options.data_dir))?;
        Ok(EmbeddedStore {
            requests,
            state,
            reader,
            watches,
            waits,
            ready,
            clock: options.clock.clone(),
            counted,
            recovery: started.elapsed(),
            data_dir: options.data_dir.clone(),
            exporting: Arc::default(),
            writer: Mutex::new(Some(thread)),
        })
    }

    /// Puts a command into the writer's queue.
    pub(crate) fn ask(&self, command: Command) -> Result<(), StoreError> {
        self.counted.waits();
        let asked = self.requests.try_send(Request::Change(command));
        asked.map_err(|refused| {
            let full = matches!(refused, TrySendError::Full(_));
            self.counted.turned_away(full);
            if full {
                StoreError::Overloaded
            } else {
                stopped()
            }
        })
    }

    pub(crate) fn takes_changes(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    /// How many players there are.
    pub fn player_count(&self) -> u64 {
        self.state.read().players.len() as u64
    }

    /// An export of what is stored now: of every change that was answered before, and of none that is
    /// asked for later. Serving goes on while it is written. Blocks.
    ///
    /// # Errors
    /// [`ExportError::Busy`] as long as an earlier one has not been written or dropped;
    /// [`ExportError::Unavailable`] while the store cannot write; [`ExportError::UnknownBoards`].
    pub fn export(&self, scope: Scope) -> Result<Export, ExportError> {
        let turn = Turn::take(&self.exporting).ok_or(ExportError::Busy)?;
        let revoked = Arc::new(AtomicBool::new(false));
        let (reply, answer) = oneshot::channel();
        let ask = Ask {
            reply,
            revoked: Arc::clone(&revoked),
        };
        let gone = || ExportError::Unavailable(stopped().to_string());
        self.requests
            .send(Request::Freeze(ask))
            .map_err(|_| gone())?;
        let frozen = answer.blocking_recv().map_err(|_| gone())?;
        let frozen = frozen.map_err(ExportError::Unavailable)?;
        let keeper = Keeper::Served(turn);
        Export::new(frozen, scope, self.clock.now_ms(), revoked, keeper)
    }

    /// Writes what is waiting, closes the engine and gives the directory back. Blocks. Changes that
    /// come later are refused; reads go on.
    pub fn close(&self) {
        if let Some(writer) = self.writer.lock().take() {
            // The writer may have gone already, which is as good.
            let _ = self.requests.send(Request::Stop);
            if writer.join().is_err() {
                tracing::error!("the store's writer panicked");
            }
        }
    }
}

pub(crate) fn stopped() -> StoreError {
    unavailable("the writer has stopped".to_owned())
}

/// Runs the writer to its end, and leaves the store unready however it ends.
fn serve(writer: Writer, requests: &std::sync::mpsc::Receiver<Request>, engine: Engine) {
    struct Unready(Arc<AtomicBool>, Reader);
    impl Drop for Unready {
        fn drop(&mut self) {
            self.0.store(false, Ordering::Release);
            self.1.shut();
        }
    }
    let _unready = Unready(Arc::clone(&writer.ready), writer.reader.clone());
    writer.run(requests, engine);
}

impl Drop for EmbeddedStore {
    fn drop(&mut self) {
        self.close();
    }
}

#[async_trait]
impl BoardStore for EmbeddedStore {
    async fn change(
        &self,
        change: Change,
        guard: Option<Guard>,
        now_ms: i64,
    ) -> Result<Receipt, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.ask(Command::Boards(Asked {
            change,
            guard,
            now_ms,
            reply,
        }))?;
        answer.await.unwrap_or_else(|_| Err(stopped()))
    }

    async fn player(&self, id: PlayerId) -> Result<Player, StoreError> {
        self.state.read().player(id).cloned()
    }

    async fn board(&self, id: &BoardId) -> Result<BoardInfo, StoreError> {
        Ok(self.state.read().board(id)?.info(id))
    }

    async fn version(&self, id: &BoardId) -> Result<u64, StoreError> {
        Ok(self.state.read().board(id)?.version)
    }

    async fn boards(
        &self,
        after: Option<&BoardId>,
        limit: usize,
    ) -> Result<Vec<BoardInfo>, StoreError> {
        Ok(self.state.read().boards_after(after, limit))
    }

    async fn seasons(&self, board: &BoardId) -> Result<Vec<Season>, StoreError> {
        Ok(self.state.read().board(board)?.seasons())
    }

    async fn entry(&self, view: &View, player: PlayerId) -> Result<Standing, StoreError> {
        self.state.read().entry(view, player)
    }

    async fn page(&self, view: &View, start: PageStart, limit: usize) -> Result<Page, StoreError> {
        self.state.read().page(view, start, limit)
    }

    async fn around(
        &self,
        view: &View,
        player: PlayerId,
        limit: usize,
    ) -> Result<Page, StoreError> {
        self.state.read().around(view, player, limit)
    }

    async fn around_score(
        &self,
        view: &View,
        score: Score,
        limit: usize,
    ) -> Result<Page, StoreError> {
        self.state.read().around_score(view, score, limit)
    }

    async fn lookup(&self, view: &View, players: &[PlayerId]) -> Result<Lookup, StoreError> {
        self.state.read().lookup(view, players)
    }

    async fn stats(
        &self,
        view: &View,
        percentiles: &[f64],
        buckets: usize,
    ) -> Result<Stats, StoreError> {
        self.state.read().stats(view, percentiles, buckets)
    }

    async fn secret(&self) -> Result<[u8; 32], StoreError> {
        Ok(self.state.read().secret)
    }

    fn is_ready(&self) -> bool {
        self.takes_changes()
    }
}
