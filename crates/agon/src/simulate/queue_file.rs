//! The settings of a queue in a TOML file: the same as the JSON of `PUT /v1/queues/{queue}`, and read by the
//! same reader, so that what can be simulated can be put.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use fields::{Fault, read_object};
use match_json::NewQueue;
use matchmaking::QueueSettings;
use serde_json::{Map, Value};

/// A queue's settings, and where they are from.
pub(super) struct QueueFile {
    pub(super) path: PathBuf,
    /// As it was written.
    pub(super) text: String,
    pub(super) settings: QueueSettings,
}

impl QueueFile {
    /// Reads it; an error has all that is wrong with it, a line each.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let name = path.display();
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
        let table: toml::Table = toml::from_str(&text).with_context(|| format!("{name}"))?;
        let settings = match settings(table) {
            Ok(settings) => settings,
            Err(faults) => bail!("{name} {}", in_words(&faults)),
        };
        Ok(QueueFile {
            path: path.to_owned(),
            text,
            settings,
        })
    }

    /// What it is called in a report.
    pub(super) fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or(self.path.as_os_str());
        name.to_string_lossy().into_owned()
    }
}

fn settings(table: toml::Table) -> Result<QueueSettings, Vec<Fault>> {
    let mut faults = Vec::new();
    let value = json(toml::Value::Table(table), "", &mut faults);
    if !faults.is_empty() {
        return Err(faults);
    }
    let read = read_object::<NewQueue>(&value, "", &mut faults);
    read.map(|NewQueue(settings)| settings).ok_or(faults)
}

/// The same in JSON, which lacks what TOML has more: a number that is none is a fault, and a date a text.
fn json(value: toml::Value, pointer: &str, faults: &mut Vec<Fault>) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => Value::from(number),
        toml::Value::Float(number) => {
            if !number.is_finite() {
                faults.push(Fault::at(pointer.to_owned(), "must be a finite number"));
            }
            Value::from(number)
        }
        toml::Value::Boolean(flag) => Value::Bool(flag),
        toml::Value::Datetime(time) => Value::String(time.to_string()),
        toml::Value::Array(list) => {
            let list = list.into_iter().enumerate();
            let list = list.map(|(n, value)| json(value, &format!("{pointer}/{n}"), faults));
            Value::Array(list.collect())
        }
        toml::Value::Table(table) => {
            let mut object = Map::new();
            for (name, value) in table {
                let value = json(value, &format!("{pointer}/{name}"), faults);
                object.insert(name, value);
            }
            Value::Object(object)
        }
    }
}

/// Places as TOML has them: `rating.max_spread` for `/rating/max_spread`.
fn in_words(faults: &[Fault]) -> String {
    let line = |fault: &Fault| {
        let pointer = fault.pointer.as_deref().unwrap_or_default();
        let place = pointer.trim_start_matches('/').replace('/', ".");
        let place = if place.is_empty() { "the file" } else { &place };
        format!("{place} {}", fault.detail)
    };
    let lines: Vec<String> = faults.iter().map(line).collect();
    match &lines[..] {
        [one] => format!("is no queue: {one}"),
        _ => format!("is no queue:\n  {}", lines.join("\n  ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<QueueSettings, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        let read = QueueFile::read(file.path()).map(|file| file.settings);
        read.map_err(|e| format!("{e:#}"))
    }

    #[test]
    fn toml_and_json_are_the_same_settings() {
        let text = "
ticket_ttl_ms = 60_000
rating_system = \"glicko2\"
[teams]
count = 2
min_size = 5
roles = { tank = 1, damage = 4 }
[rating]
spread = 100
widen_per_s = 10.5
max_spread = 500
[[attributes]]
name = \"mode\"
rule = \"equal\"
";
        let sent = serde_json::json!({
            "ticket_ttl_ms": 60000, "rating_system": "glicko2",
            "teams": {"count": 2, "min_size": 5, "roles": {"tank": 1, "damage": 4}},
            "rating": {"spread": 100, "widen_per_s": 10.5, "max_spread": 500},
            "attributes": [{"name": "mode", "rule": "equal"}],
        });
        let NewQueue(expected) = read_object(&sent, "", &mut Vec::new()).unwrap();
        assert_eq!(read(text).unwrap(), expected);
    }

    #[test]
    fn all_faults_are_told_with_their_places() {
        let refusal =
            read("colour = 1\n[teams]\nmin_size = 0\n[rating]\nspread = \"wide\"").unwrap_err();
        for part in [
            "colour ",
            "teams.min_size must be a whole number",
            "rating.spread must be",
        ] {
            assert!(refusal.contains(part), "{refusal}");
        }
        assert_eq!(refusal.lines().count(), 4, "{refusal}");
        let refusal = read("[teams]\nmin_size = 1\n[rating]\nspread = inf").unwrap_err();
        assert!(
            refusal.ends_with("is no queue: rating.spread must be a finite number"),
            "{refusal}"
        );
        assert!(read("teams = ").unwrap_err().contains("TOML parse error"));
        assert!(
            read("teams = 1979-05-27")
                .unwrap_err()
                .contains("teams must be an object or an array")
        );
        let missing = QueueFile::read(Path::new("/no/such.toml")).err().unwrap();
        assert!(format!("{missing:#}").starts_with("cannot read /no/such.toml: No such"));
    }
}
