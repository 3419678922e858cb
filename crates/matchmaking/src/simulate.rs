//! A queue tried out before anybody waits in it: the engine that forms real matches, against players who
//! come at random, under simulated time.
//!
//! Who wins is drawn from the true skills, by the model of the queue's own rating system: how well it
//! predicts says whether ratings are where they should be, and not whether the model fits a game. Matches
//! are over as soon as they are made, so their length is absent, as are backfills: nobody leaves.

mod draw;
mod outcome;
mod population;
mod report;
mod run;
mod scenario;
mod skills;
mod tally;

use std::time::Duration;

pub use report::{
    Distribution, Prediction, PredictionBin, ReasonCount, Simulation, TicketCounts, WaitingAt,
};
pub use scenario::{
    LEAST_ARRIVALS_PER_S, MOST_ARRIVALS, MOST_PASSES, MOST_PLAYERS, Scenario, ScenarioFault, Start,
};
pub use skills::{BadSkills, Skills};

use crate::queue::QueueSettings;
use run::Run;

/// What a queue with these settings, whose rules have to be free of contradictions, would do in the
/// scenario. The same gives the same, on every platform as far as ratings go to a millionth.
///
/// `progress` is told how far simulated time has come, and whether to go on is what it answers: `None` is
/// returned where it says no. Costs a formation of what waits for each interval.
///
/// # Errors
/// [`ScenarioFault`] where the scenario makes no sense for the queue.
pub fn simulate(
    settings: &QueueSettings,
    scenario: &Scenario,
    progress: &mut dyn FnMut(Duration) -> bool,
) -> Result<Option<Simulation>, ScenarioFault> {
    scenario.check(settings)?;
    let mut run = Run::new(settings, scenario);
    let mut now = Duration::ZERO;
    while now < scenario.lasts {
        now = now.saturating_add(scenario.interval).min(scenario.lasts);
        run.pass(now);
        if !progress(now) {
            return Ok(None);
        }
    }
    Ok(Some(run.end(now)))
}

#[cfg(test)]
mod tests;
