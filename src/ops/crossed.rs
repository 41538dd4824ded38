//! Does the other engine say the same? (`--cross-check`)
//!
//! Both decide the same question by different means. A contradiction is never a verdict: it is told with all that is
//! needed to look into it. Where the other engine gives no answer, a note says that nothing was compared.

use super::failed::Disagreement;
use super::{Failed, Options};
use crate::policy::Access;
use crate::question::Settings;
use crate::report::{Report, Standing, json};
use serde_json::{Value, json};
use std::sync::Arc;

/// The report, unless the other engine contradicts it; `inputs` are the policies, by what they are called.
pub(super) fn check(
    mut report: Report,
    options: &Options,
    inputs: impl FnOnce() -> Vec<Value>,
    ask: impl FnOnce(&Settings) -> Result<Report, Failed>,
) -> Result<Report, Failed> {
    if !options.cross_check || report.standing() == Standing::Unknown {
        return Ok(report);
    }
    let crossed = options.settings.crossed();
    let other = ask(&crossed)?;
    if other.standing() == Standing::Unknown {
        let (engine, why) = (crossed.engine.name(), other.unknown().unwrap_or_default());
        report.note(format!("the other engine ({engine}) gives no answer, so the two were not compared: {why}"));
    } else if !report.agrees_with(&other) {
        let answers = [json::report(&report), json::report(&other)];
        return Err(Failed::Disagree(Box::new(Disagreement { answers, inputs: inputs() })));
    }
    Ok(report)
}

/// Access definitions, by what they are called, as texts.
pub(super) fn texts(sides: &[(&'static str, &Arc<Access>)]) -> Vec<Value> {
    let texts = |access: &Access| -> Vec<Value> {
        access.members().iter().map(|member| json!({"name": member.name, "text": &**member.policy.source.text})).collect()
    };
    sides.iter().map(|(name, access)| json!({"side": name, "policies": texts(access)})).collect()
}
