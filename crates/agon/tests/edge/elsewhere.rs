//! A client at another address of this machine: the whole of 127.0.0.0/8 is it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::net::IpAddr;

use testkit::{App, Connection};
use tokio::net::TcpSocket;

/// A connection that comes from this address.
pub(crate) fn connect_from(address: &str, app: &App) -> Connection {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let stream = runtime.block_on(async {
        let socket = TcpSocket::new_v4().unwrap();
        let address: IpAddr = address.parse().unwrap();
        socket.bind((address, 0).into()).unwrap();
        let stream = socket.connect(app.address()).await.unwrap();
        stream.into_std().unwrap()
    });
    stream.set_nonblocking(false).unwrap();
    Connection::over(stream)
}
