//! A player's token (JWT, RFC 7519): whether it is good, and whose it is.
//!
//! Signature, issuer and audience are checked by the crate for it; the times here, since the time is an
//! argument. Absent on purpose: a memory of tokens that were good. One would have to be forgotten when its key
//! is.

use boards::PlayerId;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;

use crate::token_keys::TokenKeys;

/// A larger one is not looked at.
const MAX_BYTES: usize = 8 * 1024;

/// What tokens are accepted.
#[derive(Clone, Debug)]
pub struct TokenRules {
    /// Who has to have issued them.
    pub issuer: String,
    /// Whom they have to be meant for.
    pub audience: String,
    /// How they may be signed.
    pub algorithms: Vec<Algorithm>,
    /// How far clocks may be apart, in milliseconds.
    pub leeway_ms: i64,
}

/// What is wrong with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// It cannot be read.
    #[error("the token cannot be read")]
    Malformed,
    /// It has more than 8 KiB.
    #[error("the token is too long; it may have 8192 bytes")]
    TooLong,
    /// It is signed in a way that is not accepted, or not at all.
    #[error("the token is signed in a way that is not accepted here")]
    Algorithm,
    /// The key that it names is not there.
    #[error("the token is signed with a key that is not known here")]
    UnknownKey,
    /// Its signature is wrong.
    #[error("the token's signature is wrong")]
    Signature,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// Its time has not come.
    #[error("the token is not valid yet")]
    NotYet,
    /// It is somebody else's, or nobody's.
    #[error("the token is of another issuer")]
    Issuer,
    /// It is meant for somebody else.
    #[error("the token is for another audience")]
    Audience,
    /// It has no end.
    #[error("the token does not say when it expires: exp is missing")]
    NoExpiry,
    /// It is not a player's.
    #[error("the token's sub is no player's id; that is a UUID")]
    Subject,
    /// It wants something of whoever checks it that is not done here.
    #[error("the token has a critical extension that is not known here")]
    Critical,
}

#[derive(Deserialize)]
struct Claims {
    sub: Option<String>,
    exp: Option<f64>,
    nbf: Option<f64>,
}

impl TokenRules {
    /// The player of a token.
    ///
    /// # Errors
    /// [`TokenFault`]: the first thing that is wrong.
    pub fn player(
        &self,
        token: &str,
        keys: &TokenKeys,
        now_ms: i64,
    ) -> Result<PlayerId, TokenFault> {
        if token.len() > MAX_BYTES {
            return Err(TokenFault::TooLong);
        }
        let header = decode_header(token).map_err(|e| fault(e.kind()))?;
        if header.crit.is_some() {
            return Err(TokenFault::Critical);
        }
        if !self.algorithms.contains(&header.alg) {
            return Err(TokenFault::Algorithm);
        }
        let key = keys.find(header.alg, header.kid.as_deref());
        let key = key.ok_or(TokenFault::UnknownKey)?;
        let claims = self.claims(token, header.alg, key)?;
        self.check_times(&claims, now_ms)?;
        let player = claims.sub.and_then(|sub| PlayerId::parse(&sub).ok());
        player.ok_or(TokenFault::Subject)
    }

    fn claims(
        &self,
        token: &str,
        algorithm: Algorithm,
        key: &DecodingKey,
    ) -> Result<Claims, TokenFault> {
        let mut rules = Validation::new(algorithm);
        rules.set_issuer(&[&self.issuer]);
        rules.set_audience(&[&self.audience]);
        rules.set_required_spec_claims(&["iss", "aud"]);
        // It would ask the system for the time.
        rules.validate_exp = false;
        let token = decode::<Claims>(token, key, &rules);
        token.map(|t| t.claims).map_err(|e| fault(e.kind()))
    }

    fn check_times(&self, claims: &Claims, now_ms: i64) -> Result<(), TokenFault> {
        let now_s = now_ms as f64 / 1000.0;
        let leeway_s = self.leeway_ms as f64 / 1000.0;
        let end_s = claims.exp.ok_or(TokenFault::NoExpiry)?;
        if now_s >= end_s + leeway_s {
            return Err(TokenFault::Expired);
        }
        match claims.nbf {
            Some(begin_s) if now_s + leeway_s < begin_s => Err(TokenFault::NotYet),
            _ => Ok(()),
        }
    }
}

fn fault(error: &ErrorKind) -> TokenFault {
    match error {
        ErrorKind::InvalidSignature => TokenFault::Signature,
        ErrorKind::InvalidIssuer => TokenFault::Issuer,
        ErrorKind::InvalidAudience => TokenFault::Audience,
        ErrorKind::MissingRequiredClaim(name) if name == "iss" => TokenFault::Issuer,
        ErrorKind::MissingRequiredClaim(name) if name == "aud" => TokenFault::Audience,
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName => TokenFault::Algorithm,
        _ => TokenFault::Malformed,
    }
}

#[cfg(test)]
mod tests;
