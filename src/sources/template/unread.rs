//! What of a template gives access by policies that stand elsewhere, or by none?
//!
//! Nested stacks, SAM's connectors and the lists of its APIs' resource policies, macros, and resources that give access without a
//! policy. Each is told with all that it says, so that a change of that is seen.
//!
//! Sources: AWS SAM, "AWS::Serverless::Connector", "ResourcePolicyStatement"; AWS CloudFormation User Guide, "Transform section".

use super::closure::closure;
use super::functions::is_function;
use super::ties::plain;
use super::versions::start;
use super::{Constants, Given, Reader, Sections};
use crate::diag::Source;
use crate::json::{Kind, Member, Value};
use crate::sources::beside::{Unread, said};
use crate::sources::choice::When;
use std::cell::RefCell;

/// The type of what a configuration of the Serverless Framework has in another file (`From`).
pub(in crate::sources) const MADE: &str = "Serverless::Framework::Elsewhere";

/// Transforms that are read, or say nothing of access.
const KNOWN: [&str; 5] = [
    "AWS::Serverless-2016-10-31",
    "AWS::LanguageExtensions",
    "AWS::CodeDeployBlueGreen",
    "AWS::ServiceCatalog",
    "AWS::SecretsManager-2020-07-23",
];

/// What of a template is not read, in its order.
pub fn unread(source: &Source, template: &Value, given: &Given) -> Vec<Unread> {
    let sections = Sections::of(template);
    let constants = RefCell::new(Constants::default());
    let reader = Reader::of(source, &sections, given, &constants);
    let mut out = Vec::new();
    for one in sections.resources.and_then(Value::members).unwrap_or_default() {
        reader.of_resource(one, &mut out);
    }
    // Included parts of a template stand beside its sections, too.
    let included = template.members().unwrap_or_default().iter().filter(|one| one.key == "Fn::Transform").map(|one| &one.value);
    let transforms = sections.transform.map(Value::items).unwrap_or_default();
    for one in transforms.iter().chain(included) {
        let name = one.as_str().or_else(|| one.get("Name").and_then(Value::as_str)).unwrap_or("?");
        if !KNOWN.iter().any(|known| name.starts_with(known)) {
            out.push(Unread {
                subject: "Transform".to_owned(),
                what: format!("the macro {name} makes of the template what only CloudFormation knows"),
                definition: closure(&sections, one),
                when: When::Known(true),
                limits: false,
                span: one.span,
            });
        }
    }
    out
}

impl Reader<'_> {
    fn of_resource(&self, one: &Member, out: &mut Vec<Unread>) {
        let resource = &one.value;
        let of = resource.get("Type").and_then(Value::as_str).unwrap_or_default();
        let properties = resource.get("Properties");
        let when = self.scope(start(resource, &Vec::new()), true).when();
        let unread = |subject: &str, what: String, says: Option<&Value>, limits: bool| Unread {
            subject: subject.to_owned(),
            what,
            definition: says.map(|says| closure(self.sections, says)).unwrap_or_default(),
            when: when.clone(),
            limits,
            span: says.map_or(one.key_span, |says| says.span),
        };
        out.extend(said(&one.key, of, properties).into_iter().map(|what| unread(&one.key, what, properties, false)));
        match of {
            "AWS::CloudFormation::Stack" | "AWS::CloudFormation::StackSet" | "AWS::Serverless::Application" => {
                let what =
                    format!("the policies of the stack {} are in another template, which is not looked at for it", one.key);
                out.push(unread(&one.key, what, properties, false));
            }
            MADE | "AWS::ServiceCatalog::CloudFormationProvisionedProduct" => {
                let from = properties.and_then(|all| all.get("From")).and_then(Value::as_str).map(|from| format!(": `{from}`"));
                let what =
                    format!("what {} gives is written elsewhere and not looked at for it{}", one.key, from.unwrap_or_default());
                out.push(unread(&one.key, what, properties, false));
            }
            of if of.ends_with("::MODULE") => {
                let what = format!("the policies of {} are in the module {of}, which is not looked at", one.key);
                out.push(unread(&one.key, what, properties, false));
            }
            "AWS::Serverless::Connector" => out.push(unread(&one.key, connected(&one.key, properties, None), properties, false)),
            "AWS::Serverless::Api" => {
                let auth = properties.and_then(|all| all.get("Auth"));
                out.extend(lists(auth, true).map(|written| {
                    let what = format!("SAM makes a resource policy of {} from: {}", one.key, plain(&written));
                    unread(&one.key, what, Some(&written), true)
                }));
            }
            "AWS::Serverless::Function" => {
                for event in properties.and_then(|all| all.get("Events")).and_then(Value::members).unwrap_or_default() {
                    let name = format!("{}.{}", one.key, event.key);
                    out.extend(lists(event.value.get("Properties").and_then(|all| all.get("Auth")), false).map(|written| {
                        let what = format!("SAM makes a resource policy of the API of {name} from: {}", plain(&written));
                        unread(&name, what, Some(&written), true)
                    }));
                }
            }
            _ => {}
        }
        for inner in resource.get("Connectors").and_then(Value::members).unwrap_or_default() {
            let name = format!("{}.{}", one.key, inner.key);
            let properties = inner.value.get("Properties");
            out.push(unread(&name, connected(&name, properties, Some(&one.key)), Some(&inner.value), false));
        }
    }
}

/// What SAM makes a resource policy of an API from, without the statements that are read; all of a call that may give it.
fn lists(auth: Option<&Value>, reads_statements: bool) -> Option<Value> {
    let is_call = |value: &Value| matches!(value.members(), Some([only]) if is_function(only));
    let auth = auth?;
    let mut written = if is_call(auth) { auth.clone() } else { auth.get("ResourcePolicy")?.clone() };
    if let Kind::Object(members) = &mut written.kind {
        members.retain(|one| one.key != "CustomStatements" || !reads_statements);
        if members.is_empty() {
            return None;
        }
    }
    Some(written)
}

/// What a connector gives, in words.
fn connected(name: &str, properties: Option<&Value>, own: Option<&str>) -> String {
    let part = |name: &str| properties.and_then(|all| all.get(name)).map(plain);
    let from = own.map(str::to_owned).or_else(|| part("Source")).unwrap_or_default();
    let to = part("Destination").unwrap_or_default();
    let how = part("Permissions").map(|how| format!(" ({how})")).unwrap_or_default();
    format!("the connector {name} gives {from} access to {to}{how}, by policies that SAM makes and that are not read")
}
