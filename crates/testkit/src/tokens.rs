//! Players' tokens as an issuer signs them, and the keys to check them with as it publishes them.
//!
//! Put together by hand, so that a test can say what no library would: two algorithms at odds, no signature.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use ring::{hmac, rand::SecureRandom};
use serde_json::{Value, json};

/// A private key that anybody can read, since making one takes a second: it must protect nothing.
const RSA: &[u8] = include_bytes!("tokens/rsa.pk8");

/// A key that tokens are signed with.
pub enum Signer {
    /// EdDSA on Ed25519.
    Ed25519(Ed25519KeyPair),
    /// RS256.
    Rsa(Box<RsaKeyPair>),
    /// HS256.
    Secret(Vec<u8>),
}

impl Signer {
    /// A new one for EdDSA.
    pub fn ed25519() -> Self {
        let mut seed = [0; 32];
        SystemRandom::new().fill(&mut seed).unwrap();
        Signer::Ed25519(Ed25519KeyPair::from_seed_unchecked(&seed).unwrap())
    }

    /// The one there is for RS256.
    pub fn rsa() -> Self {
        Signer::Rsa(Box::new(RsaKeyPair::from_pkcs8(RSA).unwrap()))
    }

    /// One for HS256.
    pub fn secret(secret: &[u8]) -> Self {
        Signer::Secret(secret.to_owned())
    }

    /// The name of its algorithm.
    pub fn algorithm(&self) -> &'static str {
        match self {
            Signer::Ed25519(_) => "EdDSA",
            Signer::Rsa(_) => "RS256",
            Signer::Secret(_) => "HS256",
        }
    }

    /// Its public key as one of a set, under this id; panics for a secret, which has none.
    pub fn jwk(&self, kid: &str) -> Value {
        match self {
            Signer::Ed25519(pair) => json!({
                "kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": kid,
                "x": base64(pair.public_key().as_ref()),
            }),
            Signer::Rsa(_) => {
                let (n, e) = self.rsa_components();
                json!({"kty": "RSA", "alg": "RS256", "kid": kid, "n": base64(&n), "e": base64(&e)})
            }
            Signer::Secret(_) => panic!("a secret has no public key"),
        }
    }

    /// Modulus and exponent of an RSA key.
    pub fn rsa_components(&self) -> (Vec<u8>, Vec<u8>) {
        let Signer::Rsa(pair) = self else {
            panic!("no RSA key");
        };
        let key: PublicKeyComponents<Vec<u8>> = pair.public().into();
        (key.n, key.e)
    }

    /// A token of these claims, naming this key.
    pub fn token(&self, kid: Option<&str>, claims: &Value) -> String {
        let mut header = json!({"alg": self.algorithm(), "typ": "JWT"});
        if let Some(kid) = kid {
            header["kid"] = json!(kid);
        }
        self.token_with(&header, claims)
    }

    /// A token with any header.
    pub fn token_with(&self, header: &Value, claims: &Value) -> String {
        let message = unsigned(header, claims);
        let signature = base64(&self.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Signer::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Signer::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                let random = SystemRandom::new();
                let signed = pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature);
                signed.unwrap();
                signature
            }
            Signer::Secret(secret) => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
                hmac::sign(&key, message).as_ref().to_vec()
            }
        }
    }
}

/// Header and claims of a token, without a signature.
pub fn unsigned(header: &Value, claims: &Value) -> String {
    let [header, claims] = [header, claims].map(|part| base64(part.to_string().as_bytes()));
    format!("{header}.{claims}")
}

/// A set of public keys.
pub fn jwks(keys: &[Value]) -> Vec<u8> {
    json!({"keys": keys}).to_string().into_bytes()
}

fn base64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
