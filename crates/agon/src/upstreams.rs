//! From settings to upstreams; with a practice upstream where none is configured, so that hedged
//! calls can be tried on a fresh machine.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context, anyhow};
use tokio::net::TcpListener;
use upstreams::Upstreams;

use crate::practice::{self, Behaviour};
use crate::settings::{Settings, UpstreamSection};

/// The upstreams, and where the practice upstream listens, if there is one.
pub(crate) async fn prepare(
    settings: &Settings,
) -> anyhow::Result<(Upstreams, Option<SocketAddr>)> {
    let practice = if settings.upstreams.is_empty() {
        Some(start_practice().await?)
    } else {
        None
    };
    let configured = match practice {
        Some(address) => with_practice(settings, address)?.upstreams()?,
        None => settings.upstreams()?,
    };
    let upstreams = Upstreams::new(configured);
    let upstreams = upstreams.map_err(|(name, e)| anyhow!("upstreams.{name}: {e}"))?;
    Ok((upstreams, practice))
}

fn with_practice(settings: &Settings, address: SocketAddr) -> anyhow::Result<Settings> {
    let section = UpstreamSection::at(&practice::url(address)).map_err(|e| anyhow!(e))?;
    Ok(Settings {
        upstreams: BTreeMap::from([("default".to_owned(), section)]),
        ..settings.clone()
    })
}

async fn start_practice() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
    let listener = listener.context("cannot listen for the practice upstream")?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        if let Err(error) = practice::serve(listener, Behaviour::default()).await {
            tracing::error!(%error, "the practice upstream stopped");
        }
    });
    Ok(address)
}
