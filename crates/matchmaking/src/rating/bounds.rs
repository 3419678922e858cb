//! What ratings may be: bounds within which every system's arithmetic holds.

use super::{Rating, RatingSystem};

/// Far beyond anything that results lead to. A double still tells thousandths there.
const LARGEST_MEAN: f64 = 1e6;
/// A rating that is known better than this would hardly move any more, and players change.
const LEAST_DEVIATION: f64 = 30.0;
/// Glickman's range of sensible values is well inside.
const VOLATILITY: (f64, f64) = (0.001, 1.0);

impl RatingSystem {
    /// The nearest rating that may be, for what is kept.
    pub(super) fn within_bounds(self, rating: &Rating) -> Rating {
        let least = match self {
            RatingSystem::Elo => 0.0,
            _ => LEAST_DEVIATION,
        };
        self.bounded(rating, least)
    }

    /// The nearest rating that may be, where one that is known exactly may be.
    pub(super) fn for_prediction(self, rating: &Rating) -> Rating {
        self.bounded(rating, 0.0)
    }

    fn bounded(self, rating: &Rating, least_deviation: f64) -> Rating {
        let new = self.initial();
        let volatility = new.volatility.map(|usual| {
            let volatility = number_or(rating.volatility.unwrap_or(usual), usual);
            volatility.clamp(VOLATILITY.0, VOLATILITY.1)
        });
        Rating {
            mean: number_or(rating.mean, new.mean).clamp(-LARGEST_MEAN, LARGEST_MEAN),
            deviation: number_or(rating.deviation, new.deviation)
                .clamp(least_deviation, new.deviation),
            volatility,
        }
    }
}

fn number_or(value: f64, other: f64) -> f64 {
    if value.is_nan() { other } else { value }
}
