//! Commands that a test runs to their end.

use std::process::{Command, Output};

/// What a command has come to, once it has ended.
#[track_caller]
pub fn run(command: &mut Command) -> Output {
    command.output().unwrap()
}

/// What it wrote to standard error.
pub fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What a command has come to that has to end well; panics with what it wrote to standard error otherwise.
#[track_caller]
pub fn done(command: &mut Command) -> Output {
    let output = run(command);
    assert!(output.status.success(), "{}", told(&output));
    output
}
