//! Small steps that several readers take.

use fields::{Fields, FromValue};

/// A list of at most so many; an empty one where it is missing.
pub(crate) fn list<T: FromValue>(
    fields: &mut Fields<'_>,
    name: &str,
    max: usize,
) -> Option<Vec<T>> {
    let list = fields.optional_list(name)?.unwrap_or_default();
    within(fields, name, list, max)
}

/// The list, where it has at most so many.
pub(crate) fn within<T>(
    fields: &mut Fields<'_>,
    name: &str,
    list: Vec<T>,
    max: usize,
) -> Option<Vec<T>> {
    if list.len() > max {
        fields.fault(name, &format!("may have {max} items"));
        return None;
    }
    Some(list)
}

/// Refuses fields that are none of these. A rule with a misspelt name would be no rule at all, and
/// nobody would know.
pub(crate) fn only(fields: &mut Fields<'_>, known: &[&str]) -> Option<()> {
    let names = fields.names();
    let unknown: Vec<String> = names
        .filter(|name| !known.contains(name))
        .map(str::to_owned)
        .collect();
    for name in &unknown {
        fields.fault(&fields::escaped(name), "is not known here");
    }
    unknown.is_empty().then_some(())
}
