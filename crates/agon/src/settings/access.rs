//! The section `[access]`: where the keys are, and which players' tokens are accepted.

use std::path::{Path, PathBuf};
use std::time::Duration;

use access::{Access, Algorithm, Keyring, TokenRules, Tokens, algorithm};
use axum::http::Uri;
use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize};

use super::Store;
use super::upstreams::{Fault, Url, refuse};
use crate::units::Span;

/// The file of keys in the data directory.
const KEYS_FILE: &str = "keys.toml";
const MAX_LEEWAY: Duration = Duration::from_secs(300);
const MIN_REFRESH: Duration = Duration::from_secs(1);

/// Who may do what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AccessSection {
    /// Empty: `keys.toml` in the data directory, where it may be missing; none where there is no such directory.
    pub(crate) keys_file: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tokens: Option<TokensSection>,
}

/// Players' tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TokensSection {
    pub(crate) issuer: String,
    pub(crate) audience: String,
    pub(crate) algorithms: Names,
    pub(crate) leeway: Span,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) jwks_file: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) jwks_url: Option<String>,
    pub(crate) jwks_refresh: Span,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hs256_secret_file: Option<PathBuf>,
}

impl Default for TokensSection {
    fn default() -> Self {
        TokensSection {
            issuer: String::new(),
            audience: String::new(),
            algorithms: Names(Vec::new()),
            leeway: Span(Duration::from_secs(60)),
            jwks_file: None,
            jwks_url: None,
            jwks_refresh: Span(Duration::from_secs(600)),
            hs256_secret_file: None,
        }
    }
}

/// Names as a list or, as a variable can say it, with commas between.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Names(pub(crate) Vec<String>);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            List(Vec<String>),
            Text(String),
        }
        let names = match Form::deserialize(deserializer) {
            Ok(Form::List(names)) => names,
            Ok(Form::Text(text)) => text.split(',').map(|n| n.trim().to_owned()).collect(),
            Err(_) => return Err(D::Error::custom("expected a list of names")),
        };
        Ok(Names(names))
    }
}

/// Where the keys for tokens come from.
enum KeySource<'a> {
    JwksFile(&'a Path),
    JwksUrl(Uri),
    Secret(&'a Path),
}

/// Keys for tokens that have to be fetched.
#[derive(Clone, Debug)]
pub(crate) struct JwksUrl {
    pub(crate) url: Uri,
    pub(crate) refresh: Duration,
}

impl AccessSection {
    /// The file of keys. `None` where none is named and there is no directory of data that it could be in: keys are
    /// needed before there is a store.
    pub(crate) fn keys_path(&self, store: &Store) -> Option<PathBuf> {
        match (self.is_default_file(), store.is_embedded()) {
            (false, _) => Some(self.keys_file.clone()),
            (true, true) => Some(store.data_dir.join(KEYS_FILE)),
            (true, false) => None,
        }
    }

    fn is_default_file(&self) -> bool {
        self.keys_file.as_os_str().is_empty()
    }

    /// Checks what can be checked without looking at files.
    pub(crate) fn check(&self) -> Result<(), Fault> {
        match &self.tokens {
            Some(tokens) => tokens.source().and(tokens.rules()).map(drop),
            None => Ok(()),
        }
    }

    /// What callers are known by, as the files say now. Reads them.
    pub(crate) fn open(&self, store: &Store) -> Result<Access, Fault> {
        let open = |path: PathBuf| {
            // Who names a file has keys in mind: without it, access must not be open.
            let keys = Keyring::open(&path, !self.is_default_file());
            keys.map_err(|e| ("keys_file", path.display().to_string(), e))
        };
        let keys = self.keys_path(store).map(open).transpose()?;
        let tokens = self.tokens.as_ref().map(TokensSection::open).transpose()?;
        Ok(Access::by(keys, tokens))
    }

    /// What has to be fetched, if anything.
    pub(crate) fn jwks_url(&self) -> Option<JwksUrl> {
        let tokens = self.tokens.as_ref()?;
        match tokens.source().ok()? {
            KeySource::JwksUrl(url) => Some(JwksUrl {
                url,
                refresh: tokens.jwks_refresh.0,
            }),
            _ => None,
        }
    }
}

impl TokensSection {
    fn open(&self) -> Result<Tokens, Fault> {
        let rules = self.rules()?;
        let fault = |key, path: &Path| {
            let path = path.display().to_string();
            move |reason| (key, path, reason)
        };
        match self.source()? {
            KeySource::JwksFile(path) => {
                Tokens::by_jwks_file(rules, path).map_err(fault("tokens.jwks_file", path))
            }
            KeySource::Secret(path) => {
                Tokens::by_secret_file(rules, path).map_err(fault("tokens.hs256_secret_file", path))
            }
            KeySource::JwksUrl(_) => Ok(Tokens::by_fetched_jwks(rules)),
        }
    }

    fn rules(&self) -> Result<TokenRules, Fault> {
        if self.issuer.is_empty() {
            return refuse(
                "tokens.issuer",
                "",
                "expected who issues the tokens, their iss",
            );
        }
        if self.audience.is_empty() {
            return refuse(
                "tokens.audience",
                "",
                "expected whom they are for, their aud",
            );
        }
        if self.leeway.0 > MAX_LEEWAY {
            let leeway = humantime::format_duration(self.leeway.0);
            return refuse("tokens.leeway", leeway, "expected at most 5m");
        }
        Ok(TokenRules {
            issuer: self.issuer.clone(),
            audience: self.audience.clone(),
            algorithms: self.algorithms()?,
            leeway_ms: self.leeway.0.as_millis() as i64,
        })
    }

    /// Those that are accepted; for a secret none but its own, and the other way round.
    fn algorithms(&self) -> Result<Vec<Algorithm>, Fault> {
        let named = self.algorithms.0.iter().map(|name| algorithm(name));
        let named: Option<Vec<Algorithm>> = named.collect();
        let shown = self.algorithms.0.join(", ");
        let refused = |reason| refuse("tokens.algorithms", &shown, reason);
        match named {
            Some(named) if !named.is_empty() => {
                let secret = self.hs256_secret_file.is_some();
                let fits = |a: &Algorithm| (*a == Algorithm::HS256) == secret;
                if named.iter().all(fits) {
                    return Ok(named);
                }
                refused(
                    "expected HS256 with hs256_secret_file, EdDSA and RS256 with jwks_file or jwks_url",
                )
            }
            _ => refused("expected some of EdDSA, RS256 and HS256"),
        }
    }

    fn source(&self) -> Result<KeySource<'_>, Fault> {
        if self.jwks_refresh.0 < MIN_REFRESH {
            let refresh = humantime::format_duration(self.jwks_refresh.0);
            return refuse("tokens.jwks_refresh", refresh, "expected at least 1s");
        }
        match (&self.jwks_file, &self.jwks_url, &self.hs256_secret_file) {
            (Some(path), None, None) => Ok(KeySource::JwksFile(path)),
            (None, Some(url), None) => jwks_url(url).map(KeySource::JwksUrl),
            (None, None, Some(path)) => Ok(KeySource::Secret(path)),
            (file, url, secret) => {
                let given = [file.is_some(), url.is_some(), secret.is_some()];
                let given = given.into_iter().filter(|given| *given).count();
                let reason = "expected one of jwks_file, jwks_url and hs256_secret_file";
                refuse("tokens", given, reason)
            }
        }
    }
}

/// A URL from which nobody on the way could give us keys of their own.
fn jwks_url(text: &str) -> Result<Uri, Fault> {
    let url = text.parse::<Url>().map(|Url(uri)| uri).ok();
    let safe = url.filter(|url| url.scheme_str() == Some("https") || is_loopback(url));
    let reason = "expected an https URL, or an http one of this machine, without a user";
    safe.map_or_else(|| refuse("tokens.jwks_url", text, reason), Ok)
}

fn is_loopback(url: &Uri) -> bool {
    let host = url.host().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|a| a.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_not_fetched_where_somebody_could_give_us_others() {
        for good in [
            "https://id.example/jwks.json",
            "http://127.0.0.1:81/",
            "http://[::1]:81/keys",
            "http://localhost/",
        ] {
            assert_eq!(jwks_url(good).unwrap().to_string(), good);
        }
        for bad in [
            "http://id.example/",
            "http://10.0.0.1/",
            "http://localhost.example/",
            "https://user:pass@id.example/",
            "ftp://localhost/",
            "/jwks.json",
        ] {
            assert!(jwks_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_may_be_a_list_or_a_text() {
        let names = |text: &str| toml::from_str::<TokensSection>(text).unwrap().algorithms.0;
        let both = ["EdDSA", "RS256"];
        assert_eq!(names("algorithms = [\"EdDSA\", \"RS256\"]"), both);
        assert_eq!(names("algorithms = \"EdDSA, RS256\""), both);
        assert!(toml::from_str::<TokensSection>("algorithms = 7").is_err());
    }
}
