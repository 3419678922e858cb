//! Formation against the plain statement of the rules and against exhaustive search.

#![allow(clippy::unwrap_used)]

mod exhaustive;
mod generate;
mod openings;
mod optimum;
mod properties;
mod reasons;
