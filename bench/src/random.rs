//! Deterministic random numbers: the same seed always gives the same workload.
//!
//! A counter that is scrambled on the way out is all a benchmark needs, and it
//! lets the n-th key be computed instead of remembered.

/// A fixed bijection on 64 bits that spreads every input bit over the output.
pub fn scramble(word: u64) -> u64 {
    let mut x = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[derive(Clone)]
pub struct Random {
    counter: u64,
}

impl Random {
    pub fn new(seed: u64) -> Self {
        Random {
            counter: scramble(seed),
        }
    }

    pub fn word(&mut self) -> u64 {
        self.counter = self.counter.wrapping_add(0x9e37_79b9_7f4a_7c15);
        scramble(self.counter)
    }

    /// A number below `limit`, near enough to uniform for a benchmark.
    pub fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.word()) * u128::from(limit)) >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_seeds_agree_and_others_do_not() {
        let draw = |seed| Random::new(seed).word();
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn below_stays_below_and_reaches_everything() {
        let mut random = Random::new(1);
        let mut seen = [false; 10];
        for _ in 0..1_000 {
            seen[random.below(10) as usize] = true;
        }
        assert_eq!(seen, [true; 10]);
    }
}
