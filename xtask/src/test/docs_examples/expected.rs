//! Whether a program printed what a document shows, apart from what differs in each run.
//!
//! What differs are ids, times and the fate of calls to the practice upstream; where such a thing stands in the
//! document, another of its kind will do. An id that was printed, of whatever it is or of a key, stands for the one of
//! the document from there on, also in commands, so that a tour can go on with it. An ellipsis, `…`, stands for anything.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use regex::Regex;

const UUID: &str = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";

/// The id of a key. In a document one has a letter in it, or it would be a number.
const KEY: &str = r"\b[0-9a-f]{8}\b";

/// What differs from run to run, beside ids: what it looks like in a document and, the same, when printed.
const VOLATILE: [&str; 10] = [
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z",
    r"\d{4}-\d\d-\d\d \d\d:\d\d",
    r"date: [A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT",
    "x-request-id: [0-9a-f]{32}",
    r#""timestamp": ?\d+"#,
    r#""time": ?\d+"#,
    r#""version": ?\d+"#,
    r#""waited_ms": ?\d+"#,
    r"agon-attempts: \d",
    r"agon-winner: \d",
];

const ANYTHING: &str = "…";

/// The ids of a document and those that stand for them.
pub(super) struct Ids {
    known: BTreeMap<String, String>,
    id: Regex,
    token: Regex,
}

impl Ids {
    pub(super) fn new() -> Result<Self> {
        let volatile = VOLATILE.map(|pattern| format!("|{pattern}")).concat();
        Ok(Ids {
            known: BTreeMap::new(),
            id: Regex::new(&format!("{UUID}|{KEY}"))?,
            token: Regex::new(&format!("{UUID}|{KEY}|{ANYTHING}{volatile}"))?,
        })
    }

    /// A program with the ids that stand for those of the document. One that is first met here was chosen
    /// by the document, and stands for itself.
    pub(super) fn in_program(&mut self, program: &str) -> String {
        let replaced = self.id.replace_all(program, |found: &regex::Captures<'_>| {
            let id = &found[0];
            let known = self.known.entry(id.to_owned());
            known.or_insert_with(|| id.to_owned()).clone()
        });
        replaced.into_owned()
    }

    /// Learns the ids in what was printed; an error unless that is what the document shows.
    pub(super) fn compare(&mut self, shown: &str, printed: &str) -> Result<()> {
        let (shown, printed) = (plain(shown), plain(printed));
        let (pattern, ids) = self.pattern(&shown);
        let pattern = Regex::new(&pattern).context("what the document shows is too long")?;
        let Some(found) = pattern.captures(&printed) else {
            bail!("the document shows\n{shown}\nbut it printed\n{printed}");
        };
        let mut learnt = BTreeMap::new();
        for (group, id) in ids.into_iter().enumerate() {
            let new = found.get(group + 1).map_or("", |m| m.as_str());
            let stands = learnt.entry(id.clone()).or_insert_with(|| new.to_owned());
            if stands != new {
                bail!("{id} stands for {stands} and for {new} in\n{printed}");
            }
        }
        self.known.extend(learnt);
        Ok(())
    }

    /// A pattern with a group for each id that is not known yet, and these.
    fn pattern(&self, shown: &str) -> (String, Vec<String>) {
        let (mut pattern, mut ids, mut rest) = ("(?s)^".to_owned(), Vec::new(), 0);
        for token in self.token.find_iter(shown) {
            let literal = shown.get(rest..token.start()).unwrap_or_default();
            pattern.push_str(&regex::escape(literal));
            rest = token.end();
            let token = token.as_str();
            if token == ANYTHING {
                pattern.push_str(".*?");
            } else if let Some(known) = self.known.get(token) {
                pattern.push_str(known);
            } else if let Some(id) = self.id(token) {
                pattern.push_str(&format!("({id})"));
                ids.push(token.to_owned());
            } else {
                pattern.push_str(&kind(token));
            }
        }
        pattern.push_str(&regex::escape(shown.get(rest..).unwrap_or_default()));
        pattern.push('$');
        (pattern, ids)
    }

    /// The pattern of ids of the kind that this is one of.
    fn id(&self, token: &str) -> Option<&'static str> {
        let whole = self.id.find(token)?.len() == token.len();
        let is_key = token.contains(|c: char| c.is_ascii_lowercase());
        match token.len() {
            36 if whole => Some(UUID),
            8 if whole && is_key => Some(KEY),
            _ => None,
        }
    }
}

/// The pattern of what is volatile that this is an instance of.
fn kind(token: &str) -> String {
    let whole =
        |pattern: &&str| Regex::new(&format!("^(?:{pattern})$")).is_ok_and(|p| p.is_match(token));
    let found = VOLATILE.into_iter().find(|pattern| whole(pattern));
    found.map_or_else(|| regex::escape(token), |pattern| format!("(?:{pattern})"))
}

/// Without what an eye does not see.
fn plain(text: &str) -> String {
    let lines: Vec<&str> = text.trim_end().lines().map(str::trim_end).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "e4cdb120-28fc-4285-a78d-eb48660b7730";
    const B: &str = "0f0e0d0c-0b0a-4908-8706-050403020100";
    const C: &str = "f667f754-b5d0-4a7b-8996-6881e3f3c95c";

    fn agree(shown: &str, printed: &str) -> bool {
        Ids::new().unwrap().compare(shown, printed).is_ok()
    }

    #[test]
    fn what_is_the_same_in_every_run_has_to_be() {
        assert!(agree("{\"rank\":1}", "{\"rank\":1}\r\n"));
        assert!(!agree("{\"rank\":1}", "{\"rank\":2}"));
        assert!(!agree("a", "a\nb"));
        assert!(!agree("a.c", "abc"));
    }

    #[test]
    fn times_differ_and_nothing_else_passes_for_one() {
        let shown = "\"timestamp\":1795258727,\"at\":\"2026-11-21T17:22:05.444Z\"";
        assert!(agree(
            shown,
            "\"timestamp\":5,\"at\":\"2027-01-01T00:00:00Z\""
        ));
        assert!(!agree(shown, "\"timestamp\":5,\"at\":null"));
        assert!(!agree(
            shown,
            "\"timestamp\":null,\"at\":\"2027-01-01T00:00:00Z\""
        ));
    }

    #[test]
    fn an_ellipsis_is_anything_between_two_ends() {
        assert!(agree("{\"a\":1,…}", "{\"a\":1,\"b\":[2]}"));
        assert!(!agree("{\"a\":1,…}", "{\"a\":2,\"b\":[2]}"));
        assert!(agree("one\n…\nfour", "one\ntwo\nthree\nfour"));
    }

    #[test]
    fn an_id_stands_for_one_other_from_where_it_was_printed() {
        let mut ids = Ids::new().unwrap();
        ids.compare(&format!("made {A}"), &format!("made {C}"))
            .unwrap();
        assert_eq!(ids.in_program(&format!("GET {A}")), format!("GET {C}"));
        assert!(ids.compare(A, B).is_err());
        assert!(ids.compare(A, C).is_ok());
        assert!(
            ids.compare(&format!("{B} {B}"), &format!("{A} {C}"))
                .is_err()
        );
    }

    #[test]
    fn an_id_of_a_key_is_one_and_a_number_is_none() {
        let mut ids = Ids::new().unwrap();
        ids.compare("key 58bc2936 is made", "key 12345678 is made")
            .unwrap();
        assert_eq!(ids.in_program("revoke 58bc2936"), "revoke 12345678");
        assert!(!agree("10000000 entries", "20000000 entries"));
        assert!(!agree("58bc2936", "1234567"));
        // As long as the id of a key, and with letters.
        assert!(agree("{\"time\":5}", "{\"time\":12}"));
    }

    #[test]
    fn an_id_that_a_command_chose_stands_for_itself() {
        let mut ids = Ids::new().unwrap();
        assert_eq!(ids.in_program(A), A);
        assert!(ids.compare(A, B).is_err());
        assert!(ids.compare(A, A).is_ok());
    }
}
