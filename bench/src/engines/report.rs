//! The Markdown table: medians over the rounds, and ratios to the first engine.

use super::args::Args;
use super::sample::Sample;
use super::store::Kind;
use super::workload::stages;

/// The figure the parent process takes before each turn.
pub const FLOOR: &str = "disk before the turn: 4 KiB append + sync p50, ms";

const NOTE: &str = "
\"Written\" counts the bytes handed to write calls; the disk adds whole blocks and
file system bookkeeping (about 8 KiB per synced commit on ext4), which weighs
most on small commits. `write_bytes` is the system's own counter: it charges
whole folios (up to 2 MiB) for small writes into the middle of a large file.
";

/// One line per finished turn, so that a long run shows signs of life.
pub fn progress(round: usize, kind: Kind, sample: &Sample) -> String {
    let get = |label| sample.get(label).map_or("-".to_owned(), number);
    format!(
        "round {round}, {}: sync floor {} ms, load {} s, written in phase 2 {} MiB, agrees with the model",
        kind.name(),
        get(FLOOR),
        get("load: s"),
        get("phase 2: written, MiB"),
    )
}

/// `samples` holds the rounds of each engine, in the order of `Kind::ALL`.
pub fn table(args: &Args, samples: &[Vec<Sample>; 3]) -> String {
    let names = Kind::ALL.map(Kind::name);
    let [base, second, third] = names;
    let mut text = heading(args);
    text += &format!(
        "| medians | {} | {second}/{base} | {third}/{base} |\n",
        names.join(" | ")
    );
    text += &format!("|---|{}\n", "---:|".repeat(5));
    let first = samples.iter().flatten().next();
    for (label, _) in first.iter().flat_map(|sample| &sample.figures) {
        text += &row(label, samples);
    }
    text + NOTE
}

fn heading(args: &Args) -> String {
    let stages: Vec<String> = stages(args)
        .iter()
        .map(|stage| format!("{} x S={}", stage.batches, stage.size))
        .collect();
    format!(
        "{} entries, group commits: {}, {} round(s), seed {}, cache {} MiB\n\n",
        args.entries,
        stages.join(", "),
        args.rounds,
        args.seed,
        args.cache_mib
    )
}

fn row(label: &str, samples: &[Vec<Sample>; 3]) -> String {
    let [a, b, c] = samples
        .each_ref()
        .map(|rounds| median(rounds.iter().filter_map(|sample| sample.get(label))));
    format!(
        "| {label} | {} | {} | {} | {:.2} | {:.2} |\n",
        number(a),
        number(b),
        number(c),
        b / a,
        c / a
    )
}

/// The middle value, or the mean of the two in the middle.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        even if even % 2 == 0 => (values[middle - 1] + values[middle]) / 2.0,
        _ => values[middle],
    }
}

/// Three digits or so, whatever the magnitude.
fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounds(values: &[f64]) -> Vec<Sample> {
        let sample = |&value| {
            let mut sample = Sample::default();
            sample.put("speed", value);
            sample
        };
        values.iter().map(sample).collect()
    }

    #[test]
    fn rows_hold_medians_and_ratios_to_the_first() {
        let samples = [
            rounds(&[9.0, 2.0, 1.0]),
            rounds(&[4.0, 4.0, 8.0]),
            rounds(&[1.0]),
        ];
        assert_eq!(
            row("speed", &samples),
            "| speed | 2.00 | 4.00 | 1.00 | 2.00 | 0.50 |\n"
        );
    }

    #[test]
    fn an_even_count_takes_the_mean_of_the_middle() {
        assert_eq!(median([4.0, 1.0, 3.0, 2.0].into_iter()), 2.5);
    }

    #[test]
    fn numbers_keep_about_three_digits() {
        let shown = [12345.6, 42.0, 1.5, 0.25].map(number);
        assert_eq!(shown, ["12346", "42.0", "1.50", "0.250"]);
    }
}
