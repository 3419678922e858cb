//! The socket by which other commands of Agon on this machine ask a server that holds the data directory.
//!
//! `DIR/control.sock`, open to the user alone whose server it is. A connection is one question:
//!
//! ```text
//! → {"ask":"export","scope":"store"}                 or "scope":["board",…]
//! ← {"answer":"export","records":12}                 "records": null where that is not known
//! ← the export, line by line, to its last; then the connection is closed
//! ```
//!
//! or, instead of all that is answered, `{"answer":"refused","reason":"…"}`. What goes wrong later comes as
//! a line `{"kind":"error","reason":"…"}` of the export. Absent on purpose: anything that changes the store.

use std::convert::Infallible;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream as PlainStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use store_embedded::{EmbeddedStore, Scope, write_failure};
use tokio::io::{AsyncBufReadExt, AsyncReadExt};
use tokio::net::{UnixListener, UnixStream};

const NAME: &str = "control.sock";
/// Names of boards have 64 bytes at the most.
const MAX_QUESTION_BYTES: u64 = 1 << 20;
const QUESTION_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a write waits before it is looked whether to go on.
const WRITE_TIMEOUT: Duration = Duration::from_secs(1);
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "lowercase")]
enum Question {
    Export { scope: Scope },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "lowercase")]
enum Answer {
    Export { records: Option<u64> },
    Refused { reason: String },
}

/// The socket of this server; its name goes when it is dropped.
pub(crate) struct Control(Option<Open>);

struct Open {
    listener: UnixListener,
    path: PathBuf,
    owner: u32,
}

impl Control {
    /// Opens the socket of a directory that this process holds. Where that cannot be, the server does
    /// without: the log says so.
    pub(crate) fn open(data_dir: &Path) -> Self {
        let path = data_dir.join(NAME);
        match Open::at(path.clone()) {
            Ok(open) => Control(Some(open)),
            Err(error) => {
                let path = path.display();
                tracing::warn!(%path, %error, "no control socket; export works while stopped only");
                Control(None)
            }
        }
    }

    /// None, where the data is in no directory.
    pub(crate) fn none() -> Self {
        Control(None)
    }

    /// Answers questions about the store.
    pub(crate) async fn serve(&self, store: &Arc<EmbeddedStore>) -> Infallible {
        let Some(open) = &self.0 else {
            return std::future::pending().await;
        };
        loop {
            match open.listener.accept().await {
                Ok((stream, _)) if open.is_allowed(&stream) => {
                    tokio::spawn(answer(stream, Arc::clone(store)));
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection of the control socket");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

impl Open {
    fn at(path: PathBuf) -> std::io::Result<Self> {
        // Whose it was has ended: the directory is held by this process.
        match fs::remove_file(&path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        let listener = UnixListener::bind(&path)?;
        let open = Open {
            owner: fs::metadata(&path)?.uid(),
            listener,
            path,
        };
        fs::set_permissions(&open.path, fs::Permissions::from_mode(0o600))?;
        Ok(open)
    }

    /// Between the making of the socket and its mode somebody else may have come.
    fn is_allowed(&self, stream: &UnixStream) -> bool {
        let user = stream.peer_cred().map(|c| c.uid());
        user.is_ok_and(|user| user == self.owner || user == 0)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        // Without it the next server replaces what is left.
        let _ = fs::remove_file(&self.path);
    }
}

async fn answer(mut stream: UnixStream, store: Arc<EmbeddedStore>) {
    let mut line = String::new();
    let mut reader = tokio::io::BufReader::new(&mut stream).take(MAX_QUESTION_BYTES);
    let asked = tokio::time::timeout(QUESTION_TIMEOUT, reader.read_line(&mut line)).await;
    let question = serde_json::from_str::<Question>(&line);
    if !matches!(asked, Ok(Ok(1..))) {
        return;
    }
    // From here on in the old way: reading the engine blocks, and so does a slow reader.
    let Ok(stream) = stream.into_std() else {
        return;
    };
    tokio::task::spawn_blocking(move || {
        let served = match question {
            Ok(Question::Export { scope }) => serve_export(stream, &store, scope),
            Err(error) => reply(&stream, &refused(format!("not understood: {error}"))),
        };
        if let Err(error) = served {
            tracing::warn!(%error, "an answer on the control socket was not read to its end");
        }
    });
}

fn serve_export(stream: PlainStream, store: &EmbeddedStore, scope: Scope) -> std::io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_write_timeout(Some(WRITE_TIMEOUT))?;
    let export = match store.export(scope) {
        Ok(export) => export,
        Err(error) => return reply(&stream, &refused(error.to_string())),
    };
    let records = export.records();
    reply(&stream, &Answer::Export { records })?;
    tracing::info!("an export begins");
    match export.write(&stream, &mut |_| {}) {
        Ok(counts) => tracing::info!(?counts, "the export is done"),
        Err(error) => {
            tracing::warn!(error = %Causes(&error), "the export was given up");
            write_failure(&stream, &error)?;
        }
    }
    Ok(())
}

/// An error with what lies beneath.
struct Causes<'a>(&'a dyn std::error::Error);

impl std::fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        self.0
            .source()
            .map_or(Ok(()), |cause| write!(f, ": {cause}"))
    }
}

fn refused(reason: String) -> Answer {
    Answer::Refused { reason }
}

fn reply(mut stream: &PlainStream, answer: &Answer) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    stream.write_all(&line)
}

/// Asks the server that holds the directory for an export: what it will be read from, and about how
/// many records there are.
pub(crate) fn ask_for_export(
    data_dir: &Path,
    scope: &Scope,
) -> anyhow::Result<(impl BufRead + use<>, Option<u64>)> {
    let path = data_dir.join(NAME);
    let stream = PlainStream::connect(&path);
    let mut stream =
        stream.with_context(|| format!("it does not answer at its socket {}", path.display()))?;
    let question = Question::Export {
        scope: scope.clone(),
    };
    let mut line = serde_json::to_vec(&question)?;
    line.push(b'\n');
    stream.write_all(&line).context("it does not listen")?;
    let mut reader = BufReader::with_capacity(256 << 10, stream);
    let mut line = String::new();
    reader.read_line(&mut line).context("it does not answer")?;
    match serde_json::from_str(&line).context("it answers something else")? {
        Answer::Export { records } => Ok((reader, records)),
        Answer::Refused { reason } => anyhow::bail!("it refuses: {reason}"),
    }
}
