//! A vector in pages: it grows without copying what it has, so that a store of ten million players
//! never stops to move half a gigabyte.

const PAGE: usize = 4096;

pub(crate) struct Paged<T> {
    pages: Vec<Vec<T>>,
    len: usize,
}

impl<T> Paged<T> {
    pub(crate) fn new() -> Self {
        Paged {
            pages: Vec::new(),
            len: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn push(&mut self, value: T) {
        if self.len.is_multiple_of(PAGE) {
            // The first page grows from nothing, so that a small store stays small.
            let room = if self.len == 0 { 0 } else { PAGE };
            self.pages.push(Vec::with_capacity(room));
        }
        self.pages[self.len / PAGE].push(value);
        self.len += 1;
    }

    pub(crate) fn get(&self, at: usize) -> Option<&T> {
        self.pages.get(at / PAGE)?.get(at % PAGE)
    }

    pub(crate) fn get_mut(&mut self, at: usize) -> Option<&mut T> {
        self.pages.get_mut(at / PAGE)?.get_mut(at % PAGE)
    }
}

#[cfg(test)]
mod tests {
    use super::{PAGE, Paged};

    #[test]
    fn holds_what_was_pushed_across_pages() {
        let mut paged = Paged::new();
        for i in 0..PAGE * 2 + 3 {
            assert_eq!(paged.get(i), None);
            paged.push(i);
        }
        assert_eq!(paged.len(), PAGE * 2 + 3);
        *paged.get_mut(PAGE).unwrap() = 7;
        assert_eq!(paged.get(PAGE - 1), Some(&(PAGE - 1)));
        assert_eq!(paged.get(PAGE), Some(&7));
        assert_eq!(paged.get(PAGE * 2 + 2), Some(&(PAGE * 2 + 2)));
        assert_eq!(paged.get_mut(PAGE * 2 + 3), None);
    }
}
