//! The edge of the server: TLS, many connections at once, whose request it is, and how many it may send.

mod crowd;
mod elsewhere;
mod http2;
mod pages;
mod rates;
mod secure;
mod tls;
