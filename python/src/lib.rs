//! Agon's matchmaking engine for Python: the Match API with dicts and lists for JSON.
//!
//! A match that is reckoned here and one that a server reckons for the same rules and tickets are the same:
//! both come from the crate `match-json`. Nothing is stored, and nothing is sent anywhere.

use fields::Fault;
use match_json::MatchRequest;
use pyo3::create_exception;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use serde_json::{Map, Value};

mod json;

create_exception!(
    agon_match,
    InvalidRequest,
    PyValueError,
    "Rules or tickets are not valid. `faults` is a list of all that is wrong, each with its place as a JSON \
     pointer and a detail."
);

#[pymodule]
mod agon_match {
    #[pymodule_export]
    use super::InvalidRequest;
    #[pymodule_export]
    use super::match_tickets;
}

/// Makes matches of tickets by rules; both, and the reply, as in `POST /v1/match`.
///
/// The same arguments have the same reply. Other threads run while matches are reckoned. Raises
/// `InvalidRequest`, a `ValueError`, with every fault.
#[pyfunction]
#[pyo3(name = "match", signature = (rules, tickets, *, rating_system=None))]
fn match_tickets<'py>(
    py: Python<'py>,
    rules: &Bound<'py, PyAny>,
    tickets: &Bound<'py, PyAny>,
    rating_system: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let mut faults = Vec::new();
    let mut beside = Map::new();
    let mut put = |name: &str, value: &Bound<'py, PyAny>| {
        let value = json::read(value, &format!("/{name}"), &mut faults);
        beside.extend(value.map(|value| (name.to_owned(), value)));
    };
    put("rules", rules);
    rating_system
        .into_iter()
        .for_each(|system| put("rating_system", system));
    let request = read(&beside, faults, tickets)?;
    // Plain data with text keys always has a JSON form.
    let reply =
        py.detach(|| request.map(|r| serde_json::to_string(&r.reply()).unwrap_or_default()));
    let reply = reply.map_err(|faults| invalid(py, faults))?;
    py.import("json")?.call_method1("loads", (reply,))
}

/// The request, or its faults; an error where an iterator raises one.
fn read(
    beside: &Map<String, Value>,
    mut faults: Vec<Fault>,
    tickets: &Bound<'_, PyAny>,
) -> PyResult<Result<MatchRequest, Vec<Fault>>> {
    let mut raised = None;
    let mut place = 0;
    let tickets = tickets.try_iter()?.map_while(|ticket| {
        let pointer = format!("/tickets/{place}");
        place += 1;
        let ticket = ticket.map_err(|error| raised = Some(error)).ok()?;
        let mut faults = Vec::new();
        Some(json::read(&ticket, &pointer, &mut faults).ok_or(faults))
    });
    let request = MatchRequest::from_values(beside, tickets);
    if let Some(error) = raised {
        return Err(error);
    }
    Ok(match request {
        Ok(request) if faults.is_empty() => Ok(request),
        Ok(_) => Err(faults),
        Err(others) => {
            // What is missing because it could not be read has been told.
            let told = |other: &Fault| faults.iter().all(|fault| !is_within(fault, other));
            let others: Vec<Fault> = others.into_iter().filter(told).collect();
            faults.extend(others);
            Err(faults)
        }
    })
}

fn is_within(fault: &Fault, other: &Fault) -> bool {
    let (Some(inner), Some(outer)) = (&fault.pointer, &other.pointer) else {
        return false;
    };
    inner
        .strip_prefix(outer.as_str())
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn invalid(py: Python<'_>, faults: Vec<Fault>) -> PyErr {
    let lines: Vec<String> = faults.iter().map(line).collect();
    let error = InvalidRequest::new_err(lines.join("\n"));
    let listed = listed(py, &faults).and_then(|list| error.value(py).setattr("faults", list));
    match listed {
        Ok(()) => error,
        Err(other) => other,
    }
}

fn line(fault: &Fault) -> String {
    format!(
        "{} {}",
        fault.pointer.as_deref().unwrap_or_default(),
        fault.detail
    )
}

fn listed<'py>(py: Python<'py>, faults: &[Fault]) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    for fault in faults {
        let entry = PyDict::new(py);
        entry.set_item("pointer", fault.pointer.as_deref())?;
        entry.set_item("detail", &fault.detail)?;
        list.append(entry)?;
    }
    Ok(list)
}
