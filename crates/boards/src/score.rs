//! A score: a finite double.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::Invalid;

/// Up to here every whole number is exact in a double, and is printed without a fraction.
const MAX_WHOLE: f64 = 9_007_199_254_740_992.0;

/// A finite double. Negative zero is zero, so that equal scores have equal bits.
#[derive(Clone, Copy, PartialEq, PartialOrd, Default)]
pub struct Score(f64);

impl Score {
    /// No points.
    pub const ZERO: Score = Score(0.0);

    /// # Errors
    /// [`Invalid`] where the value is infinite or not a number.
    pub fn new(value: f64) -> Result<Self, Invalid> {
        if value.is_finite() {
            // Adding zero turns −0 into 0 and leaves everything else alone.
            Ok(Score(value + 0.0))
        } else {
            Err(Invalid::new("must be a finite number"))
        }
    }

    /// The value, never infinite and never NaN.
    pub fn get(self) -> f64 {
        self.0
    }

    /// The sum, or `None` where it is too large for a double.
    pub fn checked_add(self, other: Score) -> Option<Score> {
        Score::new(self.0 + other.0).ok()
    }
}

impl Eq for Score {}

#[allow(
    clippy::derive_ord_xor_partial_ord,
    reason = "finite doubles without −0 are ordered totally, and alike by both"
)]
impl Ord for Score {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl fmt::Debug for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Serialize for Score {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.fract() == 0.0 && self.0.abs() <= MAX_WHOLE {
            serializer.serialize_i64(self.0 as i64)
        } else {
            serializer.serialize_f64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Score {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Score::new(f64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::Score;

    fn json(value: f64) -> String {
        serde_json::to_string(&Score::new(value).unwrap()).unwrap()
    }

    #[test]
    fn whole_numbers_have_no_fraction() {
        assert_eq!(json(5011.0), "5011");
        assert_eq!(json(-0.0), "0");
        assert_eq!(json(-3.0), "-3");
        assert_eq!(json(9_007_199_254_740_992.0), "9007199254740992");
        assert_eq!(json(0.1), "0.1");
    }

    #[test]
    fn every_double_survives_json() {
        for value in [0.1 + 0.2, f64::MIN_POSITIVE, f64::MAX, -1e-300, 123_456.789] {
            let back: Score = serde_json::from_str(&json(value)).unwrap();
            assert_eq!(back.get().to_bits(), value.to_bits());
        }
    }

    #[test]
    fn infinity_and_nan_are_no_scores() {
        assert!(Score::new(f64::INFINITY).is_err());
        assert!(Score::new(f64::NAN).is_err());
        assert!(
            Score::new(f64::MAX)
                .unwrap()
                .checked_add(Score::new(f64::MAX).unwrap())
                .is_none()
        );
    }
}
