//! How a server is started, and what is asked of it over one connection.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use testkit::{Connection, Launch};

/// Far beyond what anything takes here.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub fn launch() -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_agon"))
}

/// The status of the next reply.
pub fn status(connection: &mut Connection) -> u16 {
    connection.reply().expect("a reply").status
}

/// The status of the reply to a `GET`.
pub fn get(connection: &mut Connection, path: &str) -> u16 {
    connection.request(&format!("GET {path}"), "", b"");
    status(connection)
}
