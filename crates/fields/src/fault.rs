//! What is wrong with an input, and where.

use serde::Serialize;

/// One fault of a request that may have several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Fault {
    /// Where in the body it is, as a JSON pointer (RFC 6901).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = "/0/user_id"))]
    pub pointer: Option<String>,
    /// Which part of the path or query it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = "limit"))]
    pub parameter: Option<String>,
    /// What is wrong there.
    #[cfg_attr(feature = "openapi", schema(example = "must be a UUID"))]
    pub detail: String,
}

impl Fault {
    /// A fault at a place in a body.
    pub fn at(pointer: String, detail: impl Into<String>) -> Self {
        Fault {
            pointer: Some(pointer),
            parameter: None,
            detail: detail.into(),
        }
    }

    /// A fault of a named part that is not in a body.
    pub fn parameter(name: &str, detail: impl Into<String>) -> Self {
        Fault {
            pointer: None,
            parameter: Some(name.to_owned()),
            detail: detail.into(),
        }
    }

    /// What is wrong in a sentence: of several faults the first, and how many more there are.
    pub fn summary(faults: &[Fault]) -> String {
        let Some(first) = faults.first() else {
            return String::new();
        };
        let place = first.pointer.as_deref().or(first.parameter.as_deref());
        let place = place.filter(|p| !p.is_empty()).unwrap_or("the body");
        match faults.len() {
            1 => format!("{place} {}", first.detail),
            n => format!("{place} {}, and {} more", first.detail, n - 1),
        }
    }
}
