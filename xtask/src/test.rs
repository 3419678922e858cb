//! `cargo xtask test`: the steps in order, up to the first that fails.

mod agon;
mod cargo_deny;
mod debian;
mod deny;
mod deploy;
mod docs_examples;
mod locust;
mod prometheus;
mod python;
mod rust;
mod schemathesis;
mod step;
mod tools;
mod unpacked;
mod wheel;

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};

use crate::workspace::Workspace;
use step::Step;

/// What to check.
#[derive(Args)]
pub(crate) struct TestArgs {
    /// Run this step alone; it may need what `tools` installs
    #[arg(long, value_name = "STEP")]
    only: Option<Step>,
    /// List the steps in the order in which they run, and exit
    #[arg(long, conflicts_with = "only")]
    list: bool,
}

/// What a step that succeeded has to say, such as what it could not check.
pub(crate) type Note = Option<String>;

/// A step that succeeded.
struct Done {
    step: Step,
    took: Duration,
    note: Note,
}

/// Runs the steps that are asked for.
pub(crate) fn run(args: &TestArgs) -> Result<()> {
    if args.list {
        Step::value_variants().iter().for_each(|s| println!("{s}"));
        return Ok(());
    }
    let workspace = Workspace::find()?;
    let only = args.only.as_ref().map(std::slice::from_ref);
    let mut done = Vec::new();
    let result = only
        .unwrap_or(Step::value_variants())
        .iter()
        .try_for_each(|step| {
            done.push(run_step(*step, &workspace)?);
            Ok(())
        });
    summarise(&done);
    result
}

fn run_step(step: Step, workspace: &Workspace) -> Result<Done> {
    println!("\n==> {step}");
    let started = Instant::now();
    let result = step.run(workspace);
    let took = started.elapsed();
    let outcome = if result.is_ok() { "passed" } else { "FAILED" };
    println!("<== {step} {outcome} after {}", seconds(took));
    let note = result.with_context(|| format!("step {step} failed"))?;
    Ok(Done { step, took, note })
}

fn summarise(done: &[Done]) {
    println!();
    for Done { step, took, note } in done {
        let note = note.as_deref().unwrap_or_default();
        println!("{step:<13} passed {:>8}  {note}", seconds(*took));
    }
    let total = done.iter().map(|d| d.took).sum();
    println!("{:<13}        {:>8}", "together", seconds(total));
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
