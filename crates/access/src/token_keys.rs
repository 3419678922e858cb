//! The keys that players' tokens are signed with: a set of public ones (JWKS, RFC 7517), or one secret.
//!
//! Each key is for one algorithm, by its kind, and is never used for another. That closes the old hole in
//! which a public key is taken for a shared secret.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;

/// As many as the digest has: fewer would be the weakest part.
const MIN_SECRET_BYTES: usize = 32;
const MIN_RSA_BYTES: usize = 256;

/// Keys for checking tokens.
#[derive(Debug, Default)]
pub struct TokenKeys(Vec<TokenKey>);

#[derive(Debug)]
struct TokenKey {
    id: Option<String>,
    algorithm: Algorithm,
    key: DecodingKey,
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<serde_json::Value>,
}

impl TokenKeys {
    /// Reads a set of public keys. Those of other kinds and for other ends are left out.
    ///
    /// # Errors
    /// Why it is of no use, in words: it is no such set, or has no key for one of the `algorithms`.
    pub fn of_jwks(content: &[u8], algorithms: &[Algorithm]) -> Result<Self, String> {
        let set: Set = serde_json::from_slice(content)
            .map_err(|e| format!("it is no JSON Web Key Set: line {}", e.line()))?;
        let keys = set.keys.into_iter().filter_map(key);
        let keys: Vec<TokenKey> = keys
            .filter(|key| algorithms.contains(&key.algorithm))
            .collect();
        if keys.is_empty() {
            return Err("it has no key for the algorithms that are accepted".to_owned());
        }
        Ok(TokenKeys(keys))
    }

    /// Takes a secret for HS256; a line end behind it is not part of it.
    ///
    /// # Errors
    /// That it is too short, in words.
    pub fn of_secret(content: &[u8]) -> Result<Self, String> {
        let secret = content.strip_suffix(b"\n").unwrap_or(content);
        let secret = secret.strip_suffix(b"\r").unwrap_or(secret);
        if secret.len() < MIN_SECRET_BYTES {
            return Err(format!("it has {} bytes; 32 are the least", secret.len()));
        }
        Ok(TokenKeys(vec![TokenKey {
            id: None,
            algorithm: Algorithm::HS256,
            key: DecodingKey::from_secret(secret),
        }]))
    }

    /// The key for a token: the one that it names; else the only one that may be meant, where one of the two
    /// has no name.
    pub(crate) fn find(&self, algorithm: Algorithm, id: Option<&str>) -> Option<&DecodingKey> {
        let fit = || self.0.iter().filter(|key| key.algorithm == algorithm);
        let named = fit().find(|key| id.is_some() && key.id.as_deref() == id);
        let only = || {
            let mut meant = fit().filter(|key| key.id.is_none() || id.is_none());
            meant.next().filter(|_| meant.next().is_none())
        };
        named.or_else(only).map(|key| &key.key)
    }
}

/// A key that can be used; `None` for others.
fn key(value: serde_json::Value) -> Option<TokenKey> {
    let key: Jwk = serde_json::from_value(value).ok()?;
    let common = &key.common;
    let signs = matches!(common.public_key_use, None | Some(PublicKeyUse::Signature));
    let algorithm = match (&key.algorithm, common.key_algorithm) {
        (AlgorithmParameters::OctetKeyPair(pair), None | Some(KeyAlgorithm::EdDSA))
            if pair.curve == EllipticCurve::Ed25519 =>
        {
            Algorithm::EdDSA
        }
        (AlgorithmParameters::RSA(_), None | Some(KeyAlgorithm::RS256)) => Algorithm::RS256,
        _ => return None,
    };
    let decoding = DecodingKey::from_jwk(&key).ok()?;
    (signs && is_long_enough(&decoding)).then(|| TokenKey {
        id: common.key_id.clone(),
        algorithm,
        key: decoding,
    })
}

fn is_long_enough(key: &DecodingKey) -> bool {
    match key.kind() {
        jsonwebtoken::DecodingKeyKind::RsaModulusExponent { n, .. } => n.len() >= MIN_RSA_BYTES,
        jsonwebtoken::DecodingKeyKind::SecretOrDer(key) => key.len() == 32,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use testkit::tokens::{Signer, jwks};

    use super::*;

    const BOTH: [Algorithm; 2] = [Algorithm::EdDSA, Algorithm::RS256];

    #[test]
    fn keys_for_other_ends_are_left_out() {
        let good = Signer::ed25519();
        let mut encrypts = Signer::ed25519().jwk("encrypts");
        encrypts["use"] = json!("enc");
        let mut longer = Signer::rsa().jwk("longer");
        longer["alg"] = json!("RS512");
        let mut short = Signer::rsa().jwk("short");
        short["n"] = json!("AQAB");
        let others = [
            json!({"kty": "EC", "crv": "P-256", "x": "AQ", "y": "AQ", "kid": "ec"}),
            json!({"kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0", "kid": "oct"}),
            json!({"kty": "OKP", "crv": "Ed448", "x": "AQ", "kid": "448"}),
            json!({"kty": "new"}),
            json!(7),
            encrypts,
            longer,
            short,
        ];
        let unusable = TokenKeys::of_jwks(&jwks(&others), &BOTH);
        assert!(unusable.unwrap_err().contains("no key"));
        let all = [&others[..], &[good.jwk("good")]].concat();
        let keys = TokenKeys::of_jwks(&jwks(&all), &BOTH).unwrap();
        assert_eq!(keys.0.len(), 1);
        assert!(keys.find(Algorithm::EdDSA, Some("good")).is_some());
        assert!(keys.find(Algorithm::EdDSA, Some("encrypts")).is_none());
    }

    #[test]
    fn a_key_is_found_in_any_order_or_not_at_all() {
        let signers = [Signer::ed25519(), Signer::ed25519(), Signer::ed25519()];
        let [named, nameless, other] = signers.each_ref().map(|signer| signer.jwk("a"));
        let [nameless, other] = [nameless, other].map(|mut jwk| {
            jwk.as_object_mut().unwrap().remove("kid");
            jwk
        });
        let bytes = |key: &DecodingKey| match key.kind() {
            jsonwebtoken::DecodingKeyKind::SecretOrDer(bytes) => bytes.clone(),
            kind => panic!("{kind:?}"),
        };
        let found = |set: &[serde_json::Value], id: Option<&str>| {
            let keys = TokenKeys::of_jwks(&jwks(set), &BOTH).unwrap();
            keys.find(Algorithm::EdDSA, id).map(bytes)
        };
        let alone = |jwk: &serde_json::Value| {
            let keys = TokenKeys::of_jwks(&jwks(std::slice::from_ref(jwk)), &BOTH);
            Some(bytes(&keys.unwrap().0[0].key))
        };
        for set in [
            [named.clone(), nameless.clone()],
            [nameless.clone(), named.clone()],
        ] {
            assert_eq!(found(&set, Some("a")), alone(&named));
            assert_eq!(found(&set, Some("b")), alone(&nameless));
            assert_eq!(found(&set, None), None);
        }
        let alike = [nameless.clone(), other];
        assert_eq!(found(&alike, None), None);
        assert_eq!(found(&alike, Some("a")), None);
        assert_eq!(found(std::slice::from_ref(&named), None), alone(&named));
    }

    #[test]
    fn what_is_no_set_is_refused() {
        for bad in ["", "{}", "[]", "{\"keys\": 7}", "<html>"] {
            let refused = TokenKeys::of_jwks(bad.as_bytes(), &BOTH);
            assert!(refused.unwrap_err().contains("Key Set"), "{bad}");
        }
    }

    #[test]
    fn a_secret_has_32_bytes_without_the_line_end() {
        let secret = |text: &str| TokenKeys::of_secret(text.as_bytes());
        assert!(secret(&"x".repeat(32)).is_ok());
        assert!(secret(&format!("{}\r\n", "x".repeat(32))).is_ok());
        let short = secret(&format!("{}\n", "x".repeat(31)));
        assert!(short.unwrap_err().contains("31 bytes"));
    }
}
