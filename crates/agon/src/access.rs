//! Keys and the keys for tokens, kept up with while the server runs.

use std::sync::Arc;
use std::time::Duration;

use access::Access;
use axum::http::{HeaderMap, Uri};
use http_body_util::{BodyExt, Limited};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};
use upstreams::Client;

use crate::settings::JwksUrl;

/// How soon a change of a file is noticed.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const FETCH_TIMEOUT: Duration = Duration::from_secs(10);
/// After a fetch that came to nothing.
const FETCH_AGAIN: Duration = Duration::from_secs(5);
const MAX_JWKS_BYTES: usize = 1 << 20;

/// Keeps up with changes from now on, in the background.
///
/// # Errors
/// Where keys have to be fetched over TLS and this machine knows no authorities.
pub(crate) fn keep_up(access: &Arc<Access>, url: Option<JwksUrl>) -> anyhow::Result<()> {
    tokio::spawn(look(access.clone()));
    if let Some(JwksUrl { url, refresh }) = url {
        let client = Client::new(std::slice::from_ref(&url), 1)?;
        tokio::spawn(fetch(access.clone(), client, url, refresh));
    }
    Ok(())
}

async fn look(access: Arc<Access>) {
    let mut ticks = interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let access = access.clone();
        // A disk that does not answer must not stop connections from being accepted.
        if tokio::task::spawn_blocking(move || access.look())
            .await
            .is_err()
        {
            tracing::error!("the files of keys could not be looked at");
        }
    }
}

/// Fetches now, then every so often, and when a token asks for it.
async fn fetch(access: Arc<Access>, client: Client, url: Uri, refresh: Duration) {
    let Some(tokens) = access.tokens() else {
        return;
    };
    let mut asked = false;
    loop {
        let fetched = timeout(FETCH_TIMEOUT, jwks(&client, &url)).await;
        let late = || Err(format!("nothing came within {} s", FETCH_TIMEOUT.as_secs()));
        let well = tokens.fetched(fetched.unwrap_or_else(|_| late()), asked);
        let pause = if well {
            refresh
        } else {
            FETCH_AGAIN.min(refresh)
        };
        asked = tokio::select! {
            () = sleep_until(Instant::now() + pause) => false,
            () = tokens.wanted() => true,
        };
    }
}

async fn jwks(client: &Client, url: &Uri) -> Result<Vec<u8>, String> {
    let reply = client.get(url.clone(), HeaderMap::new()).await?;
    if reply.status() != 200 {
        return Err(format!("it was answered with status {}", reply.status()));
    }
    let body = Limited::new(reply.into_body(), MAX_JWKS_BYTES).collect();
    let body = body.await.map_err(|e| e.to_string())?;
    Ok(body.to_bytes().to_vec())
}
