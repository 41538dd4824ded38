//! When was a role last used? From `RoleLastUsed` of the account's own authorization details, which reaches back 400 days.
//!
//! A role that has the member without a date was not used in that time; of a role without the member nothing is known.
//!
//! Source: IAM API, GetAccountAuthorizationDetails, RoleDetail, RoleLastUsed.

use super::gather::Gatherer;
use super::last_accessed::moment;
use super::{Kind, Who};
use crate::diag::Diagnostics;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Details {
    #[serde(default)]
    role_detail_list: Vec<Role>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Role {
    arn: Option<String>,
    role_last_used: Option<LastUsed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LastUsed {
    last_used_date: Option<Value>,
}

/// Reads a page, or several that follow one another.
pub(super) fn read(name: &str, text: &str, gatherer: &mut Gatherer) -> Result<(), Diagnostics> {
    let mut pages = Vec::new();
    for document in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        match document {
            Ok(Value::Array(elements)) => pages.extend(elements),
            Ok(page) => pages.push(page),
            Err(error) => {
                gatherer.counts.fail("not JSON");
                let message = format!("{name}:{}:{}: {error}", error.line(), error.column());
                gatherer.trouble("bad-record", message, "the rest of the file is left out")?;
                break;
            }
        }
    }
    for page in pages {
        let details = match serde_json::from_value::<Details>(page) {
            Ok(details) => details,
            Err(error) => {
                gatherer.counts.fail("not account details");
                gatherer.trouble("bad-record", format!("{name}: {error}"), "the page is left out")?;
                continue;
            }
        };
        for role in details.role_detail_list {
            gatherer.counts.read += 1;
            let who = role.arn.as_deref().and_then(Who::of_arn).filter(|who| who.kind == Kind::Role);
            let (Some(who), Some(used)) = (who, role.role_last_used) else {
                gatherer.counts.skip("a role without RoleLastUsed");
                continue;
            };
            let last = used.last_used_date.as_ref().and_then(moment);
            last.into_iter().for_each(|at| gatherer.reach(at));
            let person = gatherer.person(&who);
            last.into_iter().for_each(|at| person.seen(at));
            person.role_last_used = Some(person.role_last_used.flatten().max(last));
            gatherer.counts.mapped += 1;
        }
    }
    Ok(())
}
