//! Latencies.
