//! What is measured, and the tables of it.

use std::net::SocketAddr;
use std::time::Duration;

use crate::http::{Outcome, Target, median};

/// Makes a load on these nodes about so many players.
pub type Question = fn(&[SocketAddr], u64) -> Target;

/// What is asked, and its name; the first one changes something.
pub const QUESTIONS: [(&str, Question); 4] = [
    ("POST /score/submit, durable", Target::submit),
    ("GET /user/profile/{guid}, with the rank", Target::profile),
    ("GET /leaderboard, the ten best", Target::best_ten),
    (
        "GET an entry with its rank in a country",
        Target::country_rank,
    ),
];

/// What came of all rounds for one contender.
#[derive(Default)]
pub struct Results {
    /// By question, then by round.
    pub outcomes: [Vec<Outcome>; QUESTIONS.len()],
    /// From the second ticket to the later answer.
    pub meetings: Vec<Duration>,
}

/// Prints a table for each question, and one for meetings. Ratios are to the first contender in the same round.
pub fn print(names: &[&str], results: &[Results]) {
    for (question, (title, _)) in QUESTIONS.iter().enumerate() {
        println!("\n| {title} | per second | to embedded | p50 ms | p99 ms |");
        println!("|---|---:|---:|---:|---:|");
        for (name, result) in names.iter().zip(results) {
            row(
                name,
                &result.outcomes[question],
                &results[0].outcomes[question],
            );
        }
    }
    println!("\n| two tickets until both are told | median ms | quickest | slowest |");
    println!("|---|---:|---:|---:|");
    for (name, result) in names.iter().zip(results) {
        let ms = || result.meetings.iter().map(|time| time.as_secs_f64() * 1e3);
        println!(
            "| {name} | {:.0} | {:.0} | {:.0} |",
            median(ms()),
            ms().fold(f64::INFINITY, f64::min),
            ms().fold(0.0, f64::max)
        );
    }
}

fn row(name: &str, outcomes: &[Outcome], embedded: &[Outcome]) {
    let of = |figure: fn(&Outcome) -> f64| median(outcomes.iter().map(figure));
    let pairs = outcomes.iter().zip(embedded);
    println!(
        "| {name} | {:.0} | {:.3} | {:.2} | {:.2} |",
        of(|o| o.per_second),
        median(pairs.map(|(mine, theirs)| mine.per_second / theirs.per_second)),
        of(|o| o.percentile_ms(0.50)),
        of(|o| o.percentile_ms(0.99))
    );
}
