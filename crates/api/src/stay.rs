//! How long a request may stay that waits for something to happen: until the server stops.
//!
//! One that comes when the server stops already has a moment all the same. Its client asks again as soon as
//! it is answered, and would otherwise do so in a loop that nothing slows, for as long as the stop takes.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// For who comes when the server stops already.
const MOMENT: Duration = Duration::from_secs(1);

/// The stay of one request.
pub(crate) struct Stay {
    stopping: watch::Receiver<bool>,
    /// Of who came late.
    until: Option<Instant>,
}

impl Stay {
    /// Of a request that comes now.
    pub(crate) fn begin(stopping: watch::Receiver<bool>) -> Self {
        let is_late = *stopping.borrow();
        Stay {
            stopping,
            until: is_late.then(|| Instant::now() + MOMENT),
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        match self.until {
            Some(until) => until <= Instant::now(),
            None => *self.stopping.borrow(),
        }
    }

    /// Waits until it is over.
    pub(crate) async fn end(&self) {
        match self.until {
            Some(until) => sleep_until(until).await,
            None => {
                // It cannot be closed while somebody holds the API, and then nobody is left to wait.
                let _ = self.stopping.clone().wait_for(|stopping| *stopping).await;
            }
        }
    }
}
