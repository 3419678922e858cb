//! Python's values as JSON's. What has no form in JSON is a fault with its place, and so is what JSON
//! would make something else of: a number that is none, a dict with keys that are no text.

use fields::{Fault, escaped};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use serde_json::{Map, Number, Value};

/// How deep values may be inside one another; a list that is in itself has no end.
const MAX_DEPTH: usize = 32;

/// The value as JSON; `None` where it is none. `pointer` says where it is.
pub(crate) fn read(
    value: &Bound<'_, PyAny>,
    pointer: &str,
    faults: &mut Vec<Fault>,
) -> Option<Value> {
    let mut reader = Reader { faults, depth: 0 };
    reader.value(value, pointer)
}

struct Reader<'a> {
    faults: &'a mut Vec<Fault>,
    depth: usize,
}

impl Reader<'_> {
    fn value(&mut self, value: &Bound<'_, PyAny>, pointer: &str) -> Option<Value> {
        if value.is_none() {
            return Some(Value::Null);
        }
        // A bool is an int to Python, so it comes first.
        if let Ok(flag) = value.cast::<PyBool>() {
            return Some(Value::Bool(flag.is_true()));
        }
        if let Ok(text) = value.cast::<PyString>() {
            // Halves of surrogate pairs are no text.
            let text = text.to_cow().map(|text| Value::String(text.into_owned()));
            return text.map_err(|_| self.fault(pointer, "must be text")).ok();
        }
        if value.is_instance_of::<PyFloat>() || value.is_instance_of::<PyInt>() {
            let number = number(value);
            if number.is_none() {
                self.fault(pointer, "must be a finite number");
            }
            return number.map(Value::Number);
        }
        self.inside(value, pointer)
    }

    fn inside(&mut self, value: &Bound<'_, PyAny>, pointer: &str) -> Option<Value> {
        if self.depth == MAX_DEPTH {
            self.fault(pointer, "is too deep inside others");
            return None;
        }
        self.depth += 1;
        let read = if let Ok(dict) = value.cast::<PyDict>() {
            self.object(dict, pointer)
        } else if let Ok(list) = value.cast::<PyList>() {
            self.array(list.iter(), pointer)
        } else if let Ok(tuple) = value.cast::<PyTuple>() {
            self.array(tuple.iter(), pointer)
        } else {
            self.fault(
                pointer,
                "must be None, a bool, an int, a float, a str, a list or a dict",
            );
            None
        };
        self.depth -= 1;
        read
    }

    fn object(&mut self, dict: &Bound<'_, PyDict>, pointer: &str) -> Option<Value> {
        let mut object = Map::new();
        let before = self.faults.len();
        for (key, value) in dict.iter() {
            let Ok(key) = key.extract::<String>() else {
                self.fault(pointer, "must have text as keys");
                continue;
            };
            let pointer = format!("{pointer}/{}", escaped(&key));
            if let Some(value) = self.value(&value, &pointer) {
                object.insert(key, value);
            }
        }
        (self.faults.len() == before).then_some(Value::Object(object))
    }

    fn array<'py>(
        &mut self,
        items: impl Iterator<Item = Bound<'py, PyAny>>,
        pointer: &str,
    ) -> Option<Value> {
        let before = self.faults.len();
        let items = items.enumerate();
        let items = items.filter_map(|(at, item)| self.value(&item, &format!("{pointer}/{at}")));
        let items: Vec<Value> = items.collect();
        (self.faults.len() == before).then_some(Value::Array(items))
    }

    fn fault(&mut self, pointer: &str, detail: &str) {
        self.faults.push(Fault::at(pointer.to_owned(), detail));
    }
}

/// An int that is too large for one is a double, as in JSON.
fn number(value: &Bound<'_, PyAny>) -> Option<Number> {
    if value.is_instance_of::<PyInt>()
        && let Ok(whole) = value.extract::<i64>()
    {
        return Some(whole.into());
    }
    Number::from_f64(value.extract().ok()?)
}
