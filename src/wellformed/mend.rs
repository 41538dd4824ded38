//! What would a request say if it did not contradict itself?

use super::Keys;
use crate::request::contradictions::{account_of, own_role, session_name};
use crate::request::keys::{SOURCE_ACCOUNT, SOURCE_ARN, USER_ID};
use crate::request::{CLOUDFRONT, DERIVED, OWN_ROLE, Principal, Request};
use crate::value::arn;

/// The request with those of its tied keys that are present set to what follows from the rest; to be replayed.
pub fn mended(request: &Request) -> Request {
    let mut out = request.clone();
    let first = |request: &Request, key: &str| request.context.get(key).and_then(|values| values.first()).cloned();
    let mut set = |key: &str, value: String| {
        out.context.get_mut(key).into_iter().for_each(|values| *values = vec![value.clone()]);
    };
    if let (Principal::Aws(own), Some(id)) = (&request.principal, first(request, USER_ID))
        && let Some([_, _, _, _, account, rest]) = arn::split(own)
    {
        let is = |start: &str| id.strip_prefix(start).is_some();
        let start = match own_role(request) {
            Some(Some(name)) => format!("{account}:{name}"),
            Some(None) | None => id.split(':').next().filter(|_| is("AROA")).unwrap_or("AROAEXAMPLEID").to_owned(),
        };
        let of_role = id.strip_prefix(&start).and_then(|rest| rest.strip_prefix(':')).is_some_and(|name| !name.is_empty());
        match (rest.split('/').next(), session_name(&request.principal)) {
            (Some("assumed-role"), Some(name)) => set(USER_ID, format!("{start}:{name}")),
            (Some("federated-user"), Some(name)) => set(USER_ID, format!("{account}:{name}")),
            (Some("root"), _) => set(USER_ID, account.to_owned()),
            (Some("user"), _) if account != CLOUDFRONT && (!is("AIDA") || id.contains(':')) => {
                set(USER_ID, "AIDAEXAMPLEID".to_owned())
            }
            (Some("role"), _) if !of_role => set(USER_ID, format!("{start}:session")),
            _ => {}
        }
    }
    if let Some(account) = first(request, SOURCE_ARN).as_deref().and_then(account_of) {
        set(SOURCE_ACCOUNT, account.to_owned());
    }
    if let Some(org) = first(request, "aws:principalorgid") {
        if request.principal.account().is_some() && request.principal.account() == request.resource_account() {
            set("aws:resourceorgid", org.clone());
        }
        let inside = |path: &String| path.starts_with(&format!("{org}/"));
        if !request.context.get("aws:principalorgpaths").is_none_or(|paths| paths.iter().all(inside)) {
            set("aws:principalorgpaths", format!("{org}/r-example/"));
        }
    }
    out
}

/// The request made by the session of AWS's own role that its id names; `None` if it names none. To be replayed.
pub fn by_id(request: &Request) -> Option<Request> {
    let id = request.context.get(USER_ID)?.first()?;
    let (account, rest) = id.split_once(':')?;
    let (role, session) = rest.rsplit_once(':')?;
    if !arn::is_account(account) || !role.starts_with(OWN_ROLE) || session.is_empty() {
        return None;
    }
    let own = format!("arn:aws:sts::{account}:assumed-role/{role}/{session}");
    let kept = request.context.iter().filter(|(key, _)| !DERIVED.contains(&key.as_str()));
    let context = kept.map(|(key, values)| (key.clone(), values.clone())).collect();
    Some(Request::new(Principal::Aws(own), &request.action, &request.resource, context))
}

/// The request with keys of these that it must have beside those it has.
pub(super) fn completed(mut request: Request, named: Keys) -> Request {
    let has = |request: &Request, key: &str| request.context.contains_key(key);
    let add = |request: &mut Request, key: &str, value: String| {
        if named.has(key) && !request.context.contains_key(key) {
            request.context.insert(key.to_owned(), vec![value]);
        }
    };
    if named.has(USER_ID)
        && !has(&request, USER_ID)
        && let Some(id) = plain_id(&request)
    {
        add(&mut request, USER_ID, id);
    }
    if has(&request, "aws:multifactorauthage") {
        add(&mut request, "aws:multifactorauthpresent", "true".to_owned());
    }
    if let Some(org) = request.context.get("aws:principalorgid").and_then(|ids| ids.first()).cloned() {
        add(&mut request, "aws:principalorgpaths", format!("{org}/r-example/"));
    }
    let path = request.context.get("aws:principalorgpaths").and_then(|paths| paths.first());
    if let Some(org) = path.and_then(|path| path.split_once('/')).map(|(org, _)| org.to_owned()) {
        add(&mut request, "aws:principalorgid", org);
    }
    request
}

/// An id that an identity of an account may have.
fn plain_id(request: &Request) -> Option<String> {
    let Principal::Aws(own) = &request.principal else { return None };
    let mut with_id = request.clone();
    with_id.context.insert(USER_ID.to_owned(), vec!["example".to_owned()]);
    // What mending makes of an id that fits nobody; CloudFront's identities need none.
    let [_, _, _, _, account, _] = arn::split(own)?;
    let id = mended(&with_id).context.remove(USER_ID)?.pop()?;
    (account != CLOUDFRONT).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Context;
    use crate::request::contradicts;

    #[test]
    fn a_mended_request_does_not_contradict_itself() {
        let with = |principal: &str, given: &[(&str, &str)]| {
            let context: Context = given.iter().map(|(key, value)| ((*key).to_owned(), vec![(*value).to_owned()])).collect();
            Request::new(Principal::Aws(principal.to_owned()), "a:B", "*", context)
        };
        let id = |principal: &str, id: &str| {
            let request = with(principal, &[(USER_ID, id)]);
            let mended = mended(&request);
            assert!(!contradicts(&mended) && mended.is_consistent(), "{mended:?}");
            (contradicts(&request), mended.context[USER_ID].join(","))
        };
        let session = "arn:aws:sts::111122223333:assumed-role/R/S";
        assert_eq!(id(session, "AROAX:S"), (false, "AROAX:S".to_owned()));
        assert_eq!(id(session, "AROAX:T"), (true, "AROAX:S".to_owned()));
        assert_eq!(id(session, "x"), (true, "AROAEXAMPLEID:S".to_owned()));
        assert_eq!(id("arn:aws:sts::111122223333:federated-user/F", "999999999999:G"), (true, "111122223333:F".to_owned()));
        assert_eq!(id("arn:aws:iam::111122223333:root", "x"), (false, "111122223333".to_owned()));
        assert_eq!(id("arn:aws:iam::111122223333:user/u", "AIDAX"), (false, "AIDAX".to_owned()));
        assert_eq!(id("arn:aws:iam::111122223333:user/u", "x"), (false, "AIDAEXAMPLEID".to_owned()));
        assert_eq!(id("arn:aws:iam::111122223333:role/r", "AROAX:y"), (false, "AROAX:y".to_owned()));
        assert_eq!(id("arn:aws:iam::111122223333:role/r", "x"), (true, "AROAEXAMPLEID:session".to_owned()));
        let own = "arn:aws:sts::111122223333:assumed-role/aws:ec2-instance/i-1";
        assert_eq!(id(own, "AROAX:i-1"), (true, "111122223333:aws:ec2-instance:i-1".to_owned()));
        assert!(!id(own, "111122223333:aws:ec2-instance:i-1").0);
        let source = |arn: &str| {
            let request = with("arn:aws:iam::111122223333:root", &[(SOURCE_ARN, arn), (SOURCE_ACCOUNT, "999999999999")]);
            (contradicts(&request), mended(&request).context[SOURCE_ACCOUNT].join(","))
        };
        assert_eq!(source("arn:aws:sns:us-east-1:111122223333:t"), (true, "111122223333".to_owned()));
        assert_eq!(source("arn:aws:s3:::bucket"), (false, "999999999999".to_owned()));
        assert_eq!(source("arn:aws:sns:us-east-1:999999999999:t"), (false, "999999999999".to_owned()));
    }

    #[test]
    fn an_id_names_the_session_of_aws_s_own_role_or_nobody() {
        let by = |id: &str| {
            let context = Context::from([(USER_ID.to_owned(), vec![id.to_owned()])]);
            let root = Principal::Aws("arn:aws:iam::999999999999:root".to_owned());
            by_id(&Request::new(root, "a:B", "*", context)).map(|request| request.principal)
        };
        let own = "arn:aws:sts::111122223333:assumed-role/aws:ec2-instance/i-1";
        assert_eq!(by("111122223333:aws:ec2-instance:i-1"), Some(Principal::Aws(own.to_owned())));
        for nobody in ["AROAX:i-1", "111122223333", "111122223333:R:s", "111122223333:aws:x:", "AROAX:aws:x:y"] {
            assert_eq!(by(nobody), None, "{nobody}");
        }
    }

    #[test]
    fn a_request_gets_the_keys_that_come_with_those_it_has() {
        let named = [USER_ID, "aws:multifactorauthpresent", "aws:principalorgid", "aws:principalorgpaths"];
        let named = named.into_iter().fold(Keys::default(), |all, key| all.with(Keys::of(key)));
        let added = |given: &[(&str, &str)]| {
            let context: Context = given.iter().map(|(key, value)| ((*key).to_owned(), vec![(*value).to_owned()])).collect();
            let root = Principal::Aws("arn:aws:iam::111122223333:root".to_owned());
            let request = completed(Request::new(root, "a:B", "*", context), named);
            let of = |key: &str| request.context.get(key).map(|values| values.join(",")).unwrap_or_default();
            [USER_ID, "aws:multifactorauthpresent", "aws:principalorgid", "aws:principalorgpaths"].map(of)
        };
        assert_eq!(added(&[]), ["111122223333", "", "", ""]);
        assert_eq!(added(&[(USER_ID, "x"), ("aws:multifactorauthage", "5")]), ["x", "true", "", ""]);
        assert_eq!(added(&[("aws:principalorgid", "o-a")]), ["111122223333", "", "o-a", "o-a/r-example/"]);
        assert_eq!(added(&[("aws:principalorgpaths", "o-b/r-1/")]), ["111122223333", "", "o-b", "o-b/r-1/"]);
    }

    #[test]
    fn an_account_is_of_one_organization_and_paths_are_inside_it() {
        let mended = |owner: &str, path: &str| {
            let given = [("aws:principalorgid", "o-a"), ("aws:resourceorgid", "o-b"), ("aws:principalorgpaths", path)];
            let context: Context = given.iter().map(|(key, value)| ((*key).to_owned(), vec![(*value).to_owned()])).collect();
            let root = Principal::Aws("arn:aws:iam::111122223333:root".to_owned());
            let request = mended(&Request::new(root, "sqs:A", &format!("arn:aws:sqs:us-east-1:{owner}:q"), context));
            (request.context["aws:resourceorgid"].join(","), request.context["aws:principalorgpaths"].join(","))
        };
        assert_eq!(mended("111122223333", "o-a/r-1/"), ("o-a".to_owned(), "o-a/r-1/".to_owned()));
        assert_eq!(mended("999999999999", "o-b/r-1/"), ("o-b".to_owned(), "o-a/r-example/".to_owned()));
    }
}
