//! How far a long command has come: a bar where somebody watches, one line at the end in any case.

use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

const WITH_TOTAL: &str = "{msg} [{wide_bar}] {human_pos}/{human_len}, {per_sec}, {eta} left";
const WITHOUT: &str = "{msg} {human_pos}, {per_sec}";

/// Draws to standard error, and only if that is a terminal.
pub(crate) struct Progress {
    bar: ProgressBar,
    started: Instant,
}

impl Progress {
    /// Of so many records, where that is known.
    pub(crate) fn start(what: &'static str, of: Option<u64>) -> Self {
        let bar = of.map_or_else(ProgressBar::no_length, ProgressBar::new);
        let template = if of.is_some() { WITH_TOTAL } else { WITHOUT };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(what);
        Progress {
            bar,
            started: Instant::now(),
        }
    }

    pub(crate) fn set(&self, done: u64) {
        self.bar.set_position(done);
    }

    /// Takes the bar away; how many seconds it took.
    pub(crate) fn clear(&self) -> f64 {
        self.bar.finish_and_clear();
        self.started.elapsed().as_secs_f64()
    }

    /// Takes the bar away; what it took, and how many of these records that were in a second.
    pub(crate) fn end(&self, records: u64) -> String {
        let seconds = self.clear();
        let rate = (records as f64 / seconds.max(1e-3)).round();
        format!("in {seconds:.1} s, {rate} records/s")
    }
}
