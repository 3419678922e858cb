//! The steps, in the order in which they run: what is quick to fail comes first.

use std::fmt;

use anyhow::Result;
use clap::ValueEnum;

use super::{
    Note, deny, deploy, docs_examples, locust, prometheus, rust, schemathesis, tools, wheel,
};
use crate::workspace::Workspace;

/// One thing to check.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Step {
    /// Install what the other steps need
    Tools,
    /// The format of the code
    Fmt,
    /// Lints, of the benchmarks too
    Clippy,
    /// Licences, sources and known faults of dependencies
    Deny,
    /// The tests
    Test,
    /// The Python wheel, built and tested
    Wheel,
    /// The documentation: every link leads somewhere
    Doc,
    /// Rules and dashboards, with a real Prometheus that watches a running server
    Prometheus,
    /// The image and the files of deployments
    Deploy,
    /// A running server against its own API description
    Schemathesis,
    /// The guides: links lead somewhere, examples print what they say
    DocsExamples,
    /// Locust, and a load at a constant rate, against a running server
    Locust,
}

impl Step {
    /// Runs it.
    pub(crate) fn run(self, workspace: &Workspace) -> Result<Note> {
        match self {
            Step::Tools => tools::install(workspace).map(|()| None),
            Step::Fmt => rust::fmt(workspace).map(|()| None),
            Step::Clippy => rust::clippy(workspace).map(|()| None),
            Step::Deny => deny::check(workspace),
            Step::Test => rust::test(workspace).map(|()| None),
            Step::Wheel => wheel::check(workspace).map(|()| None),
            Step::Doc => rust::doc(workspace).map(|()| None),
            Step::Prometheus => prometheus::check(workspace).map(|()| None),
            Step::Deploy => deploy::check(workspace),
            Step::Schemathesis => schemathesis::check(workspace).map(|()| None),
            Step::DocsExamples => docs_examples::check(workspace).map(|()| None),
            Step::Locust => locust::check(workspace).map(|()| None),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The name that `--only` takes; no variant is hidden from it.
        let value = self.to_possible_value();
        f.pad(value.as_ref().map_or("", |v| v.get_name()))
    }
}
