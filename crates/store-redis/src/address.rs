//! Where Redis is: one server, or some nodes of a cluster from which the others are learnt.
//!
//! `redis://[user:password@]host[:port][/database]`, and `rediss://` with TLS;
//! `redis-cluster://[user:password@]host[:port],host[:port],…`, and `rediss-cluster://` with TLS. User and password
//! are percent-encoded, IPv6 addresses stand in brackets. No text that is made here shows the password, neither
//! of an address nor of an error.

use std::fmt;
use std::str::FromStr;

use percent_encoding::percent_decode_str;

const DEFAULT_PORT: u16 = 6379;

/// Why a text is no address of Redis.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It begins otherwise.
    #[error("it has to begin with redis://, rediss://, redis-cluster:// or rediss-cluster://")]
    Scheme,
    /// A host is missing.
    #[error("a host is missing")]
    NoHost,
    /// A host has characters that no name or IP address has.
    #[error("`{0}` is neither the name of a host nor an IP address (IPv6 in brackets)")]
    Host(String),
    /// A port is no number from 1 to 65535. What it is instead is not told: where `@` was forgotten it is the
    /// password.
    #[error("a port has to be a number from 1 to 65535")]
    Port,
    /// More than one host, but not of a cluster.
    #[error("several hosts are those of a cluster: redis-cluster:// or rediss-cluster://")]
    SeveralHosts,
    /// The database is no number.
    #[error("`{0}` is no database; it is a number from 0 on")]
    Database(String),
    /// A database of a cluster other than 0.
    #[error("a cluster has no other database than 0")]
    ClusterDatabase,
    /// Something after `?` or `#`.
    #[error("nothing may follow after `?` or `#`; a password has them as %3F and %23")]
    Trailing,
    /// User or password are not percent-encoded text.
    #[error("user and password have to be percent-encoded UTF-8")]
    Credentials,
}

/// Where Redis is, and as whom to go there.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    pub(crate) tls: bool,
    pub(crate) cluster: bool,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<String>,
    /// At least one; of a server exactly one.
    pub(crate) hosts: Vec<Host>,
    pub(crate) database: u32,
}

impl Address {
    /// Whether it is a cluster.
    pub fn is_cluster(&self) -> bool {
        self.cluster
    }

    /// Whether connections are encrypted.
    pub fn is_tls(&self) -> bool {
        self.tls
    }

    /// Whether it has a password.
    pub fn has_password(&self) -> bool {
        self.password.is_some()
    }

    /// The same, with a password that was kept elsewhere.
    #[must_use]
    pub fn with_password(self, password: &str) -> Self {
        Address {
            password: Some(password.to_owned()),
            ..self
        }
    }

    fn scheme(&self) -> &'static str {
        match (self.cluster, self.tls) {
            (false, false) => "redis",
            (false, true) => "rediss",
            (true, false) => "redis-cluster",
            (true, true) => "rediss-cluster",
        }
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (scheme, rest) = text.split_once("://").ok_or(AddressError::Scheme)?;
        let (cluster, tls) = match scheme {
            "redis" => (false, false),
            "rediss" => (false, true),
            "redis-cluster" => (true, false),
            "rediss-cluster" => (true, true),
            _ => return Err(AddressError::Scheme),
        };
        let (credentials, place) = match rest.rsplit_once('@') {
            Some((credentials, place)) => (Some(credentials), place),
            None => (None, rest),
        };
        if place.contains(['?', '#']) {
            return Err(AddressError::Trailing);
        }
        let (user, password) = credentials.map_or(Ok((None, None)), parse_credentials)?;
        let (hosts, database) = place.split_once('/').unwrap_or((place, ""));
        Ok(Address {
            tls,
            cluster,
            user,
            password,
            hosts: parse_hosts(hosts, cluster)?,
            database: parse_database(database, cluster)?,
        })
    }
}

/// Both are optional: `:password@` is the default user's password.
fn parse_credentials(text: &str) -> Result<(Option<String>, Option<String>), AddressError> {
    let (user, password) = match text.split_once(':') {
        Some((user, password)) => (user, Some(password)),
        None => (text, None),
    };
    let decode = |text: &str| match percent_decode_str(text).decode_utf8() {
        Ok(text) => Ok(Some(text.into_owned()).filter(|t| !t.is_empty())),
        Err(_) => Err(AddressError::Credentials),
    };
    Ok((decode(user)?, decode(password.unwrap_or(""))?))
}

fn parse_hosts(text: &str, cluster: bool) -> Result<Vec<Host>, AddressError> {
    let hosts: Vec<Host> = text.split(',').map(str::parse).collect::<Result<_, _>>()?;
    if hosts.len() > 1 && !cluster {
        return Err(AddressError::SeveralHosts);
    }
    Ok(hosts)
}

fn parse_database(text: &str, cluster: bool) -> Result<u32, AddressError> {
    let database = match text {
        "" => 0,
        _ => digits(text).ok_or_else(|| AddressError::Database(text.to_owned()))?,
    };
    if cluster && database != 0 {
        return Err(AddressError::ClusterDatabase);
    }
    Ok(database)
}

/// Digits alone: `parse` takes a sign as well.
fn digits<T: FromStr>(text: &str) -> Option<T> {
    let only_digits = text.bytes().all(|b| b.is_ascii_digit());
    only_digits.then(|| text.parse().ok()).flatten()
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.scheme())?;
        if self.user.is_some() || self.password.is_some() {
            let password = self.password.as_ref().map_or("", |_| ":***");
            write!(f, "{}{password}@", self.user.as_deref().unwrap_or(""))?;
        }
        for (i, host) in self.hosts.iter().enumerate() {
            write!(f, "{}{host}", if i == 0 { "" } else { "," })?;
        }
        if self.database != 0 {
            write!(f, "/{}", self.database)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

/// A host and its port.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Host {
    /// A name or an IP address, without brackets.
    pub(crate) name: String,
    pub(crate) port: u16,
}

impl FromStr for Host {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let invalid = || AddressError::Host(text.to_owned());
        let (name, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (name, after) = rest.split_once(']').ok_or_else(invalid)?;
                name.parse::<std::net::Ipv6Addr>().map_err(|_| invalid())?;
                match after.strip_prefix(':') {
                    Some(port) => (name, Some(port)),
                    None if after.is_empty() => (name, None),
                    None => return Err(invalid()),
                }
            }
            None => match text.split_once(':') {
                Some((name, port)) => (name, Some(port)),
                None => (text, None),
            },
        };
        if name.is_empty() {
            return Err(AddressError::NoHost);
        }
        let is_part_of_name = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        if !text.starts_with('[') && !name.chars().all(is_part_of_name) {
            return Err(invalid());
        }
        Ok(Host {
            name: name.to_owned(),
            port: port.map_or(Ok(DEFAULT_PORT), parse_port)?,
        })
    }
}

fn parse_port(text: &str) -> Result<u16, AddressError> {
    let port = digits(text).filter(|port| *port != 0);
    port.ok_or(AddressError::Port)
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.contains(':') {
            return write!(f, "[{}]:{}", self.name, self.port);
        }
        write!(f, "{}:{}", self.name, self.port)
    }
}

#[cfg(test)]
mod tests;
