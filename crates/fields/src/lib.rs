//! From JSON values to values that cannot be wrong, with every fault found on the way.
//!
//! A derived deserializer stops at the first fault and knows little of where it was. A client that
//! sends a thousand players wants all that is wrong with them, each with its place.
//!
//! Nothing here knows where the JSON comes from: not HTTP, which is `api`'s, nor anything else.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

mod fault;
mod list;
mod values;

pub use fault::Fault;
pub use list::{ListBody, Unread, array, list_body, object, said, whole};
pub use values::{integer, text};

/// A type that can be read from one JSON value; the error completes the sentence "*field* …".
pub trait FromValue: Sized {
    /// Reads the value.
    ///
    /// # Errors
    /// What is wrong with it.
    fn from_value(value: &Value) -> Result<Self, &'static str>;
}

/// A type that can be read from the fields of a JSON object. `None` where there were faults.
pub trait FromFields: Sized {
    /// Reads the fields, and notes what is wrong with them.
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self>;
}

/// The fields of one object. Fields that nobody asks for are ignored.
pub struct Fields<'a> {
    object: &'a Map<String, Value>,
    /// The JSON pointer of the object itself.
    pointer: &'a str,
    faults: &'a mut Vec<Fault>,
}

impl Fields<'_> {
    /// A field that must be there.
    pub fn required<T: FromValue>(&mut self, name: &str) -> Option<T> {
        let field = self.optional(name)?;
        if field.is_none() {
            self.fault(name, "is missing");
        }
        field
    }

    /// A field that may be missing or null: `Some(None)`. `None` where it is wrong.
    pub fn optional<T: FromValue>(&mut self, name: &str) -> Option<Option<T>> {
        self.nullable(name).map(Option::flatten)
    }

    /// A field that may be missing, `Some(None)`, or null, `Some(Some(None))`, which means another
    /// thing. `None` where it is wrong.
    pub fn nullable<T: FromValue>(&mut self, name: &str) -> Option<Option<Option<T>>> {
        match self.object.get(name) {
            None => Some(None),
            Some(Value::Null) => Some(Some(None)),
            Some(value) => match T::from_value(value) {
                Ok(field) => Some(Some(Some(field))),
                Err(reason) => {
                    self.fault(name, reason);
                    None
                }
            },
        }
    }

    /// As [`Fields::optional`], for a whole number of a range.
    pub fn whole(&mut self, name: &str, range: RangeInclusive<u64>) -> Option<Option<u64>> {
        let value = match self.object.get(name) {
            None | Some(Value::Null) => return Some(None),
            Some(value) => integer(value).and_then(|number| u64::try_from(number).ok()),
        };
        let value = value.filter(|number| range.contains(number));
        if value.is_none() {
            let (low, high) = range.into_inner();
            self.fault(
                name,
                &format!("must be a whole number from {low} to {high}"),
            );
        }
        value.map(Some)
    }

    /// As [`Fields::optional`], for an array; each item that is wrong is a fault of its own.
    pub fn optional_list<T: FromValue>(&mut self, name: &str) -> Option<Option<Vec<T>>> {
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

    /// As [`Fields::optional`], for an object with fields of its own.
    pub fn optional_object<T: FromFields>(&mut self, name: &str) -> Option<Option<T>> {
        match self.object.get(name) {
            None | Some(Value::Null) => Some(None),
            Some(value) => {
                let pointer = format!("{}/{name}", self.pointer);
                read_object(value, &pointer, self.faults).map(Some)
            }
        }
    }

    /// As [`Fields::optional`], for an array of objects with fields of their own, of which there may be
    /// at most `max`.
    pub fn optional_objects<T: FromFields>(
        &mut self,
        name: &str,
        max: usize,
    ) -> Option<Option<Vec<T>>> {
        let items = match self.object.get(name) {
            None | Some(Value::Null) => return Some(None),
            Some(Value::Array(items)) if items.len() <= max => items,
            Some(Value::Array(_)) => {
                self.fault(name, &format!("may have {max} items"));
                return None;
            }
            Some(_) => {
                self.fault(name, "must be an array");
                return None;
            }
        };
        let mut list = Vec::with_capacity(items.len());
        for (place, item) in items.iter().enumerate() {
            let pointer = format!("{}/{name}/{place}", self.pointer);
            list.extend(read_object(item, &pointer, self.faults));
        }
        (list.len() == items.len()).then_some(Some(list))
    }

    /// The names of all fields.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.object.keys().map(String::as_str)
    }

    /// The value of a field as it is, be it missing or null.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.object.get(name).filter(|value| !value.is_null())
    }

    /// The fault of a field that must be there and is not.
    pub fn missing<T>(&mut self, name: &str) -> Option<T> {
        self.fault(name, "is missing");
        None
    }

    /// As [`Fields::optional`], for an object of any fields; each that is wrong is a fault of its own.
    /// `read` makes of a name and a value what is wanted.
    pub fn optional_pairs<T>(
        &mut self,
        name: &str,
        read: impl Fn(&str, &Value) -> Result<T, &'static str>,
    ) -> Option<Option<Vec<T>>> {
        let pairs = match self.object.get(name) {
            None | Some(Value::Null) => return Some(None),
            Some(Value::Object(pairs)) => pairs,
            Some(_) => {
                self.fault(name, "must be an object");
                return None;
            }
        };
        let mut list = Vec::with_capacity(pairs.len());
        for (key, value) in pairs {
            match read(key, value) {
                Ok(pair) => list.push(pair),
                Err(reason) => self.fault(&format!("{name}/{}", escaped(key)), reason),
            }
        }
        (list.len() == pairs.len()).then_some(Some(list))
    }

    /// Notes a fault of a field.
    pub fn fault(&mut self, name: &str, detail: &str) {
        let pointer = format!("{}/{name}", self.pointer);
        self.faults.push(Fault::at(pointer, detail));
    }
}

/// A name as a part of a JSON pointer.
pub fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Reads one object; `pointer` says where in the body it is.
pub fn read_object<T: FromFields>(
    value: &Value,
    pointer: &str,
    faults: &mut Vec<Fault>,
) -> Option<T> {
    match value {
        Value::Object(object) => read_fields(object, pointer, faults),
        _ => {
            faults.push(Fault::at(pointer.to_owned(), "must be an object"));
            None
        }
    }
}

/// Reads the fields of one object; `pointer` says where in the body it is.
pub fn read_fields<T: FromFields>(
    object: &Map<String, Value>,
    pointer: &str,
    faults: &mut Vec<Fault>,
) -> Option<T> {
    T::from_fields(&mut Fields {
        object,
        pointer,
        faults,
    })
}
