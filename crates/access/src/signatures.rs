//! The arithmetic of signatures for the crate of tokens: that of `ring`, which is here for TLS already.
//!
//! The crate brings two of its own to choose from. One is a second large library of the same kind as ring,
//! written in C; the other stands on an RSA implementation with a known weakness (RUSTSEC-2023-0071). So
//! what it asks for is passed on to ring: three ways to check a signature. Absent on purpose: making any.

use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind, new_error};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};
use ring::{hmac, signature as arithmetic};
use signature::Verifier;

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(new_error(ErrorKind::UnsupportedAlgorithm)),
    verifier_factory: checker,
    key_utils: KeyUtils::new_unimplemented(),
};

/// Has the crate of tokens use ring from now on, in all of the process.
pub(crate) fn install() {
    // The second time it is there already.
    let _ = PROVIDER.install_default();
}

fn checker(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>, Error> {
    let fits = key.family() == algorithm.family();
    match algorithm {
        Algorithm::EdDSA | Algorithm::RS256 | Algorithm::HS256 if fits => Ok(Box::new(Checker {
            algorithm: *algorithm,
            key: key.clone(),
        })),
        _ => Err(new_error(ErrorKind::InvalidAlgorithm)),
    }
}

struct Checker {
    algorithm: Algorithm,
    key: DecodingKey,
}

impl JwtVerifier for Checker {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl Verifier<Vec<u8>> for Checker {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        let checked = match (self.algorithm, self.key.kind()) {
            (Algorithm::EdDSA, DecodingKeyKind::SecretOrDer(key)) => {
                let key = arithmetic::UnparsedPublicKey::new(&arithmetic::ED25519, key);
                key.verify(message, signature)
            }
            (Algorithm::RS256, DecodingKeyKind::RsaModulusExponent { n, e }) => {
                let key = arithmetic::RsaPublicKeyComponents { n, e };
                key.verify(&arithmetic::RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
            (Algorithm::HS256, DecodingKeyKind::SecretOrDer(secret)) => {
                // Compares in constant time.
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
                hmac::verify(&key, message, signature)
            }
            _ => return Err(signature::Error::new()),
        };
        checked.map_err(|_| signature::Error::new())
    }
}
