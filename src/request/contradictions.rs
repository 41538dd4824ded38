//! Does a request name one session or one account in two ways that differ?

use super::keys::{SOURCE_ACCOUNT, SOURCE_ARN, USER_ID};
use super::{OWN_ROLE, Principal, Request};
use crate::value::arn;

/// The name that ends the `aws:userid` of a principal: of a role session or a federated user.
pub(crate) fn session_name(principal: &Principal) -> Option<&str> {
    let Principal::Aws(own) = principal else { return None };
    let [_, _, service, _, _, rest] = arn::split(own)?;
    let name = rest.strip_prefix("assumed-role/").and_then(|rest| rest.split_once('/')).map(|(_, name)| name);
    name.or_else(|| rest.strip_prefix("federated-user/")).filter(|_| service == "sts")
}

/// The name of AWS's own role that a role or a session is of, or that it is of none; `None` for what is no role.
pub(crate) fn own_role(request: &Request) -> Option<Option<&str>> {
    let role = request.principal_arn().filter(|_| matches!(request.principal, Principal::Aws(_)))?;
    let [_, _, service, _, _, rest] = arn::split(role)?;
    let name = rest.strip_prefix("role/").filter(|_| service == "iam")?;
    Some(name.split('/').find(|segment| segment.starts_with(OWN_ROLE)))
}

/// The account that an ARN names, if it names one.
pub(crate) fn account_of(text: &str) -> Option<&str> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    parts.get(4).copied().filter(|account| parts.len() == 6 && arn::is_account(account))
}

/// Whether the request names one session or one account in two ways that differ.
pub fn contradicts(request: &Request) -> bool {
    let values = |key: &str| request.context.get(key).map(Vec::as_slice).unwrap_or_default();
    let other_name = |name: &str| values(USER_ID).iter().any(|id| id.rsplit_once(':').is_none_or(|(_, own)| own != name));
    let other_account = |account: &String| {
        values(SOURCE_ARN).iter().filter_map(|source| account_of(source)).any(|of_source| of_source != account)
    };
    let account = request.principal.account().unwrap_or_default();
    let other_role = |own: Option<&str>| {
        values(USER_ID).iter().any(|id| match own {
            Some(name) => !id.starts_with(&format!("{account}:{name}:")),
            None => !id.starts_with("AROA"),
        })
    };
    session_name(&request.principal).is_some_and(other_name)
        || values(SOURCE_ACCOUNT).iter().any(other_account)
        || own_role(request).is_some_and(other_role)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Context;

    #[test]
    fn the_id_of_a_session_ends_with_its_name() {
        let contradicts = |id: &str| {
            let session = Principal::Aws("arn:aws:sts::111122223333:assumed-role/R/S".to_owned());
            let given = Context::from([(USER_ID.to_owned(), vec![id.to_owned()])]);
            contradicts(&Request::new(session, "a:B", "*", given))
        };
        assert!(!contradicts("AROAEXAMPLE:S"));
        assert!(contradicts("AROAEXAMPLE:T") && contradicts("AROAEXAMPLE") && contradicts("AIDAEXAMPLE:S"));
    }
}
