//! What each route needs, all in one place.
//!
//! `docs/access.md` shows the same to people, and the API document to programs; tests compare the three with
//! each other and with the router.

use std::collections::HashMap;
use std::sync::LazyLock;

use access::{Need, Players, Scope};
use axum::http::Method;

const OPEN: Need = Need {
    scope: None,
    players: Players::No,
};
const READ: Need = takes(Scope::Read, Players::No);
const READ_ALL: Need = takes(Scope::Read, Players::Yes);
const READ_OWN: Need = takes(Scope::Read, Players::Own);
const SUBMIT: Need = takes(Scope::Submit, Players::No);
const SUBMIT_OWN: Need = takes(Scope::Submit, Players::Own);
const MATCH: Need = takes(Scope::Match, Players::No);
const MATCH_OWN: Need = takes(Scope::Match, Players::Own);
const UPSTREAM: Need = takes(Scope::Upstream, Players::No);
const ADMIN: Need = takes(Scope::Admin, Players::No);

const fn takes(scope: Scope, players: Players) -> Need {
    Need {
        scope: Some(scope),
        players,
    }
}

type Route = (&'static str, &'static [(&'static str, Need)]);

/// Paths as they are routed, and for each of their methods what it needs. `HEAD` needs what `GET` does.
const NEEDS: &[Route] = &[
    ("/", &[("GET", OPEN)]),
    ("/docs", &[("GET", OPEN)]),
    ("/docs/", &[("GET", OPEN)]),
    ("/docs/{*file}", &[("GET", OPEN)]),
    ("/openapi.json", &[("GET", OPEN)]),
    ("/schema", &[("GET", OPEN)]),
    ("/healthz", &[("GET", OPEN)]),
    ("/readyz", &[("GET", OPEN)]),
    ("/metrics", &[("GET", READ)]),
    ("/v1/log", &[("GET", ADMIN), ("PUT", ADMIN)]),
    ("/leaderboard", &[("GET", READ_ALL)]),
    // All of it at once is for servers; a page does for a player.
    ("/leaderboard/all", &[("GET", READ)]),
    ("/leaderboard/{country}", &[("GET", READ_ALL)]),
    ("/score/submit", &[("POST", SUBMIT_OWN)]),
    // Making players and putting them is what a game server does when somebody new comes.
    ("/user/create", &[("POST", SUBMIT)]),
    ("/user/generate", &[("POST", ADMIN)]),
    ("/user/profile/{guid}", &[("GET", READ_ALL)]),
    ("/profile/{guid}", &[("GET", READ_ALL)]),
    ("/api/smart", &[("GET", UPSTREAM)]),
    ("/api/first", &[("GET", UPSTREAM)]),
    ("/api/all", &[("GET", UPSTREAM)]),
    ("/api/within-timeout", &[("GET", UPSTREAM)]),
    ("/v1/upstreams", &[("GET", UPSTREAM)]),
    ("/v1/upstreams/{name}", &[("GET", UPSTREAM)]),
    ("/v1/upstreams/{name}/{*path}", &[("GET", UPSTREAM)]),
    ("/v1/boards", &[("GET", READ_ALL)]),
    (
        "/v1/boards/{board}",
        &[("PUT", ADMIN), ("GET", READ_ALL), ("DELETE", ADMIN)],
    ),
    ("/v1/players:batch", &[("POST", SUBMIT)]),
    (
        "/v1/players/{player}",
        &[("PUT", SUBMIT), ("GET", READ_OWN), ("DELETE", ADMIN)],
    ),
    ("/v1/players/{player}/ratings", &[("GET", READ_OWN)]),
    ("/v1/players/{player}/matches", &[("GET", READ_OWN)]),
    ("/v1/boards/{board}/scores", &[("POST", SUBMIT_OWN)]),
    ("/v1/boards/{board}/scores:batch", &[("POST", SUBMIT)]),
    ("/v1/scores:batch", &[("POST", SUBMIT_OWN)]),
    ("/v1/boards/{board}/entries", &[("GET", READ_ALL)]),
    (
        "/v1/boards/{board}/entries/{player}",
        &[("GET", READ_ALL), ("DELETE", ADMIN)],
    ),
    (
        "/v1/boards/{board}/entries/{player}/hidden",
        &[("PUT", ADMIN), ("DELETE", ADMIN)],
    ),
    (
        "/v1/boards/{board}/entries/{player}/around",
        &[("GET", READ_ALL)],
    ),
    (
        "/v1/boards/{board}/entries:around-score",
        &[("GET", READ_ALL)],
    ),
    ("/v1/boards/{board}/entries:lookup", &[("POST", READ_ALL)]),
    ("/v1/boards/{board}/stats", &[("GET", READ_ALL)]),
    ("/v1/boards/{board}/events", &[("GET", READ_ALL)]),
    ("/v1/boards/{board}/seasons", &[("GET", READ_ALL)]),
    ("/v1/boards/{board}/seasons:rotate", &[("POST", ADMIN)]),
    ("/v1/match", &[("POST", MATCH)]),
    ("/v1/queues", &[("GET", READ)]),
    (
        "/v1/queues/{queue}",
        // What is posted there is `:simulate`.
        &[
            ("PUT", ADMIN),
            ("GET", READ),
            ("DELETE", ADMIN),
            ("POST", ADMIN),
        ],
    ),
    ("/v1/queues/{queue}/stats", &[("GET", READ)]),
    ("/v1/queues/{queue}/tickets", &[("POST", MATCH_OWN)]),
    (
        "/v1/queues/{queue}/tickets/{ticket}",
        &[("GET", MATCH_OWN), ("DELETE", MATCH_OWN)],
    ),
    (
        "/v1/queues/{queue}/tickets/{ticket}/events",
        &[("GET", MATCH_OWN)],
    ),
    ("/v1/queues/{queue}/backfills", &[("POST", MATCH)]),
    (
        "/v1/queues/{queue}/backfills/{backfill}",
        &[("GET", MATCH), ("DELETE", MATCH)],
    ),
    // What is posted there is `:accept` and `:decline`.
    (
        "/v1/matches/{match}",
        &[("GET", MATCH_OWN), ("POST", MATCH_OWN)],
    ),
    ("/v1/matches/{match}/result", &[("POST", MATCH)]),
];

/// What is routed behind a parameter in the same part of a path.
const VERBS: [&str; 3] = [":accept", ":decline", ":simulate"];

/// What a method of a path as it is routed needs; `None` where nothing is said of it.
pub(crate) fn need(route: &str, method: &Method) -> Option<Need> {
    static BY_ROUTE: LazyLock<HashMap<&str, &[(&str, Need)]>> =
        LazyLock::new(|| NEEDS.iter().copied().collect());
    let method = match method.as_str() {
        "HEAD" => "GET",
        method => method,
    };
    let methods = BY_ROUTE.get(route)?;
    let found = methods.iter().find(|(name, _)| *name == method);
    found.map(|(_, need)| *need)
}

/// The methods of a path as it is routed.
pub(crate) fn methods_of(route: &str) -> Vec<&'static str> {
    let methods = NEEDS.iter().find(|(path, _)| *path == route);
    let names = methods.into_iter().flat_map(|(_, methods)| *methods);
    let with_head = |(name, _): &(&'static str, Need)| match *name {
        "GET" => vec!["GET", "HEAD"],
        name => vec![name],
    };
    names.flat_map(with_head).collect()
}

/// What a method of a path as it is described needs.
pub(crate) fn described_need(path: &str, method: &Method) -> Option<Need> {
    let routed = VERBS.iter().find_map(|verb| path.strip_suffix(verb));
    let route = routed.filter(|path| path.ends_with('}')).unwrap_or(path);
    let plain = |routed: &str| routed.replace("{*", "{") == route;
    let (route, _) = NEEDS.iter().find(|(routed, _)| plain(routed))?;
    need(route, method)
}

#[cfg(test)]
mod tests;
