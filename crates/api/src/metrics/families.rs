//! Metrics as they are told: families with a name, a meaning and a type, each with values by labels.

use prometheus::TextEncoder;
use prometheus::proto::{
    Bucket, Counter, Gauge, Histogram, LabelPair, Metric, MetricFamily, MetricType,
};

/// A label's name and value. Values come from a bounded set.
pub type Label<'a> = (&'static str, &'a str);

/// What is told in one go. A family without a value is not told at all.
#[derive(Default)]
pub struct Families(Vec<MetricFamily>);

/// The values of a counter or gauge.
pub struct Values<'a>(&'a mut MetricFamily);

/// The values of a histogram.
pub struct Distributions<'a>(&'a mut MetricFamily);

/// How something is distributed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Distribution {
    /// Upper bounds, and how many were at most that; the last, infinite one is left out.
    pub at_most: Vec<(f64, u64)>,
    /// How many there were.
    pub count: u64,
    /// The sum of all.
    pub sum: f64,
}

impl Families {
    /// A number that only grows, until the process ends. Its name ends in `_total`.
    pub fn counter(&mut self, name: &str, help: &str) -> Values<'_> {
        Values(self.family(MetricType::COUNTER, name, help))
    }

    /// A number that is what it is at present.
    pub fn gauge(&mut self, name: &str, help: &str) -> Values<'_> {
        Values(self.family(MetricType::GAUGE, name, help))
    }

    /// A distribution of what has been counted since the start of the process.
    pub fn histogram(&mut self, name: &str, help: &str) -> Distributions<'_> {
        Distributions(self.family(MetricType::HISTOGRAM, name, help))
    }

    fn family(&mut self, kind: MetricType, name: &str, help: &str) -> &mut MetricFamily {
        let mut family = MetricFamily::default();
        family.set_name(name.to_owned());
        family.set_help(help.to_owned());
        family.set_field_type(kind);
        self.0.push(family);
        let last = self.0.len() - 1;
        &mut self.0[last]
    }

    pub(super) fn text(mut self) -> Result<String, prometheus::Error> {
        self.0.retain(|family| !family.get_metric().is_empty());
        TextEncoder::new().encode_to_string(&self.0)
    }
}

impl Values<'_> {
    /// Adds a value; each set of labels has one.
    pub fn value(&mut self, labels: &[Label<'_>], value: f64) -> &mut Self {
        let mut metric = metric(labels);
        if self.0.get_field_type() == MetricType::COUNTER {
            let mut counter = Counter::default();
            counter.set_value(value);
            metric.set_counter(counter);
        } else {
            let mut gauge = Gauge::default();
            gauge.set_value(value);
            metric.set_gauge(gauge);
        }
        self.0.mut_metric().push(metric);
        self
    }

    /// Adds a whole number.
    pub fn whole(&mut self, labels: &[Label<'_>], value: u64) -> &mut Self {
        self.value(labels, value as f64)
    }

    /// Adds 1 or 0.
    pub fn flag(&mut self, labels: &[Label<'_>], value: bool) -> &mut Self {
        self.value(labels, f64::from(u8::from(value)))
    }
}

impl Distributions<'_> {
    /// Adds a distribution; each set of labels has one.
    pub fn distribution(&mut self, labels: &[Label<'_>], of: &Distribution) -> &mut Self {
        let buckets = of.at_most.iter().map(|(bound, count)| {
            let mut bucket = Bucket::default();
            bucket.set_upper_bound(*bound);
            bucket.set_cumulative_count(*count);
            bucket
        });
        let mut histogram = Histogram::default();
        histogram.set_bucket(buckets.collect());
        histogram.set_sample_count(of.count);
        histogram.set_sample_sum(of.sum);
        let mut metric = metric(labels);
        metric.set_histogram(histogram);
        self.0.mut_metric().push(metric);
        self
    }
}

fn metric(labels: &[Label<'_>]) -> Metric {
    let pairs = labels.iter().map(|(name, value)| {
        let mut pair = LabelPair::default();
        pair.set_name((*name).to_owned());
        pair.set_value((*value).to_owned());
        pair
    });
    Metric::from_label(pairs.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_told_with_meaning_type_and_values() {
        let mut families = Families::default();
        families
            .counter("a_total", "Of a.")
            .whole(&[("which", "x\"\\\ny")], 1 << 53)
            .whole(&[("which", "z")], 0);
        families.gauge("b", "Of b.").value(&[], 0.25);
        families.gauge("c", "Of nothing.");
        let distribution = Distribution {
            at_most: vec![(0.001, 1), (2.5, 3)],
            count: 4,
            sum: 9.5,
        };
        families
            .histogram("d_seconds", "Of d.")
            .distribution(&[("of", "d")], &distribution);
        let expected = r#"# HELP a_total Of a.
# TYPE a_total counter
a_total{which="x\"\\\ny"} 9007199254740992
a_total{which="z"} 0
# HELP b Of b.
# TYPE b gauge
b 0.25
# HELP d_seconds Of d.
# TYPE d_seconds histogram
d_seconds_bucket{of="d",le="0.001"} 1
d_seconds_bucket{of="d",le="2.5"} 3
d_seconds_bucket{of="d",le="+Inf"} 4
d_seconds_sum{of="d"} 9.5
d_seconds_count{of="d"} 4
"#;
        assert_eq!(families.text().unwrap(), expected);
    }
}
