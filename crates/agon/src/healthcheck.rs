//! `agon healthcheck`: asks a server how it is and tells by the exit code.
//!
//! For whoever looks after a process and has nothing but this program: a container without a shell. By
//! default it asks the server that the same settings would start, over loopback; of the settings it reads where
//! that is and nothing else, see `settings/address.rs`. Absent on purpose: redirects and retries, since whoever runs this runs it again; and a look at who answers over TLS, see `tls.rs`.

mod tls;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use clap::Args;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::{Body, Bytes};
use hyper::client::conn::http1;
use hyper::header::HOST;
use hyper::http::uri::Scheme;
use hyper::{Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::cli::{ServeArgs, print};
use crate::settings::Address;

/// Of a reply, so much is read at the most: health is told in a few words.
const MAX_BODY_BYTES: usize = 4096;

/// What to ask, and how long to wait.
#[derive(Args)]
pub(crate) struct HealthcheckArgs {
    #[command(flatten)]
    serve: ServeArgs,
    /// Ask this, and no settings are read, such as http://127.0.0.1:8000/readyz
    #[arg(long, value_name = "URL")]
    url: Option<Uri>,
    /// Ask whether it is ready to take changes (/readyz) instead of whether it is alive (/healthz)
    #[arg(long, conflicts_with = "url")]
    ready: bool,
    /// How long the answer may take
    #[arg(long, value_name = "TIME", default_value = "3s", value_parser = humantime::parse_duration)]
    timeout: Duration,
}

impl HealthcheckArgs {
    fn target(self) -> anyhow::Result<Uri> {
        if let Some(url) = self.url {
            return Ok(url);
        }
        let path = if self.ready { "/readyz" } else { "/healthz" };
        let Address { listen, tls } = self.serve.address()?;
        let scheme = if tls { "https" } else { "http" };
        ensure!(
            listen.port() != 0,
            "server.listen has port 0, which only the server knows the meaning of; say where it is with --url"
        );
        Ok(format!("{scheme}://{}{path}", reachable(listen)).parse()?)
    }
}

/// Succeeds if the reply is 200.
///
/// # Errors
/// When there is another reply or none in time, or the settings do not say where to ask.
pub(crate) fn run(args: HealthcheckArgs) -> anyhow::Result<()> {
    let limit = args.timeout;
    let url = args.target()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let asked = runtime.block_on(async { tokio::time::timeout(limit, ask(&url)).await });
    // Looking a name up blocks a thread, which need not be waited for.
    runtime.shutdown_background();
    let (status, body) = match asked {
        Ok(reply) => reply.with_context(|| format!("{url} does not answer"))?,
        Err(_) => bail!(
            "{url} does not answer within {}",
            humantime::format_duration(limit)
        ),
    };
    ensure!(
        status == StatusCode::OK,
        "{url} answers {}: {body}",
        status.as_u16()
    );
    print(&body)
}

/// Where a server that listens there can be asked from the same machine.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

async fn ask(url: &Uri) -> anyhow::Result<(StatusCode, String)> {
    let host = url.host().context("the URL has no host")?;
    let secure = match url.scheme() {
        Some(scheme) if *scheme == Scheme::HTTP => false,
        Some(scheme) if *scheme == Scheme::HTTPS => true,
        _ => bail!("the URL does not begin with http:// or https://"),
    };
    let port = url.port_u16().unwrap_or(if secure { 443 } else { 80 });
    // An address of IPv6 stands in brackets in a URL and without them elsewhere.
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let stream = TcpStream::connect((host, port)).await?;
    if secure {
        exchange(tls::connect(stream, host).await?, url).await
    } else {
        exchange(stream, url).await
    }
}

/// One request on a connection that is closed afterwards.
async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    url: &Uri,
) -> anyhow::Result<(StatusCode, String)> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let path = url.path_and_query().map_or("/", |path| path.as_str());
    let host = url.authority().map_or("", |authority| authority.as_str());
    let request = Request::get(path).header(HOST, host);
    let reply = async move {
        let reply = sender
            .send_request(request.body(Empty::<Bytes>::new())?)
            .await?;
        let status = reply.status();
        Ok((status, text(reply.into_body()).await))
    };
    tokio::pin!(reply);
    tokio::select! {
        reply = &mut reply => reply,
        ended = connection => {
            // What broke the connection says more than that the reply is missing.
            ended?;
            reply.await
        }
    }
}

/// What a reply says, as far as it is short; the status is what counts.
async fn text<B>(body: B) -> String
where
    B: Body,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    match Limited::new(body, MAX_BODY_BYTES).collect().await {
        Ok(body) => String::from_utf8_lossy(&body.to_bytes()).into_owned(),
        Err(error) => format!("(no short body: {error})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_listens_everywhere_is_asked_over_loopback() {
        for (listen, expected) in [
            ("0.0.0.0:8000", "127.0.0.1:8000"),
            ("[::]:8000", "[::1]:8000"),
            ("127.0.0.1:1", "127.0.0.1:1"),
            ("192.0.2.7:80", "192.0.2.7:80"),
        ] {
            let listen = listen.parse().unwrap();
            assert_eq!(reachable(listen).to_string(), expected);
        }
    }
}
