//! Named upstreams.
