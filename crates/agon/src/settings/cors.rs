//! `[cors]`: which web pages of other origins may send requests.

use api::Cors;
use hyper::Uri;
use hyper::header::HeaderValue;
use serde::{Deserialize, Serialize};

use crate::units::Span;

/// Nobody by default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct CorsSection {
    pub(crate) allowed_origins: Vec<String>,
    pub(crate) max_age: Span,
}

impl Default for CorsSection {
    fn default() -> Self {
        CorsSection {
            allowed_origins: Vec::new(),
            max_age: Span(std::time::Duration::from_secs(3600)),
        }
    }
}

impl CorsSection {
    /// Who may ask; `None` where it is nobody. Or the origin that is none, and why.
    pub(crate) fn cors(&self) -> Result<Option<Cors>, (String, &'static str)> {
        let everybody = self.allowed_origins.iter().any(|origin| origin == "*");
        let origins = match &*self.allowed_origins {
            [] => return Ok(None),
            [_] if everybody => None,
            _ if everybody => return Err(("*".to_owned(), "expected * alone, or origins")),
            origins => Some(
                origins
                    .iter()
                    .map(|o| origin(o))
                    .collect::<Result<_, _>>()?,
            ),
        };
        let max_age = self.max_age.0;
        Ok(Some(Cors { origins, max_age }))
    }
}

/// An origin as browsers write it, since it is compared with what they send.
fn origin(text: &str) -> Result<HeaderValue, (String, &'static str)> {
    let refuse = |reason| (text.to_owned(), reason);
    let reason = "expected an origin such as https://game.example, without a path";
    let uri: Uri = text.parse().map_err(|_| refuse(reason))?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(refuse(reason));
    };
    if text != format!("{scheme}://{authority}") || text.contains(['@', '*']) {
        return Err(refuse(reason));
    }
    if text.contains(|c: char| c.is_ascii_uppercase()) {
        return Err(refuse("expected lower case, as browsers send it"));
    }
    if let ("https", Some(443)) | ("http", Some(80)) = (scheme, uri.port_u16()) {
        return Err(refuse(
            "expected no port where it is the usual one, as browsers send it",
        ));
    }
    HeaderValue::try_from(text).map_err(|_| refuse(reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cors(origins: &[&str]) -> Result<Option<Cors>, (String, &'static str)> {
        let section = CorsSection {
            allowed_origins: origins.iter().map(|&o| o.to_owned()).collect(),
            ..CorsSection::default()
        };
        section.cors()
    }

    #[test]
    fn origins_are_taken_as_browsers_write_them() {
        assert!(cors(&[]).unwrap().is_none());
        assert!(cors(&["*"]).unwrap().unwrap().origins.is_none());
        let origins = [
            "https://game.example",
            "http://localhost:3000",
            "app://game",
        ];
        let taken = cors(&origins).unwrap().unwrap().origins.unwrap();
        assert_eq!(taken, origins);
    }

    #[test]
    fn what_no_browser_writes_is_refused() {
        for origin in [
            "",
            "game.example",
            "https://game.example/",
            "https://game.example/page",
            "https://Game.example",
            "HTTPS://game.example",
            "https://game.example:443",
            "http://game.example:80",
            "https://user@game.example",
            "https://*.game.example",
            "null",
            "/",
        ] {
            let (value, reason) = cors(&[origin]).expect_err(origin);
            assert_eq!(value, origin);
            assert!(reason.starts_with("expected"), "{reason}");
        }
        assert!(cors(&["*", "https://game.example"]).is_err());
    }
}
