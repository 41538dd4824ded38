//! What does a line of `batch` hold? Its members, read, with what is worth knowing about them.
//!
//! A member that no check has is told; one that is spelled like a member of this check is refused, since to leave it out
//! would answer another question.

use super::cache::{Cache, Given};
use super::line::{Run, bad, plain};
use super::switches::PolicyType;
use super::{Trouble, refine as files, unused};
use crate::catalog::{Catalog, nearest};
use crate::diag::{Diagnostic, Diagnostics, Source, Span};
use crate::document::Document;
use crate::json::Value;
use crate::ops;
use crate::policy::access_json::{self, document};
use crate::policy::{Access, normalize};
use crate::question::Settings;
use crate::question::outside_access::Zone;
use crate::refine::Refinement;
use crate::refine::obligations::Obligation;
use crate::report::json::Warning;
use crate::report::warnings::InLine;
use crate::sources::Wanted;
use crate::usage::{self, UnusedPermissions};
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A line that is being answered.
pub(super) struct Line<'l> {
    pub(super) source: &'l Source,
    pub(super) value: &'l Value,
    /// Its place in the input, from 1.
    number: usize,
    cache: &'l Cache,
    /// What is worth knowing about what was read.
    told: RefCell<Vec<Warning>>,
}

impl<'l> Line<'l> {
    pub(super) fn new(source: &'l Source, value: &'l Value, number: usize, cache: &'l Cache) -> Self {
        Self { source, value, number, cache, told: RefCell::default() }
    }

    /// The warnings about what was read.
    pub(super) fn told(&self) -> Vec<Warning> {
        self.told.take()
    }

    pub(super) fn tell(&self, warnings: &InLine, name: Option<&str>) {
        self.told.borrow_mut().extend(warnings.json(name));
    }

    /// The line's own folder below one.
    pub(super) fn folder(&self, below: &Path) -> PathBuf {
        below.join(format!("line-{}", self.number))
    }

    pub(super) fn member(&self, name: &str) -> Result<&'l Value, Diagnostic> {
        let start = self.value.span.start;
        let missing = || bad(self.source, Span::new(start, start), format!("the line has no `{name}`"), "add it");
        self.value.get(name).ok_or_else(missing)
    }

    /// The access definition of a member, of the type that the line says.
    pub(super) fn access(&self, name: &str) -> Result<Arc<Access>, Diagnostics> {
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
            Some((Some("IDENTITY_POLICY"), _)) => super::check::check_type(&given.access, Some(PolicyType::Identity))?,
            Some((Some("RESOURCE_POLICY"), _)) => super::check::check_type(&given.access, Some(PolicyType::Resource))?,
            Some((_, span)) => {
                let help = "write IDENTITY_POLICY or RESOURCE_POLICY";
                return Err(bad(self.source, span, "unknown `policyType`", help).into());
            }
        }
        given.warnings.iter().for_each(|one| self.tell(one, Some(name)));
        Ok(given.access)
    }

    pub(super) fn document(&self, name: &str) -> Result<Document, Diagnostics> {
        let document = document(self.source, self.member(name)?, Wanted::Policy)?;
        self.tell(&InLine::of_policy(&normalize(&document)?, self.source), Some(name));
        Ok(document)
    }

    pub(super) fn catalog(&self) -> Result<&'static Catalog, Diagnostic> {
        match self.value.get("catalog").map(|name| (name.as_str(), name.span)) {
            None | Some((Some("latest"), _)) => Ok(Catalog::latest()),
            Some((Some("2024-06"), _)) => Ok(Catalog::june_2024()),
            Some((_, span)) => Err(bad(self.source, span, "unknown `catalog`", "write \"latest\" or \"2024-06\"")),
        }
    }

    /// Whether names that nobody knows are asked about, in this line or in all.
    pub(super) fn allows_unknown(&self, all: bool) -> Result<bool, Diagnostic> {
        Ok(self.flag("allowUnknown")?.unwrap_or(all))
    }

    fn flag(&self, name: &str) -> Result<Option<bool>, Diagnostic> {
        match self.value.get(name).map(|said| (said.to_string(), said.span)) {
            None => Ok(None),
            Some((said, _)) if said == "true" || said == "false" => Ok(Some(said == "true")),
            Some((_, span)) => Err(bad(self.source, span, format!("`{name}` must be true or false"), "write true or false")),
        }
    }

    /// The unused permissions, and notes about their names.
    pub(super) fn unused(&self, catalog: &Catalog, allow_all: bool) -> Result<(UnusedPermissions, Vec<String>), Diagnostics> {
        let written = self.member("unused")?;
        let about = self.value.get("resource").map(|about| {
            about
                .as_str()
                .ok_or_else(|| bad(self.source, about.span, "`resource` must be a string", "write the ARN of a role or user"))
        });
        let unused = usage::from_json_value("unused", &plain(written), about.transpose()?)?;
        let notes = unused::check(&unused, (self.source, written), catalog, self.allows_unknown(allow_all)?)?;
        Ok((unused, notes))
    }

    pub(super) fn zone(&self) -> Result<Zone, Diagnostic> {
        let trusted = self.member("trusted")?;
        let mut texts = Vec::new();
        for one in trusted.elements().unwrap_or(std::slice::from_ref(trusted)) {
            let text = one.as_str();
            let text =
                text.ok_or_else(|| bad(self.source, one.span, "`trusted` must be a list of strings", "write account ids"))?;
            texts.push((text, self.source.clone(), one.span));
        }
        let mut zone = super::outside::zone(texts)?;
        zone.trusts_services = self.flag("trustServices")?.unwrap_or(false);
        Ok(zone)
    }

    /// A proof of a refinement is about all texts: over the catalog's actions it would show less than it says.
    pub(super) fn about_all_actions(&self, settings: &Settings) -> Result<(), Diagnostic> {
        let span = self.member("check")?.span;
        let help = "ask about refinements in a run without --actions catalog";
        match settings.catalog_actions {
            true => Err(bad(self.source, span, "a refinement is proved for all actions, not for those of the catalog", help)),
            false => Ok(()),
        }
    }

    /// Writes what a run wants written of a refinement.
    pub(super) fn write_refinement(
        &self,
        run: &Run,
        original: &Document,
        refinement: &Refinement,
        unused: &UnusedPermissions,
        catalog: &Catalog,
    ) -> Result<(), Trouble> {
        let text = refinement.policy.to_pretty();
        let refined = crate::document::read(&Source::new("refined policy", text), &run.settings.budget)?;
        self.write_obligations(run, [original, &refined], Some(&refinement.obligations), unused, catalog)
    }

    /// Writes what a run wants written of a refinement's obligations, and of their proof.
    pub(super) fn write_obligations(
        &self,
        run: &Run,
        policies: [&Document; 2],
        proved: Option<&[Obligation]>,
        unused: &UnusedPermissions,
        catalog: &Catalog,
    ) -> Result<(), Trouble> {
        if let Some(folder) = &run.emit_smt2 {
            files::emit(&self.folder(folder), policies, unused, catalog, &run.settings)?;
        }
        let folder = run.proof.as_ref().map(|folder| self.folder(folder));
        proved.map_or(Ok(()), |proved| files::write_proof(folder.as_deref(), proved))
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
    let Some(own) = ops::members(check) else { return Ok(Vec::new()) };
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
