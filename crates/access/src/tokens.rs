//! The tokens that are accepted, while the keys for them may change: in a file, which is looked at, or at a
//! URL, which somebody else fetches.
//!
//! A token with a key that is not known has the keys fetched again, since its issuer may have a new one; the
//! request waits for that. Whoever sends made-up tokens must not make us a nuisance to the issuer: each time
//! nothing new has come that way, the next time may be twice as much later.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use boards::PlayerId;
use jsonwebtoken::Algorithm;
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout};

use crate::seen::{News, Seen};
use crate::signatures;
use crate::token::{TokenFault, TokenRules};
use crate::token_keys::TokenKeys;
use crate::watched::Watched;

/// Between two fetches that tokens have asked for, at first and at the most.
const PAUSE: Duration = Duration::from_secs(1);
const MAX_PAUSE: Duration = Duration::from_secs(60);
/// How long a request waits for keys to be fetched.
const PATIENCE: Duration = Duration::from_secs(2);

/// Tokens that are accepted.
pub struct Tokens {
    rules: TokenRules,
    source: Source,
    keys: ArcSwapOption<TokenKeys>,
}

enum Source {
    Jwks(Watched),
    Secret(Watched),
    Fetched(Fetched),
}

/// What is known of fetches.
struct Fetched {
    wanted: Notify,
    /// How many have ended.
    rounds: watch::Sender<u64>,
    state: Mutex<FetchState>,
}

struct FetchState {
    /// Before that, tokens cannot ask for one.
    not_before: Instant,
    pause: Duration,
    seen: Seen,
}

impl Tokens {
    /// Tokens signed with a key of a set in this file.
    ///
    /// # Errors
    /// Why the file is of no use, in words.
    pub fn by_jwks_file(rules: TokenRules, path: &Path) -> Result<Self, String> {
        let parse = |content: &[u8]| TokenKeys::of_jwks(content, &rules.algorithms);
        let (file, keys) = Watched::open(path, "set of keys for tokens", parse)?;
        let keys = keys.ok_or("there is no such file")?;
        Ok(Tokens::new(rules, Source::Jwks(file), Some(keys)))
    }

    /// Tokens signed with the secret in this file.
    ///
    /// # Errors
    /// Why the file is of no use, in words.
    pub fn by_secret_file(rules: TokenRules, path: &Path) -> Result<Self, String> {
        let (file, keys) = Watched::open(path, "secret for tokens", TokenKeys::of_secret)?;
        let keys = keys.ok_or("there is no such file")?;
        Ok(Tokens::new(rules, Source::Secret(file), Some(keys)))
    }

    /// Tokens signed with a key of a set that is fetched; until it is there none can be judged.
    pub fn by_fetched_jwks(rules: TokenRules) -> Self {
        let fetched = Fetched {
            wanted: Notify::new(),
            rounds: watch::Sender::new(0),
            state: Mutex::new(FetchState {
                not_before: Instant::now(),
                pause: PAUSE,
                seen: Seen::default(),
            }),
        };
        Tokens::new(rules, Source::Fetched(fetched), None)
    }

    fn new(rules: TokenRules, source: Source, keys: Option<TokenKeys>) -> Self {
        signatures::install();
        Tokens {
            rules,
            source,
            keys: ArcSwapOption::from(keys.map(Arc::new)),
        }
    }

    /// The player of a token. May wait for keys to be fetched, two seconds at the most.
    ///
    /// # Errors
    /// [`TokenFault`]; `None` while there are no keys as yet, so that no token can be judged.
    pub async fn player(&self, token: &str, now_ms: i64) -> Result<PlayerId, Option<TokenFault>> {
        match self.judge(token, now_ms) {
            Err(None | Some(TokenFault::UnknownKey)) => {
                self.fresh_keys().await;
                self.judge(token, now_ms)
            }
            judged => judged,
        }
    }

    fn judge(&self, token: &str, now_ms: i64) -> Result<PlayerId, Option<TokenFault>> {
        let keys = self.keys.load();
        let keys = keys.as_ref().ok_or(None)?;
        self.rules.player(token, keys, now_ms).map_err(Some)
    }

    /// Has keys fetched, unless they just were.
    async fn fresh_keys(&self) {
        let Source::Fetched(fetched) = &self.source else {
            return;
        };
        // Before it is asked whether to wait: what ends in between is not missed.
        let mut rounds = fetched.rounds.subscribe();
        if fetched.may_ask() {
            fetched.wanted.notify_one();
            // Late or not, what there is then decides.
            let _ = timeout(PATIENCE, rounds.changed()).await;
        }
    }

    /// Looks whether the file has changed, and takes up what it says. Reads the disk.
    pub fn look(&self) {
        let algorithms = &self.rules.algorithms;
        let keys = match &self.source {
            Source::Jwks(file) => file.look(|content| TokenKeys::of_jwks(content, algorithms)),
            Source::Secret(file) => file.look(TokenKeys::of_secret),
            Source::Fetched(_) => None,
        };
        if let Some(keys) = keys {
            self.keys.store(Some(Arc::new(keys)));
        }
    }

    /// Waits until a token asks for keys to be fetched; for ever where they are not.
    pub async fn wanted(&self) {
        let Source::Fetched(fetched) = &self.source else {
            return std::future::pending().await;
        };
        loop {
            fetched.wanted.notified().await;
            // The one before may have ended just now.
            if fetched.may_ask() {
                return;
            }
        }
    }

    /// Takes up what was fetched, or notes why nothing was: then the keys stay what they were. `asked`: whether
    /// it was because a token asked ([`Tokens::wanted`]), and not because it was time. Whether all is well.
    pub fn fetched(&self, content: Result<Vec<u8>, String>, asked: bool) -> bool {
        let Source::Fetched(fetched) = &self.source else {
            return false;
        };
        let parse = |content: &[u8]| TokenKeys::of_jwks(content, &self.rules.algorithms);
        let mut state = fetched.state.lock();
        let new = told(state.seen.take(content, parse));
        let well = state.seen.is_well();
        state.pause_after(new.is_some(), asked);
        if let Some(keys) = new {
            self.keys.store(Some(Arc::new(keys)));
        }
        drop(state);
        fetched.rounds.send_modify(|rounds| *rounds += 1);
        well
    }
}

impl Fetched {
    fn may_ask(&self) -> bool {
        Instant::now() >= self.state.lock().not_before
    }
}

impl FetchState {
    /// Only what a token has asked for in vain makes the next one wait longer.
    fn pause_after(&mut self, new: bool, asked: bool) {
        let now = Instant::now();
        if new {
            self.pause = PAUSE;
            self.not_before = now + PAUSE;
        } else if asked {
            self.pause = (2 * self.pause).min(MAX_PAUSE);
            self.not_before = now + self.pause;
        } else {
            self.not_before = self.not_before.max(now + PAUSE);
        }
    }
}

/// Tells the log what is new of the keys that are fetched; the new ones.
fn told(news: Option<News<TokenKeys>>) -> Option<TokenKeys> {
    let keys = match news? {
        News::Fault(reason) => {
            tracing::error!(
                reason,
                "the keys for tokens cannot be fetched; those before stay in force"
            );
            return None;
        }
        News::Changed(keys) => Some(keys),
        News::WellAgain => None,
    };
    tracing::info!("the keys for tokens were fetched");
    keys
}

/// The algorithm of this name: EdDSA, RS256 or HS256.
pub fn algorithm(name: &str) -> Option<Algorithm> {
    match name {
        "EdDSA" => Some(Algorithm::EdDSA),
        "RS256" => Some(Algorithm::RS256),
        "HS256" => Some(Algorithm::HS256),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
