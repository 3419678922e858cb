//! How much of a store is exported.

use std::collections::BTreeSet;

use boards::BoardId;
use serde::{Deserialize, Serialize};

/// What is exported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "ScopeText", into = "ScopeText")]
pub enum Scope {
    /// All boards, players and queues.
    Store,
    /// These boards, and the players that have entries or are hidden there.
    Boards(BTreeSet<BoardId>),
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(untagged)]
enum ScopeText {
    Word(StoreWord),
    Names(BTreeSet<BoardId>),
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum StoreWord {
    Store,
}

impl From<ScopeText> for Scope {
    fn from(text: ScopeText) -> Self {
        match text {
            ScopeText::Word(StoreWord::Store) => Scope::Store,
            ScopeText::Names(names) => Scope::Boards(names),
        }
    }
}

impl From<Scope> for ScopeText {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Store => ScopeText::Word(StoreWord::Store),
            Scope::Boards(names) => ScopeText::Names(names),
        }
    }
}
