//! Nodes tell each other which boards have changed, so that who watches one on any of them looks again.
//!
//! Whatever readers can see of a change counts the board's version up, and notes the board here once it is made, or may
//! have been. A task of its own tells the others ([`telling`]): the change does not wait for it, and no script does
//! anything more. Who hears of a board drops the version that it has kept; nothing happens for boards that nobody
//! watches there.
//!
//! Messages are lost with a connection, and never sent by a node that ends between a change and telling it. What is
//! kept, and for how long, is the business of `reads/versions.rs`.

mod message;
mod telling;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Weak};

use boards::BoardId;
use tokio::task::JoinHandle;

use crate::connection::Event;
use crate::core::Core;

pub(crate) use telling::Telling;

/// Tells and listens until it is dropped.
pub(crate) struct BoardNews {
    core: Arc<Core>,
    listening: JoinHandle<()>,
}

impl BoardNews {
    /// Within a runtime.
    pub(crate) fn begin(core: &Arc<Core>) -> Self {
        tokio::spawn(tell(Arc::clone(core)));
        BoardNews {
            core: Arc::clone(core),
            listening: tokio::spawn(listen(Arc::downgrade(core))),
        }
    }

    /// Stops listening, and telling once what has been noted is told.
    pub(crate) fn stop(&self) {
        self.listening.abort();
        self.core.telling.end();
    }
}

impl Drop for BoardNews {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Core {
    /// To be called after every change of boards that readers can see, also where it only may have been made.
    pub(crate) fn boards_changed<'a>(&self, boards: impl Iterator<Item = &'a BoardId> + Clone) {
        boards
            .clone()
            .for_each(|board| self.versions.changed(board));
        self.telling.add(boards);
    }

    fn hear(&self, message: &[u8]) {
        match message::read(message) {
            // What this node has changed it knows already.
            Some((node, _)) if node == self.telling.node() => {}
            Some((_, boards)) => boards.iter().for_each(|board| self.versions.changed(board)),
            // Of a later version.
            None => self.versions.all_changed(),
        }
    }
}

async fn tell(core: Arc<Core>) {
    let channel = core.layout.board_channel();
    while let Some(boards) = core.telling.next().await {
        let messages = message::write(core.telling.node(), &boards);
        if let Err(error) = core.redis.publish(&channel, messages).await {
            tracing::debug!(%error, "other nodes are not told yet that boards have changed");
            core.telling.again(&boards);
        }
    }
}

async fn listen(core: Weak<Core>) {
    let Some(mut subscription) = core.upgrade().map(|core| {
        let hearing = core.versions.hearing();
        core.redis
            .subscribe_with(core.layout.board_channel(), hearing)
    }) else {
        return;
    };
    while let Some(event) = subscription.next().await {
        let Some(core) = core.upgrade() else {
            return;
        };
        // What was missed is known by the hearing.
        if let Event::Message(message) = event {
            core.hear(&message);
        }
    }
}
