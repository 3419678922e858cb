//! From JSON values to values that cannot be wrong, with every fault found on the way.
//!
//! A derived deserializer stops at the first fault and knows little of where it was. A client that
//! sends a thousand players wants all that is wrong with them, each with its place.

use boards::{Country, DisplayName, PlayerId, Score};
use serde_json::{Map, Value};

use crate::problem::Fault;

/// A type that can be read from one JSON value; the error completes the sentence "*field* …".
pub(crate) trait FromValue: Sized {
    fn from_value(value: &Value) -> Result<Self, &'static str>;
}

/// A type that can be read from the fields of a JSON object. `None` where there were faults.
pub(crate) trait FromFields: Sized {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self>;
}

/// The fields of one object. Fields that nobody asks for are ignored.
pub(crate) struct Fields<'a> {
    object: &'a Map<String, Value>,
    /// The JSON pointer of the object itself.
    pointer: &'a str,
    faults: &'a mut Vec<Fault>,
}

impl Fields<'_> {
    /// A field that must be there.
    pub(crate) fn required<T: FromValue>(&mut self, name: &str) -> Option<T> {
        let field = self.optional(name)?;
        if field.is_none() {
            self.fault(name, "is missing");
        }
        field
    }

    /// A field that may be missing or null: `Some(None)`. `None` where it is wrong.
    pub(crate) fn optional<T: FromValue>(&mut self, name: &str) -> Option<Option<T>> {
        match self.object.get(name) {
            None | Some(Value::Null) => Some(None),
            Some(value) => match T::from_value(value) {
                Ok(field) => Some(Some(field)),
                Err(reason) => {
                    self.fault(name, reason);
                    None
                }
            },
        }
    }

    /// As [`Fields::optional`], for an array; each item that is wrong is a fault of its own.
    pub(crate) fn optional_list<T: FromValue>(&mut self, name: &str) -> Option<Option<Vec<T>>> {
        let items = match self.object.get(name) {
            None | Some(Value::Null) => return Some(None),
            Some(Value::Array(items)) => items,
            Some(_) => {
                self.fault(name, "must be an array");
                return None;
            }
        };
        let mut list = Vec::with_capacity(items.len());
        for (place, item) in items.iter().enumerate() {
            match T::from_value(item) {
                Ok(item) => list.push(item),
                Err(reason) => self.fault(&format!("{name}/{place}"), reason),
            }
        }
        (list.len() == items.len()).then_some(Some(list))
    }

    /// Notes a fault of a field.
    pub(crate) fn fault(&mut self, name: &str, detail: &str) {
        let pointer = format!("{}/{name}", self.pointer);
        self.faults.push(Fault::at(pointer, detail));
    }
}

/// Reads one object; `pointer` says where in the body it is.
pub(crate) fn read_object<T: FromFields>(
    value: &Value,
    pointer: &str,
    faults: &mut Vec<Fault>,
) -> Option<T> {
    match value {
        Value::Object(object) => T::from_fields(&mut Fields {
            object,
            pointer,
            faults,
        }),
        _ => {
            faults.push(Fault::at(pointer.to_owned(), "must be an object"));
            None
        }
    }
}

impl FromValue for PlayerId {
    fn from_value(value: &Value) -> Result<Self, &'static str> {
        PlayerId::parse(text(value)?).map_err(|e| e.reason())
    }
}

impl FromValue for DisplayName {
    fn from_value(value: &Value) -> Result<Self, &'static str> {
        DisplayName::parse(text(value)?).map_err(|e| e.reason())
    }
}

impl FromValue for Country {
    fn from_value(value: &Value) -> Result<Self, &'static str> {
        Country::parse(text(value)?).map_err(|e| e.reason())
    }
}

impl FromValue for Score {
    fn from_value(value: &Value) -> Result<Self, &'static str> {
        let number = value.as_f64().ok_or("must be a number")?;
        Score::new(number).map_err(|e| e.reason())
    }
}

fn text(value: &Value) -> Result<&str, &'static str> {
    value.as_str().ok_or("must be a string")
}
