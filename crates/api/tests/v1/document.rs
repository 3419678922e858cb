//! What the API document says of every operation.

use std::collections::BTreeSet;

use serde_json::Value;

fn document() -> Value {
    serde_json::from_str(&api::document_json()).unwrap()
}

/// Every operation, by its method and path.
fn operations(document: &Value) -> Vec<(String, &Value)> {
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            operations.push((format!("{method} {path}"), operation));
        }
    }
    operations
}

#[test]
fn operations_have_names_of_their_own_and_known_tags() {
    let document = document();
    let tags: BTreeSet<&str> = document["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| tag["name"].as_str().unwrap())
        .collect();
    let mut names = BTreeSet::new();
    for (what, operation) in operations(&document) {
        assert!(
            names.insert(operation["operationId"].as_str().unwrap()),
            "{what}"
        );
        assert!(
            tags.contains(operation["tags"][0].as_str().unwrap()),
            "{what}"
        );
        assert!(operation["summary"].is_string(), "{what}");
    }
}

#[test]
fn keys_and_their_errors_are_described_for_every_post_that_changes_something() {
    let document = document();
    for (what, operation) in operations(&document) {
        let takes_key = operation["parameters"]
            .to_string()
            .contains("Idempotency-Key");
        let reads = [":lookup", "/v1/match", ":simulate"];
        let reads = reads.iter().any(|end| what.ends_with(end));
        let changes = what.starts_with("post ") && !reads;
        assert_eq!(takes_key, changes, "{what}");
        let responses = operation["responses"].as_object().unwrap();
        assert_eq!(responses.contains_key("422"), changes, "{what}");
        let good = responses.iter().find(|(status, _)| status.starts_with('2'));
        let (_, good) = good.unwrap();
        assert_eq!(
            good["headers"]["idempotency-replayed"].is_object(),
            changes,
            "{what}"
        );
    }
}

#[test]
fn every_part_of_every_body_has_an_example() {
    let document = document();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        assert!(schema.get("allOf").is_none(), "{name}");
        assert!(has_example(&document, schema), "{name}: {schema}");
    }
}

fn has_example(document: &Value, schema: &Value) -> bool {
    if let Some(reference) = schema["$ref"].as_str() {
        return has_example(document, document.pointer(&reference[1..]).unwrap());
    }
    let one_of = schema["oneOf"].as_array().map(|choices| &choices[0]);
    let inner = one_of.or(schema.get("items"));
    if schema.get("example").is_some() || schema.get("const").is_some() {
        return true;
    }
    if let Some(inner) = inner {
        return has_example(document, inner);
    }
    let parts = schema["properties"].as_object();
    parts.is_some_and(|parts| parts.values().all(|part| has_example(document, part)))
}
