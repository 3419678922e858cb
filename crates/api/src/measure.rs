//! What is counted of requests: how many, how they ended, how long until the head of the reply, and how
//! many are under way.
//!
//! Counters are found without a lock and without a text being made: a table that only grows has each
//! route's template, and a route's counters stand by method and status. Templates come from the router, so
//! that no client can make one up.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::MatchedPath;
use axum::http::{Method, StatusCode};
use tokio::time::Instant;

use crate::metrics::{Families, Latencies};

/// What stands for the template where no route fits.
const NO_ROUTE: &str = "none";
/// Room for routes: several times as many as there are, so that one is found at the first or second look.
const SLOTS: usize = 512;
const METHODS: [&str; 10] = [
    "GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "CONNECT", "other",
];
/// Statuses that are told apart, in order: all that servers may send, and [`GONE`].
const STATUSES: [u16; 63] = [
    100, 101, 102, 103, 200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304,
    305, 307, 308, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415,
    416, 417, 418, 421, 422, 423, 424, 425, 426, 428, 429, 431, 451, GONE, 500, 501, 502, 503, 504,
    505, 506, 507, 508, 510, 511,
];
/// The client went away before it was replied to. No status of the standard, but what proxies log.
const GONE: u16 = 499;

/// All requests.
pub(crate) struct Requests {
    under_way: AtomicU64,
    routes: Box<[OnceLock<Route>]>,
    no_route: Route,
}

struct Route {
    template: Box<str>,
    by_method: [OnceLock<Box<Ends>>; METHODS.len()],
}

/// How requests of one route and method ended.
struct Ends {
    /// By status; the last is for any other.
    by_status: [AtomicU64; STATUSES.len() + 1],
    /// Of those that were replied to.
    took: Latencies,
}

/// A request that is under way. Dropped before it has been replied to, it counts as one whose client has
/// gone away.
pub(crate) struct Measured<'a> {
    requests: &'a Requests,
    ends: &'a Ends,
    since: Instant,
    replied: bool,
}

impl Requests {
    pub(crate) fn new() -> Self {
        Requests {
            under_way: AtomicU64::new(0),
            routes: (0..SLOTS).map(|_| OnceLock::new()).collect(),
            no_route: Route::new(NO_ROUTE),
        }
    }

    /// A request that came at `since`.
    pub(crate) fn begin(
        &self,
        method: &Method,
        route: Option<&MatchedPath>,
        since: Instant,
    ) -> Measured<'_> {
        self.under_way.fetch_add(1, Ordering::Relaxed);
        let route = route.map_or(&self.no_route, |route| self.route(route.as_str()));
        Measured {
            requests: self,
            ends: route.ends(method),
            since,
            replied: false,
        }
    }

    fn route(&self, template: &str) -> &Route {
        let mut hasher = DefaultHasher::new();
        template.hash(&mut hasher);
        let first = hasher.finish() as usize % SLOTS;
        let (before, after) = self.routes.split_at(first);
        let found = after.iter().chain(before).find_map(|slot| {
            let route = slot.get_or_init(|| Route::new(template));
            (*route.template == *template).then_some(route)
        });
        // There is always room, see `SLOTS`.
        found.unwrap_or(&self.no_route)
    }

    pub(crate) fn tell(&self, to: &mut Families) {
        let mut ends: Vec<_> = self.ends().collect();
        ends.sort_unstable_by_key(|(template, method, _)| (*template, *method));
        let mut requests = to.counter(
            "http_requests_total",
            "Requests by method, route and status; 499 where the client went away before the reply.",
        );
        for (route, method, ends) in &ends {
            let labels = [("method", *method), ("route", route)];
            for (status, count) in ends.by_status() {
                requests.whole(&[labels[0], labels[1], ("status", &status)], count);
            }
        }
        let mut took = to.histogram(
            "http_request_duration_seconds",
            "Time from the head of a request to the head of its reply.",
        );
        for (route, method, ends) in &ends {
            let labels = [("method", *method), ("route", route)];
            took.distribution(&labels, &ends.took.distribution());
        }
        to.gauge(
            "http_requests_in_flight",
            "Requests that have not been replied to, the one for these numbers among them.",
        )
        .whole(&[], self.under_way.load(Ordering::Relaxed));
    }

    fn ends(&self) -> impl Iterator<Item = (&str, &'static str, &Ends)> {
        let routes = self.routes.iter().filter_map(OnceLock::get);
        routes.chain([&self.no_route]).flat_map(|route| {
            let by_method = METHODS.into_iter().zip(&route.by_method);
            let used = by_method.filter_map(|(method, ends)| Some((method, ends.get()?)));
            used.map(|(method, ends)| (&*route.template, method, &**ends))
        })
    }
}

impl Route {
    fn new(template: &str) -> Self {
        Route {
            template: template.into(),
            by_method: Default::default(),
        }
    }

    fn ends(&self, method: &Method) -> &Ends {
        let known = METHODS.iter().position(|name| *name == method.as_str());
        // One that is spelt `other` too.
        let ends = &self.by_method[known.unwrap_or(METHODS.len() - 1)];
        ends.get_or_init(|| {
            Box::new(Ends {
                by_status: [const { AtomicU64::new(0) }; STATUSES.len() + 1],
                took: Latencies::default(),
            })
        })
    }
}

impl Ends {
    fn count(&self, status: u16) {
        let at = STATUSES.binary_search(&status);
        self.by_status[at.unwrap_or(STATUSES.len())].fetch_add(1, Ordering::Relaxed);
    }

    /// Those that occurred.
    fn by_status(&self) -> impl Iterator<Item = (String, u64)> {
        let counts = self.by_status.iter().map(|n| n.load(Ordering::Relaxed));
        let counts = counts.enumerate().filter(|(_, count)| *count > 0);
        counts.map(|(at, count)| {
            let status = STATUSES.get(at).map(u16::to_string);
            (status.unwrap_or_else(|| "other".to_owned()), count)
        })
    }
}

impl Measured<'_> {
    /// The reply is on its way.
    pub(crate) fn replied(mut self, status: StatusCode) {
        self.replied = true;
        self.ends.took.record(self.since.elapsed());
        self.ends.count(status.as_u16());
    }
}

impl Drop for Measured<'_> {
    fn drop(&mut self) {
        if !self.replied {
            self.ends.count(GONE);
        }
        self.requests.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
