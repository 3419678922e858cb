//! The scripts that the store runs, each of one or several files.

use crate::reads::ReadScripts;
use crate::script::Script;

const ORDER: &str = include_str!("lua/order.lua");
const LOCKS: &str = include_str!("lua/locks.lua");

/// All of them.
pub(crate) struct Scripts {
    pub(crate) commit: Script,
    pub(crate) resolve: Script,
    pub(crate) count: Script,
    pub(crate) age: Script,
    pub(crate) make: Script,
    pub(crate) submit: Script,
    pub(crate) build: Script,
    pub(crate) tidy: Script,
    pub(crate) lease: Script,
    pub(crate) mirror: Script,
    pub(crate) ticket: Script,
    pub(crate) ended: Script,
    pub(crate) load: Script,
    pub(crate) migration: Script,
    /// Those of [`crate::reads`].
    pub(crate) reads: ReadScripts,
}

impl Scripts {
    pub(crate) fn new() -> Self {
        Scripts {
            commit: Script::writing(&[ORDER, LOCKS, include_str!("lua/commit.lua")]),
            resolve: Script::writing(&[include_str!("lua/resolve.lua")]),
            count: Script::reading(&[ORDER, include_str!("lua/count.lua")]),
            age: Script::reading(&[include_str!("lua/age.lua")]),
            make: Script::writing(&[include_str!("lua/make.lua")]),
            submit: Script::writing(&[ORDER, LOCKS, include_str!("lua/submit.lua")]),
            build: Script::writing(&[ORDER, include_str!("lua/build.lua")]),
            tidy: Script::writing(&[include_str!("lua/tidy.lua")]),
            lease: Script::writing(&[include_str!("lua/lease.lua")]),
            mirror: Script::writing(&[include_str!("lua/mirror.lua")]),
            ticket: Script::reading(&[include_str!("lua/ticket.lua")]),
            ended: Script::writing(&[include_str!("lua/ended.lua")]),
            load: Script::writing(&[include_str!("lua/load.lua")]),
            migration: Script::writing(&[include_str!("lua/migration.lua")]),
            reads: ReadScripts::new(),
        }
    }
}
