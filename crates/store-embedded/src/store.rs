//! The store as the rest of Agon uses it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use async_trait::async_trait;
use boards::{
    BoardId, BoardStore, NewPlayer, Outcome, Page, PageStart, PlayerId, RankedEntry, Segment,
    StoreError, Submission,
};
use parking_lot::{Mutex, RwLock};
use tokio::sync::oneshot;

use crate::data_dir::DataDir;
use crate::engine::Engine;
use crate::error::OpenError;
use crate::recovery;
use crate::stage::{Command, Reply};
use crate::state::State;
use crate::writer::{Request, Writer};

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where its files are; created where it is missing.
    pub data_dir: PathBuf,
    /// Memory for the engine's block cache. Blocks are read at start-up and by compaction alone.
    pub cache_bytes: u64,
    /// Changes that may wait for the writer; one more is refused as overload.
    pub max_queue: usize,
}

/// Boards in a data directory of this machine. Reads cost no IO; changes share syncs.
pub struct EmbeddedStore {
    requests: SyncSender<Request>,
    state: Arc<RwLock<State>>,
    ready: Arc<AtomicBool>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl EmbeddedStore {
    /// Opens the store, making it where there is none, and builds its indexes in memory. Blocks:
    /// about a second for a million entries.
    ///
    /// # Errors
    /// [`OpenError`] says what is in the way or what is damaged.
    pub fn open(options: &Options) -> Result<Self, OpenError> {
        let (dir, contents) = DataDir::open(&options.data_dir)?;
        let (engine, state) = recovery::open(&dir, contents, options.cache_bytes)?;
        let (requests, queue) = sync_channel(options.max_queue);
        let state = Arc::new(RwLock::new(state));
        let ready = Arc::new(AtomicBool::new(true));
        let writer = Writer {
            dir,
            cache_bytes: options.cache_bytes,
            state: Arc::clone(&state),
            ready: Arc::clone(&ready),
        };
        let run = move || serve(writer, &queue, engine);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(run);
        let thread = thread.map_err(OpenError::io("start the writer of", &options.data_dir))?;
        Ok(EmbeddedStore {
            requests,
            state,
            ready,
            writer: Mutex::new(Some(thread)),
        })
    }

    /// How many players there are.
    pub fn player_count(&self) -> u64 {
        self.state.read().players.len() as u64
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

    async fn change<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let request = Request::Change(command(reply));
        self.requests
            .try_send(request)
            .map_err(|refused| match refused {
                TrySendError::Full(_) => StoreError::Overloaded,
                TrySendError::Disconnected(_) => stopped(),
            })?;
        answer.await.unwrap_or_else(|_| Err(stopped()))
    }
}

fn stopped() -> StoreError {
    StoreError::Unavailable {
        reason: "the writer has stopped".to_owned(),
        source: None,
    }
}

/// Runs the writer to its end, and leaves the store unready however it ends.
fn serve(writer: Writer, requests: &std::sync::mpsc::Receiver<Request>, engine: Engine) {
    struct Unready(Arc<AtomicBool>);
    impl Drop for Unready {
        fn drop(&mut self) {
            self.0.store(false, Ordering::Release);
        }
    }
    let _unready = Unready(Arc::clone(&writer.ready));
    writer.run(requests, engine);
}

impl Drop for EmbeddedStore {
    fn drop(&mut self) {
        self.close();
    }
}

#[async_trait]
impl BoardStore for EmbeddedStore {
    async fn create_players(
        &self,
        board: &BoardId,
        players: Vec<NewPlayer>,
        now_ms: i64,
    ) -> Result<Vec<u64>, StoreError> {
        let board = board.clone();
        self.change(|reply| Command::Create {
            board,
            players,
            now_ms,
            reply,
        })
        .await
    }

    async fn submit(&self, board: &BoardId, submission: Submission) -> Result<Outcome, StoreError> {
        let board = board.clone();
        self.change(|reply| Command::Submit {
            board,
            submission,
            reply,
        })
        .await
    }

    async fn entry(&self, board: &BoardId, player: PlayerId) -> Result<RankedEntry, StoreError> {
        self.state.read().entry(board, player)
    }

    async fn page(
        &self,
        board: &BoardId,
        segment: Option<Segment>,
        start: PageStart,
        limit: usize,
    ) -> Result<Page, StoreError> {
        self.state.read().page(board, segment, start, limit)
    }

    fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }
}
