//! The guides: every link between them leads somewhere, and their examples are run.
//!
//! What is run, in the documents below, each against a server of its own, from top to bottom:
//!
//! - in a block `console`, the lines after `$ `, by the shell; what stands below each has to be what it
//!   prints;
//! - a block `sh run`, `python run` or `js run`, as a whole; if a block `text` follows, that is what it has
//!   to print.
//!
//! What the shell has set in one is set in the next. `localhost:8000` and `127.0.0.1:8000` become the server's address,
//! `./agon-data` its data, `cargo run --release --` the program that was built. What differs from run to run may: see
//! `expected.rs`.
//!
//! A document with such blocks is in one of the lists below, whichever it is in the project.

mod blocks;
mod expected;
mod links;
mod runner;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use self::runner::Runner;
use super::agon::{self, Agon};
use super::{python, tools};
use crate::workspace::Workspace;

const DOCUMENTS: [&str; 5] = [
    "README.md",
    "docs/access.md",
    "docs/api.md",
    "docs/operating.md",
    "docs/capacity.md",
];

/// Documents whose examples are not run, and why.
const NOT_RUN: [(&str, &str); 1] = [(
    "docs/matchmaking.md",
    "its simulation takes minutes in a build for tests, and has tests of its own",
)];

/// The document whose server takes players' tokens, of an issuer that the document makes.
const WITH_TOKENS: &str = "docs/access.md";

/// The key in an example of RFC 8037: a server does not start without one, and the document's own is made later.
const OTHER_KEYS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"0","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

/// Directories that hold nothing of ours.
const NOT_OURS: [&str; 3] = ["target", "node_modules", "agon-data"];

/// Whether links lead somewhere and examples do what they say.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let root = workspace.path("");
    let found = documents(&root)?;
    let faults = links::faults(&root, &found)?;
    if !faults.is_empty() {
        bail!("links that lead nowhere:\n{}", faults.join("\n"));
    }
    are_listed(&root, &found)?;
    let python = python::program(workspace, "python");
    tools::require(&python)?;
    for document in DOCUMENTS {
        let text = fs::read_to_string(workspace.path(document));
        let text = text.with_context(|| format!("cannot read {document}"))?;
        run(workspace, document, &text)?;
    }
    for (document, reason) in NOT_RUN {
        println!("{document}: not run, since {reason}");
    }
    Ok(())
}

/// Whether those with examples are those in the lists.
fn are_listed(root: &Path, documents: &[PathBuf]) -> Result<()> {
    let mut with_examples = BTreeSet::new();
    for path in documents {
        if !blocks::examples(&fs::read_to_string(path)?).is_empty() {
            with_examples.insert(path.strip_prefix(root)?.to_string_lossy().into_owned());
        }
    }
    let not_run = NOT_RUN.map(|(document, _)| document);
    let listed = DOCUMENTS.into_iter().chain(not_run).map(str::to_owned);
    let listed: BTreeSet<String> = listed.collect();
    let wrong: Vec<&String> = listed.symmetric_difference(&with_examples).collect();
    ensure!(
        wrong.is_empty(),
        "has examples and is in no list, or is in one and has none: {wrong:?}"
    );
    Ok(())
}

fn run(workspace: &Workspace, document: &str, text: &str) -> Result<()> {
    let examples = blocks::examples(text);
    let dir = workspace.target("docs-examples");
    fs::create_dir_all(&dir)?;
    let log = dir.join(format!("{}.log", document.replace('/', "-")));
    let here = tempfile::tempdir()?;
    let settings = match document {
        WITH_TOKENS => tokens(here.path())?,
        _ => Vec::new(),
    };
    let binary = agon::built(workspace)?;
    let agon = Agon::serve(&binary, log, &settings)?;
    let built = binary.parent().context("a program without a directory")?;
    let programs = [built.to_owned(), workspace.path(".venv/bin")];
    let mut runner = Runner::new(here, &programs, agon.address(), agon.data_dir())?;
    for example in &examples {
        let ran = runner.run(example);
        if ran.is_err() {
            println!("agon logged:\n{}", agon.log());
        }
        ran.with_context(|| format!("{document}, line {}", example.line))?;
    }
    println!("{document}: {} examples", examples.len());
    agon.stop()
}

/// Settings for tokens whose keys will be in a file in the directory of the examples.
fn tokens(here: &Path) -> Result<Vec<agon::Setting>> {
    let keys = here.join("jwks.json");
    fs::write(&keys, OTHER_KEYS)?;
    let settings = [
        ("ISSUER", "me".to_owned()),
        ("AUDIENCE", "my-game".to_owned()),
        ("ALGORITHMS", "EdDSA".to_owned()),
        ("JWKS_FILE", keys.to_string_lossy().into_owned()),
    ];
    let setting = |(name, value)| (format!("AGON_ACCESS__TOKENS__{name}"), value);
    Ok(settings.map(setting).into())
}

/// Every document of the project, hidden directories left out.
fn documents(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        if name.starts_with('.') || NOT_OURS.contains(&name.as_ref()) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            found.extend(documents(&path)?);
        } else if name.ends_with(".md") {
            found.push(path);
        }
    }
    Ok(found)
}
