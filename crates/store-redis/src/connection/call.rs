//! One command for one slot, and what has become of it so far.

use redis::{Cmd, Value};

use super::link::Broken;
use super::verdict::{Verdict, failure, verdict};
use crate::address::Host;
use crate::failure::RedisFailure;
use crate::script::Script;
use crate::slots::slot;

/// How often a call goes where it is sent at once. Afterwards it waits before each further step: servers that send
/// it around in circles are about to agree.
const MAX_QUICK_STEPS: u32 = 5;
/// How often a call looks for the new master before `READONLY` is its answer.
const MAX_DEMOTIONS: u32 = 4;

/// One command for one slot.
pub(super) struct Call<'a> {
    pub(super) slot: u16,
    pub(super) command: Cmd,
    /// What to load where it is missing.
    pub(super) script: Option<&'a Script>,
    /// It changes nothing, so a lost reply is no reason not to ask again.
    pub(super) reads: bool,
    /// Where to go instead of the slot's master, and whether it has to be told that it was asked for.
    pub(super) detour: Option<Host>,
    steps: u32,
    demotions: u32,
    /// Its answer, once it has one; before that, what it would be if no more were tried.
    pub(super) answer: Option<Result<Value, RedisFailure>>,
    pub(super) so_far: Option<RedisFailure>,
}

/// What has to happen before a call is tried again.
#[derive(Debug, PartialEq)]
pub(super) enum Before {
    /// Nothing: it has its answer, or knows where to go.
    Nothing,
    /// Its script has to be loaded there.
    Load,
    /// Its slot is that server's from now on.
    Move(Host),
    /// A pause, and a look at who has which slots.
    Look,
    /// As [`Before::Look`], with new connections to that server.
    Reset,
}

impl<'a> Call<'a> {
    /// A script with one key.
    pub(super) fn script(script: &'a Script, key: &[u8], arguments: &[&[u8]], reads: bool) -> Self {
        let mut command = Cmd::new();
        command.arg("EVALSHA").arg(&script.digest).arg(1).arg(key);
        for argument in arguments {
            command.arg(*argument);
        }
        Call {
            script: Some(script),
            reads,
            ..Call::reading(slot(key), command)
        }
    }

    /// A command that reads.
    pub(super) fn reading(slot: u16, command: Cmd) -> Self {
        Call {
            slot,
            command,
            script: None,
            reads: true,
            detour: None,
            steps: 0,
            demotions: 0,
            answer: None,
            so_far: None,
        }
    }

    /// Takes the server's reply.
    pub(super) fn take(&mut self, reply: Value, from: &Host) -> Before {
        let error = match reply {
            Value::ServerError(error) => error,
            value => {
                self.answer = Some(Ok(value));
                return Before::Nothing;
            }
        };
        self.detour = None;
        let before = match verdict(&error, from) {
            Verdict::Moved(host) => Before::Move(host),
            // The rest of the room is still where it was, or comes later: a script would see a part of it.
            Verdict::Ask(_) if self.script.is_some() => Before::Look,
            Verdict::Ask(host) => {
                self.detour = Some(host);
                Before::Nothing
            }
            Verdict::NoScript if self.script.is_some() => Before::Load,
            Verdict::Later => Before::Look,
            Verdict::Demoted if self.demotions < MAX_DEMOTIONS => {
                self.demotions += 1;
                Before::Reset
            }
            Verdict::NoScript | Verdict::Demoted => return self.fail(failure(&error)),
            Verdict::Final(failure) => return self.fail(failure),
        };
        self.so_far = Some(failure(&error));
        self.steps += 1;
        before
    }

    /// Takes it that there is no reply.
    pub(super) fn take_broken(&mut self, broken: Broken) -> Before {
        self.detour = None;
        match broken {
            Broken::Lost(reason) if !self.reads => self.fail(RedisFailure::Unknown { reason }),
            // What happened before says more than that there was no time to try again.
            Broken::NoTime(_) if self.so_far.is_some() => Before::Look,
            Broken::Lost(reason) | Broken::NotSent(reason) | Broken::NoTime(reason) => {
                self.so_far = Some(RedisFailure::NotDone { reason });
                Before::Look
            }
        }
    }

    /// Takes it that nobody is known to have its slot.
    pub(super) fn take_nobody(&mut self) -> Before {
        let reason = format!("no server is known to have slot {}", self.slot);
        self.so_far = Some(RedisFailure::NotDone { reason });
        Before::Look
    }

    /// No more is tried.
    pub(super) fn give_up(&mut self) {
        if self.answer.is_none() {
            let unexplained = || RedisFailure::NotDone {
                reason: "there was no time for it".to_owned(),
            };
            self.answer = Some(Err(self.so_far.take().unwrap_or_else(unexplained)));
        }
    }

    /// That is its answer.
    pub(super) fn fail(&mut self, failure: RedisFailure) -> Before {
        self.answer = Some(Err(failure));
        Before::Nothing
    }

    /// It was done, but is not as safe as promised.
    pub(super) fn doubt(&mut self, reason: &str) {
        if let (false, Some(Ok(_))) = (self.reads, &self.answer) {
            let reason = reason.to_owned();
            self.fail(RedisFailure::Unknown { reason });
        }
    }

    /// Whether it has been sent around so often that it had better wait before it goes on.
    pub(super) fn is_dizzy(&self) -> bool {
        self.answer.is_none() && self.steps > MAX_QUICK_STEPS
    }
}
