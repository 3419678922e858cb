//! Lists of objects in bodies, read item by item, so that a large one is never held as JSON values as a
//! whole.

use std::collections::BTreeMap;

use serde::de::{DeserializeSeed, Deserializer, Error as _, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::{FromBody, malformed};
use crate::fields::{FromFields, read_fields, read_object};
use crate::problem::{Code, Fault, Problem};

/// Faults after which a list is read no further: each is larger than what it is about, so that a body
/// of nothing but faults would take a hundred times its size.
const ENOUGH_FAULTS: usize = 10_000;

/// A body that is an object with a list and maybe other fields, which are read as `Self`.
pub(crate) trait ListBody: FromFields + Send + 'static {
    /// An item of the list.
    type Item: Send + 'static;
    /// The field that is the list.
    const LIST: &'static str;
    /// Items that the list may have; it has one at least.
    const MAX_ITEMS: usize;

    /// Reads an item; `pointer` says where in the body it is.
    fn item(value: &Value, pointer: &str, faults: &mut Vec<Fault>) -> Option<Self::Item>;
}

/// Such a body, read.
pub(crate) struct JsonList<B: ListBody> {
    pub(crate) head: B,
    pub(crate) items: Vec<B::Item>,
}

impl<B: ListBody> FromBody for JsonList<B> {
    fn from_body(bytes: &[u8]) -> Result<Self, Problem> {
        let members = serde_json::from_slice::<BTreeMap<String, &RawValue>>(bytes);
        let mut members = members.map_err(not_members)?;
        let list = members.remove(B::LIST);
        let mut faults = Vec::new();
        let head = read_fields(&values(members)?, "", &mut faults);
        let items = items::<B>(list, &mut faults)?;
        head.zip(items)
            .map(|(head, items)| JsonList { head, items })
            .ok_or_else(|| Problem::faults(Code::InvalidRequest, faults))
    }
}

fn not_members(error: serde_json::Error) -> Problem {
    if !error.is_data() {
        return malformed(error);
    }
    let fault = Fault::at(String::new(), "must be an object");
    Problem::faults(Code::InvalidRequest, vec![fault])
}

fn values(members: BTreeMap<String, &RawValue>) -> Result<Map<String, Value>, Problem> {
    let value = |(name, raw): (String, &RawValue)| Ok((name, serde_json::from_str(raw.get())?));
    let values = members.into_iter().map(value);
    values.collect::<Result<_, _>>().map_err(malformed)
}

/// The items of the list, if they are all well.
fn items<B: ListBody>(
    list: Option<&RawValue>,
    faults: &mut Vec<Fault>,
) -> Result<Option<Vec<B::Item>>, Problem> {
    let pointer = format!("/{}", B::LIST);
    let fault = match list.map_or("null", RawValue::get) {
        "null" => "is missing",
        array if array.starts_with('[') => {
            let before = faults.len();
            let items = read(array.as_bytes(), &pointer, B::MAX_ITEMS, B::item, faults)?;
            if !items.is_empty() || faults.len() > before {
                return Ok((faults.len() == before).then_some(items));
            }
            "must have an item"
        }
        _ => "must be an array",
    };
    faults.push(Fault::at(pointer, fault));
    Ok(None)
}

/// A body that is an array as a whole.
pub(super) fn whole<T: FromFields>(bytes: &[u8]) -> Result<Vec<T>, Problem> {
    let mut faults = Vec::new();
    let items = read(bytes, "", usize::MAX, read_object, &mut faults)?;
    if faults.is_empty() {
        Ok(items)
    } else {
        Err(Problem::faults(Code::InvalidRequest, faults))
    }
}

/// Reads an array of at most `max` items; `pointer` says where in the body it is.
fn read<T>(
    bytes: &[u8],
    pointer: &str,
    max: usize,
    item: ReadItem<T>,
    faults: &mut Vec<Fault>,
) -> Result<Vec<T>, Problem> {
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
        None => items.map_err(malformed),
        Some(Stop::TooManyItems) => Err(Problem::too_many_items(pointer, max)),
        Some(Stop::EnoughFaults) => {
            let faults = std::mem::take(faults);
            Err(Problem::faults(Code::InvalidRequest, faults))
        }
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
    use serde_json::json;

    use super::*;
    use crate::fields::Fields;

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

    fn read(body: &str) -> Result<(Option<u64>, Vec<u64>), serde_json::Value> {
        match JsonList::<Names>::from_body(body.as_bytes()) {
            Ok(list) => Ok((
                list.head.0,
                list.items.into_iter().map(|name| name.0).collect(),
            )),
            Err(problem) => Err(problem.to_json()),
        }
    }

    #[test]
    fn lists_are_read_with_what_stands_beside() {
        let one = r#" {"names": [{"name": 1}], "x": [[]], "head": 2} "#;
        assert_eq!(read(one), Ok((Some(2), vec![1])));
        let twice = r#"{"names": 7, "names": [{}, {}, {"name": 1}]}"#;
        assert_eq!(read(twice), Ok((None, vec![0, 0, 1])));
    }

    #[test]
    fn every_fault_has_its_place() {
        let pointers = |body: &str| {
            let problem = read(body).unwrap_err();
            assert_eq!(problem["code"], "invalid_request", "{body}");
            let errors = problem["errors"].as_array().unwrap().iter();
            errors.map(|e| e["pointer"].clone()).collect::<Vec<_>>()
        };
        let many = r#"{"head": -1, "names": [{"name": 1}, 2, {"name": "x"}]}"#;
        assert_eq!(
            pointers(many),
            [json!("/head"), json!("/names/1"), json!("/names/2/name")]
        );
        for body in [
            "{}",
            r#"{"names": null}"#,
            r#"{"names": []}"#,
            r#"{"names": "[]"}"#,
        ] {
            assert_eq!(pointers(body), [json!("/names")], "{body}");
        }
        assert_eq!(pointers("[]"), [json!("")]);
    }

    #[test]
    fn a_body_of_nothing_but_faults_is_not_read_to_its_end() {
        let body = format!("[{}]", ["0"; 3 * ENOUGH_FAULTS].join(","));
        let problem = whole::<Name>(body.as_bytes()).err().unwrap().to_json();
        assert_eq!(problem["code"], "invalid_request");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.ends_with("and 9999 more"), "{detail}");
    }

    #[test]
    fn long_lists_and_other_texts_are_refused() {
        let code = |body: &str| read(body).unwrap_err()["code"].clone();
        assert_eq!(code(r#"{"names": [{}, {}, {}, 1]}"#), "too_many_items");
        for body in ["", "{", "{}x", r#"{"names": [1e999]}"#, r#"{"names": [}"#] {
            assert_eq!(code(body), "malformed_json", "{body}");
        }
    }
}
