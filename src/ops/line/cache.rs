//! What has this run answered, and read, before?
//!
//! Organizations have the same policies in many accounts, and version histories have each policy in two lines. Answers and
//! policies are kept by their whole content (never by a hash alone: an answer may not depend on luck), each within a
//! number of bytes of text; when that is reached, everything is dropped and the cache starts anew.

use crate::policy::Access;
use crate::report::warnings::InLine;
use rustc_hash::FxHashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes of questions whose answers are kept.
const QUESTIONS: usize = 16 << 20;

/// Bytes of policies that are kept; read, a policy takes many times its text.
const POLICIES: usize = 1 << 20;

/// What is kept of one run.
#[derive(Debug, Default)]
pub(super) struct Cache {
    answers: Kept<serde_json::Value>,
    policies: Kept<Given>,
}

/// A policy of a line, or a stack of them.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub(super) access: Arc<Access>,
    /// What is worth knowing about it.
    pub(super) warnings: Arc<[InLine]>,
}

impl Cache {
    /// The answer to this question, a line without its `id`.
    pub(super) fn answer(&self, question: &str) -> Option<serde_json::Value> {
        self.answers.get(question)
    }

    /// Keeps an answer.
    pub(super) fn keep_answer(&self, question: String, answer: &serde_json::Value) {
        self.answers.put(question, answer.clone(), QUESTIONS);
    }

    /// The access definition of this text, read now if it was not read before.
    pub(super) fn policy<E>(&self, text: &str, read: impl FnOnce() -> Result<Given, E>) -> Result<Given, E> {
        if let Some(known) = self.policies.get(text) {
            return Ok(known);
        }
        let given = read()?;
        self.policies.put(text.to_owned(), given.clone(), POLICIES);
        Ok(given)
    }
}

/// Values by text, as long as the texts have room.
#[derive(Debug)]
struct Kept<T>(Mutex<(usize, FxHashMap<String, T>)>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Mutex::new((0, FxHashMap::default())))
    }
}

impl<T: Clone> Kept<T> {
    fn get(&self, text: &str) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1.get(text).cloned()
    }

    fn put(&self, text: String, value: T, most: usize) {
        if text.len() > most {
            return;
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (bytes, values) = &mut *kept;
        *bytes += text.len();
        if *bytes > most {
            *bytes = text.len();
            values.clear();
        }
        values.insert(text, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_kept_until_there_is_no_room() {
        let kept = Kept::default();
        kept.put("ab".to_owned(), 1, 3);
        assert_eq!(kept.get("ab"), Some(1));
        assert_eq!(kept.get("a"), None);
        kept.put("cd".to_owned(), 2, 3);
        assert_eq!((kept.get("ab"), kept.get("cd")), (None, Some(2)));
        kept.put("long".to_owned(), 3, 3);
        assert_eq!((kept.get("long"), kept.get("cd")), (None, Some(2)));
    }
}
