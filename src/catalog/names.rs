//! Which services, actions and condition keys does AWS know, and what did somebody mean who wrote another?
//!
//! A question about a misspelled action is vacuous: no policy grants what does not exist. So names are looked up in the
//! newest catalog, and what is not found is told with the name that was probably meant: the action that authorizes an API operation of that name, a name that differs in few letters, the same name of
//! another service. The tables are AWS's documents; actions that AWS does not document are unknown here, so in a policy a
//! name that is not found is a warning and never changes a verdict.
//!
//! Invariant: a lookup costs as much as its [`Names`] have left, so that many patterns with wildcards, or many unknown
//! names, cannot make a document slow. What was not looked up for that reason is told by [`Names::is_spent`].
//!
//! Sources: see `data/README.md`; the keys of identity providers are their own and not checked.

use super::lines::Lines;
use super::{Catalog, Name, key, nearest};
use crate::glob::Glob;
use crate::value::arn;

/// Every condition key of a service.
const KEYS: Lines = Lines(include_str!(concat!(env!("OUT_DIR"), "/catalog-latest.keys")));

/// API operations that are not actions, each with the actions that authorize it.
const OPERATIONS: Lines = Lines(include_str!("../../data/api-operations.txt"));

/// What the SDKs call a service, where that is not its prefix.
const CLIENTS: Lines = Lines(include_str!("../../data/client-names.txt"));

/// Actions that AWS's list had, and when they were gone.
const RETIRED: Lines = Lines(include_str!("../../data/retired-actions.txt"));

/// Global keys that AWS's own managed policies use, and that the page of global keys does not list.
const UNDOCUMENTED: [&str; 2] = ["aws:ismcpserviceaction", "aws:principalorgmasteraccountid"];

/// A name that the catalog does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// `unknown-action`, `retired-action`, `unknown-service`, `retired-service`, `unknown-condition-key`.
    pub code: &'static str,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// What was probably meant; may be empty.
    pub help: String,
}

/// Looks names up, at most so many steps.
#[derive(Debug, Clone)]
pub struct Names {
    steps: usize,
    spent: bool,
}

/// Steps for one document: a name that is compared with a pattern is one, a guess a few more. Some 20 ms.
const STEPS: usize = 400_000;

impl Default for Names {
    fn default() -> Self {
        Self { steps: STEPS, spent: false }
    }
}

impl Names {
    /// Whether something was not looked up, because that would have taken too many steps.
    pub fn is_spent(&self) -> bool {
        self.spent
    }

    /// Takes so many steps, if that many are left.
    fn step(&mut self, count: usize) -> bool {
        self.spent |= self.steps < count;
        self.steps = self.steps.saturating_sub(count);
        !self.spent
    }

    /// What is unknown about an action, or a pattern of actions: `None` if an action of the catalog is that or matches it.
    /// A text without a service is not looked up.
    pub fn action(&mut self, pattern: &str) -> Option<Unknown> {
        let (prefix, name) = arn::split_at_colon(pattern)?;
        let is_wild = |text: &str| memchr::memchr2(b'*', b'?', text.as_bytes()).is_some();
        let is_known = match is_wild(pattern) {
            true => self.matches(&pattern.to_ascii_lowercase()),
            false => Catalog::latest().canonical_action(pattern).is_some(),
        };
        if is_known {
            return None;
        }
        if !is_wild(prefix)
            && let Some(unknown) = self.service_of(prefix, Some(name).filter(|name| !is_wild(name)))
        {
            return Some(unknown);
        }
        Some(if is_wild(pattern) { self.unknown_pattern(pattern) } else { self.unknown_action(prefix, name, pattern) })
    }

    /// What is unknown about a service's prefix.
    pub fn service(&mut self, prefix: &str) -> Option<Unknown> {
        self.service_of(prefix, None)
    }

    /// What is unknown about a condition key. Keys of services for which the catalog lists none, and those of identity
    /// providers (`token.actions.githubusercontent.com:sub`), are not looked up.
    pub fn key(&mut self, key: &str) -> Option<Unknown> {
        let lower = key.to_ascii_lowercase();
        let Some((owner, _)) = lower.split_once(':') else {
            let message = format!("the condition key `{key}` has no service prefix");
            let help = "write it as in the User Guide, such as aws:SourceIp or s3:prefix";
            return (!lower.contains('.')).then(|| Unknown { code: UNKNOWN_KEY, message, help: help.to_owned() });
        };
        let is_known = || key::is_global(&lower) || KEYS.get(&lower).is_some() || UNDOCUMENTED.contains(&lower.as_str());
        let own = || KEYS.starting(lower.get(..=owner.len()).unwrap_or("")).chain(key::global_names(owner));
        if owner.contains('.') || is_known() || own().any(|known| key::fits(known, &lower)) {
            return None;
        }
        let owner_is_known = owner == "aws" || own().next().is_some();
        let lists_none = !owner_is_known && (is_service(owner) || retired(owner).is_some());
        if lists_none {
            return None;
        }
        let message = format!("the catalog ({}) has no condition key `{key}`", Catalog::latest().date);
        // Of a key with a placeholder, what stands before it is spelled wrong, if anything.
        let tail = key.split_once('/').map_or("", |(_, tail)| tail);
        let filled =
            |known: &str| key::placeholder(known).map_or_else(|| known.to_owned(), |(before, _)| format!("{before}{tail}"));
        let candidates: Vec<String> = own().map(filled).collect();
        let help = match self.nearest(&lower, candidates.iter().map(String::as_str)) {
            Some(near) => format!("did you mean {near}?"),
            None if owner_is_known => String::new(),
            None => format!("there is no service `{owner}`"),
        };
        Some(Unknown { code: UNKNOWN_KEY, message, help })
    }

    fn service_of(&mut self, prefix: &str, name: Option<&str>) -> Option<Unknown> {
        if is_service(prefix) {
            return None;
        }
        let date = &Catalog::latest().date;
        if let Some(gone) = retired(prefix) {
            let message = format!("the service `{prefix}` is retired: its actions were gone from AWS's list by {gone}");
            return Some(Unknown { code: "retired-service", message, help: "remove what names it".to_owned() });
        }
        let message = format!("the catalog ({date}) has no service `{prefix}`");
        Some(Unknown { code: "unknown-service", message, help: self.meant_service(prefix, name) })
    }

    fn meant_service(&mut self, prefix: &str, name: Option<&str>) -> String {
        let latest = Catalog::latest();
        let action_of = |service: &str| name.and_then(|name| latest.canonical_action(&format!("{service}:{name}")));
        if prefix.contains(char::is_whitespace) || prefix.contains(',') {
            return MALFORMED.to_owned();
        }
        if let Some(own) = CLIENTS.behind(prefix) {
            let meant = action_of(own).map_or_else(|| format!("{own}:.."), str::to_owned);
            return format!("its prefix is {own}: did you mean {meant}?");
        }
        // Of services spelled alike, one that has the action.
        let near = if self.step(10_000) { nearest::all(prefix, latest.prefixes()) } else { Vec::new() };
        let meant = near.iter().find_map(|service| action_of(service)).or_else(|| near.first().copied());
        meant.map_or_else(|| ALLOWED_ANYWAY.to_owned(), |meant| format!("did you mean {meant}?"))
    }

    /// Whether an action matches a pattern with wildcards in lower case, or it would take too many steps to tell.
    fn matches(&mut self, pattern: &str) -> bool {
        let start = pattern.split(['*', '?']).next().unwrap_or("");
        let latest = Catalog::latest();
        let names: Box<dyn Iterator<Item = &Name>> = match start.split_once(':') {
            Some((prefix, _)) => {
                let names = latest.names(prefix);
                let from = names.partition_point(|name| *name.lower < *start);
                Box::new(names.get(from..).unwrap_or_default().iter().take_while(|name| name.lower.starts_with(start)))
            }
            None => Box::new(latest.all_names().filter(|name| name.lower.starts_with(start))),
        };
        let is_only_start = pattern.strip_prefix(start) == Some("*");
        let glob = if is_only_start { Glob::parse("*") } else { Glob::parse(pattern) };
        for name in names {
            if is_only_start || !self.step(1) || glob.matches(&name.lower) {
                return true;
            }
        }
        false
    }

    fn unknown_pattern(&mut self, pattern: &str) -> Unknown {
        let message = format!("no action of the catalog ({}) matches `{pattern}`", Catalog::latest().date);
        let help = if is_malformed(pattern) { MALFORMED.to_owned() } else { self.meant_pattern(pattern) };
        Unknown { code: UNKNOWN_ACTION, message, help }
    }

    /// Of `s3:Gett*` the beginning of names that is spelled alike: `s3:Get*`.
    fn meant_pattern(&mut self, pattern: &str) -> String {
        let beginning = pattern.strip_suffix('*').filter(|start| !start.contains(['*', '?']));
        let Some((prefix, name)) = beginning.and_then(|start| start.split_once(':')) else { return String::new() };
        let names = Catalog::latest().names(&prefix.to_ascii_lowercase());
        if !self.step(names.len() * 30) {
            return String::new();
        }
        let starts = names.iter().filter_map(|name| name.spelled.split_once(':')).flat_map(|(_, name)| {
            let ends = crate::glob::trie::words(name);
            ends.into_iter().scan(0, move |end, word| {
                *end += word.len();
                name.get(..*end)
            })
        });
        nearest::first(name, starts).map_or_else(String::new, |near| format!("did you mean {prefix}:{near}*?"))
    }

    fn unknown_action(&mut self, prefix: &str, name: &str, written: &str) -> Unknown {
        let date = &Catalog::latest().date;
        if let Some(actions) = OPERATIONS.behind(written) {
            let first = actions.split(' ').next().unwrap_or(actions);
            let all: Vec<&str> = actions.split(' ').take(3).collect();
            let message = format!("`{written}` is an API operation, not an action: {} authorizes it", all.join(" or "));
            return Unknown { code: UNKNOWN_ACTION, message, help: format!("did you mean {first}?") };
        }
        if let Some(gone) = RETIRED.behind(written) {
            let message = format!("the action `{written}` is retired: it was gone from AWS's list by {gone}");
            return Unknown { code: "retired-action", message, help: "remove it".to_owned() };
        }
        let message = format!("the catalog ({date}) has no action `{written}`");
        if is_malformed(written) {
            return Unknown { code: UNKNOWN_ACTION, message, help: MALFORMED.to_owned() };
        }
        let names = Catalog::latest().names(&prefix.to_ascii_lowercase());
        let near = self.nearest(written, names.iter().map(|name| &*name.spelled)).map(str::to_owned);
        let near = near.or_else(|| self.of_another_service(name)).or_else(|| self.by_operation(prefix, written));
        let help = near.map_or_else(|| ALLOWED_ANYWAY.to_owned(), |near| format!("did you mean {near}?"));
        Unknown { code: UNKNOWN_ACTION, message, help }
    }

    fn nearest<'n>(&mut self, text: &str, names: impl Iterator<Item = &'n str> + Clone) -> Option<&'n str> {
        if !self.step(names.clone().count() * 5) {
            return None;
        }
        nearest::first(text, names)
    }

    /// The actions of this name, if few services have it.
    fn of_another_service(&mut self, name: &str) -> Option<String> {
        // A short name says little.
        if name.len() < 6 || !self.step(20_000) {
            return None;
        }
        let lower = format!(":{}", name.to_ascii_lowercase());
        let others = Catalog::latest().all_names().filter(|other| other.lower.ends_with(&lower));
        let found: Vec<&str> = others.map(|other| &*other.spelled).take(5).collect();
        (1..5).contains(&found.len()).then(|| found.join(" or "))
    }

    /// The action behind an API operation that is spelled alike.
    fn by_operation(&mut self, prefix: &str, written: &str) -> Option<String> {
        let service = format!("{prefix}:");
        let operations = OPERATIONS.starting(&service).filter_map(|line| line.split(' ').next());
        let near = self.nearest(written, operations)?;
        OPERATIONS.behind(near)?.split(' ').next().map(str::to_owned)
    }
}

const UNKNOWN_ACTION: &str = "unknown-action";
const UNKNOWN_KEY: &str = "unknown-condition-key";
const MALFORMED: &str = "a name has neither blanks nor commas: list actions one by one";
const ALLOWED_ANYWAY: &str = "check the spelling in AWS's Service Authorization Reference";

fn is_malformed(name: &str) -> bool {
    name.contains(|c: char| c.is_whitespace() || c == ',')
}

/// Whether a service has this prefix, in any case.
fn is_service(prefix: &str) -> bool {
    !Catalog::latest().names(&prefix.to_ascii_lowercase()).is_empty()
}

/// When the last of a service's actions was gone.
fn retired(prefix: &str) -> Option<&'static str> {
    RETIRED.starting(&format!("{prefix}:")).filter_map(|line| line.split_once(' ')).map(|(_, date)| date).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A number that looks random, the same in each run.
    fn next(seed: &mut u64) -> usize {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(*seed >> 33).unwrap()
    }

    /// One letter left out, added, changed or swapped with the next, behind the first `from`.
    fn misspelled(name: &str, from: usize, seed: &mut u64) -> String {
        let mut letters: Vec<char> = name.chars().collect();
        let at = from + next(seed) % (letters.len() - from);
        let letter = char::from(b'a' + u8::try_from(next(seed) % 26).unwrap());
        let last = letters.len() - 1;
        match next(seed) % 4 {
            0 => _ = letters.remove(at),
            1 => letters.insert(at, letter),
            2 => letters[at] = letter,
            _ => letters.swap(at, last.min(at + 1)),
        }
        letters.into_iter().collect()
    }

    #[test]
    fn a_misspelled_action_is_unknown_and_mostly_the_right_one_is_meant() {
        let all: Vec<&Name> = Catalog::latest().all_names().collect();
        let (mut seed, mut asked, mut right) = (11, 0, 0);
        for _ in 0..1_500 {
            let name = all[next(&mut seed) % all.len()];
            let from = name.spelled.find(':').unwrap() + 1;
            let wrong = misspelled(&name.spelled, from, &mut seed);
            if wrong.ends_with(':') || Catalog::latest().canonical_action(&wrong).is_some() {
                continue;
            }
            let unknown = Names::default().action(&wrong).unwrap_or_else(|| panic!("{wrong}"));
            asked += 1;
            right += usize::from(unknown.help.starts_with(&format!("did you mean {}", name.spelled)));
            assert!(["unknown-action", "retired-action"].contains(&unknown.code), "{wrong}: {unknown:?}");
        }
        assert!(asked > 1_400 && right * 100 >= asked * 95, "{right} of {asked}");
    }

    #[test]
    fn a_misspelled_service_is_unknown_and_mostly_the_right_one_is_meant() {
        let all: Vec<&Name> = Catalog::latest().all_names().collect();
        let (mut seed, mut asked, mut right) = (12, 0, 0);
        for _ in 0..300 {
            let name = all[next(&mut seed) % all.len()];
            let (prefix, action) = name.spelled.split_once(':').unwrap();
            let wrong = misspelled(prefix, 0, &mut seed);
            if is_service(&wrong) || wrong.is_empty() {
                continue;
            }
            let unknown = Names::default().action(&format!("{wrong}:{action}")).unwrap_or_else(|| panic!("{wrong}"));
            asked += 1;
            right += usize::from(unknown.help.ends_with(&format!("did you mean {}?", name.spelled)));
            assert!(["unknown-service", "retired-service"].contains(&unknown.code), "{wrong}: {unknown:?}");
        }
        assert!(asked > 250 && right * 100 >= asked * 90, "{right} of {asked}");
    }

    #[test]
    fn every_key_of_the_catalog_is_known_and_a_misspelled_one_is_not() {
        let fill =
            |key: &str| key::placeholder(key).map_or_else(|| key.to_owned(), |(before, after)| format!("{before}x{after}"));
        let keys: Vec<String> = KEYS.0.lines().map(fill).chain(key::global_names("aws").map(fill)).collect();
        assert!(keys.len() > 1_600);
        let (mut seed, mut asked, mut right) = (13, 0, 0);
        for key in &keys {
            assert_eq!(Names::default().key(key), None, "{key}");
            let from = key.find(':').map_or(0, |at| at + 1);
            let wrong = misspelled(key, from, &mut seed);
            if let Some(unknown) = Names::default().key(&wrong) {
                asked += 1;
                right += usize::from(unknown.help == format!("did you mean {key}?"));
            }
        }
        assert!(asked > 1_000 && right * 100 >= asked * 85, "{right} of {asked}");
    }

    #[test]
    fn the_tables_name_what_the_catalog_does_not_and_lead_to_what_it_does() {
        for line in OPERATIONS.0.lines() {
            let mut words = line.split(' ');
            let operation = words.next().unwrap();
            assert!(Catalog::latest().canonical_action(operation).is_none(), "{operation}");
            assert!(
                words.clone().count() > 0 && words.all(|action| Catalog::latest().canonical_action(action) == Some(action)),
                "{line}"
            );
            assert_eq!(OPERATIONS.get(&operation.to_uppercase()), Some(line));
        }
        for line in CLIENTS.0.lines() {
            let (client, prefix) = line.split_once(' ').unwrap();
            assert!(!is_service(client) && is_service(prefix) && CLIENTS.behind(client) == Some(prefix), "{line}");
        }
        for line in RETIRED.0.lines() {
            let (action, date) = line.split_once(' ').unwrap();
            assert!(Catalog::latest().canonical_action(action).is_none() && date.len() == 10, "{line}");
            assert_eq!(RETIRED.behind(action), Some(date));
        }
        for name in Catalog::june_2024().all_names().filter(|name| Catalog::latest().canonical_action(&name.lower).is_none()) {
            assert!(RETIRED.get(&name.lower).is_some(), "{}", name.spelled);
        }
    }
}
