//! A connected Redis: one server or a cluster, through failures, without ever doing a thing twice.
//!
//! **What is sent again.** A change whose reply was lost may have been made, so it is never sent a second time: the
//! caller learns that it is unknown, and makes it safe to repeat by what its script keeps (idempotency keys).
//! What certainly was not done is sent again for as long as patience lasts: nothing was sent yet (no connection),
//! or the server says so (`MOVED`, `ASK`, `TRYAGAIN`, `CLUSTERDOWN`, `LOADING`, `MASTERDOWN`, `BUSY`, `NOSCRIPT`,
//! and `READONLY` after a look for the new master). Readings are sent again after anything.
//!
//! **Why not the client crate's cluster client.** It has one number of retries for all: with it at zero no redirect
//! is followed, with more a change is sent again after a connection broke or a reply was late. Its connection
//! manager does not say whether a command had been sent. So what is taken from the crate is what it does well,
//! the protocol and connections that many use at once; which server has which slot (`topology`, `lookout`) and what
//! follows from an answer (`verdict`, `call`, `rounds`) is here.
//!
//! **Waiting is bounded.** Connecting, replies and patience have limits; the longest that a call can take is
//! patience and one reply. A server that does not answer makes the first calls unknown; those that follow find
//! no connection, so they are certainly not done.
//!
//! Absent on purpose: reading from replicas (a player would not find the score that was just acknowledged),
//! transactions (a script is one), Sentinel (the proxies and service names of those who run it do as well).

mod call;
mod connector;
mod health;
mod hearing;
mod link;
mod lookout;
mod node;
mod replicas;
mod rounds;
mod shared;
mod subscription;
mod topology;
mod verdict;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use redis::{Arg, Cmd, Pipeline, Value};
use tokio::time::sleep;

pub(crate) use self::hearing::Hearing;
pub(crate) use self::subscription::{Event, Subscription};

use self::call::Call;
use self::lookout::Blind;
use self::node::Node;
use self::shared::Shared;
use crate::checks::{Facts, SETTINGS};
use crate::failure::{ConnectError, RedisFailure};
use crate::numbers::Counted;
use crate::options::Options;
use crate::script::Script;
use crate::slots::slot;

/// Between two attempts to reach it at the start.
const START_PAUSE: Duration = Duration::from_millis(200);

/// A connected Redis. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Redis {
    shared: Arc<Shared>,
}

impl Redis {
    /// Connects, waiting for up to the patience for a server that is just starting, and checks what the servers are
    /// (version, eviction, durability; contradictions are logged). Has to be called within a runtime, which keeps
    /// two tasks of it until the last clone is dropped.
    pub(crate) async fn connect(options: &Options) -> Result<Redis, ConnectError> {
        let shared = Arc::new(Shared::new(options)?);
        let deadline = Instant::now() + options.patience;
        loop {
            match start(&shared, deadline).await {
                Err(ConnectError::Unreachable { .. })
                    if Instant::now() + START_PAUSE < deadline =>
                {
                    sleep(START_PAUSE).await;
                }
                Err(error) => return Err(error),
                Ok(()) => break,
            }
        }
        shared.health.begin();
        tokio::spawn(health::watch(Arc::downgrade(&shared)));
        Ok(Redis { shared })
    }

    /// How it is used.
    #[cfg(test)]
    pub(crate) fn options(&self) -> &Options {
        &self.shared.options
    }

    /// Runs a script that changes something, on the server that has `key`: its one key. One round trip.
    pub(crate) async fn script(
        &self,
        script: &Script,
        key: &[u8],
        arguments: &[&[u8]],
    ) -> Result<Value, RedisFailure> {
        self.one(Call::script(script, key, arguments, false)).await
    }

    /// Runs a script that changes nothing. A lost reply is asked for again.
    pub(crate) async fn read_script(
        &self,
        script: &Script,
        key: &[u8],
        arguments: &[&[u8]],
    ) -> Result<Value, RedisFailure> {
        self.one(Call::script(script, key, arguments, true)).await
    }

    /// Runs a script that changes something, for many keys with their arguments: all at once, as few round trips
    /// to each server as there can be. The answers are in the order of the calls; each call succeeds or fails for
    /// itself.
    pub(crate) async fn scripts(
        &self,
        script: &Script,
        calls: Vec<(Vec<u8>, Vec<Vec<u8>>)>,
    ) -> Vec<Result<Value, RedisFailure>> {
        self.many_scripts(script, calls, false).await
    }

    /// As [`Redis::scripts`], with one that changes nothing.
    pub(crate) async fn read_scripts(
        &self,
        script: &Script,
        calls: Vec<(Vec<u8>, Vec<Vec<u8>>)>,
    ) -> Vec<Result<Value, RedisFailure>> {
        self.many_scripts(script, calls, true).await
    }

    /// Commands that read and whose first argument is the key, sent as one to each server. The answers are in the
    /// order of the commands; the first failure is that of all.
    pub(crate) async fn read(&self, commands: Vec<Cmd>) -> Result<Vec<Value>, RedisFailure> {
        let calls = commands.into_iter().map(|command| {
            let slot = key(&command).map(slot).unwrap_or_default();
            Call::reading(slot, command)
        });
        self.shared.run(calls.collect()).await.into_iter().collect()
    }

    /// As [`Redis::read`], for commands whose key is elsewhere or that belong to a key's server without naming it.
    pub(crate) async fn read_at(
        &self,
        commands: Vec<(Vec<u8>, Cmd)>,
    ) -> Result<Vec<Value>, RedisFailure> {
        let calls = commands.into_iter();
        let calls = calls.map(|(key, command)| Call::reading(slot(&key), command));
        self.shared.run(calls.collect()).await.into_iter().collect()
    }

    /// A command that reads and that each master answers for itself.
    pub(crate) async fn read_each(&self, command: &Cmd) -> Result<Vec<Value>, RedisFailure> {
        let mut pipeline = Pipeline::new();
        pipeline.add_command(command.clone());
        let options = &self.shared.options;
        let mut answers = Vec::new();
        for node in &self.shared.topology.load_full().masters {
            let deadline = Instant::now() + options.patience;
            let answer = node
                .exchange(&pipeline, deadline, options.response_timeout)
                .await;
            match answer {
                Ok(replies) => answers.extend(replies),
                Err(broken) => {
                    let reason = broken.reason();
                    return Err(RedisFailure::NotDone { reason });
                }
            }
        }
        Ok(answers)
    }

    /// Messages of a channel, from all servers alike.
    pub(crate) fn subscribe(&self, channel: Vec<u8>) -> Subscription {
        self.subscribe_with(channel, Arc::default())
    }

    /// The same; `hearing` says at each moment whether any may be missed.
    pub(crate) fn subscribe_with(&self, channel: Vec<u8>, hearing: Arc<Hearing>) -> Subscription {
        subscription::subscribe(&self.shared, channel, hearing)
    }

    /// Sends messages to all who have subscribed to a channel. It is tried for as long as patience lasts, so that
    /// one may come twice.
    pub(crate) async fn publish(
        &self,
        channel: &[u8],
        messages: Vec<Vec<u8>>,
    ) -> Result<(), RedisFailure> {
        let commands = messages
            .into_iter()
            .map(|message| redis::cmd("PUBLISH").arg(channel).arg(message).take());
        self.read(commands.collect()).await.map(drop)
    }

    /// What is counted of it.
    pub(crate) fn counted(&self) -> &Counted {
        &self.shared.counted
    }

    /// Whether changes would be taken now, as far as was seen within the last second or so. Costs nothing.
    pub(crate) fn is_ready(&self) -> bool {
        self.shared.health.is_ready()
    }

    async fn one(&self, call: Call<'_>) -> Result<Value, RedisFailure> {
        let answers = self.shared.run(vec![call]).await;
        answers.into_iter().next().unwrap_or_else(|| {
            let reason = "it was not answered".to_owned();
            Err(RedisFailure::Unknown { reason })
        })
    }

    async fn many_scripts(
        &self,
        script: &Script,
        calls: Vec<(Vec<u8>, Vec<Vec<u8>>)>,
        reads: bool,
    ) -> Vec<Result<Value, RedisFailure>> {
        let calls = calls.iter().map(|(key, arguments)| {
            let arguments: Vec<&[u8]> = arguments.iter().map(Vec::as_slice).collect();
            Call::script(script, key, &arguments, reads)
        });
        self.shared.run(calls.collect()).await
    }
}

/// The first argument of a command.
fn key(command: &Cmd) -> Option<&[u8]> {
    match command.args_iter().nth(1) {
        Some(Arg::Simple(key)) => Some(key),
        _ => None,
    }
}

/// Looks for the servers and checks each master.
async fn start(shared: &Shared, deadline: Instant) -> Result<(), ConnectError> {
    let unreachable = |reason| ConnectError::Unreachable {
        address: shared.options.address.to_string(),
        reason,
    };
    shared.look(deadline).await.map_err(|blind| match blind {
        Blind::NotACluster(host) => ConnectError::NotACluster {
            host: host.to_string(),
        },
        Blind::NoAnswer(reason) => unreachable(reason),
    })?;
    let mut warnings = Vec::new();
    for node in &shared.topology.load_full().masters {
        let (info, settings) = examine(shared, node, deadline).await.map_err(unreachable)?;
        warnings.extend(Facts::new(&node.host, &info, &settings).judge(&shared.options)?);
    }
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    Ok(())
}

/// What a server says of itself; the error is a reason to be read.
async fn examine(
    shared: &Shared,
    node: &Node,
    deadline: Instant,
) -> Result<(Value, Value), String> {
    let mut pipeline = Pipeline::new();
    pipeline.cmd("INFO");
    pipeline.cmd("CONFIG").arg("GET").arg(&SETTINGS);
    let limit = shared.options.response_timeout;
    match node.exchange(&pipeline, deadline, limit).await {
        Ok(replies) => match <[Value; 2]>::try_from(replies) {
            Ok([Value::ServerError(error), _]) => Err(format!("{}: {error}", node.host)),
            Ok([info, settings]) => Ok((info, settings)),
            Err(_) => Err(format!("{} answers oddly", node.host)),
        },
        Err(broken) => Err(broken.reason()),
    }
}
