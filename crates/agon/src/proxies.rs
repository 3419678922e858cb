//! Where a request comes from, when there are proxies in between: the address of who connects, unless
//! that is a proxy which is trusted; then what the proxy says.
//!
//! Each proxy adds whom it was asked by at the end of a header. So the header is read from its end, past
//! the proxies that are trusted, to the first address that is not one of them. All that stands before it
//! anybody may have written. Where the next word is no address, the last good one counts.
//!
//! A proxy may repeat in quotes what the client has sent, such as a host name, so what stands in quotes divides
//! nothing. Quotes, too, are paired from the end: one that a client has left open then concerns nothing but its
//! own words.
//!
//! Only one of the two headers is read, and which is a setting. A proxy that knows one of them passes the
//! other on as the client has sent it.

use std::net::{IpAddr, SocketAddr};

use hyper::HeaderMap;
use hyper::header::{FORWARDED, HeaderName};

use crate::settings::{ForwardedHeader, Network};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The proxies that are trusted.
#[derive(Clone)]
pub(crate) struct TrustedProxies {
    networks: Vec<Network>,
    header: ForwardedHeader,
}

impl TrustedProxies {
    pub(crate) fn new(networks: &[Network], header: ForwardedHeader) -> Self {
        TrustedProxies {
            networks: networks.to_vec(),
            header,
        }
    }

    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        self.networks
            .iter()
            .any(|network| network.0.contains(&address))
    }

    /// Where a request comes from that a trusted proxy has sent. O(length of the header).
    pub(crate) fn origin(&self, proxy: IpAddr, headers: &HeaderMap) -> IpAddr {
        let name = match self.header {
            ForwardedHeader::XForwardedFor => &X_FORWARDED_FOR,
            ForwardedHeader::Forwarded => &FORWARDED,
        };
        let mut origin = proxy;
        for line in headers.get_all(name).iter().rev() {
            let Ok(line) = line.to_str() else {
                return origin;
            };
            for word in rsplit_unquoted(line, b',') {
                let Some(address) = self.address(word) else {
                    return origin;
                };
                origin = address;
                if !self.trusts(address) {
                    return origin;
                }
            }
        }
        origin
    }

    fn address(&self, word: &str) -> Option<IpAddr> {
        match self.header {
            ForwardedHeader::XForwardedFor => node(word),
            ForwardedHeader::Forwarded => node(forwarded_for(word)?),
        }
    }
}

/// The `for` of one element of `Forwarded` (RFC 7239).
fn forwarded_for(element: &str) -> Option<&str> {
    let pairs = rsplit_unquoted(element, b';');
    let mut pairs = pairs.filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
    let value = value.trim();
    let inner = value.strip_prefix('"').and_then(|v| v.strip_suffix('"'));
    Some(inner.unwrap_or(value))
}

/// The parts between separators that are not in quotes, from the last to the first.
fn rsplit_unquoted(text: &str, separator: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let at = last_unquoted(text.as_bytes(), separator);
        rest = at.map(|at| &text[..at]);
        Some(at.map_or(text, |at| &text[at + 1..]))
    })
}

fn last_unquoted(text: &[u8], separator: u8) -> Option<usize> {
    let mut quoted = false;
    text.iter().enumerate().rev().find_map(|(at, byte)| {
        if *byte == b'"' && !(quoted && is_escaped(&text[..at])) {
            quoted = !quoted;
        }
        (*byte == separator && !quoted).then_some(at)
    })
}

/// Whether what stands behind this is taken as it is: `\"`, but not `\\"`.
fn is_escaped(before: &[u8]) -> bool {
    before.iter().rev().take_while(|b| **b == b'\\').count() % 2 == 1
}

/// An address, which may have a port, or brackets.
fn node(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = || text.parse::<IpAddr>().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    let in_brackets = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let address = bare().or_else(with_port).or_else(in_brackets)?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROXY: &str = "10.0.0.1";

    fn origin(header: ForwardedHeader, lines: &[&str]) -> String {
        let trusted = ["10.0.0.0/8", "2001:db8:aaaa::/48"];
        let trusted = trusted.map(|network| Network(network.parse().unwrap()));
        let proxies = TrustedProxies::new(&trusted, header);
        let name = match header {
            ForwardedHeader::XForwardedFor => "x-forwarded-for",
            ForwardedHeader::Forwarded => "forwarded",
        };
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(name, line.parse().unwrap());
        }
        // Whatever the other header says, it counts for nothing.
        headers.append("x-forwarded", "198.51.100.9".parse().unwrap());
        proxies.origin(PROXY.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn x_forwarded_for_is_read_from_its_end() {
        for (lines, expected) in [
            (&[][..], PROXY),
            (&["192.0.2.7"], "192.0.2.7"),
            (&["192.0.2.7, 10.1.1.1, 10.2.2.2"], "192.0.2.7"),
            // What a client writes itself stands before.
            (&["127.0.0.1, 192.0.2.7, 10.1.1.1"], "192.0.2.7"),
            (&["127.0.0.1", "192.0.2.7", "10.1.1.1"], "192.0.2.7"),
            (&["10.3.3.3, 10.1.1.1"], "10.3.3.3"),
            (&["192.0.2.7:4711"], "192.0.2.7"),
            (&["2001:db8::1"], "2001:db8::1"),
            (&["[2001:db8::1]"], "2001:db8::1"),
            (&["[2001:db8::1]:4711, 2001:db8:aaaa::5"], "2001:db8::1"),
            (&["::ffff:192.0.2.7"], "192.0.2.7"),
            (&[" 192.0.2.7 ,\t10.1.1.1 "], "192.0.2.7"),
        ] {
            assert_eq!(
                origin(ForwardedHeader::XForwardedFor, lines),
                expected,
                "{lines:?}"
            );
        }
    }

    #[test]
    fn what_is_no_address_ends_the_search_at_the_last_good_one() {
        for (lines, expected) in [
            (&[""][..], PROXY),
            (&["unknown"], PROXY),
            (&["192.0.2.7, unknown"], PROXY),
            (&["192.0.2.7, , 10.1.1.1"], "10.1.1.1"),
            (&["192.0.2.7, 10.1.1.1;x, 10.2.2.2"], "10.2.2.2"),
            (&["192.0.2.999"], PROXY),
            (&["192.0.2.7", "\u{fc}"], PROXY),
        ] {
            assert_eq!(
                origin(ForwardedHeader::XForwardedFor, lines),
                expected,
                "{lines:?}"
            );
        }
    }

    #[test]
    fn what_a_proxy_repeats_in_quotes_is_no_element() {
        for line in [
            r#"for=192.0.2.7;host="a,for=6.6.6.6;x=""#,
            r#"host="a,for=6.6.6.6;x=";for=192.0.2.7"#,
            r#"host="a;for=6.6.6.6;x=";for=192.0.2.7"#,
            r#"for=192.0.2.7;host="a;for=6.6.6.6""#,
            r#"for=192.0.2.7;host="a\",for=6.6.6.6;x=""#,
            r#"for=192.0.2.7;host="\\\",for=6.6.6.6;x=\\""#,
            r#"for=6.6.6.6, for=192.0.2.7;host="a\\", for=10.1.1.1"#,
        ] {
            let origin = origin(ForwardedHeader::Forwarded, &[line]);
            assert_eq!(origin, "192.0.2.7", "{line}");
        }
    }

    #[test]
    fn forwarded_is_read_from_its_end() {
        for (lines, expected) in [
            (&["for=192.0.2.7"][..], "192.0.2.7"),
            (&["For=192.0.2.7;proto=https;by=10.0.0.1"], "192.0.2.7"),
            (&["proto=https; for=\"192.0.2.7:4711\""], "192.0.2.7"),
            (&["for=\"[2001:db8::1]:4711\", for=10.1.1.1"], "2001:db8::1"),
            (&["for=\"[2001:db8::1]\""], "2001:db8::1"),
            (
                &["for=127.0.0.1, for=192.0.2.7", "for=10.1.1.1"],
                "192.0.2.7",
            ),
            (&["for=192.0.2.7, for=unknown"], PROXY),
            (&["for=_hidden"], PROXY),
            (&["for=192.0.2.7, proto=https"], PROXY),
            (&["192.0.2.7"], PROXY),
            (&["for=\"192.0.2.7"], PROXY),
            // A quote left open by the client does not hide what the proxy adds.
            (&["for=\"x, for=192.0.2.7"], "192.0.2.7"),
            (&["for=6.6.6.6;x=\", for=192.0.2.7;host=\"h\""], "192.0.2.7"),
            (&["for=6.6.6.6;x=\"\\, for=192.0.2.7;host=h"], "192.0.2.7"),
        ] {
            assert_eq!(
                origin(ForwardedHeader::Forwarded, lines),
                expected,
                "{lines:?}"
            );
        }
    }
}
