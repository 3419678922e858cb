//! Examples, run one after the other in a directory of their own.

use std::ffi::OsString;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use super::blocks::{Example, Language};
use super::expected::Ids;

/// What documents call the server.
const SHOWN: [&str; 2] = ["127.0.0.1:8000", "localhost:8000"];
/// And its data.
const DATA: &str = "./agon-data";
/// How they call the program, from a directory where it can be built.
const BUILT: &str = "cargo run --release -- ";

/// After which an example is stopped, in seconds.
const LIMIT_S: &str = "120";
/// How long a question is asked again that has another answer than it should: a person asks later than a
/// program does, and something that a server does by itself may take its time.
const ASK_FOR: Duration = Duration::from_secs(10);
const ASK_EVERY: Duration = Duration::from_millis(200);
/// A command with one of these may change something, and is run once.
const CHANGES: [&str; 5] = ["--json", "--data", " -d ", " -X ", "agon "];

/// Before each script of the shell: has every variable of one set in the next, as in a session at a terminal.
const SESSION: &str = "set -a
if [ -e .scripts/variables ]; then . .scripts/variables; fi
trap 'export -p > .scripts/variables' EXIT
";

/// Runs the examples of one document.
pub(super) struct Runner {
    dir: TempDir,
    path: OsString,
    address: SocketAddr,
    data_dir: PathBuf,
    ids: Ids,
}

impl Runner {
    /// Examples run in `dir`, find `programs` first, and the server's data where a server in their directory would
    /// have it.
    pub(super) fn new(
        dir: TempDir,
        programs: &[PathBuf],
        address: SocketAddr,
        data_dir: &Path,
    ) -> Result<Self> {
        let others = std::env::var_os("PATH").unwrap_or_default();
        let others = std::env::split_paths(&others);
        Ok(Runner {
            dir,
            path: std::env::join_paths(programs.iter().cloned().chain(others))?,
            address,
            data_dir: data_dir.to_owned(),
            ids: Ids::new()?,
        })
    }

    /// Runs one; an error if it fails or prints something else than the document shows.
    pub(super) fn run(&mut self, example: &Example) -> Result<()> {
        let program = self.ids.in_program(&self.placed(&example.program));
        let asks = example.language == Language::Shell
            && !CHANGES.iter().any(|change| program.contains(change));
        let started = Instant::now();
        loop {
            let ran = self.run_once(example, &program);
            if ran.is_ok() || !asks || started.elapsed() >= ASK_FOR {
                return ran;
            }
            std::thread::sleep(ASK_EVERY);
        }
    }

    fn run_once(&mut self, example: &Example, program: &str) -> Result<()> {
        let printed = self.printed(example.language, program)?;
        match &example.prints {
            Some(shown) => self.ids.compare(&self.placed(shown), &printed),
            None => Ok(()),
        }
    }

    /// A text of the document with this server and this program in it.
    fn placed(&self, text: &str) -> String {
        let address = self.address.to_string();
        let text = SHOWN
            .iter()
            .fold(text.to_owned(), |text, shown| text.replace(shown, &address));
        let text = text.replace(DATA, &self.data_dir.to_string_lossy());
        text.replace(BUILT, "agon ")
    }

    /// What a program says: on its standard output, or, where that is empty, on standard error, as one whose output
    /// goes into a variable.
    fn printed(&self, language: Language, program: &str) -> Result<String> {
        let (interpreter, file) = match language {
            Language::Shell => ("sh", "example.sh"),
            Language::Python => ("python3", "example.py"),
            Language::JavaScript => ("node", "example.mjs"),
        };
        let scripts = self.dir.path().join(".scripts");
        fs::create_dir_all(&scripts)?;
        let script = scripts.join(file);
        let session = match language {
            Language::Shell => SESSION,
            Language::Python | Language::JavaScript => "",
        };
        fs::write(&script, format!("{session}{program}"))?;
        let output = Command::new("timeout")
            .args([LIMIT_S, interpreter])
            .arg(&script)
            .current_dir(self.dir.path())
            .env("PATH", &self.path)
            .env("AGON_STORE__DATA_DIR", &self.data_dir)
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("cannot run {interpreter}"))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("{}: {}\n{program}", output.status, said.trim());
        }
        let said = match output.stdout.is_empty() {
            true => output.stderr,
            false => output.stdout,
        };
        Ok(String::from_utf8_lossy(&said).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runner() -> Runner {
        let address = SocketAddr::from(([127, 0, 0, 1], 41234));
        let dir = tempfile::tempdir().unwrap();
        Runner::new(dir, &[], address, Path::new("/data")).unwrap()
    }

    fn shell(program: &str, prints: &str) -> Example {
        Example {
            language: Language::Shell,
            program: program.to_owned(),
            prints: Some(prints.to_owned()),
            line: 1,
        }
    }

    fn run(program: &str, prints: &str) -> Result<()> {
        runner().run(&shell(program, prints))
    }

    #[test]
    fn documents_speak_of_this_server_and_its_data() {
        run("echo localhost:8000", "127.0.0.1:41234").unwrap();
        run("echo 127.0.0.1:41234", "127.0.0.1:8000").unwrap();
        run("echo agon in $AGON_STORE__DATA_DIR", "agon in ./agon-data").unwrap();
    }

    #[test]
    fn what_one_command_has_set_is_set_in_the_next() {
        let mut runner = runner();
        let set = shell("A='one  \"two\"'; B=$(echo out; echo said >&2)", "said");
        runner.run(&set).unwrap();
        runner
            .run(&shell("echo \"$A\"; echo $B", "one  \"two\"\nout"))
            .unwrap();
    }

    #[test]
    fn what_can_be_asked_again_is_asked_until_it_is_so() {
        run("echo x >> asked; wc -l < asked", "3").unwrap();
        run("echo x >> file; wc -l < file; : --json", "2").unwrap_err();
    }

    #[test]
    fn a_failure_is_one_whatever_was_printed() {
        let error = run("echo fine; echo why >&2; exit 3; : --json", "fine").unwrap_err();
        assert!(
            error.to_string().starts_with("exit status: 3: why"),
            "{error}"
        );
    }
}
