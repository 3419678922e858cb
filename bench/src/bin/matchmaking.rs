//! Matchmaking: time of one pass over fresh tickets, how it grows, and what the matches are like.
//!
//! `cargo run --release --bin matchmaking -- [LARGEST] [ROUNDS]`. Every match is checked against the rules
//! by the plain checker, and every ticket is accounted for; that is not timed. Then come crowds of which
//! hardly anybody fits, which must not cost more than those who do.

use std::time::{Duration, Instant};

use agon_bench::matchmaking::{
    Pools, Waited, key, neighbours, player_id, rich_rules, rules, sort_and_cut, text, waiting,
};
use anyhow::{Result, ensure};
use matchmaking::{AttributeRule, Formation, Likeness, RatingSystem, Rules, form, violations};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Tickets of a crowd at the most.
const MOST_IN_CROWDS: usize = 100_000;
/// Tickets that take long enough to be timed.
const SHORT: usize = 100_000;
const SIZES: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let largest = arguments.next().map_or(Ok(1_000_000), |n| n.parse())?;
    let rounds = arguments.next().map_or(Ok(5), |n| n.parse())?;
    let sizes: Vec<usize> = SIZES.into_iter().filter(|size| *size <= largest).collect();
    println!("median of {rounds} rounds; one thread\n");
    fresh("1v1, solo", &rules(1, None), Pools::solos, &sizes, rounds)?;
    fresh(
        "1v1, nobody near",
        &rules(1, None),
        Pools::apart,
        &sizes,
        rounds,
    )?;
    fresh(
        "5v5, parties of 1 to 5",
        &rules(5, Some(60.0)),
        Pools::parties,
        &sizes,
        rounds,
    )?;
    fresh(
        "5v5, roles, regions, modes",
        &rich_rules(),
        Pools::rich,
        &sizes,
        rounds,
    )?;
    quality(*sizes.last().unwrap_or(&1_000).min(&100_000))?;
    let sizes: Vec<usize> = sizes
        .into_iter()
        .filter(|size| *size <= MOST_IN_CROWDS)
        .collect();
    crowds(&sizes, rounds)
}

/// A pass over tickets that have all just been made.
fn fresh(
    name: &str,
    rules: &Rules,
    make: impl Fn(&mut Pools, usize) -> Vec<Waited>,
    sizes: &[usize],
    rounds: usize,
) -> Result<()> {
    println!("| {name} | ms | µs a ticket | matched | mean spread | mean gap |");
    println!("|---:|---:|---:|---:|---:|---:|");
    let mut points = Vec::new();
    for size in sizes {
        let pool = make(&mut Pools::new(7), *size);
        let (ms, made) = timed(rules, &pool, rounds)?;
        points.push((*size as f64, ms));
        let matches = made.matches.len().max(1) as f64;
        let mean = |sum: f64| (sum + 0.0) / matches;
        println!(
            "| {size} | {ms:.1} | {:.2} | {:.1} % | {:.1} | {:.1} |",
            ms * 1e3 / *size as f64,
            100.0 * (1.0 - made.unmatched.len() as f64 / *size as f64),
            mean(made.matches.iter().map(|m| m.rating_spread).sum()),
            mean(made.matches.iter().map(|m| m.team_gap).sum()),
        );
    }
    println!(
        "\ntime grows as tickets to the power of {:.2}\n",
        exponent(&points)
    );
    Ok(())
}

/// The median time of a pass in milliseconds, and what came of it.
fn timed(rules: &Rules, pool: &[Waited], rounds: usize) -> Result<(f64, Formation)> {
    let waiting = waiting(pool);
    let mut times = Vec::new();
    let mut made = Formation::default();
    // The kernel tells time in ticks, so a short pass is made several times.
    let passes = (SHORT / pool.len()).max(1);
    for _ in 0..rounds {
        let start = Timer::start();
        for _ in 0..passes {
            made = form(rules, RatingSystem::WengLin, &[], &waiting);
        }
        times.push(start.elapsed().as_secs_f64() * 1e3 / passes as f64);
    }
    let matched = made
        .matches
        .iter()
        .flat_map(|m| &m.teams)
        .flat_map(|t| &t.tickets);
    let mut all: Vec<usize> = matched.copied().collect();
    all.extend(made.unmatched.iter().map(|one| one.ticket));
    all.sort_unstable();
    ensure!(
        all.into_iter().eq(0..pool.len()),
        "every ticket is in one place"
    );
    for one in &made.matches {
        let wrong = violations(rules, &waiting, one);
        ensure!(wrong.is_empty(), "every match keeps the rules: {wrong:?}");
    }
    times.sort_by(f64::total_cmp);
    Ok((times[times.len() / 2], made))
}

/// The time that this thread was running, where the kernel tells it, since others may run on the same
/// machine; else the time that has passed.
struct Timer(Option<u64>, Instant);

impl Timer {
    fn start() -> Self {
        Timer(running_ns(), Instant::now())
    }

    fn elapsed(&self) -> Duration {
        match (self.0, running_ns()) {
            (Some(before), Some(now)) => Duration::from_nanos(now - before),
            _ => self.1.elapsed(),
        }
    }
}

fn running_ns() -> Option<u64> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    told.split(' ').next()?.parse().ok()
}

/// The slope of the line through the logarithms.
fn exponent(points: &[(f64, f64)]) -> f64 {
    let logs: Vec<(f64, f64)> = points.iter().map(|(n, ms)| (n.ln(), ms.ln())).collect();
    let count = logs.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| logs.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|p| p.0), mean(|p| p.1));
    let slope = |p: &(f64, f64)| (p.0 - x) * (p.1 - y);
    let width = |p: &(f64, f64)| (p.0 - x) * (p.0 - x);
    logs.iter().map(slope).sum::<f64>() / logs.iter().map(width).sum::<f64>()
}

/// Matches beside those of the plainest rules.
fn quality(size: usize) -> Result<()> {
    let duel = rules(1, None);
    let pool = Pools::new(7).solos(size);
    let (_, made) = timed(&duel, &pool, 1)?;
    let total: f64 = made.matches.iter().map(|m| m.rating_spread).sum();
    println!("quality at {size} tickets\n");
    println!(
        "1v1: {} pairs of {} possible; spreads add up to {:.3} times the least (neighbours in rating)",
        made.matches.len(),
        size / 2,
        total / neighbours(&pool)
    );
    for (name, pool) in [
        ("5v5, solo", Pools::new(7).solos(size)),
        ("5v5, parties", Pools::new(7).parties(size)),
    ] {
        let rules = rules(5, Some(60.0));
        let (_, made) = timed(&rules, &pool, 1)?;
        let cut = sort_and_cut(&pool, &rules);
        let count = made.matches.len() as f64;
        println!(
            "{name}: matched {:.1} %, spread {:.1}, gap {:.1}; sorted and cut {:.1} %, {:.1}, {:.1}",
            100.0 * (1.0 - made.unmatched.len() as f64 / size as f64),
            made.matches.iter().map(|m| m.rating_spread).sum::<f64>() / count,
            made.matches.iter().map(|m| m.team_gap).sum::<f64>() / count,
            100.0 * cut.tickets as f64 / size as f64,
            cut.spread / cut.matches as f64,
            cut.gap / cut.matches as f64,
        );
    }
    println!();
    Ok(())
}

/// Crowds of which hardly anybody fits.
fn crowds(sizes: &[usize], rounds: usize) -> Result<()> {
    println!("| crowd | tickets | ms | µs a ticket | matched |");
    println!("|---|---:|---:|---:|---:|");
    for (name, rules, make) in all_crowds() {
        let mut points = Vec::new();
        for size in sizes {
            let pool = make(*size);
            let (ms, made) = timed(&rules, &pool, rounds.min(3))?;
            points.push((*size as f64, ms));
            println!(
                "| {name} | {size} | {ms:.1} | {:.2} | {:.1} % |",
                ms * 1e3 / *size as f64,
                100.0 * (1.0 - made.unmatched.len() as f64 / *size as f64),
            );
        }
        println!("| | | power {:.2} | | |", exponent(&points));
    }
    Ok(())
}

type Crowd = (&'static str, Rules, fn(usize) -> Vec<Waited>);

fn all_crowds() -> Vec<Crowd> {
    let mut clans = rules(1, None);
    clans.attributes = vec![AttributeRule {
        name: key("clan"),
        rule: Likeness::Different,
    }];
    let mut mirrored = rules(5, None);
    mirrored.party.mirrored = true;
    vec![
        ("1v1, all of one rating", rules(1, None), |size| {
            changed(Pools::new(7).solos(size), |_, one| {
                one.0.players[0].rating.mean = 1500.0
            })
        }),
        ("1v1, all of one clan, clans apart", clans, |size| {
            changed(Pools::new(7).solos(size), |_, one| {
                one.0.players[0]
                    .attributes
                    .insert(key("clan"), vec![text("red")]);
            })
        }),
        (
            "1v1, each avoids the next 20 in rating",
            rules(1, None),
            |size| {
                let mut pool = Pools::new(7).solos(size);
                pool.sort_by(|a, b| a.0.rating().total_cmp(&b.0.rating()));
                changed(pool, |at, one| {
                    one.0.players[0].id = player_id(at as u64);
                    one.0.avoid = (1..=20).map(|n| player_id((at + n) as u64)).collect();
                })
            },
        ),
        (
            "5v5, parties of three alone",
            rules(5, Some(60.0)),
            |size| {
                let mut pools = Pools::new(7);
                (0..size).map(|at| pools.ticket(at, 3)).collect()
            },
        ),
        ("5v5, parties of five, gap 0", rules(5, Some(0.0)), |size| {
            let mut pools = Pools::new(7);
            (0..size).map(|at| pools.ticket(at, 5)).collect()
        }),
        (
            "5v5, all near one region alone, nobody has waited",
            rich_rules(),
            |size| {
                let mut pool = Pools::new(7).rich(size);
                for (ticket, waited) in &mut pool {
                    *waited = Duration::ZERO;
                    for player in &mut ticket.players {
                        player
                            .latencies_ms
                            .values_mut()
                            .skip(1)
                            .for_each(|ms| *ms += 150.0);
                        player
                            .latencies_ms
                            .values_mut()
                            .take(1)
                            .for_each(|ms| *ms = 79.0);
                    }
                }
                pool
            },
        ),
        ("5v5, mirrored", mirrored, |size| {
            Pools::new(7).parties(size)
        }),
    ]
}

fn changed(mut pool: Vec<Waited>, change: impl Fn(usize, &mut Waited)) -> Vec<Waited> {
    pool.iter_mut()
        .enumerate()
        .for_each(|(at, one)| change(at, one));
    pool
}
