//! Verbs behind a name in a path, such as `/v1/matches/{match}:accept`.
//!
//! To the router name and verb are one parameter, so it takes for allowed at either what is allowed at one of
//! the two. Which methods there are at such a path is said here.

use axum::http::header::ALLOW;
use axum::http::{HeaderValue, Method};

use crate::problem::{Code, Problem};

/// What can have a verb behind its name.
struct Named {
    under: &'static str,
    /// What may be posted.
    verbs: &'static [&'static str],
    /// The methods without a verb.
    methods: &'static str,
}

const NAMED: [Named; 2] = [
    Named {
        under: "/v1/matches/",
        verbs: &["accept", "decline"],
        methods: "GET,HEAD",
    },
    Named {
        under: "/v1/queues/",
        verbs: &["simulate"],
        methods: "DELETE,GET,HEAD,PUT",
    },
];

/// What can have a verb behind its name, where a path is of such, and whether it has one.
fn named(path: &str) -> Option<(&'static Named, bool)> {
    NAMED.iter().find_map(|named| {
        let name = path.strip_prefix(named.under)?;
        let verb = name.rsplit_once(':').map(|(_, verb)| verb);
        let has_verb = verb.is_some_and(|verb| named.verbs.contains(&verb));
        (!name.contains('/')).then_some((named, has_verb))
    })
}

/// Whether a path ends with a verb, so that it is not that of what stands before it.
pub(crate) fn is_verb(path: &str) -> bool {
    named(path).is_some_and(|(_, has_verb)| has_verb)
}

/// The methods at a path about which the router cannot know; `None` for all others.
pub(crate) fn methods_at(path: &str) -> Option<&'static str> {
    let (named, has_verb) = named(path)?;
    Some(if has_verb { "POST" } else { named.methods })
}

/// A method that does not work at this path. Where no `allow` header is added here the router adds it.
pub(crate) fn not_allowed(method: &Method, path: &str) -> Problem {
    let detail = format!("{method} does not work here; see the allow header");
    let problem = Problem::new(Code::MethodNotAllowed, detail);
    match methods_at(path) {
        Some(methods) => problem.with_header((ALLOW, HeaderValue::from_static(methods))),
        None => problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_those_of_the_verb_or_of_the_name() {
        for (path, methods) in [
            ("/v1/matches/x:accept", Some("POST")),
            ("/v1/matches/x:simulate", Some("GET,HEAD")),
            ("/v1/matches/x", Some("GET,HEAD")),
            ("/v1/matches/x/result", None),
            ("/v1/queues/q:simulate", Some("POST")),
            ("/v1/queues/q", Some("DELETE,GET,HEAD,PUT")),
            ("/v1/queues/q/tickets", None),
            ("/v1/queues", None),
        ] {
            assert_eq!(methods_at(path), methods, "{path}");
            assert_eq!(is_verb(path), methods == Some("POST"), "{path}");
        }
    }
}
