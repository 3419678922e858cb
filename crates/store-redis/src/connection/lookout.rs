//! Finds out which server has which slot.
//!
//! All servers that are known are asked at once, and the first is believed that says that the cluster is well: one
//! that is cut off from the others says that it is not, once it has noticed. If it has not, its calls fail, and
//! the next look finds another. Of many who want to know at the same time one looks, and all have its result.

use std::sync::Arc;
use std::time::Instant;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use redis::{Pipeline, Value};
use tokio::time::timeout_at;

use super::shared::Shared;
use super::topology::{Ranges, ranges};
use crate::address::Host;

/// Why nobody could say.
pub(super) enum Blind {
    /// The one that answered is not of a cluster.
    NotACluster(Host),
    /// Nobody answered, or those who did say that the cluster is not well; the last reason.
    NoAnswer(String),
}

impl Shared {
    /// Looks for who has which slots, unless somebody has in the meantime. A server that is alone has all of them.
    pub(super) async fn look(&self, deadline: Instant) -> Result<(), Blind> {
        if !self.options.address.cluster {
            return Ok(());
        }
        let asked = Instant::now();
        let late = |_| Blind::NoAnswer("no server told the slots in time".to_owned());
        let looking = async {
            let mut last = self.looking.lock().await;
            if last.is_some_and(|end| end > asked) {
                return Ok(());
            }
            let found = self.ask_everybody(deadline).await;
            *last = Some(Instant::now());
            found
        };
        timeout_at(deadline.into(), looking).await.map_err(late)?
    }

    async fn ask_everybody(&self, deadline: Instant) -> Result<(), Blind> {
        let before = self.topology.load_full();
        let mut hosts = [&before.everybody[..], &self.options.address.hosts].concat();
        hosts.sort();
        hosts.dedup();
        let asking = hosts.iter().map(|host| self.ask(host, deadline));
        let mut answers: FuturesUnordered<_> = asking.collect();
        let mut blind = Blind::NoAnswer("no server is known".to_owned());
        while let Some(answer) = answers.next().await {
            match answer {
                Ok(ranges) => {
                    let next = before.followed_by(ranges, |host| self.node(host));
                    self.forget_strangers(&next);
                    self.topology.store(Arc::new(next));
                    return Ok(());
                }
                Err(why) => blind = why,
            }
        }
        Err(blind)
    }

    async fn ask(&self, host: &Host, deadline: Instant) -> Result<Ranges, Blind> {
        let mut pipeline = Pipeline::new();
        pipeline.cmd("CLUSTER").arg("INFO");
        pipeline.cmd("CLUSTER").arg("SLOTS");
        let limit = self.options.response_timeout;
        let node = self.node(host);
        let exchanged = node.exchange(&pipeline, deadline, limit).await;
        let replies = exchanged.map_err(|broken| Blind::NoAnswer(broken.reason()))?;
        match &replies[..] {
            [Value::BulkString(info), slots] if is_well(info) => ranges(slots, host)
                .filter(|ranges| !ranges.is_empty())
                .ok_or_else(|| Blind::NoAnswer(format!("{host} does not tell the slots"))),
            [Value::BulkString(_), _] => {
                let reason = format!("{host} says that the cluster is down (CLUSTERDOWN)");
                Err(Blind::NoAnswer(reason))
            }
            [Value::ServerError(error), ..] if is_alone(error) => {
                Err(Blind::NotACluster(host.clone()))
            }
            [Value::ServerError(error), ..] => Err(Blind::NoAnswer(format!("{host}: {error}"))),
            _ => Err(Blind::NoAnswer(format!("{host} answers oddly"))),
        }
    }
}

fn is_well(info: &[u8]) -> bool {
    let mut lines = info.split(|b| *b == b'\n');
    lines.any(|line| line.trim_ascii() == b"cluster_state:ok")
}

/// `ERR This instance has cluster support disabled`.
fn is_alone(error: &redis::ServerError) -> bool {
    let details = error.details().unwrap_or_default();
    details.contains("cluster support disabled")
}
