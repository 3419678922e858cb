//! Simulations as plots: waits, spreads, what waits over time, and how predictions came true.

use std::fmt::Write;

use matchmaking::simulate::{Distribution, PredictionBin, Simulation};

use super::Trial;
use super::svg::{Axis, HEIGHT, Line, Panel, STYLE, WIDTH};

const HOUR: f64 = 3600.0;
/// Of the smallest and the largest point of a prediction, in pixels.
const DOTS: (f64, f64) = (2.5, 7.0);
/// Standard deviations on each side of what chance leaves in 95 of 100 cases.
const LIKELY: f64 = 1.96;

/// A plot and what it says, in the order of a report.
pub(super) fn panels(trials: &[Trial]) -> [(Panel, &'static str); 4] {
    [
        (
            shares("How long tickets waited", "seconds waited", trials, |s| {
                s.wait_s.as_ref()
            }),
            "The share of matched tickets that had waited so long at the most. Further left is better.",
        ),
        (
            shares(
                "How far ratings are apart in matches",
                "rating spread, points",
                trials,
                |s| s.rating_spread.as_ref(),
            ),
            "The share of matches whose highest and lowest ticket are so far apart at the most. Further left is better.",
        ),
        (
            waiting(trials),
            "Tickets that were left waiting. A line that goes on rising is a queue that takes in more than it matches.",
        ),
        (
            predictions(trials),
            "Teams by how likely they were to win, and how many of them won. On the dotted line, predictions come true; \
             the bars are what chance explains.",
        ),
    ]
}

/// All of them in one picture.
pub(super) fn picture(trials: &[Trial]) -> String {
    let (wide, high) = (2.0 * WIDTH, 2.0 * HEIGHT);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plot\" viewBox=\"0 0 {wide} {high}\" \
         width=\"{wide}\" height=\"{high}\" role=\"img\">\
         <title>A simulated queue: waits, rating spreads, waiting tickets, predictions</title>\
         <style>{STYLE}</style><rect class=\"back\" width=\"{wide}\" height=\"{high}\"/>"
    );
    for (place, (panel, _)) in panels(trials).iter().enumerate() {
        let (left, top) = ((place % 2) as f64 * WIDTH, (place / 2) as f64 * HEIGHT);
        let _ = write!(
            out,
            "<g transform=\"translate({left} {top})\">{}</g>",
            panel.draw()
        );
    }
    out.push_str("</svg>\n");
    out
}

/// One by itself, for a page that has the style.
pub(super) fn alone(panel: &Panel) -> String {
    let (title, drawn) = (super::svg::escape(panel.title), panel.draw());
    format!(
        "<svg class=\"plot\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title}\">{drawn}</svg>"
    )
}

/// The share that is at most so large.
fn shares(
    title: &'static str,
    label: &str,
    trials: &[Trial],
    of: impl Fn(&Simulation) -> Option<&Distribution>,
) -> Panel {
    let found = trials.iter().filter_map(|trial| of(&trial.found));
    let to = found.map(|d| d.p99).fold(0.0, f64::max);
    let line = |trial: &Trial| Line {
        name: trial.file.name(),
        points: of(&trial.found).map(|d| curve(d, to)).unwrap_or_default(),
        dots: Vec::new(),
    };
    Panel {
        title,
        x: Axis {
            label: label.to_owned(),
            to,
            unit: "",
        },
        y: percent("share"),
        even: false,
        lines: trials.iter().map(line).collect(),
    }
}

/// Up to all of them, and on to the end of the axis.
fn curve(found: &Distribution, to: f64) -> Vec<(f64, f64)> {
    let steps = (found.quantiles.len() - 1).max(1) as f64;
    let quantiles = found.quantiles.iter().enumerate();
    let mut points: Vec<(f64, f64)> = vec![(0.0, 0.0)];
    points.extend(quantiles.map(|(n, value)| (*value, n as f64 * 100.0 / steps)));
    if found.max < 2.0 * to {
        points.push((2.0 * to, 100.0));
    }
    points
}

fn percent(label: &str) -> Axis {
    Axis {
        label: label.to_owned(),
        to: 100.0,
        unit: " %",
    }
}

fn waiting(trials: &[Trial]) -> Panel {
    let lasted = trials.iter().map(|t| t.found.lasted_s).fold(0.0, f64::max);
    let (unit, label) = if lasted > 1.5 * HOUR {
        (HOUR, "simulated time, hours")
    } else {
        (60.0, "simulated time, minutes")
    };
    let points = |found: &Simulation| -> Vec<(f64, f64)> {
        let points = found.waiting.iter();
        points
            .map(|point| (point.at_s / unit, point.tickets))
            .collect()
    };
    let line = |trial: &Trial| Line {
        name: trial.file.name(),
        points: points(&trial.found),
        dots: Vec::new(),
    };
    let all = trials.iter().flat_map(|trial| &trial.found.waiting);
    Panel {
        title: "How many wait",
        x: Axis {
            label: label.to_owned(),
            to: lasted / unit,
            unit: "",
        },
        y: Axis {
            label: "tickets".to_owned(),
            to: all.map(|point| point.tickets).fold(0.0, f64::max),
            unit: "",
        },
        even: false,
        lines: trials.iter().map(line).collect(),
    }
}

fn predictions(trials: &[Trial]) -> Panel {
    let line = |trial: &Trial| {
        let prediction = trial.found.prediction.as_ref();
        let bins = prediction.map_or(&[][..], |p| &p.bins);
        let most = bins.iter().map(|bin| bin.teams).max().unwrap_or(1) as f64;
        Line {
            name: trial.file.name(),
            points: bins
                .iter()
                .map(|b| (b.predicted * 100.0, b.won * 100.0))
                .collect(),
            dots: bins.iter().map(|bin| dot(bin, most)).collect(),
        }
    };
    Panel {
        title: "How predictions come true",
        x: percent("predicted to win"),
        y: percent("won"),
        even: true,
        lines: trials.iter().map(line).collect(),
    }
}

/// Its area goes with the teams; its bar is what chance would leave were the prediction right.
fn dot(bin: &PredictionBin, most: f64) -> (f64, f64) {
    let size = DOTS.0 + (DOTS.1 - DOTS.0) * (bin.teams as f64 / most).sqrt();
    let off = (bin.predicted * (1.0 - bin.predicted) / bin.teams as f64).sqrt();
    (size, LIKELY * off * 100.0)
}
