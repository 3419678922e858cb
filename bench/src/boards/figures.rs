//! Figures with their names, and how they cross from a child process to its parent.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// In the order in which they are told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures(Vec<(String, f64)>);

impl Figures {
    pub fn put(&mut self, name: impl Into<String>, value: f64) {
        self.0.push((name.into(), value));
    }

    pub fn get(&self, name: &str) -> Result<f64> {
        let found = self.0.iter().find(|(n, _)| n == name);
        let (_, value) = found.with_context(|| format!("there is no figure {name:?}"))?;
        Ok(*value)
    }

    pub fn to_text(&self) -> String {
        let lines = self
            .0
            .iter()
            .map(|(name, value)| format!("{value}\t{name}\n"));
        lines.collect()
    }

    pub fn from_text(text: &str) -> Result<Self> {
        let mut figures = Figures::default();
        for line in text.lines() {
            let (value, name) = line.split_once('\t').context("a figure without a name")?;
            figures.put(name, value.parse()?);
        }
        Ok(figures)
    }

    pub fn print(&self) {
        for (name, value) in &self.0 {
            println!("| {name} | {} |", short(*value));
        }
    }
}

/// As many digits as mean something.
fn short(value: f64) -> String {
    match value.abs() {
        large if large >= 100.0 => format!("{value:.0}"),
        small if small >= 1.0 => format!("{value:.1}"),
        _ => format!("{value:.3}"),
    }
}

/// Runs and times.
pub fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(T, Duration)> {
    let start = Instant::now();
    let done = work()?;
    Ok((done, start.elapsed()))
}

/// The one that this share of all does not exceed.
pub fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = (share * values.len() as f64).ceil() as usize;
    values
        .get(at.saturating_sub(1))
        .copied()
        .unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_survive_the_crossing() {
        let mut figures = Figures::default();
        figures.put("a, b", 1.25);
        figures.put("c", 0.0);
        assert_eq!(Figures::from_text(&figures.to_text()).unwrap(), figures);
        assert!(Figures::from_text("x").is_err());
    }

    #[test]
    fn quantiles_are_values_that_happened() {
        let mut values: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        let found = [0.0, 0.5, 0.99, 1.0].map(|share| quantile(&mut values, share));
        assert_eq!(found, [1.0, 50.0, 99.0, 100.0]);
    }
}
