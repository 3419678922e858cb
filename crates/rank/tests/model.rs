//! The index against a plain sorted list, step by step.

use proptest::prelude::*;
use rank::RankIndex;

#[derive(Debug, Clone)]
enum Step {
    Insert(u16, u32),
    Remove(u16),
    Update(u16, u16),
    Look(u16),
    Page(u16, u8),
}

fn step(keys: u16) -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..keys, any::<u32>()).prop_map(|(k, v)| Step::Insert(k, v)),
        3 => (0..keys).prop_map(Step::Remove),
        3 => (0..keys, 0..keys).prop_map(|(a, b)| Step::Update(a, b)),
        2 => (0..keys).prop_map(Step::Look),
        1 => (0..keys, any::<u8>()).prop_map(|(p, n)| Step::Page(p, n)),
    ]
}

/// The plain list: sorted by key, every operation a walk.
#[derive(Default)]
struct Model(Vec<(u16, u32)>);

impl Model {
    fn find(&self, key: u16) -> Result<usize, usize> {
        self.0.binary_search_by_key(&key, |e| e.0)
    }

    fn insert(&mut self, key: u16, value: u32) -> Option<usize> {
        let at = self.find(key).err()?;
        self.0.insert(at, (key, value));
        Some(at)
    }

    fn remove(&mut self, key: u16) -> Option<(usize, u32)> {
        let at = self.find(key).ok()?;
        Some((at, self.0.remove(at).1))
    }

    fn update(&mut self, old: u16, new: u16) -> Option<(usize, usize)> {
        let from = self.find(old).ok()?;
        if old != new && self.find(new).is_ok() {
            return None;
        }
        let (_, value) = self.0.remove(from);
        self.insert(new, value).map(|to| (from, to))
    }
}

fn run(index: &mut RankIndex<u16, u32>, model: &mut Model, step: &Step) {
    match *step {
        Step::Insert(k, v) => assert_eq!(index.insert(k, v), model.insert(k, v)),
        Step::Remove(k) => assert_eq!(index.remove(&k), model.remove(k)),
        Step::Update(a, b) => {
            let moved = index.update(&a, b).map(|m| (m.from, m.to));
            assert_eq!(moved, model.update(a, b));
        }
        Step::Look(k) => {
            assert_eq!(index.rank(&k), model.find(k).ok());
            assert_eq!(index.position(&k), model.find(k).unwrap_or_else(|at| at));
            assert_eq!(index.get(&k), model.find(k).ok().map(|at| &model.0[at].1));
            let above = model.0.iter().filter(|e| e.0 >= k).count();
            assert_eq!(index.count(k..), above);
            let around = k.saturating_sub(100)..=k.saturating_add(7);
            let expected = model.0.iter().filter(|e| around.contains(&e.0)).count();
            assert_eq!(index.count(around), expected);
        }
        Step::Page(position, n) => {
            let (position, n) = (usize::from(position), usize::from(n));
            let page: Vec<_> = index
                .iter_from(position)
                .take(n)
                .map(|(k, v)| (*k, *v))
                .collect();
            let expected: Vec<_> = model.0.iter().skip(position).take(n).copied().collect();
            assert_eq!(page, expected);
            assert_eq!(
                index.select(position).map(|(k, v)| (*k, *v)),
                model.0.get(position).copied()
            );
        }
    }
    assert_eq!(index.len(), model.0.len());
}

fn same(index: &RankIndex<u16, u32>, model: &Model) {
    let entries: Vec<_> = index.iter().map(|(k, v)| (*k, *v)).collect();
    assert_eq!(entries, model.0);
    for (position, (key, _)) in model.0.iter().enumerate() {
        assert_eq!(index.rank(key), Some(position));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, max_shrink_iters: 4_000, ..ProptestConfig::default() })]

    /// Few keys: collisions, emptied nodes, the root growing and shrinking.
    #[test]
    fn any_steps_on_few_keys(steps in prop::collection::vec(step(300), 0..2_000)) {
        let (mut index, mut model) = (RankIndex::new(), Model::default());
        for step in &steps {
            run(&mut index, &mut model, step);
        }
        same(&index, &model);
    }

    /// Starts from a bulk-built tree of three levels.
    #[test]
    fn any_steps_on_a_built_index(
        keys in prop::collection::btree_map(any::<u16>(), any::<u32>(), 0..12_000),
        steps in prop::collection::vec(step(u16::MAX), 0..3_000),
    ) {
        let mut model = Model(keys.into_iter().collect());
        let mut index = RankIndex::from_sorted(model.0.iter().copied()).unwrap();
        for step in &steps {
            run(&mut index, &mut model, step);
        }
        same(&index, &model);
    }
}

/// Millions of steps over a changing mixture, so that the tree grows to three levels, drains, and
/// grows again; the model here is the set of keys, so that a step costs little.
#[test]
fn two_million_steps_through_growth_and_decay() {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    let mut index = RankIndex::new();
    let mut present = vec![false; 1 << 16];
    // A Fenwick tree of the keys present: an independent way to count what lies below a key.
    let mut below = vec![0_i32; (1 << 16) + 1];
    let add = |below: &mut Vec<i32>, key: usize, by: i32| {
        let mut at = key + 1;
        while at < below.len() {
            below[at] += by;
            at += at & at.wrapping_neg();
        }
    };
    let count = |below: &[i32], key: usize| {
        let (mut at, mut sum) = (key, 0);
        while at > 0 {
            sum += below[at];
            at &= at - 1;
        }
        sum as usize
    };
    for step in 0..2_000_000_u64 {
        let growing = (step / 250_000) % 2 == 0;
        let key = (next() % (1 << 16)) as usize;
        let insert = next() % 10 < if growing { 8 } else { 2 };
        if insert {
            let expected = (!present[key]).then(|| count(&below, key));
            assert_eq!(index.insert(key as u32, !key), expected);
            if expected.is_some() {
                add(&mut below, key, 1);
            }
            present[key] = true;
        } else {
            let expected = present[key].then(|| (count(&below, key), !key));
            assert_eq!(index.remove(&(key as u32)), expected);
            if expected.is_some() {
                add(&mut below, key, -1);
            }
            present[key] = false;
        }
    }
    let left: Vec<u32> = index.iter().map(|(k, _)| *k).collect();
    let expected: Vec<u32> = (0..1 << 16).filter(|k| present[*k as usize]).collect();
    assert_eq!(left, expected);
}

#[test]
fn refuses_unsorted_input_and_says_where() {
    let refused = RankIndex::from_sorted([(1, ()), (2, ()), (2, ())])
        .err()
        .unwrap();
    assert_eq!(refused.at, 2);
    let refused = RankIndex::from_sorted((0..500).rev().map(|k| (k, ())))
        .err()
        .unwrap();
    assert_eq!(refused.at, 1);
}

#[test]
fn ascending_insertions_and_bulk_build_agree() {
    let built = RankIndex::from_sorted((0..100_000_u32).map(|k| (k, k))).unwrap();
    let mut grown = RankIndex::new();
    for k in 0..100_000_u32 {
        assert_eq!(grown.insert(k, k), Some(k as usize));
    }
    assert!(built.iter().eq(grown.iter()));
    for k in (0..100_000_u32).rev() {
        assert_eq!(grown.remove(&k), Some((k as usize, k)));
    }
    assert!(grown.is_empty());
}
