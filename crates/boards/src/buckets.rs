//! How something is distributed: counts by upper bounds. Of use to stores, which count for those who watch them.

/// What has been counted at one instant.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// Upper bounds, and how many were at most that; the last, infinite one is left out.
    pub at_most: Vec<(f64, u64)>,
    /// How many there were.
    pub count: u64,
    /// The sum of all.
    pub sum: f64,
}

/// What is being counted.
#[derive(Clone, Debug)]
pub struct Buckets<const N: usize> {
    bounds: &'static [f64; N],
    counts: [u64; N],
    count: u64,
    sum: f64,
}

impl<const N: usize> Buckets<N> {
    /// Bounds in ascending order.
    pub fn new(bounds: &'static [f64; N]) -> Self {
        Buckets {
            bounds,
            counts: [0; N],
            count: 0,
            sum: 0.0,
        }
    }

    /// Counts one.
    pub fn record(&mut self, value: f64) {
        let at = self.bounds.partition_point(|bound| *bound < value);
        if let Some(count) = self.counts.get_mut(at) {
            *count += 1;
        }
        self.count += 1;
        self.sum += value;
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Adds what another one with the same bounds has counted.
    pub fn add(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
        self.count += other.count;
        self.sum += other.sum;
    }

    /// What has been counted so far.
    pub fn histogram(&self) -> Histogram {
        let mut below = 0;
        let at_most = self.bounds.iter().zip(self.counts).map(|(bound, count)| {
            below += count;
            (*bound, below)
        });
        Histogram {
            at_most: at_most.collect(),
            count: self.count,
            sum: self.sum,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_under_each_bound_that_they_keep() {
        let mut buckets = Buckets::new(&[1.0, 2.0, 4.0]);
        for value in [0.0, 1.0, 1.5, 4.0, 5.0] {
            buckets.record(value);
        }
        let expected = Histogram {
            at_most: vec![(1.0, 2), (2.0, 3), (4.0, 4)],
            count: 5,
            sum: 11.5,
        };
        assert_eq!(buckets.histogram(), expected);
        buckets.add(&buckets.clone());
        let Histogram {
            at_most,
            count,
            sum,
        } = buckets.histogram();
        assert_eq!((at_most[2], count, sum), ((4.0, 8), 10, 23.0));
    }
}
