//! What `/metrics` tells, read as strictly as the text format 0.0.4 and the customs of Prometheus allow.

use std::collections::BTreeMap;

use crate::App;

/// Every family of one reply.
#[derive(Debug)]
pub struct Scrape(BTreeMap<String, Family>);

/// Metrics of one name.
#[derive(Debug)]
pub struct Family {
    /// `counter`, `gauge` or `histogram`.
    pub kind: String,
    /// What it means.
    pub help: String,
    /// Values by name of the sample and labels.
    samples: BTreeMap<(String, Labels), f64>,
}

/// Names and values of labels.
pub type Labels = BTreeMap<String, String>;

impl Scrape {
    /// Asks a server.
    pub fn of(app: &App) -> Self {
        let reply = app.get("/metrics");
        assert_eq!(reply.status, 200);
        assert_eq!(
            reply.header("content-type"),
            Some("text/plain; version=0.0.4; charset=utf-8")
        );
        Scrape::parse(&String::from_utf8(reply.body).unwrap())
    }

    /// Reads a text; panics at the first fault.
    pub fn parse(text: &str) -> Self {
        assert!(text.is_empty() || text.ends_with('\n'), "no end of line");
        let mut families = BTreeMap::new();
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            let (name, help) = header(line, "# HELP ");
            assert!(!help.is_empty(), "{name} says nothing of itself");
            let (same, kind) = header(lines.next().expect("a type"), "# TYPE ");
            assert_eq!(same, name);
            let mut family = Family {
                kind: kind.to_owned(),
                help: help.to_owned(),
                samples: BTreeMap::new(),
            };
            while let Some(line) = lines.next_if(|line| !line.starts_with('#')) {
                let (sample, labels, value) = sample(line);
                let before = family.samples.insert((sample, labels), value);
                assert_eq!(before, None, "twice: {line}");
            }
            family.check(name);
            let before = families.insert(name.to_owned(), family);
            assert!(before.is_none(), "{name} is told twice");
        }
        Scrape(families)
    }

    /// Families by name.
    pub fn families(&self) -> impl Iterator<Item = (&str, &Family)> {
        self.0.iter().map(|(name, family)| (name.as_str(), family))
    }

    /// The value of a sample; for a histogram, name it with `_sum`, `_count` or `_bucket`.
    pub fn find(&self, sample: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let key = (sample.to_owned(), labels.iter().map(owned).collect());
        let mut families = self.0.values();
        families
            .find_map(|family| family.samples.get(&key))
            .copied()
    }

    /// The same, which has to be there.
    pub fn value(&self, sample: &str, labels: &[(&str, &str)]) -> f64 {
        let found = self.find(sample, labels);
        found.unwrap_or_else(|| panic!("there is no {sample} {labels:?}"))
    }

    /// Every sample of this name with its labels.
    pub fn all(&self, sample: &str) -> impl Iterator<Item = (&Labels, f64)> {
        let samples = self.0.values().flat_map(|family| &family.samples);
        let named = samples.filter(move |((name, _), _)| name == sample);
        named.map(|((_, labels), value)| (labels, *value))
    }
}

impl Family {
    /// Names of its labels, `le` of histograms left out.
    pub fn labels(&self) -> Vec<&str> {
        let (_, labels) = self.samples.keys().next().unwrap();
        let names = labels.keys().map(String::as_str);
        names.filter(|name| *name != "le").collect()
    }

    fn check(&self, name: &str) {
        assert!(is_name(name, true), "{name}");
        assert!(!self.samples.is_empty(), "{name} has no value");
        let labels = self.labels();
        for (_, of) in self.samples.keys() {
            let names = of.keys().filter(|label| *label != "le");
            assert!(names.eq(&labels), "{name} has different labels: {of:?}");
        }
        let total = name.ends_with("_total");
        match self.kind.as_str() {
            "counter" => {
                assert!(total, "{name} does not end as counters do");
                self.is_plain(name);
                let grows = |value: &f64| value.is_finite() && *value >= 0.0;
                assert!(self.samples.values().all(grows), "{name}");
            }
            "gauge" => {
                let parts = ["_total", "_sum", "_count", "_bucket"];
                assert!(!parts.iter().any(|end| name.ends_with(end)), "{name}");
                self.is_plain(name);
            }
            "histogram" => self.check_histogram(name),
            other => panic!("{name} is a {other}"),
        }
    }

    fn is_plain(&self, name: &str) {
        let mut samples = self.samples.keys();
        assert!(samples.all(|(n, labels)| n == name && !labels.contains_key("le")));
    }

    fn check_histogram(&self, name: &str) {
        let mut by_labels: BTreeMap<Labels, Parts> = BTreeMap::new();
        for ((sample, labels), value) in &self.samples {
            let mut labels = labels.clone();
            let le = labels.remove("le");
            let parts = by_labels.entry(labels).or_default();
            match (sample.strip_prefix(name), le) {
                (Some("_bucket"), Some(le)) => parts.buckets.push((number(&le), *value)),
                (Some("_sum"), None) => parts.sum = Some(*value),
                (Some("_count"), None) => parts.count = Some(*value),
                other => panic!("{sample} {other:?} is no part of a histogram"),
            }
        }
        for (labels, mut parts) in by_labels {
            parts.check(&format!("{name} {labels:?}"));
        }
    }
}

#[derive(Default)]
struct Parts {
    buckets: Vec<(f64, f64)>,
    sum: Option<f64>,
    count: Option<f64>,
}

impl Parts {
    fn check(&mut self, what: &str) {
        self.buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (sum, count) = (self.sum.expect(what), self.count.expect(what));
        assert_eq!(self.buckets.last(), Some(&(f64::INFINITY, count)), "{what}");
        // Each value lies between two bounds, and so does the sum of all.
        let (mut least, mut most) = (0.0, 0.0);
        let (mut lower, mut below) = (0.0, 0.0);
        for (bound, at_most) in &self.buckets {
            let here = at_most - below;
            assert!(here >= 0.0 && at_most.fract() == 0.0, "{what} at {bound}");
            least += here * lower;
            most += if here > 0.0 { here * bound } else { 0.0 };
            (lower, below) = (*bound, *at_most);
        }
        let slack = 1e-6;
        assert!(least <= sum + slack && sum <= most + slack, "{what}: {sum}");
    }
}

fn header<'a>(line: &'a str, kind: &str) -> (&'a str, &'a str) {
    let rest = line.strip_prefix(kind);
    let rest = rest.unwrap_or_else(|| panic!("no {kind}: {line}"));
    rest.split_once(' ').unwrap_or_else(|| panic!("{line}"))
}

/// `name{label="value",…} 1.5`
fn sample(line: &str) -> (String, Labels, f64) {
    let end = line.find(['{', ' ']).unwrap_or_else(|| panic!("{line}"));
    let (name, mut rest) = line.split_at(end);
    assert!(is_name(name, true), "{line}");
    let mut labels = Labels::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        loop {
            let (label, after) = rest.split_once("=\"").unwrap_or_else(|| panic!("{line}"));
            assert!(is_name(label, false), "{line}");
            let (value, after) = quoted(after).unwrap_or_else(|| panic!("{line}"));
            assert!(labels.insert(label.to_owned(), value).is_none(), "{line}");
            if let Some(more) = after.strip_prefix(',') {
                rest = more;
                continue;
            }
            rest = after.strip_prefix('}').unwrap_or_else(|| panic!("{line}"));
            break;
        }
    }
    let value = rest.strip_prefix(' ').unwrap_or_else(|| panic!("{line}"));
    (name.to_owned(), labels, number(value))
}

/// A text up to its closing quote, and what follows.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(match chars.next()?.1 {
                'n' => '\n',
                same @ ('\\' | '"') => same,
                _ => return None,
            }),
            char => value.push(char),
        }
    }
    None
}

fn number(text: &str) -> f64 {
    if text == "+Inf" {
        return f64::INFINITY;
    }
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_digit() || b"+-.e".contains(&b));
    assert!(plain, "{text} is no number");
    text.parse().unwrap()
}

fn is_name(name: &str, of_metric: bool) -> bool {
    let first = name.bytes().next().is_some_and(|b| !b.is_ascii_digit());
    let all = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || (of_metric && b == b':');
    first && name.bytes().all(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_refused(text: &str) -> bool {
        std::panic::catch_unwind(|| Scrape::parse(text)).is_err()
    }

    #[test]
    fn what_is_right_is_read() {
        let scrape = Scrape::parse(
            "# HELP a_total Of a.\n# TYPE a_total counter\na_total{x=\"1\\\"\\\\\\n,}\",y=\"\"} 3\na_total{x=\"\",y=\"\"} 0\n\
             # HELP h Of h.\n# TYPE h histogram\nh_bucket{le=\"0.5\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 1.25\nh_count 2\n",
        );
        assert_eq!(
            scrape.value("a_total", &[("x", "1\"\\\n,}"), ("y", "")]),
            3.0
        );
        assert_eq!(scrape.find("a_total", &[("x", "1")]), None);
        assert_eq!(scrape.value("h_bucket", &[("le", "0.5")]), 1.0);
        assert_eq!(scrape.all("a_total").count(), 2);
        assert_eq!(scrape.0["a_total"].labels(), ["x", "y"]);
    }

    #[test]
    fn what_is_wrong_is_refused() {
        let counter = "# HELP a_total A.\n# TYPE a_total counter\n";
        let histogram = "# HELP h H.\n# TYPE h histogram\n";
        assert!(!is_refused(&format!("{counter}a_total 1\n")));
        for wrong in [
            "a_total 1\n".to_owned(),
            counter.to_owned(),
            format!("{counter}a_total 1"),
            format!("{counter}a_total -1\n"),
            format!("{counter}a_total NaN\n"),
            format!("{counter}b_total 1\n"),
            format!("{counter}a_total 1\na_total 1\n"),
            format!("{counter}a_total 1\na_total{{x=\"1\"}} 1\n"),
            format!("{counter}a_total{{x=1}} 1\n"),
            format!("{counter}a_total 1\n{counter}a_total 1\n"),
            "# HELP a A.\n# TYPE a counter\na 1\n".to_owned(),
            "# HELP a_total A.\n# TYPE a_total gauge\na_total 1\n".to_owned(),
            format!("{histogram}h_bucket{{le=\"+Inf\"}} 2\nh_sum 1\nh_count 1\n"),
            format!(
                "{histogram}h_bucket{{le=\"1\"}} 2\nh_bucket{{le=\"+Inf\"}} 1\nh_sum 1\nh_count 1\n"
            ),
            format!(
                "{histogram}h_bucket{{le=\"1\"}} 1\nh_bucket{{le=\"+Inf\"}} 1\nh_sum 2\nh_count 1\n"
            ),
            format!("{histogram}h_bucket{{le=\"1\"}} 1\nh_sum 1\nh_count 1\n"),
        ] {
            assert!(is_refused(&wrong), "{wrong}");
        }
    }
}
