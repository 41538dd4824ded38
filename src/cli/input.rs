//! How files are read.

use super::Trouble;
use crate::catalog::Catalog;
use crate::diag::{Budget, Diagnostic, Source, Span};
use crate::document::Document;
use crate::json::Value;
use crate::ops;
use crate::policy::{Access, Policy, access_json, normalize};
use crate::report::text;
use crate::sources::{self, Wanted};
use crate::usage::{self, UnusedPermissions};
use std::borrow::Cow;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Reads a text file, or standard input for `-`; no more than the budget allows.
pub(crate) fn source(path: &Path) -> Result<Source, Trouble> {
    let limit = Budget::default().input_bytes;
    let name = if path == Path::new("-") { "<stdin>".to_owned() } else { path.display().to_string() };
    let mut bytes = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(most).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes))
    };
    let trouble = |what: String, help: &str| Trouble::from(Diagnostic::bare("unreadable-input", what, help));
    read.map_err(|error| {
        trouble(format!("cannot read {name}: {error}"), "give the path of a readable file, or - for standard input")
    })?;
    if bytes.len() > limit {
        return Err(trouble(format!("{name} has more than {limit} bytes"), "split the document"));
    }
    let text = sources::decode(&name, bytes)?;
    Ok(Source::new(name, text))
}

/// Reads a JSON document; of a text that is something else the error says what it is.
pub(crate) fn json(path: &Path, wanted: Wanted) -> Result<(Source, Value), Trouble> {
    Ok(sources::read(&source(path)?, &Budget::default(), wanted)?)
}

/// Reads a policy document; warnings go to standard error.
pub(crate) fn document(path: &Path) -> Result<Document, Trouble> {
    let (source, value) = json(path, Wanted::Policy)?;
    Ok(access_json::document(&source, &value, Wanted::Policy)?)
}

/// Writes warnings to standard error.
pub(crate) fn warn<'d>(warnings: impl IntoIterator<Item = &'d Diagnostic>) {
    for warning in warnings {
        super::say(&format!("{}\n", text::diagnostic(warning)));
    }
}

/// The meaning of a document; warnings go to standard error.
pub(crate) fn meaning(document: &Document) -> Result<Policy, Trouble> {
    let policy = normalize(document)?;
    warn(&policy.warnings);
    Ok(policy)
}

/// Reads a policy, or a stack of policies, with its meaning; warnings go to standard error.
pub(crate) fn access(path: &Path) -> Result<Access, Trouble> {
    let (source, value) = json(path, Wanted::Access)?;
    let access = access_json::read(&source, &value)?;
    warn(access.warnings());
    Ok(access)
}

/// Reads and merges unused permissions, with notes about their names.
pub(crate) fn unused(
    paths: &[PathBuf],
    catalog: &Catalog,
    allow_unknown: bool,
    about: Option<&str>,
) -> Result<(UnusedPermissions, Vec<String>), Trouble> {
    let (mut all, mut notes) = (UnusedPermissions::default(), Vec::new());
    for path in paths {
        let (source, value) = json(path, Wanted::Unused)?;
        if let Some(kind) =
            sources::recognize(&value).filter(|kind| !matches!(kind, sources::Kind::Finding | sources::Kind::UnusedList))
        {
            let start = Span::new(value.span.start, value.span.start);
            return Err(sources::wrong(&source, start, kind, Wanted::Unused).into());
        }
        let unused = usage::read_about(&source, &Budget::default(), about)?;
        notes.extend(ops::unused::check(&unused, (&source, &value), catalog, allow_unknown)?);
        if let (Some(one), Some(other)) = (all.resource(), unused.resource())
            && one != other
        {
            let message =
                format!("these findings are about `{other}`, those before about `{one}`: what one does not use the other may");
            let start = Span::new(value.span.start, value.span.start);
            return Err(Diagnostic::error(usage::SEVERAL, &source, start, message, usage::SEVERAL_HELP).into());
        }
        all.merge(&unused);
    }
    Ok((all, notes))
}

/// The catalog of a name or a file.
pub(crate) fn catalog(name: &str) -> Result<Cow<'static, Catalog>, Trouble> {
    match name {
        "latest" => Ok(Cow::Borrowed(Catalog::latest())),
        "2024-06" => Ok(Cow::Borrowed(Catalog::june_2024())),
        path => Ok(Cow::Owned(Catalog::read(&source(Path::new(path))?)?)),
    }
}
