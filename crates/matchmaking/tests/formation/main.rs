//! Formation against the plain statement of the rules and against exhaustive search.

mod exhaustive;
mod generate;
mod openings;
mod optimum;
mod properties;
mod reasons;
