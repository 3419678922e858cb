//! The server: where it is, and that it is this machine unless somebody says otherwise.

use std::net::{SocketAddr, ToSocketAddrs};

use anyhow::{Context, bail, ensure};
use http::Uri;

const HTTP_PORT: u16 = 80;

/// A server.
#[derive(Debug)]
pub(crate) struct Target {
    /// Where connections go.
    pub(crate) address: SocketAddr,
    /// As it is named in requests.
    pub(crate) host: String,
}

impl Target {
    /// The server at a URL such as `http://127.0.0.1:8000`; an error if that is no such URL, if it has no
    /// address, or if one of its addresses is another machine's and `allow_remote` is not set.
    pub(crate) fn find(url: &str, allow_remote: bool) -> anyhow::Result<Self> {
        let uri: Uri = url.parse().with_context(|| format!("{url} is no URL"))?;
        ensure!(
            uri.scheme_str() == Some("http"),
            "{url} does not begin with http://, and no other kind is spoken here"
        );
        ensure!(matches!(uri.path(), "" | "/"), "{url} has a path");
        let authority = uri.authority().context("a URL has a host")?;
        let name = authority
            .host()
            .trim_start_matches('[')
            .trim_end_matches(']');
        let port = authority.port_u16().unwrap_or(HTTP_PORT);
        let found = (name, port).to_socket_addrs();
        let found: Vec<SocketAddr> = found
            .with_context(|| format!("cannot find {name}"))?
            .collect();
        if let Some(other) = found.iter().find(|a| !a.ip().is_loopback())
            && !allow_remote
        {
            bail!("{url} is another machine ({other}); --allow-remote, if you may load that");
        }
        Ok(Target {
            address: *found
                .first()
                .with_context(|| format!("{name} has no address"))?,
            host: authority.as_str().to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_found_by_name_and_number() {
        let target = Target::find("http://127.0.0.1:8123/", false).unwrap();
        assert_eq!(target.address, SocketAddr::from(([127, 0, 0, 1], 8123)));
        assert_eq!(target.host, "127.0.0.1:8123");
        assert_eq!(
            Target::find("http://[::1]", false).unwrap().address.port(),
            80
        );
        assert!(Target::find("http://localhost:8000", false).is_ok());
    }

    #[test]
    fn another_machine_needs_permission() {
        let refused = Target::find("http://192.0.2.7:80", false).unwrap_err();
        assert!(refused.to_string().contains("--allow-remote"), "{refused}");
        assert!(Target::find("http://192.0.2.7:80", true).is_ok());
    }

    #[test]
    fn what_is_no_server_is_refused() {
        for url in [
            "https://127.0.0.1",
            "127.0.0.1:8000",
            "http://127.0.0.1/x",
            "http://",
            "x y",
        ] {
            assert!(Target::find(url, true).is_err(), "{url}");
        }
    }
}
