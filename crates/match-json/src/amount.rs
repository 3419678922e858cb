//! A number of JSON that measures something.

use fields::FromValue;
use serde_json::Value;

/// A finite number that is not negative: a rating, a distance of two, a latency, a wait.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Amount(pub(crate) f64);

impl Amount {
    /// Large enough for anything that is measured here, and small enough that sums stay finite.
    pub(crate) const MAX: f64 = 1e9;
}

impl FromValue for Amount {
    fn from_value(value: &Value) -> Result<Self, &'static str> {
        let number = value.as_f64().ok_or("must be a number")?;
        // A zero may have a sign, which would be written again.
        (0.0..=Amount::MAX)
            .contains(&number)
            .then_some(Amount(number + 0.0))
            .ok_or("must be a number from 0 to 1000000000")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn amounts_are_not_negative_and_not_too_large() {
        for good in [json!(0), json!(12.5), json!(1e9), json!(5e-324)] {
            assert!(Amount::from_value(&good).is_ok(), "{good}");
        }
        for bad in [
            json!(-1),
            json!(-0.001),
            json!(1.1e9),
            json!(1e308),
            json!("1"),
            json!(true),
        ] {
            assert!(Amount::from_value(&bad).is_err(), "{bad}");
        }
        let zero = Amount::from_value(&json!(-0.0)).unwrap().0;
        assert!(zero.is_sign_positive());
    }
}
