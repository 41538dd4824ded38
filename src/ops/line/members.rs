//! What does a line of `batch` hold? Its members, read, with what is worth knowing about them.
//!
//! A member that no check has is told; one that is spelled like a member of this check is refused, since to leave it out
//! would answer another question.

use super::cache::{Cache, Given};
use super::{bad, plain};
use crate::catalog::{Catalog, nearest};
use crate::diag::{Diagnostic, Diagnostics, Source, Span};
use crate::document::Document;
use crate::json::Value;
use crate::ops::refine::Without;
use crate::ops::written::PolicyType;
use crate::ops::{fitting, operation, trusted, unused};
use crate::policy::access_json::{self, document};
use crate::policy::{Access, normalize};
use crate::question::Settings;
use crate::question::outside_access::Zone;
use crate::report::json::{self, Warning};
use crate::report::warnings::InLine;
use crate::sources::Wanted;
use crate::usage;
use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::Arc;

/// A line that is being answered.
#[derive(Debug)]
pub struct Line<'l> {
    pub(crate) source: &'l Source,
    pub(crate) value: &'l Value,
    cache: &'l Cache,
    /// What is worth knowing about what was read.
    told: RefCell<Vec<Warning>>,
}

impl<'l> Line<'l> {
    pub(super) fn new(source: &'l Source, value: &'l Value, cache: &'l Cache) -> Self {
        Self { source, value, cache, told: RefCell::default() }
    }

    /// The warnings about what was read.
    pub(super) fn told(&self) -> Vec<Warning> {
        self.told.take()
    }

    pub(crate) fn tell(&self, warnings: &InLine, name: Option<&str>) {
        self.told.borrow_mut().extend(warnings.json(name));
    }

    /// The same of one, with its place as it is.
    pub(crate) fn tell_one(&self, warning: &Diagnostic) {
        self.told.borrow_mut().push(json::diagnostic(warning));
    }

    pub(crate) fn member(&self, name: &str) -> Result<&'l Value, Diagnostic> {
        let start = self.value.span.start;
        let missing = || bad(self.source, Span::new(start, start), format!("the line has no `{name}`"), "add it");
        self.value.get(name).ok_or_else(missing)
    }

    /// The access definition of a member, of the type that the line says.
    pub(crate) fn access(&self, name: &str) -> Result<Arc<Access>, Diagnostics> {
        let written = self.member(name)?;
        let read = || -> Result<Given, Diagnostics> {
            let access = access_json::read(self.source, written)?;
            let warnings = InLine::of(&access, self.source).into();
            Ok(Given { access: Arc::new(access), warnings })
        };
        // What may be wrong with its type is told by places in this line, so such a policy is read anew.
        let given = match (self.value.get("policyType"), self.source.text.get(written.span.start..written.span.end)) {
            (None, Some(text)) => self.cache.policy(text, read)?,
            _ => read()?,
        };
        match self.value.get("policyType").map(|said| (said.as_str(), said.span)) {
            // The default type is only a default: a policy with principals says itself what it is.
            None => {}
            Some((Some("IDENTITY_POLICY"), _)) => fitting::check_type(&given.access, Some(PolicyType::IdentityPolicy))?,
            Some((Some("RESOURCE_POLICY"), _)) => fitting::check_type(&given.access, Some(PolicyType::ResourcePolicy))?,
            Some((_, span)) => {
                let help = "write IDENTITY_POLICY or RESOURCE_POLICY";
                return Err(bad(self.source, span, "unknown `policyType`", help).into());
            }
        }
        given.warnings.iter().for_each(|one| self.tell(one, Some(name)));
        Ok(given.access)
    }

    pub(crate) fn document(&self, name: &str) -> Result<Document, Diagnostics> {
        let document = document(self.source, self.member(name)?, Wanted::Policy)?;
        self.tell(&InLine::of_policy(&normalize(&document)?, self.source), Some(name));
        Ok(document)
    }

    fn catalog(&self) -> Result<&'static Catalog, Diagnostic> {
        match self.value.get("catalog").map(|name| (name.as_str(), name.span)) {
            None | Some((Some("latest"), _)) => Ok(Catalog::latest()),
            Some((Some("2024-06"), _)) => Ok(Catalog::june_2024()),
            Some((_, span)) => Err(bad(self.source, span, "unknown `catalog`", "write \"latest\" or \"2024-06\"")),
        }
    }

    /// Whether names that nobody knows are asked about, in this line or in all.
    pub(crate) fn allows_unknown(&self, all: bool) -> Result<bool, Diagnostic> {
        Ok(self.flag("allowUnknown")?.unwrap_or(all))
    }

    fn flag(&self, name: &str) -> Result<Option<bool>, Diagnostic> {
        match self.value.get(name).map(|said| (said.to_string(), said.span)) {
            None => Ok(None),
            Some((said, _)) if said == "true" || said == "false" => Ok(Some(said == "true")),
            Some((_, span)) => Err(bad(self.source, span, format!("`{name}` must be true or false"), "write true or false")),
        }
    }

    /// The unused permissions, with notes about their names.
    pub(crate) fn without(&self, allow_all: bool) -> Result<Without, Diagnostics> {
        let catalog = self.catalog()?;
        let written = self.member("unused")?;
        let about = self.value.get("resource").map(|about| {
            about
                .as_str()
                .ok_or_else(|| bad(self.source, about.span, "`resource` must be a string", "write the ARN of a role or user"))
        });
        let unused = usage::from_json_value("unused", &plain(written), about.transpose()?)?;
        let notes = unused::check(&unused, (self.source, written), catalog, self.allows_unknown(allow_all)?)?;
        Ok(Without { unused, notes, catalog: Cow::Borrowed(catalog) })
    }

    pub(crate) fn zone(&self) -> Result<Zone, Diagnostic> {
        let trusted = self.member("trusted")?;
        let mut texts = Vec::new();
        for one in trusted.items() {
            let text = one.as_str();
            let text =
                text.ok_or_else(|| bad(self.source, one.span, "`trusted` must be a list of strings", "write account ids"))?;
            texts.push((text, self.source.clone(), one.span));
        }
        let mut zone = trusted::zone(texts)?;
        zone.trusts_services = self.flag("trustServices")?.unwrap_or(false);
        Ok(zone)
    }

    /// A proof of a refinement is about all texts: over the catalog's actions it would show less than it says.
    pub(crate) fn about_all_actions(&self, settings: &Settings) -> Result<(), Diagnostic> {
        let span = self.member("check")?.span;
        let help = "ask about refinements in a run without --actions catalog";
        match settings.catalog_actions {
            true => Err(bad(self.source, span, "a refinement is proved for all actions, not for those of the catalog", help)),
            false => Ok(()),
        }
    }
}

/// Members that no check has, as warnings; one that is spelled like a member of the line's check is an error.
pub(super) fn unread(source: &Source, value: &Value) -> Result<Vec<Diagnostic>, Diagnostic> {
    if value.get("check").is_none() {
        let mut members = value.members().unwrap_or(&[]).iter();
        if let Some(member) = members.find(|member| nearest::first(&member.key, std::iter::once("check")).is_some()) {
            let message = format!("the line has no `check`, but `{}`", member.key);
            return Err(bad(source, member.key_span, message, "did you mean `check`?"));
        }
    }
    let check = value.get("check").and_then(Value::as_str).unwrap_or("");
    // Others are unknown, or refuse what they do not know themselves.
    let Some(own) = operation(check).and_then(|operation| operation.members) else { return Ok(Vec::new()) };
    let own = own();
    let mut out = Vec::new();
    for member in value.members().unwrap_or(&[]) {
        let name = member.key.as_str();
        if own.contains(&name) {
            continue;
        }
        let message = format!("`{check}` does not read the member `{name}`");
        let asked = || own.iter().copied().filter(|one| !["id", "check"].contains(one));
        let same = asked().find(|one| one.eq_ignore_ascii_case(name));
        if let Some(near) = same.or_else(|| nearest::first(name, asked()).filter(|_| name.len() > 3)) {
            return Err(bad(source, member.key_span, message, &format!("did you mean `{near}`?")));
        }
        out.push(Diagnostic::warning(
            "unread-member",
            source,
            member.key_span,
            message,
            "leave it out, if it is meant to matter",
        ));
    }
    Ok(out)
}
