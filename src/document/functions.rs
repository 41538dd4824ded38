//! Is this document a template that nobody has filled in yet?
//!
//! CloudFormation's functions are objects with one member, `Fn::..`, `Ref` or `Condition`, where a policy has texts or
//! statements. Only CloudFormation knows what they give, so of a document with one of them a single error says so, in place
//! of one for each part that does not fit.
//!
//! Source: AWS CloudFormation User Guide, "Intrinsic function reference".

use crate::diag::{Diagnostic, Source};
use crate::json::{Kind, Member, Value};

/// The error for a document that holds template functions, at the first of them; `None` if it holds none.
pub(super) fn unfilled(source: &Source, value: &Value) -> Option<Diagnostic> {
    let mut found = Vec::new();
    collect(value, &mut found);
    let first = found.first()?;
    let more = match found.len() - 1 {
        0 => String::new(),
        1 => " (and one more)".to_owned(),
        more => format!(" (and {more} more)"),
    };
    let message = format!("`{}` is a function of CloudFormation{more}, which stands where a policy has values", first.key);
    let help = "give the policy as it is deployed, with every function filled in, for example as the AWS CLI prints it";
    Some(Diagnostic::error("template-function", source, first.key_span, message, help))
}

fn collect<'v>(value: &'v Value, out: &mut Vec<&'v Member>) {
    match &value.kind {
        Kind::Object(members) => match members.as_slice() {
            [only] if is_function(only) => out.push(only),
            members => members.iter().for_each(|member| collect(&member.value, out)),
        },
        Kind::Array(elements) => elements.iter().for_each(|element| collect(element, out)),
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) => {}
    }
}

fn is_function(member: &Member) -> bool {
    member.key.starts_with("Fn::") || (member.key == "Ref" && member.value.as_str().is_some())
}
