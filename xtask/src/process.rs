//! Other programs: started, waited for, and named in the error when they fail.
//!
//! None of them gets a standard input, so that nothing ever waits for an answer from a person who
//! is not there.

use std::io::Write;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How often a program that must end in time is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Runs a program to its end with its output shown; an error unless it succeeds.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let line = announce(command)?;
    let status = command.stdin(Stdio::null()).status();
    check(&line, status.with_context(|| cannot_run(&line))?)
}

/// Like [`run`], but the program is ended when it takes longer than `limit`.
pub(crate) fn run_within(command: &mut Command, limit: Duration) -> Result<()> {
    let line = announce(command)?;
    let child = command.stdin(Stdio::null()).spawn();
    let mut child = child.with_context(|| cannot_run(&line))?;
    match wait_within(&mut child, limit)? {
        Some(status) => check(&line, status),
        None => {
            child.kill()?;
            child.wait()?;
            bail!("`{line}` took longer than {} s", limit.as_secs())
        }
    }
}

/// Runs a program silently and returns its standard output; an error unless it succeeds.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let line = shown(command);
    let output = command.stdin(Stdio::null()).output();
    let output = output.with_context(|| cannot_run(&line))?;
    check(&line, output.status)
        .with_context(|| String::from_utf8_lossy(&output.stderr).trim().to_owned())?;
    String::from_utf8(output.stdout).with_context(|| format!("`{line}` printed no UTF-8"))
}

/// Whether a program can be run and succeeds, its output unseen.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    output(command).is_ok()
}

/// Whether other programs are run with all rights.
pub(crate) fn is_root() -> Result<bool> {
    Ok(output(Command::new("id").arg("--user"))?.trim() == "0")
}

/// Waits until a process has ended; `None` if it has not within `limit`.
pub(crate) fn wait_within(child: &mut Child, limit: Duration) -> Result<Option<ExitStatus>> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if started.elapsed() >= limit {
            return Ok(None);
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// Prints the command line before its output, and returns it.
fn announce(command: &Command) -> Result<String> {
    let line = shown(command);
    let mut out = std::io::stdout().lock();
    writeln!(out, "$ {line}").and_then(|()| out.flush())?;
    Ok(line)
}

fn shown(command: &Command) -> String {
    let program = command.get_program().to_string_lossy();
    let arguments = command.get_args().map(|a| a.to_string_lossy());
    std::iter::once(program)
        .chain(arguments)
        .collect::<Vec<_>>()
        .join(" ")
}

fn cannot_run(line: &str) -> String {
    format!("cannot run `{line}`")
}

fn check(line: &str, status: ExitStatus) -> Result<()> {
    if !status.success() {
        bail!("`{line}` failed: {status}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_failure_names_the_command_and_its_status() {
        let error = run(&mut shell("exit 3")).unwrap_err();
        assert_eq!(error.to_string(), "`sh -c exit 3` failed: exit status: 3");
    }

    #[test]
    fn output_is_returned_and_a_failure_carries_what_was_complained() {
        assert_eq!(output(&mut shell("echo yes")).unwrap(), "yes\n");
        let error = output(&mut shell("echo no >&2; false")).unwrap_err();
        assert!(format!("{error:#}").starts_with("no: `sh -c"), "{error:#}");
    }

    #[test]
    fn what_takes_too_long_is_ended() {
        let error = run_within(&mut shell("exec sleep 60"), Duration::ZERO).unwrap_err();
        assert!(error.to_string().ends_with("took longer than 0 s"));
    }

    #[test]
    fn what_cannot_be_started_is_an_error() {
        assert!(!succeeds(&mut Command::new("./there-is-no-such-program")));
    }
}
