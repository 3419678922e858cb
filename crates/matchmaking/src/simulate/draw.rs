//! Random numbers of the shapes that a simulation needs, from one generator whose seed is given.
//!
//! The logarithm and the cosine are those of a library that computes them alike everywhere: those of the
//! system differ in the last digit from one to the next, and a report is to be the same on all of them.

use fastrand::Rng;

/// A generator for one purpose, so that drawing more for one does not shift the others: `stream` says
/// which, and `number` which draw of that.
pub(super) fn stream(seed: u64, stream: u64, number: u64) -> Rng {
    // SplitMix64's finishing step (Steele, Lea and Flood, 2014), which leaves no seed near another.
    let mix = |value: u64| {
        let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    };
    let golden = 0x9e37_79b9_7f4a_7c15_u64;
    let seed = mix(seed.wrapping_add(golden)).wrapping_add(stream.wrapping_mul(golden));
    Rng::with_seed(mix(mix(seed).wrapping_add(number.wrapping_mul(golden))))
}

/// Memoryless, of that mean.
pub(super) fn exponential(rng: &mut Rng, mean: f64) -> f64 {
    -mean * libm::log(1.0 - rng.f64())
}

/// Normal, by Box and Muller.
pub(super) fn normal(rng: &mut Rng, mean: f64, deviation: f64) -> f64 {
    let radius = libm::sqrt(-2.0 * libm::log(1.0 - rng.f64()));
    let angle = std::f64::consts::TAU * rng.f64();
    mean + deviation * radius * libm::cos(angle)
}

/// One of these, as likely as its weight says; the last where rounding leaves none. `None` of none.
pub(super) fn weighted<'a, T>(rng: &mut Rng, choices: &'a [(T, f64)]) -> Option<&'a T> {
    let total: f64 = choices.iter().map(|(_, weight)| weight).sum();
    let mut left = rng.f64() * total;
    for (choice, weight) in choices {
        left -= weight;
        if left < 0.0 {
            return Some(choice);
        }
    }
    choices.last().map(|(choice, _)| choice)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(mut draw: impl FnMut() -> f64) -> (f64, f64) {
        let drawn: Vec<f64> = (0..100_000).map(|_| draw()).collect();
        let mean = drawn.iter().sum::<f64>() / drawn.len() as f64;
        let square = |x: &f64| (x - mean) * (x - mean);
        let variance = drawn.iter().map(square).sum::<f64>() / drawn.len() as f64;
        (mean, variance.sqrt())
    }

    #[test]
    fn shapes_have_their_moments() {
        let mut rng = stream(1, 2, 3);
        let (mean, deviation) = moments(|| normal(&mut rng, 1500.0, 300.0));
        assert!((mean - 1500.0).abs() < 4.0 && (deviation - 300.0).abs() < 3.0);
        let (mean, deviation) = moments(|| exponential(&mut rng, 20.0));
        assert!((mean - 20.0).abs() < 0.3 && (deviation - 20.0).abs() < 0.5);
        let choices = [(0.0, 6.0), (1.0, 3.0), (4.0, 1.0)];
        let (mean, _) = moments(|| *weighted(&mut rng, &choices).unwrap());
        assert!((mean - 0.7).abs() < 0.02, "{mean}");
        assert_eq!(weighted::<f64>(&mut rng, &[]), None);
    }

    /// Reports would be others with another generator, so it may not change unnoticed.
    #[test]
    fn the_generator_is_the_one_it_was() {
        let mut rng = stream(1, 2, 3);
        let drawn = [rng.u64(..), rng.u64(..)];
        assert_eq!(
            drawn,
            [15_320_448_716_371_860_241, 7_345_607_859_504_120_267]
        );
    }

    #[test]
    fn streams_are_apart() {
        let first = |seed, of, number| stream(seed, of, number).u64(..);
        let mut all = Vec::new();
        for seed in 0..10 {
            for of in 0..10 {
                all.extend((0..10).map(|number| first(seed, of, number)));
            }
        }
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 1_000);
    }
}
