//! The figures of one engine in one round, and how they cross from the child
//! process to its parent: as lines of text, `value<TAB>label`.

use anyhow::{Context, Result};

use super::digest::Digest;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    pub digest: Digest,
    /// In the order in which they are reported.
    pub figures: Vec<(String, f64)>,
}

impl Sample {
    pub fn put(&mut self, label: impl Into<String>, value: f64) {
        self.figures.push((label.into(), value));
    }

    /// A figure that not every system offers.
    pub fn put_mib(&mut self, label: impl Into<String>, bytes: Option<u64>) {
        if let Some(bytes) = bytes {
            self.put(label, bytes as f64 / f64::from(1 << 20));
        }
    }

    pub fn get(&self, label: &str) -> Option<f64> {
        let figure = self.figures.iter().find(|figure| figure.0 == label);
        figure.map(|figure| figure.1)
    }

    pub fn to_text(&self) -> String {
        let mut text = format!("{}\t{}\n", self.digest.count, self.digest.sum);
        for (label, value) in &self.figures {
            text += &format!("{value}\t{label}\n");
        }
        text
    }

    pub fn from_text(text: &str) -> Result<Sample> {
        let mut lines = text.lines().map(|line| line.split_once('\t'));
        let (count, sum) = lines.next().flatten().context("no digest line")?;
        let digest = Digest {
            count: count.parse()?,
            sum: sum.parse()?,
        };
        let mut figures = Vec::new();
        for line in lines {
            let (value, label) = line.context("a figure without a label")?;
            figures.push((label.to_owned(), value.parse()?));
        }
        Ok(Sample { digest, figures })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_survive_the_crossing() {
        let mut sample = Sample::default();
        sample.digest.add(b"key", b"value");
        sample.put("a, b/s", 1.25);
        sample.put_mib("c", Some(1 << 20));
        sample.put_mib("d", None);
        assert_eq!(Sample::from_text(&sample.to_text()).unwrap(), sample);
    }

    #[test]
    fn garbage_is_refused() {
        for text in ["", "1 2", "1\t2\nx", "1\t2\nx\ty"] {
            assert!(Sample::from_text(text).is_err(), "{text:?}");
        }
    }
}
