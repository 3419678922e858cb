//! Who a request is from, as limits and logs see it.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use access::Caller;
use axum::http::Extensions;
use boards::PlayerId;

/// Bits of an IPv6 address that name a network. A household or a rented machine has all addresses of
/// one, so who is counted by address could change it with each request.
const NETWORK_BITS: u32 = 64;

/// The address that a request comes from, as the listener knows it. In the extensions of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// What limits count: an IPv4 address by itself, an IPv6 address with all others of its /64.
    pub fn network(self) -> IpAddr {
        match self.0.to_canonical() {
            IpAddr::V6(address) => {
                let bits = u128::from(address) & (u128::MAX << (128 - NETWORK_BITS));
                IpAddr::V6(Ipv6Addr::from(bits))
            }
            address => address,
        }
    }
}

/// Whom a request is counted for.
///
/// A caller who has said nothing of who it is, is counted for the network that it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Client {
    /// Nobody that is known: a network.
    Network(IpAddr),
    /// A player, by a token.
    Player(PlayerId),
    /// A server, by the name of its key.
    Server(Arc<str>),
}

impl Client {
    /// Of a request that has been admitted; `None` where not even its address is known, as in a test without a
    /// listener.
    pub(crate) fn of(extensions: &Extensions) -> Option<Self> {
        match extensions.get::<Caller>() {
            Some(Caller::Player(player)) => Some(Client::Player(*player)),
            Some(Caller::Key(key)) => Some(Client::Server(key.name.as_str().into())),
            Some(Caller::Anonymous) | None => {
                let address = extensions.get::<ClientAddress>()?;
                Some(Client::Network(address.network()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(address: &str) -> String {
        let address = ClientAddress(address.parse().unwrap());
        address.network().to_string()
    }

    #[test]
    fn an_ipv6_client_is_its_64_bits() {
        for (address, expected) in [
            ("192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::"),
            ("2001:db8:1:3::1", "2001:db8:1:3::"),
            ("::1", "::"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
        ] {
            assert_eq!(network(address), expected, "{address}");
        }
    }

    #[test]
    fn who_is_known_is_counted_as_that() {
        let mut extensions = Extensions::new();
        assert_eq!(Client::of(&extensions), None);
        let address: IpAddr = "192.0.2.7".parse().unwrap();
        extensions.insert(ClientAddress(address));
        assert_eq!(Client::of(&extensions), Some(Client::Network(address)));
        extensions.insert(Caller::Anonymous);
        assert_eq!(Client::of(&extensions), Some(Client::Network(address)));
        let player = PlayerId::parse("e4cdb120-28fc-4285-a78d-eb48660b7730").unwrap();
        extensions.insert(Caller::Player(player));
        assert_eq!(Client::of(&extensions), Some(Client::Player(player)));
    }
}
