//! What simulations came to, in lines with a column for each queue.

use matchmaking::simulate::{Distribution, Simulation};

use super::Trial;

/// For what is not there, since nobody was matched.
const NOTHING: &str = "–";

/// A line: what it is, and a figure for each queue. Lines without figures are headings.
pub(super) struct Row {
    pub(super) label: String,
    pub(super) cells: Vec<String>,
    /// Whether it belongs to the last that does not.
    pub(super) inner: bool,
}

/// All lines.
pub(super) fn rows(trials: &[Trial]) -> Vec<Row> {
    let mut rows = Rows {
        trials,
        rows: Vec::new(),
    };
    rows.tickets();
    rows.spread("wait until matched", |s| s.wait_s.as_ref(), seconds);
    rows.spread(
        "rating spread of matches",
        |s| s.rating_spread.as_ref(),
        tenths,
    );
    rows.spread("team gap of matches", |s| s.team_gap.as_ref(), tenths);
    rows.waiting();
    rows.prediction();
    rows.reasons();
    rows.rows
}

/// What is told of a distribution.
type Figure = fn(&Distribution) -> f64;

struct Rows<'a> {
    trials: &'a [Trial],
    rows: Vec<Row>,
}

impl Rows<'_> {
    fn push(&mut self, inner: bool, label: &str, cell: impl Fn(&Simulation) -> String) {
        let cells = self.trials.iter().map(|trial| cell(&trial.found)).collect();
        self.rows.push(Row {
            label: label.to_owned(),
            cells,
            inner,
        });
    }

    fn heading(&mut self, label: &str) {
        self.rows.push(Row {
            label: label.to_owned(),
            cells: Vec::new(),
            inner: false,
        });
    }

    /// Left out where it is nothing for all.
    fn share(&mut self, label: &str, count: impl Fn(&Simulation) -> u64) {
        if self.trials.iter().any(|trial| count(&trial.found) > 0) {
            self.push(true, label, |s| {
                let counts = &s.tickets;
                let ended = counts.matched + counts.expired + counts.declined;
                percent(count(s) as f64 / ended.max(1) as f64)
            });
        }
    }

    fn tickets(&mut self) {
        self.push(false, "tickets", |s| count(s.tickets.arrived));
        self.push(true, "players in them", |s| count(s.tickets.players));
        self.push(true, "left at the end", |s| count(s.tickets.left));
        if self.trials.iter().any(|t| t.found.tickets.turned_away > 0) {
            self.push(true, "turned away: all players waited", |s| {
                count(s.tickets.turned_away)
            });
        }
        self.heading("of those that ended");
        self.share("matched", |s| s.tickets.matched);
        self.share("expired", |s| s.tickets.expired);
        self.share("declined a match", |s| s.tickets.declined);
        self.push(false, "matches", |s| count(s.matches));
        self.push(true, "per minute", |s| tenths(s.matches_per_minute));
        if self.trials.iter().any(|t| t.found.declined_matches > 0) {
            self.push(true, "declined by somebody", |s| count(s.declined_matches));
        }
    }

    fn spread(
        &mut self,
        label: &str,
        of: impl Fn(&Simulation) -> Option<&Distribution>,
        text: impl Fn(f64) -> String,
    ) {
        self.heading(label);
        let figures: [(&str, Figure); 5] = [
            ("median", |d| d.p50),
            ("90 of 100 within", |d| d.p90),
            ("95 of 100 within", |d| d.p95),
            ("99 of 100 within", |d| d.p99),
            ("most", |d| d.max),
        ];
        for (name, figure) in figures {
            self.push(true, name, |s| known(of(s).map(figure), &text));
        }
    }

    fn waiting(&mut self) {
        self.heading("tickets that wait");
        let waiting = |s: &Simulation| s.waiting.iter().map(|point| point.tickets).collect();
        self.push(true, "on average", |s| {
            let waiting: Vec<f64> = waiting(s);
            tenths(waiting.iter().sum::<f64>() / waiting.len().max(1) as f64)
        });
        self.push(true, "most", |s| count(s.most_waiting));
    }

    fn prediction(&mut self) {
        self.heading("wins");
        let of = |s: &Simulation| s.prediction.clone();
        self.push(true, "of favourites, predicted", |s| {
            known(of(s).map(|p| p.favourite_predicted), percent)
        });
        self.push(true, "of favourites, simulated", |s| {
            known(of(s).map(|p| p.favourite_won), percent)
        });
        self.push(true, "Brier score of predictions", |s| {
            known(of(s).map(|p| p.brier), |brier| format!("{brier:.4}"))
        });
        self.push(true, "log loss of predictions", |s| {
            known(of(s).map(|p| p.log_loss), |loss| format!("{loss:.4}"))
        });
        self.heading("ratings and true skills");
        self.push(true, "root mean square apart", |s| {
            known(s.rating_error, tenths)
        });
        self.push(true, "correlation", |s| {
            known(s.rating_correlation, |of| format!("{of:.3}"))
        });
    }

    /// In the order of the first, then what only others have.
    fn reasons(&mut self) {
        let mut names: Vec<String> = Vec::new();
        for reason in self.trials.iter().flat_map(|trial| &trial.found.reasons) {
            let name = name(reason.reason);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        if names.is_empty() {
            return;
        }
        self.heading("why tickets were left waiting");
        for wanted in &names {
            self.push(true, wanted, |s| {
                let all: u64 = s.reasons.iter().map(|r| r.count).sum();
                let of = s.reasons.iter().filter(|r| name(r.reason) == *wanted);
                let count: u64 = of.map(|r| r.count).sum();
                percent(count as f64 / all.max(1) as f64)
            });
        }
    }
}

/// A reason as it is called on the wire.
fn name(reason: matchmaking::Reason) -> String {
    let name = serde_json::to_value(reason).ok();
    let name = name.as_ref().and_then(|name| name.as_str());
    name.unwrap_or_default().to_owned()
}

/// The lines for a terminal.
pub(super) fn text(trials: &[Trial]) -> String {
    let mut rows = rows(trials);
    let names = trials.iter().map(|trial| trial.file.name()).collect();
    let head = Row {
        label: String::new(),
        cells: names,
        inner: false,
    };
    rows.insert(0, head);
    let label = |row: &Row| format!("{}{}", if row.inner { "  " } else { "" }, row.label);
    let width = |text: &str| text.chars().count();
    let labels = rows.iter().filter(|row| !row.cells.is_empty());
    let widest = labels.map(|row| width(&label(row))).max().unwrap_or(0);
    let column = |n: usize| rows.iter().filter_map(move |row| row.cells.get(n));
    let columns: Vec<usize> = (0..trials.len())
        .map(|n| column(n).map(|cell| width(cell)).max().unwrap_or(0))
        .collect();
    let line = |row: &Row| {
        let cells = row.cells.iter().zip(&columns);
        let cells: String = cells
            .map(|(cell, wide)| format!("  {cell:>wide$}"))
            .collect();
        format!("{:widest$}{cells}", label(row))
            .trim_end()
            .to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn known<T>(figure: Option<T>, text: impl Fn(T) -> String) -> String {
    figure.map_or_else(|| NOTHING.to_owned(), text)
}

fn count(count: u64) -> String {
    whole(count as f64)
}

/// With commas between thousands.
pub(super) fn whole(number: f64) -> String {
    let digits = format!("{:.0}", number.abs());
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number <= -0.5 {
        format!("-{text}")
    } else {
        text
    }
}

/// With one digit after the point where it matters.
pub(super) fn tenths(number: f64) -> String {
    if number.abs() < 1_000.0 {
        format!("{number:.1}")
    } else {
        whole(number)
    }
}

fn seconds(seconds: f64) -> String {
    if seconds < 120.0 {
        format!("{seconds:.1} s")
    } else {
        format!("{:.1} min", seconds / 60.0)
    }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        let written = [0.0, 999.0, 1_000.0, 1_234_567.0, -1_234.0].map(whole);
        assert_eq!(written, ["0", "999", "1,000", "1,234,567", "-1,234"]);
        assert_eq!(
            [0.04, 999.94, 12_345.6].map(tenths),
            ["0.0", "999.9", "12,346"]
        );
        assert_eq!(
            [1.25, 119.9, 150.0].map(seconds),
            ["1.2 s", "119.9 s", "2.5 min"]
        );
        assert_eq!(percent(0.98765), "98.8 %");
    }
}
