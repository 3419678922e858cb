//! A server, its OpenAPI document, and how the two are compared.

use serde_json::{Value, json};
use testkit::{App, Reply};

use crate::setup::launch;

/// A server and what it says of itself.
pub struct Subject {
    pub app: App,
    pub document: Value,
}

impl Subject {
    pub fn start() -> Self {
        let app = launch().start();
        let document = app.get("/openapi.json").json();
        Subject { app, document }
    }

    pub fn operation(&self, path: &str, method: &str) -> &Value {
        &self.document["paths"][path][method]
    }

    /// The schema, which may refer to any place in the document, of a body.
    pub fn accepts(&self, schema: &Value, body: &Value) -> Result<(), String> {
        let mut root = self.document.clone();
        // Strict: a member that the document does not name is an error.
        for (name, schema) in root["components"]["schemas"].as_object_mut().unwrap() {
            if name != "NewUser" && schema.get("properties").is_some() {
                schema["additionalProperties"] = json!(false);
            }
        }
        root["allOf"] = json!([schema]);
        let options = jsonschema::options().should_validate_formats(true);
        let validator = options.build(&root).expect("a schema");
        validator.validate(body).map_err(|e| e.to_string())
    }

    /// Checks a reply against what is said of this operation's replies.
    pub fn check(&self, path: &str, method: &str, reply: &Reply) {
        let status = reply.status.to_string();
        let media_type = reply.header("content-type").unwrap();
        let described = &self.operation(path, method)["responses"][&status];
        let schema = &described["content"][media_type]["schema"];
        assert!(
            schema.is_object(),
            "{method} {path} {status} {media_type} is not described"
        );
        let checked = self.accepts(schema, &reply.json());
        assert_eq!(
            checked,
            Ok(()),
            "{method} {path} {status}: {}",
            reply.json()
        );
    }

    pub fn get(&self, path: &str, filled: &str) -> Reply {
        let reply = self.app.get(filled);
        self.check(path, "get", &reply);
        reply
    }

    pub fn post(&self, path: &str, body: &Value) -> Reply {
        let reply = self.app.post(path, body);
        self.check(path, "post", &reply);
        reply
    }

    pub fn request_schema(&self, path: &str) -> &Value {
        &self.operation(path, "post")["requestBody"]["content"]["application/json"]["schema"]
    }

    /// An example as a reader of the document would put it together.
    pub fn example(&self, schema: &Value) -> Option<Value> {
        if let Some(reference) = schema["$ref"].as_str() {
            return self.example(self.document.pointer(&reference[1..]).unwrap());
        }
        if let Some(example) = schema.get("example") {
            return Some(example.clone());
        }
        if let Some(first) = schema["examples"].get(0).or(schema.get("const")) {
            return Some(first.clone());
        }
        if let Some(choices) = schema["oneOf"].as_array() {
            return self.example(&choices[0]);
        }
        if let Some(properties) = schema["properties"].as_object() {
            let member = |(name, schema)| Some((String::clone(name), self.example(schema)?));
            return properties
                .iter()
                .map(member)
                .collect::<Option<_>>()
                .map(Value::Object);
        }
        Some(json!([self.example(schema.get("items")?)?]))
    }
}
