//! Which findings are there? ListFindingsV2, GetFindingV2, UpdateFindings, GetFindingsStatistics.
//!
//! Over the account given at the start ([`super::held`]), by the type of the analyzer that is asked. Filters and the order
//! are AWS's, over the members of a finding's summary; one that a finding does not have is refused, as it would hide findings
//! in silence. What is archived is archived until the server ends. Source: Access Analyzer's API reference.

use super::body::Members;
use super::error::{ApiError, Shape};
use super::page::Page;
use super::{App, analyzers, held};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The members of a summary, by which it can be filtered and sorted.
const SUMMARY: [&str; 10] = [
    "id",
    "findingType",
    "resource",
    "resourceType",
    "resourceOwnerAccount",
    "status",
    "error",
    "analyzedAt",
    "createdAt",
    "updatedAt",
];

/// The most values of a criterion.
const MOST_VALUES: usize = 20;

/// The findings of an analyzer as they are now.
pub(super) async fn of(app: &App, analyzer: &str) -> Result<Vec<Value>, ApiError> {
    let of = analyzers::type_of(app, analyzer)?;
    let mut all = held::findings(app, &of).await?;
    let archived = app.archived();
    for one in &mut all {
        let is_archived = one.get("id").and_then(Value::as_str).is_some_and(|id| archived.contains(id));
        if let (true, Some(members)) = (is_archived, one.as_object_mut()) {
            members.insert("status".to_owned(), json!("ARCHIVED"));
        }
    }
    Ok(all)
}

/// One finding of an analyzer.
pub(super) async fn find(app: &App, analyzer: &str, id: &str) -> Result<Value, ApiError> {
    let all = of(app, analyzer).await?;
    let found = all.into_iter().find(|one| one.get("id").and_then(Value::as_str) == Some(id));
    found.ok_or_else(|| ApiError::new(Shape::NotFound, format!("There is no finding {id}.")))
}

/// ListFindingsV2
pub(super) async fn list(app: &App, body: &[u8]) -> Result<Value, ApiError> {
    let members = Members::read(body)?;
    members.known(&["analyzerArn", "filter", "maxResults", "nextToken", "sort"])?;
    let most = members.get("maxResults").map(Value::to_string);
    let page = Page::new(most.as_deref(), members.optional_string("nextToken")?)?;
    let filter = criteria(members.get("filter"))?;
    let (by, descending) = order(members.get("sort"))?;
    let mut all = of(app, members.string("analyzerArn")?).await?;
    all.retain(|one| filter.iter().all(|(name, criterion)| criterion.holds(one.get(*name).and_then(Value::as_str))));
    let text = |one: &Value| one.get(by).and_then(Value::as_str).unwrap_or_default().to_owned();
    all.sort_by(|a, b| if descending { text(b).cmp(&text(a)) } else { text(a).cmp(&text(b)) });
    let mut answer = page.of("findings", all.iter().map(summary).collect())?;
    let notes = app.options.held.as_ref().map(|held| held.notes.clone()).unwrap_or_default();
    if let (false, Some(members)) = (notes.is_empty(), answer.as_object_mut()) {
        members.insert("notes".to_owned(), json!(notes));
    }
    Ok(answer)
}

/// GetFindingV2
pub(super) async fn get(app: &App, analyzer: &str, id: &str, page: Page) -> Result<Value, ApiError> {
    let mut finding = find(app, analyzer, id).await?;
    let details = finding.get("findingDetails").and_then(Value::as_array).cloned().unwrap_or_default();
    let paged = page.of("findingDetails", details)?;
    if let (Some(finding), Value::Object(paged)) = (finding.as_object_mut(), paged) {
        finding.extend(paged);
        finding.shift_remove("schema");
    }
    Ok(finding)
}

/// UpdateFindings
pub(super) async fn update(app: &App, body: &[u8]) -> Result<Value, ApiError> {
    let members = Members::read(body)?;
    members.known(&["analyzerArn", "status", "ids", "resourceArn", "clientToken"])?;
    let status = members.one_of("status", &["ACTIVE", "ARCHIVED"])?;
    let ids = match members.get("ids") {
        None => None,
        Some(ids) => Some(texts(ids).ok_or_else(|| ApiError::validation("ids must be a list of strings"))?),
    };
    let resource = members.optional_string("resourceArn")?;
    if ids.is_none() == resource.is_none() {
        return Err(ApiError::validation("give either ids or resourceArn"));
    }
    let all = of(app, members.string("analyzerArn")?).await?;
    let text = |one: &Value, name: &str| one.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    if let Some(missing) = ids.iter().flatten().find(|id| !all.iter().any(|one| text(one, "id") == **id)) {
        return Err(ApiError::new(Shape::NotFound, format!("There is no finding {missing}.")));
    }
    let mut archived = app.archived();
    for one in &all {
        let id = text(one, "id");
        let meant = ids.as_ref().map_or_else(|| Some(text(one, "resource").as_str()) == resource, |ids| ids.contains(&id));
        match (meant, status) {
            (true, "ARCHIVED") => _ = archived.insert(id),
            (true, _) => _ = archived.remove(&id),
            (false, _) => {}
        }
    }
    Ok(json!({}))
}

/// GetFindingsStatistics
pub(super) async fn statistics(app: &App, body: &[u8]) -> Result<Value, ApiError> {
    let members = Members::read(body)?;
    members.known(&["analyzerArn"])?;
    let analyzer = members.string("analyzerArn")?;
    let all = of(app, analyzer).await?;
    let text = |one: &Value, name: &str| one.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let active: Vec<&Value> = all.iter().filter(|one| text(one, "status") == "ACTIVE").collect();
    let mut counts = json!({
        "totalActiveFindings": active.len(),
        "totalArchivedFindings": all.len() - active.len(),
        "totalResolvedFindings": 0,
    });
    let by = |name: &str| {
        let mut out: BTreeMap<String, usize> = BTreeMap::new();
        active.iter().for_each(|one| *out.entry(text(one, name)).or_default() += 1);
        out
    };
    let unused = analyzers::type_of(app, analyzer)?.ends_with("UNUSED_ACCESS");
    let name = if unused {
        let types = by("findingType").into_iter().map(|(of, total)| json!({"unusedAccessType": of, "total": total}));
        counts["unusedAccessTypeStatistics"] = types.collect();
        let accounts = by("resourceOwnerAccount").into_iter().take(10);
        counts["topAccounts"] = accounts.map(|(id, all)| json!({"account": id, "numberOfActiveFindings": all})).collect();
        "unusedAccessFindingsStatistics"
    } else {
        let mut types = Map::new();
        for (of, total) in by("resourceType") {
            let is_public = |one: &&&Value| {
                let public = one.pointer("/findingDetails/0/externalAccessDetails/isPublic");
                text(one, "resourceType") == of && public == Some(&json!(true))
            };
            let public = active.iter().filter(is_public).count();
            types.insert(of.clone(), json!({"totalActivePublic": public, "totalActiveCrossAccount": total - public}));
        }
        counts["resourceTypeStatistics"] = Value::Object(types);
        "externalAccessFindingsStatistics"
    };
    Ok(json!({"findingsStatistics": [{name: counts}]}))
}

fn summary(finding: &Value) -> Value {
    let shown = |name: &&str| Some(((*name).to_owned(), finding.get(*name)?.clone()));
    Value::Object(SUMMARY.iter().filter_map(shown).collect())
}

/// What a filter wants of one member.
struct Criterion {
    eq: Option<Vec<String>>,
    neq: Option<Vec<String>>,
    contains: Option<Vec<String>>,
    exists: Option<bool>,
}

impl Criterion {
    fn holds(&self, text: Option<&str>) -> bool {
        let any = |list: &Option<Vec<String>>, by: fn(&str, &str) -> bool| {
            list.as_ref().map(|list| text.is_some_and(|text| list.iter().any(|one| by(text, one))))
        };
        any(&self.eq, |text, one| text == one).unwrap_or(true)
            && !any(&self.neq, |text, one| text == one).unwrap_or(false)
            && any(&self.contains, |text, one| text.contains(one)).unwrap_or(true)
            && self.exists.is_none_or(|exists| exists == text.is_some())
    }
}

fn criteria(filter: Option<&Value>) -> Result<Vec<(&'static str, Criterion)>, ApiError> {
    let Some(filter) = filter else { return Ok(Vec::new()) };
    let filter = filter.as_object().ok_or_else(|| ApiError::validation("filter must map members to criteria"))?;
    let mut out = Vec::new();
    for (name, criterion) in filter {
        let known = SUMMARY.iter().find(|known| *known == name);
        let known = known
            .ok_or_else(|| ApiError::validation(format!("filter has {name:?}; these are served: {}", SUMMARY.join(", "))))?;
        let wrong = |what: &str| ApiError::validation(format!("filter.{name}{what}"));
        let members = criterion.as_object().ok_or_else(|| wrong(" must be an object with eq, neq, contains or exists"))?;
        if let Some(other) = members.keys().find(|key| !["eq", "neq", "contains", "exists"].contains(&key.as_str())) {
            return Err(wrong(&format!(".{other} is not a criterion: give eq, neq, contains or exists")));
        }
        let values = |key: &str| match members.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(list) => texts(list)
                .filter(|list| (1..=MOST_VALUES).contains(&list.len()))
                .map(Some)
                .ok_or_else(|| wrong(&format!(".{key} must be a list of 1 to {MOST_VALUES} strings"))),
        };
        let exists = match members.get("exists") {
            None | Some(Value::Null) => None,
            Some(exists) => Some(exists.as_bool().ok_or_else(|| wrong(".exists must be true or false"))?),
        };
        out.push((*known, Criterion { eq: values("eq")?, neq: values("neq")?, contains: values("contains")?, exists }));
    }
    Ok(out)
}

/// By which member findings are sorted, and whether downwards.
fn order(sort: Option<&Value>) -> Result<(&'static str, bool), ApiError> {
    let of = |name: &str| sort.and_then(|sort| sort.get(name)).and_then(Value::as_str);
    let by = match of("attributeName") {
        None => "resource",
        Some(name) => {
            let known = SUMMARY.iter().find(|known| **known == name);
            known.ok_or_else(|| ApiError::validation(format!("sort.attributeName must be one of {}", SUMMARY.join(", "))))?
        }
    };
    match of("orderBy") {
        None | Some("ASC") => Ok((by, false)),
        Some("DESC") => Ok((by, true)),
        Some(_) => Err(ApiError::validation("sort.orderBy must be ASC or DESC")),
    }
}

fn texts(list: &Value) -> Option<Vec<String>> {
    list.as_array()?.iter().map(|one| one.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_asks_what_it_says() {
        let holds = |criterion: Value, text: Option<&str>| {
            let filter = json!({"resource": criterion});
            criteria(Some(&filter)).unwrap().iter().all(|(_, one)| one.holds(text))
        };
        assert!(holds(json!({"eq": ["a", "b"]}), Some("b")));
        assert!(!holds(json!({"eq": ["a"]}), None));
        assert!(!holds(json!({"neq": ["a"]}), Some("a")));
        assert!(holds(json!({"neq": ["a"]}), None));
        assert!(holds(json!({"contains": ["role/"]}), Some("arn:role/x")));
        assert!(holds(json!({"exists": false}), None));
        assert!(!holds(json!({"contains": ["a"], "neq": ["ab"]}), Some("ab")));
    }

    #[test]
    fn what_a_filter_cannot_be_is_refused() {
        for filter in [
            json!([]),
            json!({"principal": {"eq": ["a"]}}),
            json!({"status": {"is": ["a"]}}),
            json!({"status": {"eq": []}}),
            json!({"status": {"eq": "ACTIVE"}}),
            json!({"status": {"exists": "yes"}}),
        ] {
            assert!(criteria(Some(&filter)).is_err(), "{filter}");
        }
        assert!(order(Some(&json!({"attributeName": "color"}))).is_err());
        assert!(order(Some(&json!({"orderBy": "UP"}))).is_err());
        assert_eq!(order(Some(&json!({"attributeName": "status", "orderBy": "DESC"}))).unwrap(), ("status", true));
    }
}
