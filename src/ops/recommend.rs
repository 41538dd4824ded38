//! Which policies would the entities of an account have without what they do not use?

use super::Failed;
use super::grounds::{Grounds, Read};
use crate::account::observe::Window;
use crate::account::recommend::{self, Options, Recommendation, Recommender};
use crate::account::{findings, planned, recommend_all};
use crate::report::Standing;
use crate::smt;
use schemars::JsonSchema;
use serde::Deserialize;

pub use crate::account::proved::Proving;
pub use crate::account::quota::ATTACHED;
pub use crate::account::recommend::NotAction;

/// Which policies would the entities of an account have without what they do not use?
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// What the recommendations rest on.
    pub grounds: Grounds,
    /// How they are made.
    #[serde(default)]
    pub how: How,
}

/// How recommendations are made.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct How {
    /// Whether a managed policy is refined once for all that have it, not for each entity.
    pub shared: bool,
    /// Whether resources are narrowed too, to those that were seen: a proposal, as what this takes away is not proved unused.
    pub resources: bool,
    /// Whether conditions are added that keep to what CloudTrail's eventContext shows: proposals.
    pub conditions: bool,
    /// What becomes of an Allow with `NotAction`.
    pub not_action: NotAction,
    /// How many managed policies may be attached to one entity; AWS's limit by default.
    pub attachments: usize,
}

impl Default for How {
    fn default() -> Self {
        Self { shared: false, resources: false, conditions: false, not_action: NotAction::Auto, attachments: ATTACHED }
    }
}

impl How {
    fn options(self, read: &Read, proving: &Proving) -> Options {
        let Self { shared, resources, conditions, not_action, attachments } = self;
        Options { find: read.options.clone(), shared, resources, conditions, not_action, attachments, proving: *proving }
    }
}

/// What is recommended for every entity.
#[derive(Debug)]
#[non_exhaustive]
pub struct Answer<'r> {
    /// The recommendations, in the order of the entities.
    pub all: Vec<Recommendation<'r>>,
    /// The window in which use was looked for.
    pub window: Window,
    /// What is worth knowing about all of them.
    pub notes: Vec<String>,
}

impl Answer<'_> {
    /// Whether all is proved.
    pub fn standing(&self) -> Standing {
        let is_open = self.all.iter().any(|one| one.result == recommend::Result::Unknown);
        if is_open { Standing::Unknown } else { Standing::Holds }
    }
}

impl Request {
    /// Reads what the recommendations rest on.
    ///
    /// # Errors
    /// A member that cannot be meant, or files that cannot be read.
    pub fn read(&self) -> Result<Read, Failed> {
        self.grounds.read()
    }

    /// Refines and proves, for every entity, on all cores.
    ///
    /// # Errors
    /// There is no evidence, or it gives no window; a defect.
    pub fn answer<'r>(&self, read: &'r Read, proving: &Proving) -> Result<Answer<'r>, Failed> {
        read.check()?;
        let options = self.how.options(read, proving);
        let recommender = Recommender::new(&read.accounts, &read.evidence, &options)?;
        let mut all = recommend_all::all(&recommender, &recommender.entities())?;
        planned::name(&mut all, &read.accounts);
        let window = recommender.window();
        let mut notes = findings::notes(&read.accounts, &read.evidence, &read.options, window);
        notes.extend(read.options.exclusions.of_permissions(recommender.entities().into_iter(), window.to));
        Ok(Answer { all, window, notes })
    }
}

/// How many threads [`Request::answer`] works on.
pub fn threads() -> usize {
    recommend_all::threads()
}

/// What is recommended for one entity, with Z3 contexts of its own; `None` if the account has no such entity.
///
/// # Errors
/// As of [`Request::answer`].
pub fn one<'r>(read: &'r Read, arn: &str, settings: &crate::question::Settings) -> Result<Option<Recommendation<'r>>, Failed> {
    let Some(entity) = read.accounts.entities.get(arn) else { return Ok(None) };
    let options = How::default().options(read, &Proving { settings: *settings, ..Proving::default() });
    let recommender = Recommender::new(&read.accounts, &read.evidence, &options)?;
    Ok(Some(smt::in_fresh_context(|| recommender.recommend(entity))?))
}
