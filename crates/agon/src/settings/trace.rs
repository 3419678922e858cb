//! `[trace]`: where traces of requests are sent, if anywhere.

use serde::{Deserialize, Serialize};

/// Where traces of requests are sent, and of how many.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Trace {
    /// An OpenTelemetry collector's HTTP address, without `/v1/traces`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) otlp_endpoint: Option<String>,
    /// The share of requests without a trace of their caller's that get one.
    pub(crate) sample_ratio: f64,
    pub(crate) service_name: String,
}

impl Default for Trace {
    fn default() -> Self {
        Trace {
            otlp_endpoint: None,
            sample_ratio: 1.0,
            service_name: "agon".to_owned(),
        }
    }
}

impl Trace {
    /// The key, the value and what would be right, where a value is wrong.
    pub(super) fn check(&self) -> Result<(), (&'static str, String, &'static str)> {
        if let Some(endpoint) = &self.otlp_endpoint
            && !is_http(endpoint)
        {
            let reason = "expected an address such as http://localhost:4318";
            return Err(("trace.otlp_endpoint", endpoint.clone(), reason));
        }
        if !(0.0..=1.0).contains(&self.sample_ratio) {
            let reason = "expected a share from 0 to 1";
            return Err(("trace.sample_ratio", self.sample_ratio.to_string(), reason));
        }
        Ok(())
    }
}

fn is_http(address: &str) -> bool {
    let address = address.parse::<hyper::Uri>();
    address.is_ok_and(|a| matches!(a.scheme_str(), Some("http" | "https")) && a.host().is_some())
}
