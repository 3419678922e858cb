//! Many short lists in one allocation: what each ticket has of something.

/// A list for each of some things that are numbered from 0.
pub(super) struct Lists<T> {
    starts: Vec<u32>,
    items: Vec<T>,
}

impl<T> Lists<T> {
    pub(super) fn new() -> Self {
        Lists {
            starts: vec![0],
            items: Vec::new(),
        }
    }

    /// Adds the list of the next thing.
    pub(super) fn push(&mut self, list: impl IntoIterator<Item = T>) {
        self.items.extend(list);
        self.starts.push(self.items.len() as u32);
    }

    /// The list of one; empty for one that none was given.
    pub(super) fn of(&self, at: u32) -> &[T] {
        let bounds = self.starts.get(at as usize..at as usize + 2);
        bounds.map_or(&[], |b| &self.items[b[0] as usize..b[1] as usize])
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

/// Whether two ascending lists have something in common.
pub(super) fn share(one: &[u32], other: &[u32]) -> bool {
    let (mut a, mut b) = (0, 0);
    while a < one.len() && b < other.len() {
        match one[a].cmp(&other[b]) {
            std::cmp::Ordering::Less => a += 1,
            std::cmp::Ordering::Greater => b += 1,
            std::cmp::Ordering::Equal => return true,
        }
    }
    false
}
