//! What must not occur twice, and the two places where it does.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;

use fields::Fault;

/// Names that have been seen, each with its first place. A name that comes again is a fault at both
/// places, each of which names the other.
pub(crate) struct Places<K, P> {
    first: HashMap<K, (P, bool)>,
    /// Where in the body a place is.
    pointer: fn(P) -> String,
}

impl<K: Hash + Eq, P: Copy> Places<K, P> {
    pub(crate) fn new(pointer: fn(P) -> String) -> Self {
        Places {
            first: HashMap::new(),
            pointer,
        }
    }

    /// Notes a name.
    pub(crate) fn note(&mut self, name: K, place: P, faults: &mut Vec<Fault>) {
        let (first, told) = match self.first.entry(name) {
            Entry::Vacant(entry) => {
                entry.insert((place, false));
                return;
            }
            Entry::Occupied(entry) => entry.into_mut(),
        };
        let (earlier, later) = ((self.pointer)(*first), (self.pointer)(place));
        if !std::mem::replace(told, true) {
            faults.push(repeated(&earlier, &later));
        }
        faults.push(repeated(&later, &earlier));
    }
}

fn repeated(here: &str, there: &str) -> Fault {
    Fault::at(here.to_owned(), format!("is the same as {there}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_places_are_told_and_each_names_the_other() {
        let mut faults = Vec::new();
        let mut places = Places::new(|place: usize| format!("/{place}"));
        for (place, name) in ["a", "b", "a", "c", "a"].into_iter().enumerate() {
            places.note(name, place, &mut faults);
        }
        let told: Vec<_> = faults
            .iter()
            .map(|f| format!("{} {}", f.pointer.as_deref().unwrap(), f.detail))
            .collect();
        assert_eq!(
            told,
            [
                "/0 is the same as /2",
                "/2 is the same as /0",
                "/4 is the same as /0"
            ]
        );
    }
}
