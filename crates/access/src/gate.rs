//! From what a request carries to who it is from.

use crate::caller::Caller;
use crate::key::PREFIX;
use crate::keyring::{KeyFault, Keyring};
use crate::token::TokenFault;
use crate::tokens::Tokens;

/// What callers are known by.
pub struct Access {
    keys: Option<Keyring>,
    tokens: Option<Tokens>,
}

/// Why nobody can be told from what a request carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is no key that would be good.
    #[error(transparent)]
    Key(#[from] KeyFault),
    /// It is no token that would be good.
    #[error(transparent)]
    Token(#[from] TokenFault),
    /// Neither is it a key, nor are there tokens.
    #[error("this is no key of this server, and players' tokens are not accepted here")]
    NoTokens,
    /// Tokens cannot be judged, since their keys could not be fetched as yet.
    #[error("players' tokens cannot be checked at present")]
    NoTokenKeys,
}

impl Access {
    /// For everybody, always.
    pub fn open() -> Self {
        Access {
            keys: None,
            tokens: None,
        }
    }

    /// By keys and by tokens, where there are some.
    pub fn by(keys: Option<Keyring>, tokens: Option<Tokens>) -> Self {
        Access { keys, tokens }
    }

    /// Whether everybody may do everything: there is neither a key nor are there tokens.
    pub fn is_open(&self) -> bool {
        self.tokens.is_none() && !self.keys.as_ref().is_some_and(Keyring::is_closed)
    }

    /// How many keys are good at this time.
    pub fn valid_keys(&self, now_ms: i64) -> usize {
        self.keys.as_ref().map_or(0, |keys| keys.valid(now_ms))
    }

    /// The tokens that are accepted, if any are.
    pub fn tokens(&self) -> Option<&Tokens> {
        self.tokens.as_ref()
    }

    /// Who has sent this as a bearer's credential.
    ///
    /// # Errors
    /// [`Refusal`] where it is good for nothing.
    pub async fn caller(&self, credential: &str, now_ms: i64) -> Result<Caller, Refusal> {
        if credential.starts_with(PREFIX) {
            let keys = self.keys.as_ref().ok_or(KeyFault::Unknown)?;
            return Ok(Caller::Key(keys.key(credential, now_ms)?));
        }
        let tokens = self.tokens.as_ref().ok_or(Refusal::NoTokens)?;
        match tokens.player(credential, now_ms).await {
            Ok(player) => Ok(Caller::Player(player)),
            Err(Some(fault)) => Err(fault.into()),
            Err(None) => Err(Refusal::NoTokenKeys),
        }
    }

    /// Looks whether files have changed, and takes up what they say. Reads the disk.
    pub fn look(&self) {
        self.keys.iter().for_each(Keyring::look);
        self.tokens.iter().for_each(Tokens::look);
    }
}
