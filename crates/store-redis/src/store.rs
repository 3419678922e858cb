//! A store that is open: what the rest of Agon holds.

use std::sync::Arc;

use boards::Clock;

use crate::board_news::{BoardNews, Telling};
use crate::changes;
use crate::clock_offset::ClockOffset;
use crate::connection::Redis;
use crate::core::Core;
use crate::failure::{ConnectError, RedisFailure};
use crate::layout::{Layout, MAX_ROOMS};
use crate::meta::{FORMAT, Meta, MetaError};
use crate::options::Options;
use crate::queues::{Duties, Queues};
use crate::reads::Versions;
use crate::scripts::Scripts;
use crate::stamps::Stamps;
use crate::sweeper::Sweeper;
use crate::turns::Turns;

/// Rooms of a new store on a cluster, where nothing else is asked for.
const ROOMS_OF_A_CLUSTER: u16 = 16;

/// Boards and queues on Redis. Cheap to clone.
///
/// In a store of one partition every reading of a board is one round trip, exact at one instant. In a store of
/// several most take one or two, in which all partitions are asked at once, and each is shown as it was at one
/// instant; pages from offsets above 200, and percentiles, take three to five among ten million entries. Dense
/// ranks take one more for each thousand different scores above them.
#[derive(Clone)]
pub struct RedisStore {
    pub(crate) core: Arc<Core>,
    pub(crate) queues: Arc<Queues>,
    duties: Arc<Duties>,
    sweeper: Arc<Sweeper>,
    board_news: Arc<BoardNews>,
}

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Redis cannot be reached, or cannot be used.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The store is not for this node.
    #[error(transparent)]
    Meta(#[from] MetaError),
    /// Redis was reached and did not do what it was asked.
    #[error("the store cannot be read or made: {0}")]
    Failed(#[from] boards::StoreError),
}

impl RedisStore {
    /// Opens a store, making it where there is none. To be called within a runtime, in which it goes on
    /// looking after the store.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(options: &Options, clock: Clock) -> Result<Self, OpenError> {
        let redis = Redis::connect(options).await?;
        let meta = meta(&redis, options, &clock).await?;
        let core = Arc::new(core(redis, options, clock, &meta));
        changes::make_global(&core, core.clock.now_ms()).await?;
        let sweeper = Arc::new(Sweeper::start(&core));
        let board_news = Arc::new(BoardNews::begin(&core));
        let queues = Queues::new(Arc::clone(&core));
        let duties = Arc::new(queues.begin());
        Ok(RedisStore {
            core,
            queues,
            duties,
            sweeper,
            board_news,
        })
    }

    /// Stops looking after the store.
    pub fn close(&self) {
        self.sweeper.stop();
        self.duties.end();
        self.board_news.stop();
    }
}

/// Does something to its end, whether or not anybody waits for it: a client that goes away would otherwise leave a
/// transaction half made, and others waiting for it.
pub(crate) async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T, boards::StoreError> {
    let done = tokio::spawn(work).await;
    done.map_err(|error| boards::StoreError::Unavailable {
        reason: "the change was not ended".to_owned(),
        source: Some(Box::new(error)),
    })
}

/// Reads what the store is, or makes it. Of several nodes that make it at once one is first.
async fn meta(redis: &Redis, options: &Options, clock: &Clock) -> Result<Meta, OpenError> {
    let asked = options.partitions;
    let new = new_meta(options, clock)?;
    let key = Layout::new(&options.prefix, 1).key(Layout::CONTROL, b"store");
    let (make, new) = (Scripts::new().make, new.to_bytes());
    let words: [&[u8]; 1] = [&new];
    let made = match redis.script(&make, &key, &words).await {
        // Making it twice is as making it once.
        Err(RedisFailure::Unknown { .. }) => redis.script(&make, &key, &words).await,
        made => made,
    };
    let found = made.map_err(boards::StoreError::from)?;
    let found = match found {
        redis::Value::BulkString(found) => found,
        redis::Value::Nil => return Err(MetaError::Migrating.into()),
        _ => return Err(MetaError::NotAgon.into()),
    };
    Ok(Meta::read(&found, asked)?)
}

/// What a store would be that is made now with these settings.
pub(crate) fn new_meta(options: &Options, clock: &Clock) -> Result<Meta, OpenError> {
    let asked = options.partitions;
    if asked.is_some_and(|n| n == 0 || n > MAX_ROOMS) {
        return Err(MetaError::TooMany.into());
    }
    let default = if options.address.is_cluster() {
        ROOMS_OF_A_CLUSTER
    } else {
        1
    };
    Ok(Meta {
        format: FORMAT,
        partitions: asked.unwrap_or(default),
        secret: random_secret()?,
        created_at_ms: clock.now_ms(),
    })
}

/// What all parts of a store work with, over a connection.
pub(crate) fn core(redis: Redis, options: &Options, clock: Clock, meta: &Meta) -> Core {
    Core {
        redis,
        layout: Layout::new(&options.prefix, meta.partitions),
        stamps: Stamps::default(),
        clock,
        clock_offset: ClockOffset::default(),
        patience: options.patience,
        secret: meta.secret,
        scripts: Scripts::new(),
        turns: Turns::default(),
        versions: Versions::default(),
        telling: Telling::new(),
        tallies: Arc::default(),
    }
}

fn random_secret() -> Result<[u8; 32], OpenError> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(|e| boards::StoreError::Unavailable {
        reason: format!("the system gives no random numbers: {e}"),
        source: None,
    })?;
    Ok(secret)
}
