//! What a simulation came to.

use serde::Serialize;

use crate::formation::Reason;

/// What a simulation came to. All times are simulated ones.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Simulation {
    /// How long it went on, in seconds.
    pub lasted_s: f64,
    /// What became of the tickets.
    pub tickets: TicketCounts,
    /// Matches that were played.
    pub matches: u64,
    /// Those in a minute.
    pub matches_per_minute: f64,
    /// Matches that somebody declined.
    pub declined_matches: u64,
    /// How long matched tickets had waited until their match was announced, in seconds.
    pub wait_s: Option<Distribution>,
    /// Distances between the highest and the lowest ticket of matches.
    pub rating_spread: Option<Distribution>,
    /// Distances between the means of the best and the weakest team of matches.
    pub team_gap: Option<Distribution>,
    /// Tickets that waited, over time.
    pub waiting: Vec<WaitingAt>,
    /// Those that waited after a look at the queue, at the most.
    pub most_waiting: u64,
    /// Predicted against simulated wins.
    pub prediction: Option<Prediction>,
    /// Why tickets waited: of one look at the queue in sixty, how many tickets it left for each reason.
    pub reasons: Vec<ReasonCount>,
    /// How far ratings are from the true skills of those who played, as a root mean square at the end.
    pub rating_error: Option<f64>,
    /// How far those go together, whatever their scales: Pearson's correlation, 1 where ratings have everybody
    /// in the right place.
    pub rating_correlation: Option<f64>,
}

/// What became of tickets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TicketCounts {
    /// Came, with so many players.
    pub arrived: u64,
    /// Their players.
    pub players: u64,
    /// Could not come, since all players were in tickets.
    pub turned_away: u64,
    /// Played.
    pub matched: u64,
    /// Waited as long as the queue lets tickets wait.
    pub expired: u64,
    /// Declined a match, and with it the ticket.
    pub declined: u64,
    /// Still waited, or were in a proposal, at the end.
    pub left: u64,
}

/// How values are distributed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Distribution {
    /// Values.
    pub count: u64,
    /// Their mean.
    pub mean: f64,
    /// Half are at most this.
    pub p50: f64,
    /// 90 in 100 are at most this.
    pub p90: f64,
    /// 95 in 100 are at most this.
    pub p95: f64,
    /// 99 in 100 are at most this.
    pub p99: f64,
    /// The largest.
    pub max: f64,
    /// The curve: 201 values, of which the one at place i is what i in 200 are at most.
    pub quantiles: Vec<f64>,
}

/// Tickets that wait at a time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct WaitingAt {
    /// Since the beginning, in seconds: the middle of what this is the mean over.
    pub at_s: f64,
    /// Tickets, after the matches of each look had been made.
    pub tickets: f64,
}

/// How well wins are predicted.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Prediction {
    /// How likely the favourites of matches were to win, on average.
    pub favourite_predicted: f64,
    /// How many of them won.
    pub favourite_won: f64,
    /// The mean square of what predictions were off by, for each team: 0 is knowing all, and 0.25 is what
    /// two teams of even chances have.
    pub brier: f64,
    /// The mean of less the logarithm of what the winner was given: 0 is knowing all, and 0.693 is what two
    /// teams of even chances have.
    pub log_loss: f64,
    /// Teams by twentieths of predicted probability, those that occurred.
    pub bins: Vec<PredictionBin>,
}

/// Teams with about the same prediction.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PredictionBin {
    /// Teams.
    pub teams: u64,
    /// How likely they were to win, on average.
    pub predicted: f64,
    /// How many of them won.
    pub won: f64,
}

/// How often a ticket was left for a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ReasonCount {
    /// Why.
    pub reason: Reason,
    /// How often.
    pub count: u64,
}

impl Simulation {
    /// The share of those tickets that expired whose end has come. 0 where none has.
    pub fn expired_share(&self) -> f64 {
        let TicketCounts {
            matched,
            expired,
            declined,
            ..
        } = self.tickets;
        expired as f64 / (matched + expired + declined).max(1) as f64
    }
}
