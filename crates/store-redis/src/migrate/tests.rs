//! Stores moved to a real Redis and back, by the reference: what is there shows what there was, and goes on as it
//! would have.

use std::io::{self, Cursor, Read};
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use archive::Scope;
use boards::{BoardId, BoardStore, Change, Clock};
use matchmaking::{MatchId, MatchStore};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use store_embedded::{EmbeddedStore, Export, ImportPlan, Options as DirOptions, Source, import};
use testkit::conformance::{self, queues};
use testkit::{RedisCluster, RedisServer, ReferenceStore};
use tokio::runtime::Runtime;

use super::{MigrateError, Plan, load, unload};
use crate::meta::MetaError;
use crate::options::Options;
use crate::store::{OpenError, RedisStore};
use crate::testing::Patient;

const STARTED_AT_MS: i64 = 1_000;
const CACHE_BYTES: u64 = 1 << 20;

fn server() -> &'static RedisServer {
    static SERVER: OnceLock<RedisServer> = OnceLock::new();
    SERVER.get_or_init(RedisServer::start)
}

fn cluster() -> &'static RedisCluster {
    static CLUSTER: OnceLock<RedisCluster> = OnceLock::new();
    CLUSTER.get_or_init(RedisCluster::start)
}

/// What a store of its own is opened with.
fn options(url: &str, partitions: u16) -> Options {
    static STORES: AtomicU32 = AtomicU32::new(0);
    let mut options = Options::new(url.parse().unwrap());
    options.partitions = Some(partitions);
    options.prefix = format!("moved-{}", STORES.fetch_add(1, Ordering::Relaxed));
    options
}

fn runtime() -> Runtime {
    Runtime::new().unwrap()
}

fn clock() -> Clock {
    Clock::new(|| STARTED_AT_MS)
}

fn at(dir: &Path) -> DirOptions {
    DirOptions {
        data_dir: dir.to_owned(),
        cache_bytes: CACHE_BYTES,
        max_queue: 1024,
        clock: clock(),
    }
}

fn open(dir: &Path) -> EmbeddedStore {
    EmbeddedStore::open(&at(dir)).unwrap()
}

fn export(dir: &Path) -> Vec<u8> {
    let export = Export::of_directory(dir, CACHE_BYTES, Scope::Store, 0).unwrap();
    let mut bytes = Vec::new();
    export.write(&mut bytes, &mut |_| {}).unwrap();
    bytes
}

fn plan(bytes: &[u8]) -> Plan {
    Plan::read(bytes, &mut |_| {}).unwrap()
}

fn into_redis(runtime: &Runtime, options: &Options, bytes: &[u8]) -> Result<(), MigrateError> {
    let plan = plan(bytes);
    runtime.block_on(load(options, clock(), &plan, bytes, &mut |_, _, _| {}))
}

fn out_of_redis(runtime: &Runtime, options: &Options) -> Result<Vec<u8>, MigrateError> {
    let mut bytes = Vec::new();
    let report = &mut |_| {};
    let read = unload(options, clock(), &mut bytes, report);
    let sum = runtime.block_on(read)?;
    assert_eq!(sum.differences(plan(&bytes).sum()), [""; 0]);
    Ok(bytes)
}

/// A store with its reference, and the matches that were announced.
struct Known {
    dir: tempfile::TempDir,
    reference: ReferenceStore,
    matches: Vec<MatchId>,
}

impl Known {
    fn new() -> Self {
        Known {
            dir: tempfile::tempdir().unwrap(),
            reference: ReferenceStore::new(STARTED_AT_MS),
            matches: Vec::new(),
        }
    }

    fn data(&self) -> std::path::PathBuf {
        self.dir.path().join("data")
    }

    /// Takes steps on the directory.
    fn play(&mut self, runtime: &Runtime, boards: &[conformance::Step], queues: &[queues::Step]) {
        let store = open(&self.data());
        let (reference, matches) = (&self.reference, &mut self.matches);
        runtime.block_on(async {
            conformance::run(&store, reference, boards).await;
            queues::run(&store, reference, queues, matches).await;
        });
    }

    /// Takes steps on Redis, where all of it has been moved to, and leaves no node behind.
    fn go_on(
        &mut self,
        runtime: &Runtime,
        options: &Options,
        boards: &[conformance::Step],
        steps: &[queues::Step],
    ) {
        let (reference, matches) = (&self.reference, &mut self.matches);
        runtime.block_on(async {
            let store = RedisStore::open(options, clock()).await.unwrap();
            queues::compare(&store, reference, matches).await;
            conformance::run(&Patient(&store), reference, boards).await;
            // Last, since it ends what is over on both: otherwise one has it and the other has not.
            queues::run(&store, reference, steps, matches).await;
            store.resign().await.unwrap();
            store.close();
        });
        until_gone(runtime, options);
    }

    fn compare(&self, runtime: &Runtime, dir: &Path) {
        let store = open(dir);
        runtime.block_on(queues::compare(&store, &self.reference, &self.matches));
    }
}

/// Waits until no node hears the store's channel.
fn until_gone(runtime: &Runtime, options: &Options) {
    for _ in 0..200 {
        match out_of_redis(runtime, options) {
            Err(MigrateError::Served(_)) => {
                std::thread::sleep(std::time::Duration::from_millis(25));
            }
            other => return drop(other.unwrap()),
        }
    }
    panic!("a node does not go");
}

type Steps = (Vec<conformance::Step>, Vec<queues::Step>);

fn steps() -> impl Strategy<Value = Steps> {
    (conformance::steps(60), queues::steps(100))
}

/// So many random cases, on a thread of its own: the suites are large where nothing is optimised.
fn there_and_back(url: &str, partitions: u16, cases: u32) {
    let config = ProptestConfig {
        cases,
        max_shrink_iters: 40,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let url = url.to_owned();
    let run = move || {
        let mut runner = TestRunner::new(config);
        let tested = runner.run(&(steps(), steps()), |(first, then)| {
            moves(&url, partitions, &first, &then);
            Ok(())
        });
        tested.unwrap();
    };
    let roomy = std::thread::Builder::new().stack_size(64 << 20);
    roomy.spawn(run).unwrap().join().unwrap();
}

fn moves(url: &str, partitions: u16, first: &Steps, then: &Steps) {
    let (runtime, options) = (runtime(), options(url, partitions));
    let mut known = Known::new();
    known.play(&runtime, &first.0, &first.1);
    let bytes = export(&known.data());
    into_redis(&runtime, &options, &bytes).unwrap();
    known.reference = known.reference.restored();
    known.go_on(&runtime, &options, &then.0, &then.1);
    let bytes = out_of_redis(&runtime, &options).unwrap();
    let back = known.dir.path().join("back");
    let source = Source::Stream(Box::new(Cursor::new(bytes.clone())));
    import(
        &at(&back),
        source,
        &ImportPlan::default(),
        &mut |_, _, _| {},
    )
    .unwrap();
    known.reference = known.reference.restored();
    known.compare(&runtime, &back);
    // And once more, with numbers that were stamps.
    let again = self::options(url, partitions);
    let moved = export(&back);
    assert_eq!(plan(&bytes).sum().differences(plan(&moved).sum()), [""; 0]);
    into_redis(&runtime, &again, &moved).unwrap();
    known.reference = known.reference.restored();
    known.go_on(&runtime, &again, &[], &[]);
}

#[test]
fn there_and_back_in_one_room() {
    there_and_back(&server().url(), 1, 6);
}

#[test]
fn there_and_back_in_many_rooms() {
    there_and_back(&server().url(), 5, 6);
}

#[test]
fn there_and_back_on_a_cluster() {
    there_and_back(&cluster().url(), 8, 2);
}

/// Some hundred players on a board with segments, and a bit of everything else.
fn sizeable(runtime: &Runtime) -> Known {
    use boards::{
        Attribute, Attributes, BoardSettings, Country, DisplayName, Player, PlayerId, Score,
        Submission,
    };
    let known = Known::new();
    let store = open(&known.data());
    let player = |n: u16| Player {
        id: PlayerId::from_bytes(u128::from(n).wrapping_mul(0x9e37_79b9).to_be_bytes()),
        display_name: DisplayName::parse(&format!("player {n}")).unwrap(),
        country: Country::parse(["tr", "de"][usize::from(n % 2)]).ok(),
        attributes: Attributes::default(),
    };
    let board = BoardId::parse("weekly").unwrap();
    let settings = BoardSettings {
        segments: vec![Attribute::Country],
        ..BoardSettings::default()
    };
    let submit = |n: u16| Change::Submit {
        board: board.clone(),
        submission: Submission::new(player(n).id, Score::new(f64::from(n % 7)).unwrap()),
    };
    let hide = Change::SetHidden {
        board: board.clone(),
        player: player(5).id,
        hidden: true,
    };
    let mut changes = vec![
        Change::PutPlayers((1..400).map(player).collect()),
        Change::PutBoard {
            board: board.clone(),
            settings,
        },
    ];
    changes.extend((1..400).rev().map(submit));
    changes.push(hide);
    runtime.block_on(async {
        for change in changes {
            store.change(change.clone(), None, 2_000).await.unwrap();
            known.reference.change(change, None, 2_000).await.unwrap();
        }
    });
    drop(store);
    known
}

/// Ends with an error after so many bytes.
struct Broken<'a>(&'a [u8]);

impl Read for Broken<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        match self.0.read(to)? {
            0 => Err(io::Error::other("the cable is out")),
            read => Ok(read),
        }
    }
}

#[test]
fn an_unfinished_migration_goes_on_and_keeps_nodes_away_until_then() {
    let runtime = runtime();
    let mut known = sizeable(&runtime);
    let bytes = export(&known.data());
    let options = options(&server().url(), 3);
    let plan = plan(&bytes);
    for tenth in 1..10 {
        let broken = io::BufReader::new(Broken(&bytes[..bytes.len() * tenth / 10]));
        let mut first = None;
        let mut report = |_, done, _| {
            first.get_or_insert(done);
        };
        let loading = load(&options, clock(), &plan, broken, &mut report);
        let error = runtime.block_on(loading).unwrap_err();
        assert!(
            error.to_string().contains("cannot read the export"),
            "{error}"
        );
        // It goes on behind what was written before: its first report is further than that of a tenth.
        if let Some(first) = first.filter(|_| tenth > 3) {
            assert!(first > plan.counts().records() / 10, "{first} at {tenth}");
        }
        let refused = runtime.block_on(RedisStore::open(&options, clock())).err();
        let is_refused = matches!(refused, Some(OpenError::Meta(MetaError::Migrating)));
        assert!(is_refused, "{refused:?}");
        assert!(matches!(
            out_of_redis(&runtime, &options),
            Err(MigrateError::Meta(MetaError::Migrating))
        ));
    }
    into_redis(&runtime, &options, &bytes).unwrap();
    known.go_on(&runtime, &options, &[], &[]);
    let again = into_redis(&runtime, &options, &bytes).unwrap_err();
    assert!(
        again.to_string().contains("there is a store of Agon"),
        "{again}"
    );
}

#[test]
fn another_source_is_refused_and_so_is_a_prefix_in_use() {
    let runtime = runtime();
    let known = sizeable(&runtime);
    let bytes = export(&known.data());
    let options = options(&server().url(), 2);
    let plan = plan(&bytes);
    let broken = io::BufReader::new(Broken(&bytes[..bytes.len() / 2]));
    let report = &mut |_, _, _| {};
    let loading = load(&options, clock(), &plan, broken, report);
    assert!(runtime.block_on(loading).is_err());
    let other = Known::new();
    drop(open(&other.data()));
    let other = export(&other.data());
    let refused = into_redis(&runtime, &options, &other).unwrap_err();
    assert!(matches!(refused, MigrateError::OtherSource), "{refused}");
    let mut elsewhere = options.clone();
    elsewhere.partitions = Some(7);
    let refused = into_redis(&runtime, &elsewhere, &bytes).unwrap_err();
    assert!(
        refused.to_string().contains("has 2 partitions"),
        "{refused}"
    );
    into_redis(&runtime, &options, &bytes).unwrap();

    let foreign = self::options(&server().url(), 2);
    let key = format!("{{{}:1}}:players", foreign.prefix);
    server().command(&["HSET", &key, "a", "b"]);
    let refused = into_redis(&runtime, &foreign, &bytes).unwrap_err();
    assert!(matches!(refused, MigrateError::NotEmpty(_)), "{refused}");
    let key = format!("{{{}:0}}:migration", foreign.prefix);
    assert_eq!(server().text(&["EXISTS", &key]), "0", "nothing was written");
    let nowhere = self::options(&server().url(), 2);
    let refused = out_of_redis(&runtime, &nowhere).unwrap_err();
    assert!(matches!(refused, MigrateError::NoStore(_)), "{refused}");
}

#[test]
fn what_was_written_wrongly_is_noticed() {
    let runtime = runtime();
    let known = sizeable(&runtime);
    let bytes = export(&known.data());
    let options = options(&server().url(), 1);
    let plan = plan(&bytes);
    let key = |name: &str| format!("{{{}:0}}:{name}", options.prefix);
    // Somebody puts a hand in, after all has been written and before it is read back.
    let mut done = false;
    let mut meddle = |stage, _, _| {
        if stage == super::Stage::Check && !std::mem::replace(&mut done, true) {
            server().command(&["HSET", &key("b2:hidden"), "0123456789abcdef", "1"]);
        }
    };
    let loading = load(&options, clock(), &plan, bytes.as_slice(), &mut meddle);
    let differs = runtime.block_on(loading).unwrap_err();
    assert_eq!(
        differs.to_string(),
        "what was written is not what the source has: 1 hidden marks and 2"
    );
    assert_eq!(
        server().text(&["EXISTS", &key("store")]),
        "0",
        "nobody opens it"
    );
}

#[test]
fn a_store_that_changes_or_is_served_is_not_moved() {
    let runtime = runtime();
    let known = sizeable(&runtime);
    let options = options(&server().url(), 1);
    into_redis(&runtime, &options, &export(&known.data())).unwrap();
    let key = format!("{{{}:0}}:clock", options.prefix);
    let mut bytes = Vec::new();
    let mut meddle = |_| {
        server().command(&["SET", &key, "5"]);
    };
    let read = unload(&options, clock(), &mut bytes, &mut meddle);
    let changed = runtime.block_on(read).unwrap_err();
    assert!(matches!(changed, MigrateError::Changed), "{changed}");
    assert!(
        Plan::read(bytes.as_slice(), &mut |_| {}).is_err(),
        "it has no end"
    );
    let store = runtime
        .block_on(RedisStore::open(&options, clock()))
        .unwrap();
    let mut served = out_of_redis(&runtime, &options);
    for _ in 0..200 {
        if served.is_err() {
            break;
        }
        // It has to hear the others first.
        std::thread::sleep(std::time::Duration::from_millis(25));
        served = out_of_redis(&runtime, &options);
    }
    assert!(matches!(served, Err(MigrateError::Served(1))), "{served:?}");
    store.close();
}
