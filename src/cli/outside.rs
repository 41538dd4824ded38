//! `outside-access`: who outside a zone of trust gets in.

use super::args::OutsideAccessArgs;
use super::{Exit, Trouble, input, progress, show_answer};
use crate::diag::Diagnostic;
use crate::ops::fitting;
use crate::ops::listed::split;
use crate::ops::outside_access::OutsideAccess;
use crate::ops::trusted;
use crate::report::warnings::in_files;
use std::sync::Arc;

/// `leastwise outside-access`
pub(crate) fn outside_access(args: &OutsideAccessArgs) -> Result<Exit, Trouble> {
    let access = Arc::new(input::access(&args.policy)?);
    fitting::check_resource_side(&access)?;
    let trusted = args.trusted.iter().flat_map(|text| split("--trusted", text, |_| true)).collect::<Vec<_>>();
    let mut zone = trusted::zone(trusted.iter().map(|entry| (entry.text.as_str(), entry.source.clone(), entry.span)))?;
    zone.trusts_services = args.trust_services;
    let odd: Vec<Diagnostic> = access.warnings().cloned().collect();
    let asked = OutsideAccess::new(access, zone)?;
    let spinner = progress::spinner("asking Z3");
    let report = asked.answer(&args.options())?.beside(in_files(&odd));
    drop(spinner);
    show_answer(&report, &odd, &[&args.policy], args.viewing.format)
}
