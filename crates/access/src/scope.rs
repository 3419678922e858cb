//! What a key is good for: a handful of scopes, small enough to be a set of bits.

use std::fmt;
use std::str::FromStr;

/// One kind of thing that a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Read boards, players, queues and figures.
    Read,
    /// Submit scores, and make the players they are for.
    Submit,
    /// Tickets, matches, results and backfills.
    Match,
    /// Call upstreams.
    Upstream,
    /// Everything, what the others allow included.
    Admin,
}

impl Scope {
    /// All of them.
    pub const ALL: [Scope; 5] = [
        Scope::Read,
        Scope::Submit,
        Scope::Match,
        Scope::Upstream,
        Scope::Admin,
    ];

    /// Its name in settings, files and replies.
    pub const fn as_str(self) -> &'static str {
        match self {
            Scope::Read => "read",
            Scope::Submit => "submit",
            Scope::Match => "match",
            Scope::Upstream => "upstream",
            Scope::Admin => "admin",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let scope = Scope::ALL.into_iter().find(|scope| scope.as_str() == text);
        scope.ok_or("expected read, submit, match, upstream or admin")
    }
}

/// A set of scopes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// Whether a key with these may do what takes `scope`: `admin` may do everything.
    pub const fn allow(self, scope: Scope) -> bool {
        self.0 & (bit(scope) | bit(Scope::Admin)) != 0
    }

    /// Whether there are none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those that were given, in the order of [`Scope::ALL`]; not what `admin` implies.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        let given = move |scope: &Scope| self.0 & bit(*scope) != 0;
        Scope::ALL.into_iter().filter(given)
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Scopes(scopes.into_iter().fold(0, |bits, scope| bits | bit(scope)))
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.iter().map(Scope::as_str).collect();
        f.pad(&names.join(", "))
    }
}

const fn bit(scope: Scope) -> u8 {
    1 << scope as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_allows_what_is_in_it_and_admin_everything() {
        let some: Scopes = [Scope::Submit, Scope::Read].into_iter().collect();
        let allowed = |scopes: Scopes| Scope::ALL.map(|scope| scopes.allow(scope));
        assert_eq!(allowed(some), [true, true, false, false, false]);
        assert_eq!(allowed(Scopes::default()), [false; 5]);
        assert_eq!(allowed([Scope::Admin].into_iter().collect()), [true; 5]);
        assert_eq!(some.to_string(), "read, submit");
    }

    #[test]
    fn names_are_read_exactly() {
        for scope in Scope::ALL {
            assert_eq!(scope.as_str().parse(), Ok(scope));
        }
        for bad in ["", "Read", "all", "read ", "*"] {
            assert!(bad.parse::<Scope>().is_err(), "{bad}");
        }
    }
}
