//! The JSON Schemas of requests and answers, from their types.
//!
//! A line of `batch` and its answer have one schema each. An operation that reads files and folders, and so has no line,
//! has two of its own: its request, and one line, or the one object, of its answer.

use super::{Request, check, findings, recommend, report, who_can};
use crate::report::gate::FindingsInFiles;
use crate::report::json::Answer;
use crate::report::recommended::json::RecommendAnswer;
use crate::report::unused::json::FindingsAnswer;
use crate::report::who_can::WhoCanAnswer;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The schemas, by their names.
pub fn all() -> Vec<(String, Schema)> {
    let mut all = vec![("request".to_owned(), request()), ("answer".to_owned(), answer())];
    for (name, [request, answer]) in of_folders() {
        all.push((format!("{name}-request"), request));
        all.push((format!("{name}-answer"), answer));
    }
    // Its answer is a page.
    all.push(("report-request".to_owned(), of_request::<report::Request>("What leastwise report is asked")));
    all
}

/// Of a request: a line of `batch`.
pub fn request() -> Schema {
    of_request::<Request>("A request to leastwise: a line of batch")
}

/// Of an answer: to a command under `--format json`, or to a line of `batch`, where the line's `id` stands first.
pub fn answer() -> Schema {
    of_answer::<Answer>("An answer of leastwise")
}

/// Of the operations that read files and folders: the request and the answer of each, by its name.
pub fn of_folders() -> [(&'static str, [Schema; 2]); 4] {
    fn row<R: JsonSchema + DeserializeOwned, A: JsonSchema + Serialize>(name: &'static str) -> (&'static str, [Schema; 2]) {
        let request = of_request::<R>(&format!("What leastwise {name} is asked"));
        (name, [request, of_answer::<A>(&format!("What leastwise {name} answers: one line, or the one object"))])
    }
    [
        row::<check::Request, FindingsInFiles>("check"),
        row::<findings::Request, FindingsAnswer>("findings"),
        row::<recommend::Request, RecommendAnswer>("recommend"),
        row::<who_can::Request, WhoCanAnswer>("who-can"),
    ]
}

fn of_request<T: JsonSchema + DeserializeOwned>(title: &str) -> Schema {
    titled::<T>(SchemaSettings::draft2020_12().for_deserialize(), title)
}

fn of_answer<T: JsonSchema + Serialize>(title: &str) -> Schema {
    titled::<T>(SchemaSettings::draft2020_12().for_serialize(), title)
}

fn titled<T: JsonSchema>(settings: SchemaSettings, title: &str) -> Schema {
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    schema.insert("title".to_owned(), title.into());
    schema
}
