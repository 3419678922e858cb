//! What a caller may say: a path below the upstream's URL, a query, some headers.

use http::header::CONNECTION;
use http::uri::{PathAndQuery, Uri};
use http::{HeaderMap, HeaderName};

/// The trace that a request belongs to (W3C Trace Context): passed on always, so that it does not end here.
const TRACE: [HeaderName; 2] = [
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("tracestate"),
];

/// A path or query that cannot be passed on.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadPath(&'static str);

/// What is asked of an upstream.
#[derive(Clone, Debug, Default)]
pub struct CallRequest {
    /// Below the upstream's URL, without a slash before it; still percent-encoded.
    path: String,
    query: String,
    /// As the caller sent them.
    headers: HeaderMap,
}

impl CallRequest {
    /// A request for `path` below the upstream's URL, both as they were sent, percent-encoding
    /// included. An empty path asks for the URL itself.
    ///
    /// # Errors
    /// [`BadPath`] where the path has `.` or `..` segments, in whatever spelling, and so might lead
    /// out of the URL, or has characters that no path has.
    pub fn new(path: &str, query: &str, headers: HeaderMap) -> Result<Self, BadPath> {
        if path.split(['/', '\\']).any(is_dots) {
            return Err(BadPath("must not have . or .. segments"));
        }
        let whole = format!("/{path}?{query}");
        let parsed = whole.parse::<PathAndQuery>();
        // What is parsed must be what was given: a `#` would cut it short.
        if !parsed.is_ok_and(|p| p.as_str() == whole) || path.contains('?') {
            return Err(BadPath("has characters that a path cannot have"));
        }
        Ok(CallRequest {
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
        })
    }

    /// Where an upstream with this URL is asked. Scheme, host and port are the upstream's, always.
    pub(crate) fn uri(&self, base: &Uri) -> Option<Uri> {
        let mut target = base.path().to_owned();
        if !self.path.is_empty() {
            target.truncate(target.trim_end_matches('/').len());
            target = format!("{target}/{}", self.path);
        }
        let queries = [base.query().unwrap_or_default(), &self.query];
        let queries: Vec<&str> = queries.into_iter().filter(|q| !q.is_empty()).collect();
        if !queries.is_empty() {
            target = format!("{target}?{}", queries.join("&"));
        }
        let mut parts = base.clone().into_parts();
        parts.path_and_query = Some(target.parse().ok()?);
        Uri::from_parts(parts).ok()
    }

    /// Those of its headers that are passed on: not what the caller names as its connection's own
    /// (RFC 9110, 7.6.1).
    pub(crate) fn forwarded(&self, names: &[HeaderName]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let connection = self.headers.get_all(CONNECTION).iter();
        let connection: Vec<&str> = connection.filter_map(|v| v.to_str().ok()).collect();
        let of_connection = |name: &&HeaderName| {
            let mut options = connection.iter().flat_map(|v| v.split(','));
            options.any(|option| option.trim().eq_ignore_ascii_case(name.as_str()))
        };
        for name in names.iter().chain(&TRACE).filter(|n| !of_connection(n)) {
            if headers.contains_key(name) {
                continue;
            }
            for value in self.headers.get_all(name) {
                headers.append(name.clone(), value.clone());
            }
        }
        headers
    }

    /// Tells apart what must not share an answer: another path, another query, another header that
    /// is passed on, other credentials, whether they are passed on or not.
    pub(crate) fn identity(&self, forwarded: &[HeaderName]) -> String {
        const CREDENTIALS: [&str; 3] = ["authorization", "cookie", "proxy-authorization"];
        let names = forwarded.iter().map(HeaderName::as_str).chain(CREDENTIALS);
        let headers: Vec<_> = names
            .map(|name| (name, self.headers.get_all(name).iter().collect::<Vec<_>>()))
            .map(|(name, values)| format!("{name}: {}", bytes(&values)))
            .collect();
        format!("{}\n{}\n{}", self.path, self.query, headers.join("\n"))
    }
}

/// Header values as text in which no value can look like two.
fn bytes(values: &[&http::HeaderValue]) -> String {
    let texts = values.iter().map(|v| format!("{:?}", v.as_bytes()));
    texts.collect::<Vec<_>>().join(",")
}

/// Whether a segment stands for this or the parent directory once it is decoded.
fn is_dots(segment: &str) -> bool {
    let decoded = segment.to_ascii_lowercase().replace("%2e", ".");
    let mut inner = decoded.replace("%2f", "/").replace("%5c", "/");
    inner.push('/');
    inner.split('/').any(|part| part == "." || part == "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(base: &str, path: &str, query: &str) -> Result<String, BadPath> {
        let request = CallRequest::new(path, query, HeaderMap::new())?;
        Ok(request.uri(&base.parse().unwrap()).unwrap().to_string())
    }

    #[test]
    fn paths_and_queries_are_appended() {
        let base = "http://up:9000/api/work";
        assert_eq!(uri(base, "", "").unwrap(), base);
        assert_eq!(uri(base, "a/b%20c", "").unwrap(), format!("{base}/a/b%20c"));
        assert_eq!(
            uri(base, "", "x=1&y=%2F").unwrap(),
            format!("{base}?x=1&y=%2F")
        );
        assert_eq!(
            uri("http://up/?k=v", "a", "x=1").unwrap(),
            "http://up/a?k=v&x=1"
        );
        assert_eq!(uri("http://up", "", "").unwrap(), "http://up/");
    }

    #[test]
    fn nothing_chooses_a_host_or_leaves_the_url() {
        for path in [
            "..",
            "../x",
            "a/../../x",
            "%2e%2E/x",
            ".%2e",
            ".",
            "a/./b",
            "..%2fx",
            "a%5c..",
            "..\\x",
        ] {
            assert!(uri("http://up/api", path, "").is_err(), "{path}");
        }
        for path in [
            "/evil.example/",
            "@evil.example",
            "http://evil.example/",
            ":80",
        ] {
            let found = uri("http://up:1/api", path, "").unwrap();
            assert!(found.starts_with("http://up:1/api/"), "{path}: {found}");
        }
        for (path, query) in [
            ("a#b", ""),
            ("a b", ""),
            ("a?b", ""),
            ("", "a#b"),
            ("", "a b"),
            ("a\r\nx", ""),
        ] {
            assert!(uri("http://up", path, query).is_err(), "{path:?} {query:?}");
        }
        assert!(uri("http://up", "...", "").is_ok());
    }

    #[test]
    fn the_trace_is_passed_on_once_beside_what_is_named() {
        let mut headers = HeaderMap::new();
        for name in ["traceparent", "x-tenant", "x-other"] {
            headers.insert(HeaderName::from_static(name), "1".parse().unwrap());
        }
        let request = CallRequest::new("a", "", headers).unwrap();
        let named = ["x-tenant", "traceparent"].map(HeaderName::from_static);
        let forwarded = request.forwarded(&named);
        let mut names: Vec<_> = forwarded.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["traceparent", "x-tenant"]);
    }

    #[test]
    fn other_credentials_are_another_identity() {
        let with = |name: &str, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
            CallRequest::new("a", "b", headers)
                .unwrap()
                .identity(&[http::header::ACCEPT_LANGUAGE])
        };
        let plain = with("x-other", "1");
        assert_eq!(plain, with("x-other", "2"));
        for (name, value) in [
            ("authorization", "a"),
            ("cookie", "a"),
            ("accept-language", "tr"),
        ] {
            assert_ne!(plain, with(name, value));
        }
        assert_ne!(with("authorization", "a"), with("authorization", "b"));
    }
}
