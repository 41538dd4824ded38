//! The one table of the places of a stack: the JSON member of each, how policies stand in it, and what they do there.
//!
//! What JSON reads, what results call a policy and whether its Allow statements grant comes from the rows. A new place is a
//! field of [`Stack`], a row here, and its gate in [`super::compose`].
//!
//! Source: IAM User Guide, "Policy evaluation logic".

use super::access::{Place, Stack};
use super::{Policy, ResourcePolicy};

/// How the policies of a place stand in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One policy.
    One,
    /// A list of policies.
    List,
    /// A list of levels, each a list of policies.
    Levels,
}

/// One place of a stack.
#[derive(Debug)]
pub struct Row {
    /// The member of a stack in JSON.
    pub member: &'static str,
    /// How policies stand in it.
    pub shape: Shape,
    /// Whether Allow statements there grant access; elsewhere they only let it through.
    pub grants: bool,
    /// Whether policies there have principals.
    pub has_principals: bool,
    /// The place, by its level.
    pub(super) place: fn(usize) -> Place,
    /// Takes the policies out of a stack, by level; one level where there are none.
    pub(super) take: fn(&mut Stack) -> Vec<Vec<Policy>>,
    /// Puts them in.
    pub(super) put: fn(&mut Stack, Vec<Vec<Policy>>),
}

/// All places, in the order in which results name their policies.
pub static PLACES: [Row; 7] = [
    Row {
        member: "identityPolicies",
        shape: Shape::List,
        grants: true,
        has_principals: false,
        place: |_| Place::Identity,
        take: |stack| list(&mut stack.identity),
        put: |stack, levels| stack.identity = Some(levels.into_iter().flatten().collect()),
    },
    Row {
        member: "resourcePolicy",
        shape: Shape::One,
        grants: true,
        has_principals: true,
        place: |_| Place::Resource,
        take: |stack| match std::mem::take(&mut stack.resource) {
            ResourcePolicy::Given(policy) => vec![vec![policy]],
            ResourcePolicy::Unknown | ResourcePolicy::Absent => Vec::new(),
        },
        put: |stack, levels| {
            let policy = levels.into_iter().flatten().next();
            stack.resource = policy.map_or(ResourcePolicy::Absent, ResourcePolicy::Given);
        },
    },
    Row {
        member: "permissionBoundaries",
        shape: Shape::List,
        grants: false,
        has_principals: false,
        place: |_| Place::Boundary,
        take: |stack| list(&mut stack.boundaries),
        put: |stack, levels| stack.boundaries = Some(levels.into_iter().flatten().collect()),
    },
    Row {
        member: "sessionPolicies",
        shape: Shape::List,
        grants: false,
        has_principals: false,
        place: |_| Place::Session,
        take: |stack| list(&mut stack.session),
        put: |stack, levels| stack.session = Some(levels.into_iter().flatten().collect()),
    },
    Row {
        member: "serviceControlPolicies",
        shape: Shape::Levels,
        grants: false,
        has_principals: false,
        place: Place::ServiceControl,
        take: |stack| stack.service_control.take().unwrap_or_default(),
        put: |stack, levels| stack.service_control = Some(levels),
    },
    Row {
        member: "resourceControlPolicies",
        shape: Shape::Levels,
        grants: false,
        has_principals: true,
        place: Place::ResourceControl,
        take: |stack| stack.resource_control.take().unwrap_or_default(),
        put: |stack, levels| stack.resource_control = Some(levels),
    },
    Row {
        member: "endpointPolicies",
        shape: Shape::List,
        grants: false,
        has_principals: true,
        place: |_| Place::Endpoint,
        take: |stack| list(&mut stack.endpoint),
        put: |stack, levels| stack.endpoint = Some(levels.into_iter().flatten().collect()),
    },
];

fn list(policies: &mut Option<Vec<Policy>>) -> Vec<Vec<Policy>> {
    policies.take().into_iter().collect()
}

impl Row {
    /// What a policy there is called in results, by its level and its place in it.
    pub fn name(&self, level: usize, at: usize) -> String {
        match self.shape {
            Shape::One => self.member.to_owned(),
            Shape::List => format!("{}[{at}]", self.member),
            Shape::Levels => format!("{}[{level}][{at}]", self.member),
        }
    }
}

impl Place {
    /// Its row; `None` of a policy that is the whole access definition.
    pub fn row(self) -> Option<&'static Row> {
        PLACES.get(match self {
            Self::Alone => return None,
            Self::Identity => 0,
            Self::Resource => 1,
            Self::Boundary => 2,
            Self::Session => 3,
            Self::ServiceControl(_) => 4,
            Self::ResourceControl(_) => 5,
            Self::Endpoint => 6,
        })
    }

    /// The member of a stack where it stands; `policy` of a policy that is the whole access definition.
    pub fn member(self) -> &'static str {
        self.row().map_or("policy", |row| row.member)
    }

    /// Whether Allow statements there grant access; elsewhere they only let it through.
    pub fn grants(self) -> bool {
        self.row().is_none_or(|row| row.grants)
    }

    /// Whether policies there have principals.
    pub fn has_principals(self) -> bool {
        self.row().is_some_and(|row| row.has_principals)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Budget;
    use crate::diag::Source;
    use crate::policy::access_json;
    use crate::sources::STACK_MEMBERS;

    /// Each row by itself: its member is read as its shape says, and its policy stands where the row says.
    #[test]
    fn every_row_is_read_from_its_member_and_stands_in_its_place() {
        let members: Vec<&str> = PLACES.iter().map(|row| row.member).chain(["managementAccount"]).collect();
        assert_eq!(members, STACK_MEMBERS, "what documents are recognized by");
        for row in &PLACES {
            assert!((row.place)(3).row().is_some_and(|own| own.member == row.member), "{}", row.member);
            let principal = if row.has_principals { r#""Principal":"*","# } else { "" };
            let policy = format!(r#"{{"Statement":{{"Effect":"Allow",{principal}"Action":"s3:*","Resource":"*"}}}}"#);
            let written = match row.shape {
                Shape::One => policy,
                Shape::List => format!("[{policy}]"),
                Shape::Levels => format!("[[],[{policy}]]"),
            };
            let source = Source::new("stack", format!(r#"{{"{}":{written}}}"#, row.member));
            let value = crate::json::read(&source, &Budget::default()).unwrap();
            let access = access_json::read(&source, &value).unwrap();
            let [member] = access.members() else { panic!("{}: {:?}", row.member, access.members()) };
            assert_eq!((member.name.clone(), member.place.member()), (row.name(1, 0), row.member));
            assert_eq!(member.place, (row.place)(1), "{}", row.member);
            assert_eq!(access.grants(0), row.grants, "{}", row.member);
        }
        assert!(Place::Alone.grants() && !Place::Alone.has_principals() && Place::Alone.row().is_none());
    }
}
