//! One server and the links to it, which take turns.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use redis::{Pipeline, Value};
use tokio::sync::Mutex;
use tokio::time::timeout_at;

use super::connector::Connector;
use super::link::{Broken, Link};
use crate::address::Host;
use crate::numbers::{Counted, count};

/// One server. Links are opened when they are first needed, and again when they have ended.
pub(super) struct Node {
    pub(super) host: Host,
    connector: Arc<Connector>,
    counted: Arc<Counted>,
    places: Vec<Mutex<Place>>,
    next: AtomicUsize,
}

#[derive(Default)]
struct Place {
    link: Option<Arc<Link>>,
    /// When the last attempt to open it ended, and why.
    failed: Option<(Instant, String)>,
}

impl Node {
    /// With so many links; none is open yet.
    pub(super) fn new(
        host: Host,
        connector: Arc<Connector>,
        links: usize,
        counted: Arc<Counted>,
    ) -> Self {
        Node {
            host,
            connector,
            counted,
            places: (0..links).map(|_| Mutex::default()).collect(),
            next: AtomicUsize::new(0),
        }
    }

    /// Sends commands as one, on one link, and waits for their replies for up to `limit`; a link by the deadline.
    pub(super) async fn exchange(
        &self,
        pipeline: &Pipeline,
        deadline: Instant,
        limit: Duration,
    ) -> Result<Vec<Value>, Broken> {
        let link = self.link(deadline).await?;
        let of_host = |reason: String| format!("{}: {reason}", self.host);
        match link.exchange(pipeline, limit).await {
            Err(Broken::NotSent(reason)) => Err(Broken::NotSent(of_host(reason))),
            Err(Broken::Lost(reason)) => Err(Broken::Lost(of_host(reason))),
            replies => replies,
        }
    }

    async fn link(&self, deadline: Instant) -> Result<Arc<Link>, Broken> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % self.places.len();
        match timeout_at(deadline.into(), self.link_of(turn)).await {
            Ok(link) => link.map_err(Broken::NotSent),
            Err(_) => Err(Broken::NoTime(format!(
                "no connection to {} in time",
                self.host
            ))),
        }
    }

    /// Who waited while another's attempt failed shares its failure, so that a crowd that waits for a dead server
    /// takes the time of one attempt and not of as many as it has heads.
    async fn link_of(&self, turn: usize) -> Result<Arc<Link>, String> {
        let asked = Instant::now();
        let mut place = self.places[turn].lock().await;
        if let Some(link) = place.link.as_ref().filter(|l| l.is_usable()) {
            return Ok(Arc::clone(link));
        }
        if let Some((at, reason)) = &place.failed
            && *at > asked
        {
            return Err(reason.clone());
        }
        place.link = None;
        match Link::open(&self.connector, &self.host).await {
            Ok(link) => {
                count(&self.counted.opened);
                Ok(Arc::clone(place.link.insert(Arc::new(link))))
            }
            Err(reason) => {
                count(&self.counted.not_opened);
                place.failed = Some((Instant::now(), reason.clone()));
                Err(reason)
            }
        }
    }

    /// Opens links anew for what comes: behind the name may be another server by now.
    pub(super) async fn reset(&self) {
        for place in &self.places {
            if let Ok(mut place) = place.try_lock() {
                place.link = None;
            }
        }
    }
}
