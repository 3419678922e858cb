//! Whole bodies: an object, an array of objects, or an object with a list. Lists are read item by item,
//! so that a large one is never held as JSON values as a whole.

use std::collections::BTreeMap;

use serde::de::{DeserializeSeed, Deserializer, Error as _, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::{Fault, FromFields, read_fields, read_object};

/// Faults after which a list is read no further: each is larger than what it is about, so that a body
/// of nothing but faults would take a hundred times its size.
const ENOUGH_FAULTS: usize = 10_000;

/// Why a body is not what is wanted.
#[derive(Debug, thiserror::Error)]
pub enum Unread {
    /// It is not JSON.
    #[error("the body is not JSON: {}", said(.0))]
    Malformed(#[source] serde_json::Error),
    /// The list at this place has more items than it may have.
    #[error("{pointer} may have {max} items")]
    TooManyItems {
        /// The place, as a JSON pointer.
        pointer: String,
        /// What it may have.
        max: usize,
    },
    /// It has faults, of which there is at least one.
    #[error("{}", Fault::summary(.0))]
    Faults(Vec<Fault>),
}

/// What a parser says is wrong. Numbers beyond a double are well-formed JSON; the parser is only unable
/// to hold them.
pub fn said(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.replace("number out of range", "a number is out of range")
}

/// A body that is an object with a list and maybe other fields, which are read as `Self`.
pub trait ListBody: FromFields + Send + 'static {
    /// An item of the list.
    type Item: Send + 'static;
    /// The field that is the list.
    const LIST: &'static str;
    /// Items that the list may have.
    const MAX_ITEMS: usize;
    /// Whether it may have none.
    const MAY_BE_EMPTY: bool = false;

    /// Reads an item; `pointer` says where in the body it is.
    fn item(value: &Value, pointer: &str, faults: &mut Vec<Fault>) -> Option<Self::Item>;

    /// Looks at those that are well all together, also where others are not.
    fn check(_items: &[Self::Item], _faults: &mut Vec<Fault>) {}
}

/// Reads one object.
///
/// # Errors
/// [`Unread::Malformed`], [`Unread::Faults`].
pub fn object<T: FromFields>(bytes: &[u8]) -> Result<T, Unread> {
    whole(bytes, |value, faults| read_object(value, "", faults))
}

/// Reads a body as `how` does, which notes what is wrong with it.
///
/// # Errors
/// [`Unread::Malformed`], [`Unread::Faults`].
pub fn whole<T>(
    bytes: &[u8],
    how: impl FnOnce(&Value, &mut Vec<Fault>) -> Option<T>,
) -> Result<T, Unread> {
    let value: Value = serde_json::from_slice(bytes).map_err(Unread::Malformed)?;
    let mut faults = Vec::new();
    how(&value, &mut faults).ok_or(Unread::Faults(faults))
}

/// Reads an array of objects.
///
/// # Errors
/// [`Unread::Malformed`], [`Unread::Faults`].
pub fn array<T: FromFields>(bytes: &[u8]) -> Result<Vec<T>, Unread> {
    let mut faults = Vec::new();
    let items = read(bytes, "", usize::MAX, read_object, &mut faults)?;
    if faults.is_empty() {
        Ok(items)
    } else {
        Err(Unread::Faults(faults))
    }
}

/// Reads an object with a list: what stands beside the list, and the list.
///
/// # Errors
/// All of [`Unread`].
pub fn list_body<B: ListBody>(bytes: &[u8]) -> Result<(B, Vec<B::Item>), Unread> {
    let members = serde_json::from_slice::<BTreeMap<String, &RawValue>>(bytes);
    let mut members = members.map_err(not_members)?;
    let list = members.remove(B::LIST);
    let mut faults = Vec::new();
    let head = read_fields(&values(members)?, "", &mut faults);
    let items = items::<B>(list, &mut faults)?;
    head.zip(items).ok_or(Unread::Faults(faults))
}

fn not_members(error: serde_json::Error) -> Unread {
    if !error.is_data() {
        return Unread::Malformed(error);
    }
    let fault = Fault::at(String::new(), "must be an object");
    Unread::Faults(vec![fault])
}

fn values(members: BTreeMap<String, &RawValue>) -> Result<Map<String, Value>, Unread> {
    let value = |(name, raw): (String, &RawValue)| Ok((name, serde_json::from_str(raw.get())?));
    let values = members.into_iter().map(value);
    values.collect::<Result<_, _>>().map_err(Unread::Malformed)
}

/// The items of the list, if they are all well.
fn items<B: ListBody>(
    list: Option<&RawValue>,
    faults: &mut Vec<Fault>,
) -> Result<Option<Vec<B::Item>>, Unread> {
    let pointer = format!("/{}", B::LIST);
    let fault = match list.map_or("null", RawValue::get) {
        "null" => "is missing",
        array if array.starts_with('[') => {
            let before = faults.len();
            let items = read(array.as_bytes(), &pointer, B::MAX_ITEMS, B::item, faults)?;
            B::check(&items, faults);
            if B::MAY_BE_EMPTY || !items.is_empty() || faults.len() > before {
                return Ok((faults.len() == before).then_some(items));
            }
            "must have an item"
        }
        _ => "must be an array",
    };
    faults.push(Fault::at(pointer, fault));
    Ok(None)
}

/// Reads an array of at most `max` items; `pointer` says where in the body it is.
fn read<T>(
    bytes: &[u8],
    pointer: &str,
    max: usize,
    item: ReadItem<T>,
    faults: &mut Vec<Fault>,
) -> Result<Vec<T>, Unread> {
    let mut stopped = None;
    let items = Items {
        pointer,
        max,
        item,
        stopped: &mut stopped,
        faults,
    };
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let items = items
        .deserialize(&mut reader)
        .and_then(|items| reader.end().map(|()| items));
    match stopped {
        None => items.map_err(Unread::Malformed),
        Some(Stop::TooManyItems) => Err(Unread::TooManyItems {
            pointer: pointer.to_owned(),
            max,
        }),
        Some(Stop::EnoughFaults) => Err(Unread::Faults(std::mem::take(faults))),
    }
}

type ReadItem<T> = fn(&Value, &str, &mut Vec<Fault>) -> Option<T>;

/// Why an array is read no further.
enum Stop {
    TooManyItems,
    EnoughFaults,
}

struct Items<'a, T> {
    pointer: &'a str,
    max: usize,
    item: ReadItem<T>,
    stopped: &'a mut Option<Stop>,
    faults: &'a mut Vec<Fault>,
}

impl<T> Items<'_, T> {
    fn stop(&self, place: usize) -> Option<Stop> {
        if place == self.max {
            Some(Stop::TooManyItems)
        } else if self.faults.len() >= ENOUGH_FAULTS {
            Some(Stop::EnoughFaults)
        } else {
            None
        }
    }
}

impl<'de, T> DeserializeSeed<'de> for Items<'_, T> {
    type Value = Vec<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<T>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, T> Visitor<'de> for Items<'_, T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Vec<T>, A::Error> {
        let mut items = Vec::new();
        let mut place = 0_usize;
        while let Some(value) = array.next_element::<Value>()? {
            *self.stopped = self.stop(place);
            if self.stopped.is_some() {
                return Err(A::Error::custom("stopped"));
            }
            let pointer = format!("{}/{place}", self.pointer);
            items.extend((self.item)(&value, &pointer, self.faults));
            place += 1;
        }
        Ok(items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Fields;

    struct Names(Option<u64>);
    struct Name(u64);

    impl FromFields for Names {
        fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
            fields.whole("head", 0..=9).map(Names)
        }
    }

    impl FromFields for Name {
        fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
            let name = fields.whole("name", 0..=9)?;
            Some(Name(name.unwrap_or_default()))
        }
    }

    impl ListBody for Names {
        type Item = Name;
        const LIST: &'static str = "names";
        const MAX_ITEMS: usize = 3;

        fn item(value: &Value, pointer: &str, faults: &mut Vec<Fault>) -> Option<Name> {
            read_object(value, pointer, faults)
        }
    }

    fn read(body: &str) -> Result<(Option<u64>, Vec<u64>), Unread> {
        let (head, items) = list_body::<Names>(body.as_bytes())?;
        Ok((head.0, items.into_iter().map(|name| name.0).collect()))
    }

    #[test]
    fn lists_are_read_with_what_stands_beside() {
        let one = r#" {"names": [{"name": 1}], "x": [[]], "head": 2} "#;
        assert_eq!(read(one).unwrap(), (Some(2), vec![1]));
        let twice = r#"{"names": 7, "names": [{}, {}, {"name": 1}]}"#;
        assert_eq!(read(twice).unwrap(), (None, vec![0, 0, 1]));
    }

    #[test]
    fn every_fault_has_its_place() {
        let pointers = |body: &str| match read(body) {
            Err(Unread::Faults(faults)) => faults.into_iter().filter_map(|f| f.pointer).collect(),
            other => panic!("{body}: {other:?}"),
        };
        let pointers = |body: &str| -> Vec<String> { pointers(body) };
        let many = r#"{"head": -1, "names": [{"name": 1}, 2, {"name": "x"}]}"#;
        assert_eq!(pointers(many), ["/head", "/names/1", "/names/2/name"]);
        for body in [
            "{}",
            r#"{"names": null}"#,
            r#"{"names": []}"#,
            r#"{"names": "[]"}"#,
        ] {
            assert_eq!(pointers(body), ["/names"], "{body}");
        }
        assert_eq!(pointers("[]"), [""]);
    }

    #[test]
    fn a_body_of_nothing_but_faults_is_not_read_to_its_end() {
        let body = format!("[{}]", ["0"; 3 * ENOUGH_FAULTS].join(","));
        let said = array::<Name>(body.as_bytes()).err().unwrap().to_string();
        assert_eq!(said, "/0 must be an object, and 9999 more");
    }

    #[test]
    fn long_lists_and_other_texts_are_refused() {
        let long = read(r#"{"names": [{}, {}, {}, 1]}"#).unwrap_err();
        assert_eq!(long.to_string(), "/names may have 3 items");
        for body in ["", "{", "{}x", r#"{"names": [1e999]}"#, r#"{"names": [}"#] {
            let error = read(body).unwrap_err();
            assert!(matches!(error, Unread::Malformed(_)), "{body}: {error}");
        }
    }
}
