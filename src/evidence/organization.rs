//! When did an account last use a service? From GetOrganizationsAccessReport, of service level only.
//!
//! A service that nobody in an account used is unused by each of its principals; a service that somebody used says nothing
//! of one of them. Rows about a whole organizational unit or the organization say nothing of one account and are counted.
//!
//! Source: IAM API, GetOrganizationsAccessReport, AccessDetail.

use super::When;
use super::gather::Gatherer;
use super::last_accessed::moment;
use crate::diag::Diagnostics;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Report {
    #[serde(default)]
    access_details: Vec<Detail>,
    job_completion_date: Option<Value>,
    #[serde(alias = "account", alias = "AccountId", alias = "accountId")]
    account: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Detail {
    service_namespace: String,
    entity_path: Option<String>,
    last_authenticated_time: Option<Value>,
}

/// Reads a report.
pub(super) fn read(name: &str, text: &str, gatherer: &mut Gatherer) -> Result<(), Diagnostics> {
    for document in serde_json::Deserializer::from_str(text).into_iter::<Report>() {
        let report = match document {
            Ok(report) => report,
            Err(error) => {
                gatherer.counts.fail("not JSON");
                let message = format!("{name}:{}:{}: {error}", error.line(), error.column());
                return gatherer.trouble("bad-record", message, "the rest of the file is left out");
            }
        };
        let made = report.job_completion_date.as_ref().and_then(moment);
        made.into_iter().for_each(|at| gatherer.reach(at));
        for detail in report.access_details {
            gatherer.counts.read += 1;
            let last: Option<When> = detail.last_authenticated_time.as_ref().and_then(moment);
            let own =
                detail.entity_path.as_deref().and_then(|path| path.trim_end_matches('/').rsplit('/').next().map(str::to_owned));
            let is_account = |text: &String| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
            let Some(account) = report.account.clone().or(own).filter(is_account) else {
                gatherer.counts.skip("a row about several accounts");
                continue;
            };
            gatherer.counts.mapped += 1;
            last.into_iter().for_each(|at| gatherer.reach(at));
            if let Some(made) = made {
                let newest = gatherer.evidence.organization_made.entry(account.clone()).or_insert(made);
                *newest = (*newest).max(made);
            }
            let services = gatherer.evidence.organization.entry(account).or_default();
            let known = services.entry(detail.service_namespace.to_ascii_lowercase()).or_default();
            *known = (*known).max(last);
        }
    }
    Ok(())
}
