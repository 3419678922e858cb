//! What the stores must contain at the end, worked out by a plain map.
//!
//! The map sees the same batches as the engines and nothing of their code; it
//! is thrown away before the first engine starts.

use std::collections::HashMap;

use super::args::Args;
use super::digest::Digest;
use super::store::{Batch, Key, META_KEY, Meta, Value};
use super::workload::{Workload, stages};

#[derive(Default)]
struct Model {
    entries: HashMap<Key, Value>,
    meta: Option<Meta>,
}

impl Model {
    fn commit(&mut self, batch: Batch) {
        self.entries.extend(batch.entries);
        self.meta = Some(batch.meta);
    }

    fn digest(&self) -> Digest {
        let mut digest = Digest::default();
        for (key, value) in &self.entries {
            digest.add(key, value);
        }
        if let Some(meta) = &self.meta {
            digest.add(META_KEY, meta);
        }
        digest
    }
}

/// The digest every engine has to arrive at.
pub fn expected(args: &Args) -> Digest {
    let mut workload = Workload::new(args);
    let mut model = Model::default();
    for number in 0..workload.load_batches() {
        model.commit(workload.load(number));
    }
    for stage in stages(args) {
        for _ in 0..stage.batches {
            model.commit(workload.update(stage.size));
        }
    }
    model.digest()
}
