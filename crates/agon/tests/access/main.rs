//! Who may do what, against the real process: keys and their life, players' tokens and their faults, every
//! scope against every route.

mod commands;
mod issuer;
mod keys;
mod players;
mod scopes;
mod setup;
mod tokens;
