//! Who a request is from, and whether that is enough for what it asks.

use std::sync::Arc;

use boards::PlayerId;

use crate::key::Key;
use crate::scope::Scope;

/// Who a request is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Nobody has said: access is open, or the request needs no key.
    Anonymous,
    /// Whoever has this key.
    Key(Arc<Key>),
    /// A player, by a token.
    Player(PlayerId),
}

impl Caller {
    /// The player that the request is from, where a token says so.
    pub fn player(&self) -> Option<PlayerId> {
        match self {
            Caller::Player(player) => Some(*player),
            Caller::Anonymous | Caller::Key(_) => None,
        }
    }

    /// Whether the caller may do what has this need. What a player may do for itself alone is for whoever
    /// knows the request to judge.
    pub fn may(&self, need: Need) -> bool {
        let Some(scope) = need.scope else { return true };
        match self {
            Caller::Anonymous => false,
            Caller::Key(key) => key.scopes.allow(scope),
            Caller::Player(_) => need.players != Players::No,
        }
    }
}

/// What it takes to do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    /// The scope of a key; none where everybody may.
    pub scope: Option<Scope>,
    /// Whether a player's token does as well.
    pub players: Players,
}

/// Whether players may do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Players {
    /// No: it takes a key.
    No,
    /// Yes, like a key with the scope.
    Yes,
    /// Each for itself alone.
    Own,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{NewKey, Secret};

    #[test]
    fn a_need_is_met_by_its_scope_or_by_a_player_where_players_may() {
        let need = |scope, players| Need { scope, players };
        let submit = need(Some(Scope::Submit), Players::No);
        let key = |scope| {
            let new = NewKey {
                name: "a".to_owned(),
                scopes: [scope].into_iter().collect(),
                expires_ms: None,
            };
            Caller::Key(Arc::new(new.with(&Secret::of([0; 36]), 0)))
        };
        assert!(key(Scope::Submit).may(submit) && key(Scope::Admin).may(submit));
        assert!(!key(Scope::Read).may(submit) && !Caller::Anonymous.may(submit));
        let player = Caller::Player(PlayerId::from_bytes([1; 16]));
        assert!(!player.may(submit));
        for players in [Players::Yes, Players::Own] {
            assert!(player.may(need(Some(Scope::Read), players)));
        }
        for caller in [Caller::Anonymous, player, key(Scope::Read)] {
            assert!(caller.may(need(None, Players::No)));
        }
    }
}
