//! The JSON Schemas of requests and answers, from their types.

use super::Request;
use crate::report::json::Answer;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};

/// The schemas, by their names.
pub fn all() -> [(&'static str, Schema); 2] {
    [("request", request()), ("answer", answer())]
}

/// Of a request: a line of `batch`.
pub fn request() -> Schema {
    titled::<Request>(SchemaSettings::draft2020_12().for_deserialize(), "A request to leastwise: a line of batch")
}

/// Of an answer: to a command under `--format json`, or to a line of `batch`, where the line's `id` stands first.
pub fn answer() -> Schema {
    titled::<Answer>(SchemaSettings::draft2020_12().for_serialize(), "An answer of leastwise")
}

fn titled<T: JsonSchema>(settings: SchemaSettings, title: &str) -> Schema {
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    schema.insert("title".to_owned(), title.into());
    schema
}
