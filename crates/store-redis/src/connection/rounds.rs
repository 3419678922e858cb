//! Brings calls to their answers, in rounds: each sends every call that has no answer yet to its server, and then
//! does what has to be done before the next.
//!
//! After patience has ended nothing new is sent; a reply may still take the time that replies have. So a call takes
//! at the most patience, once the limit for replies, and, where replicas have to confirm it, their time.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt};
use redis::{Pipeline, Value};
use tokio::time::sleep;

use super::call::{Before, Call};
use super::link::Broken;
use super::node::Node;
use super::shared::Shared;
use super::topology::Topology;
use crate::address::Host;
use crate::failure::RedisFailure;
use crate::script::Script;

/// Calls that are sent as one. More would keep others on the same link waiting for them.
const MAX_TOGETHER: usize = 128;
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(400);

/// By whom calls were answered, and for each its slot, its script and what has to happen next.
type Sent<'a> = (Arc<Node>, Vec<(u16, Option<&'a Script>, Before)>);

/// What has to happen before the next round.
#[derive(Default)]
struct Needs<'a> {
    loads: Vec<(Arc<Node>, &'a Script)>,
    moves: Vec<(u16, Host)>,
    resets: Vec<Arc<Node>>,
    look: bool,
    pause: bool,
}

impl Shared {
    /// The answers, in the order of the calls.
    pub(super) async fn run(&self, mut calls: Vec<Call<'_>>) -> Vec<Result<Value, RedisFailure>> {
        let begun = Instant::now();
        let deadline = begun + self.options.patience;
        let mut pause = FIRST_PAUSE;
        loop {
            let mut needs = self.round(&mut calls, deadline).await;
            if calls.iter().all(|call| call.answer.is_some()) {
                break;
            }
            needs.pause |= calls.iter().any(Call::is_dizzy);
            if needs.pause && Instant::now() + pause >= deadline {
                break;
            }
            self.prepare(needs, &mut pause, deadline).await;
        }
        calls.iter_mut().for_each(Call::give_up);
        self.count(&calls, begun.elapsed());
        let answers: Vec<_> = calls.into_iter().filter_map(|call| call.answer).collect();
        self.health.note(&answers);
        answers
    }

    fn count(&self, calls: &[Call<'_>], took: Duration) {
        for call in calls {
            let kind = if call.reads {
                &self.counted.readings
            } else {
                &self.counted.changes
            };
            if let Some(answer) = &call.answer {
                kind.record(answer, took);
            }
        }
    }

    async fn round<'a>(&self, calls: &mut [Call<'a>], deadline: Instant) -> Needs<'a> {
        let mut needs = Needs::default();
        let groups = self.groups(calls, &mut needs);
        let sending = groups
            .into_iter()
            .map(|(node, calls)| self.send_in_parts(node, calls, deadline));
        let sent = join_all(sending).await.into_iter().flatten();
        for (node, befores) in sent {
            for (slot, script, before) in befores {
                needs.add(&node, slot, script, before);
            }
        }
        needs
    }

    /// What has no answer yet, by whom it is to be sent to.
    fn groups<'r, 'a>(
        &self,
        calls: &'r mut [Call<'a>],
        needs: &mut Needs<'a>,
    ) -> Vec<(Arc<Node>, Vec<&'r mut Call<'a>>)> {
        let topology = self.topology.load();
        let mut groups: HashMap<Host, (Arc<Node>, Vec<&'r mut Call<'a>>)> = HashMap::new();
        for call in calls.iter_mut().filter(|call| call.answer.is_none()) {
            let node = match &call.detour {
                Some(host) => self.node(host),
                None => match topology.master(call.slot) {
                    Some(node) => Arc::clone(node),
                    None => {
                        needs.look |= call.take_nobody() == Before::Look;
                        needs.pause = true;
                        continue;
                    }
                },
            };
            match groups.entry(node.host.clone()) {
                Entry::Occupied(mut group) => group.get_mut().1.push(call),
                Entry::Vacant(place) => {
                    place.insert((node, vec![call]));
                }
            }
        }
        groups.into_values().collect()
    }

    /// One part to a link at a time, so that the time for replies to a thousand calls is not counted while they wait
    /// for each other.
    async fn send_in_parts<'a>(
        &self,
        node: Arc<Node>,
        calls: Vec<&mut Call<'a>>,
        deadline: Instant,
    ) -> Vec<Sent<'a>> {
        let mut sending = Vec::new();
        for calls in split(calls) {
            sending.push(self.send(Arc::clone(&node), calls, deadline));
        }
        let sending = stream::iter(sending).buffer_unordered(self.options.connections);
        sending.collect().await
    }

    async fn send<'a>(
        &self,
        node: Arc<Node>,
        mut calls: Vec<&mut Call<'a>>,
        deadline: Instant,
    ) -> Sent<'a> {
        let mut pipeline = Pipeline::new();
        for call in &calls {
            if call.detour.is_some() {
                pipeline.cmd("ASKING");
            }
            pipeline.add_command(call.command.clone());
        }
        let limit = self.ask_replicas(&mut pipeline, calls.iter().any(|call| !call.reads));
        let replies = node.exchange(&pipeline, deadline, limit).await;
        let befores = self.distribute(replies, &mut calls, &node.host);
        (node, befores)
    }

    /// Gives each call its reply.
    fn distribute<'a>(
        &self,
        replies: Result<Vec<Value>, Broken>,
        calls: &mut [&mut Call<'a>],
        host: &Host,
    ) -> Vec<(u16, Option<&'a Script>, Before)> {
        let (mut replies, mut broken) = match replies {
            Ok(replies) => (replies.into_iter(), None),
            Err(broken) => (Vec::new().into_iter(), Some(broken)),
        };
        let mut befores = Vec::with_capacity(calls.len());
        for call in calls.iter_mut() {
            if call.detour.is_some() {
                // What ASKING is answered.
                replies.next();
            }
            let before = match replies.next() {
                Some(reply) => call.take(reply, host),
                None => {
                    let none = || Broken::Lost(format!("{host} sent too few replies"));
                    call.take_broken(broken.get_or_insert_with(none).clone())
                }
            };
            befores.push((call.slot, call.script, before));
        }
        if let Some(reason) = self.lacking_replicas(replies.next().as_ref()) {
            calls.iter_mut().for_each(|call| call.doubt(&reason));
        }
        befores
    }

    async fn prepare(&self, needs: Needs<'_>, pause: &mut Duration, deadline: Instant) {
        for node in needs.resets {
            node.reset().await;
        }
        for (slot, host) in needs.moves {
            let node = self.node(&host);
            let moved = |topology: &Arc<Topology>| topology.with(slot, Arc::clone(&node));
            self.topology.rcu(moved);
            self.health.note_move();
        }
        let loads = needs.loads.into_iter();
        join_all(loads.map(|(node, script)| self.load(node, script, deadline))).await;
        if needs.pause {
            // Not all at the same time.
            sleep(pause.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
            *pause = (*pause * 2).min(LONGEST_PAUSE);
        }
        if needs.look {
            // If nobody can tell, the next round says why there is no answer.
            let _ = self.look(deadline).await;
        }
    }

    /// If it fails, the next round finds the script still missing, or the server gone.
    async fn load(&self, node: Arc<Node>, script: &Script, deadline: Instant) {
        let mut pipeline = Pipeline::new();
        pipeline.cmd("SCRIPT").arg("LOAD").arg(&script.text);
        let limit = self.options.response_timeout;
        let loaded = node.exchange(&pipeline, deadline, limit).await;
        if let Ok([Value::ServerError(error)]) = loaded.as_deref() {
            tracing::error!(host = %node.host, %error, "Redis does not take a script");
        }
    }
}

impl<'a> Needs<'a> {
    fn add(&mut self, node: &Arc<Node>, slot: u16, script: Option<&'a Script>, before: Before) {
        match (before, script) {
            (Before::Move(host), _) => self.moves.push((slot, host)),
            (Before::Load, Some(script)) => {
                let is_same = |(n, s): &(Arc<Node>, &Script)| {
                    Arc::ptr_eq(n, node) && s.digest == script.digest
                };
                if !self.loads.iter().any(is_same) {
                    self.loads.push((Arc::clone(node), script));
                }
            }
            (Before::Look, _) => (self.look, self.pause) = (true, true),
            (Before::Reset, _) => {
                self.resets.push(Arc::clone(node));
                (self.look, self.pause) = (true, true);
            }
            (Before::Nothing | Before::Load, _) => {}
        }
    }
}

fn split<T>(mut calls: Vec<T>) -> Vec<Vec<T>> {
    let mut parts = Vec::new();
    while calls.len() > MAX_TOGETHER {
        let rest = calls.split_off(MAX_TOGETHER);
        parts.push(calls);
        calls = rest;
    }
    parts.push(calls);
    parts
}
