//! How the writer gets at the engine: it opens one, commits to it, and reads it to tidy it up. These are functions
//! that it is given, so that tests can have them fail where a disk would; a store that serves has the engine's own.

use std::path::Path;

use crate::chores::Chores;
use crate::engine::{Engine, EngineError, Write};
use crate::stage::Staged;
use crate::state::State;

type Open = dyn FnMut(&Path, u64) -> Result<Engine, EngineError> + Send;
type Commit = dyn FnMut(&mut Engine, &[Write]) -> Result<(), EngineError> + Send;

type Tidy =
    dyn FnMut(&mut Chores, &State, &Engine, i64) -> Result<Option<Staged>, EngineError> + Send;

pub(crate) struct Access {
    /// As [`Engine::open`], for an engine that was closed after a failed commit.
    pub(crate) open: Box<Open>,
    /// As [`Engine::commit`].
    pub(crate) commit: Box<Commit>,
    /// As [`Chores::next`].
    pub(crate) tidy: Box<Tidy>,
}

impl Access {
    /// The engine as it is.
    pub(crate) fn direct() -> Self {
        Access {
            open: Box::new(Engine::open),
            commit: Box::new(Engine::commit),
            tidy: Box::new(Chores::next),
        }
    }
}
