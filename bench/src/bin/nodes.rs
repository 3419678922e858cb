//! Agon on its embedded store beside one node and three on Redis, one server and a cluster, in one run.
//!
//! ```text
//! cargo build --release --manifest-path ../Cargo.toml
//! cargo run --release --bin nodes -- ../target/release/agon
//!     [--players N] [--batch N] [--milliseconds T] [--rounds R] [--connections C] [--matches M]
//! ```
//!
//! It starts all of it on loopback: Redis needs to be installed. In each round all take turns with each question, so
//! ratios are of the same minute; medians are printed. After each round every node is held against the points that
//! it should have: how many entries there are, the best ten, points and ranks of some players. In the end the
//! whole leaderboard of each store is, line by line, or the benchmark fails. Every phase has an end.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use agon_bench::http::Load;
use agon_bench::nodes::known::Known;
use agon_bench::nodes::meeting;
use agon_bench::nodes::sharing::{Store, keys};
use agon_bench::nodes::table::{self, QUESTIONS, Results};
use agon_bench::server::Server;
use anyhow::{Context, Result, ensure};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const STORES: [&str; 4] = [
    "embedded",
    "one Redis, everysec",
    "one Redis, always",
    "cluster",
];
const CLUSTER: usize = 3;
/// Before the first round, so that connections are open and scripts loaded.
const WARM_UP: Duration = Duration::from_millis(300);
/// Tickets of fewer players would meet twice.
const FEWEST_PLAYERS: u64 = 1000;

struct Plan {
    players: u64,
    batch: u64,
    rounds: u64,
    matches: u64,
    load: Load,
}

/// Who is compared: some nodes on one of the stores.
struct Contender {
    name: &'static str,
    store: usize,
    nodes: Vec<SocketAddr>,
}

/// What is on the stores.
struct State {
    known: Vec<Known>,
    /// Players of each store who have no ticket yet.
    unmatched: [u64; STORES.len()],
}

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str, default: u64| -> Result<u64> {
        let at = words.iter().position(|w| w == name);
        at.map_or(Ok(default), |at| {
            Ok(words.get(at + 1).context("a number is missing")?.parse()?)
        })
    };
    let agon = words
        .first()
        .context("the path of the agon binary is missing")?;
    let plan = Plan {
        players: option("--players", 200_000)?,
        batch: option("--batch", 10_000)?.max(1),
        rounds: option("--rounds", 5)?.max(1),
        matches: option("--matches", 3)?.max(1),
        load: Load {
            connections: option("--connections", 63)?.max(1) as usize,
            time: Duration::from_millis(option("--milliseconds", 2000)?),
        },
    };
    ensure!(
        plan.players >= FEWEST_PLAYERS && plan.rounds * plan.matches * 6 < plan.players,
        "more players are needed"
    );
    run(&PathBuf::from(agon), &plan)
}

fn run(agon: &Path, plan: &Plan) -> Result<()> {
    let stores = [
        Store::embedded()?,
        Store::redis("everysec"),
        Store::redis("always"),
        Store::cluster(),
    ];
    // Declared after the stores, so that they end before them.
    let (contenders, _servers) = start(agon, &stores)?;
    let mut state = State {
        known: create(&stores, &contenders, plan)?,
        unmatched: [0; STORES.len()],
    };
    let mut results: Vec<Results> = contenders.iter().map(|_| Results::default()).collect();
    warm_up(&contenders, plan, &mut state)?;
    for round in 0..plan.rounds {
        ask(&contenders, plan, &mut state, &mut results)?;
        meet(&contenders, plan, &mut state, &mut results)?;
        for contender in &contenders {
            state.known[contender.store].check_some(&contender.nodes, round)?;
        }
    }
    for contender in &contenders {
        state.known[contender.store].check_all(contender.nodes[0])?;
    }
    let names: Vec<&str> = contenders.iter().map(|c| c.name).collect();
    println!(
        "\nmedians of {} rounds, {} connections, {} players",
        plan.rounds, plan.load.connections, plan.players
    );
    table::print(&names, &results);
    println!("\nall leaderboards are as they should be, line by line");
    Ok(())
}

/// Starts the nodes, and says who they are.
fn start(agon: &Path, stores: &[Store; STORES.len()]) -> Result<(Vec<Contender>, Vec<Server>)> {
    let node = |store: usize, durability| stores[store].node(agon, durability);
    let mut servers = vec![
        node(0, None)?,
        node(1, Some("everysec"))?,
        node(2, Some("always"))?,
    ];
    for durability in ["everysec", "replicas"] {
        for _ in 0..3 {
            servers.push(node(CLUSTER, Some(durability))?);
        }
    }
    let addresses: Vec<SocketAddr> = servers.iter().map(|server| server.address).collect();
    let contender = |name, store, nodes: &[SocketAddr]| Contender {
        name,
        store,
        nodes: nodes.to_vec(),
    };
    let contenders = vec![
        contender("embedded", 0, &addresses[..1]),
        contender("one node, one Redis, everysec", 1, &addresses[1..2]),
        contender("one node, one Redis, always", 2, &addresses[2..3]),
        contender("one node, cluster", CLUSTER, &addresses[3..4]),
        contender("three nodes, cluster", CLUSTER, &addresses[3..6]),
        contender("three nodes, cluster, a replica", CLUSTER, &addresses[6..]),
    ];
    Ok((contenders, servers))
}

/// Makes the players on each store, and prints what they take.
fn create(
    stores: &[Store; STORES.len()],
    contenders: &[Contender],
    plan: &Plan,
) -> Result<Vec<Known>> {
    let mut known = Vec::new();
    println!(
        "| players by {} | a second | bytes of Redis for each |",
        plan.batch
    );
    println!("|---|---:|---:|");
    for (at, (store, name)) in stores.iter().zip(STORES).enumerate() {
        let contender = contenders.iter().find(|c| c.store == at);
        let node = contender.context("nobody has this store")?.nodes[0];
        let before = store.memory()?;
        let started = Instant::now();
        known.push(Known::create(node, plan.players, plan.batch)?);
        let rate = plan.players as f64 / started.elapsed().as_secs_f64();
        let bytes = store.memory()?.saturating_sub(before) as f64 / plan.players as f64;
        println!("| {name} | {rate:.0} | {bytes:.0} |");
        meeting::open(node)?;
    }
    print_keys(&stores[1], plan.players)?;
    Ok(known)
}

/// What the largest keys of one server take, for each player.
fn print_keys(store: &Store, players: u64) -> Result<()> {
    println!("\n| key | bytes for each player |");
    println!("|---|---:|");
    for master in store.masters() {
        for (key, bytes) in keys(master)?
            .into_iter()
            .filter(|(_, bytes)| *bytes > players)
        {
            println!("| `{key}` | {:.1} |", bytes as f64 / players as f64);
        }
    }
    Ok(())
}

fn warm_up(contenders: &[Contender], plan: &Plan, state: &mut State) -> Result<()> {
    let load = Load {
        time: WARM_UP,
        ..plan.load
    };
    for contender in contenders {
        for (at, (_, question)) in QUESTIONS.iter().enumerate() {
            let outcome = load.run(&question(&contender.nodes, plan.players))?;
            if at == 0 {
                state.known[contender.store].add(&outcome.asked);
            }
        }
    }
    Ok(())
}

/// Asks everything of everybody once.
fn ask(
    contenders: &[Contender],
    plan: &Plan,
    state: &mut State,
    results: &mut [Results],
) -> Result<()> {
    for (at, (title, question)) in QUESTIONS.iter().enumerate() {
        for (contender, result) in contenders.iter().zip(&mut *results) {
            let outcome = plan
                .load
                .run(&question(&contender.nodes, plan.players))
                .with_context(|| format!("{title}: {}", contender.name))?;
            if at == 0 {
                state.known[contender.store].add(&outcome.asked);
            }
            result.outcomes[at].push(outcome);
        }
    }
    Ok(())
}

/// Has tickets meet: made on different nodes, where there are several.
fn meet(
    contenders: &[Contender],
    plan: &Plan,
    state: &mut State,
    results: &mut [Results],
) -> Result<()> {
    for turn in 0..plan.matches as usize {
        for (contender, result) in contenders.iter().zip(&mut *results) {
            let nodes = &contender.nodes;
            let (first, second) = (nodes[turn % nodes.len()], nodes[(turn + 1) % nodes.len()]);
            let next = &mut state.unmatched[contender.store];
            let took = meeting::meet(first, second, *next)
                .with_context(|| format!("a match: {}", contender.name))?;
            *next += 2;
            result.meetings.push(took);
        }
    }
    Ok(())
}
