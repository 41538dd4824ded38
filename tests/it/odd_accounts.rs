//! Laws of recommendations over odd accounts and logs ([`crate::odd`]), whatever is in them: what was used stays allowed, with
//! all recommendations applied at once; what would have been seen and was not goes; what is not touched stays to the byte;
//! another record of use never removes more; the order of files is irrelevant; what is excluded stays.

use crate::odd::{self, Random, SEEN, World};
use leastwise::account::bits::{Bits, Universe};
use leastwise::account::exclusions::Exclusions;
use leastwise::account::granted::Granted;
use leastwise::account::observe::unique_ids;
use leastwise::account::recommend::{NotAction, Options, Recommender, Result as Outcome, texts};
use leastwise::account::{self, Accounts, findings, recommend_all};
use leastwise::eval;
use leastwise::evidence::{self, Evidence, When};
use leastwise::policy::{Access, Policy, Stack};
use leastwise::request::{Principal, Request};
use std::collections::BTreeMap;

struct Read {
    accounts: Accounts,
    evidence: Evidence,
}

fn read(world: &World, order: u64) -> Read {
    let folder = tempfile::tempdir().unwrap();
    world.write(folder.path(), order);
    let accounts = account::read(&folder.path().join("account.json")).unwrap();
    let settings = evidence::Settings { ids: unique_ids(&accounts), ..evidence::Settings::default() };
    let evidence = evidence::read(&[folder.path().join("logs")], &settings).unwrap();
    Read { accounts, evidence }
}

fn options(shared: bool) -> Options {
    let find = findings::Options { days: 90, as_of: When::parse_end("2026-05-01"), ..findings::Options::default() };
    Options { find, shared, not_action: NotAction::Keep, ..Options::default() }
}

/// What an entity grants by itself afterwards, and what became of it.
type Left = BTreeMap<String, (Outcome, Bits, Vec<String>)>;

/// Recommends, and checks what holds of every answer by itself.
fn recommended(world: &World, Read { accounts, evidence }: &Read, options: &Options, context: &str) -> Left {
    let recommender = Recommender::new(accounts, evidence, options).unwrap();
    let all = recommend_all::all(&recommender, &recommender.entities()).unwrap();
    let after: BTreeMap<&str, Vec<Policy>> = all
        .iter()
        .map(|one| {
            let policies = one.policies.iter().flat_map(texts).map(|text| text.read().unwrap().policy.clone());
            (one.entity.arn.as_str(), policies.collect())
        })
        .collect();
    let used = world.used();
    let mut left = Left::new();
    for one in &all {
        let arn = &one.entity.arn;
        let context = format!("{context}, {arn}: {:?} {:?}", one.result, one.notes);
        assert_ne!(one.result, Outcome::Unknown, "{context}");
        for policy in one.policies.iter().filter(|policy| policy.refined.is_none()) {
            // The very text.
            let (own, stays) = (policy.attached.text.as_ref().unwrap(), texts(policy));
            assert!(stays.len() == 1 && std::sync::Arc::ptr_eq(own, stays[0]), "{context}");
        }
        let own = Granted::default().by(one.policies.iter().flat_map(texts));
        let documents = one.policies.iter().flat_map(texts).map(|text| text.value().to_string()).collect();
        left.insert(arn.clone(), (one.result, own.clone(), documents));
        let Ok(found) = accounts.principal(arn) else { continue };
        // All recommendations at once: its own and those of its groups.
        let owners = std::iter::once(arn).chain(&one.entity.groups);
        let identity = owners.flat_map(|owner| after[owner.as_str()].iter().cloned()).collect();
        let new: Access = Stack { identity: Some(identity), ..found.stack.clone() }.into();
        let old: Access = found.stack.into();
        let nothing = std::collections::BTreeSet::new();
        let used = used.get(arn).unwrap_or(&nothing);
        for (_, _, action) in SEEN {
            let number = Universe::latest().number(&action.to_ascii_lowercase()).unwrap();
            if !used.contains(action) && !options.shared {
                assert!(
                    !own.contains(number)
                        || one.result == Outcome::Unchanged && one.notes.iter().any(|note| note.contains("excluded")),
                    "{action} {context}"
                );
            }
            for request in requests(arn, action) {
                let [before, after] = [&old, &new].map(|access| eval::allows(access, &request));
                assert!(before || !after, "new: {request:?} {context}");
                assert!(after || !before || !used.contains(action), "lost: {request:?} {context}");
            }
        }
        for action in odd::UNSEEN {
            for request in requests(arn, action) {
                let [before, after] = [&old, &new].map(|access| eval::allows(access, &request));
                assert_eq!(before, after, "{request:?} {context}");
            }
        }
    }
    left
}

fn requests(arn: &str, action: &str) -> Vec<Request> {
    let resources =
        ["*", "arn:aws:sqs:eu-west-1:111122223333:prod-q", "arn:aws:s3:::secret/x", "arn:aws:kms:eu-west-1:111122223333:key/k"];
    let contexts: [&[(&str, &str)]; 3] = [
        &[],
        &[("aws:requestedregion", "eu-west-1"), ("aws:securetransport", "true")],
        &[("aws:principaltag/team", "rot"), ("aws:requestedregion", "us-east-1")],
    ];
    let of =
        |context: &[(&str, &str)]| context.iter().map(|(key, value)| ((*key).to_owned(), vec![(*value).to_owned()])).collect();
    let pairs = resources.iter().flat_map(|resource| contexts.iter().map(move |context| (resource, context)));
    pairs.map(|(resource, context)| Request::new(Principal::Aws(arn.to_owned()), action, resource, of(context))).collect()
}

#[test]
fn the_laws_hold_of_odd_accounts() {
    for seed in 0..3 {
        let world = odd::world(seed, 60);
        let first = read(&world, seed);
        assert!(first.evidence.counts.failed.values().sum::<u64>() > 0 || seed > 0, "{:?}", first.evidence.counts);
        for shared in [false, true] {
            let options = options(shared);
            let context = format!("seed {seed}, shared {shared}");
            let before = recommended(&world, &first, &options, &context);
            // In other files, in another order, other records twice.
            let turned = read(&world, seed + 1_000);
            assert_eq!(first.evidence.activity.keys().collect::<Vec<_>>(), turned.evidence.activity.keys().collect::<Vec<_>>());
            let again = recommended(&world, &turned, &options, &context);
            for (arn, (result, _, documents)) in &before {
                assert_eq!((result, documents), (&again[arn].0, &again[arn].2), "{context}, {arn}");
            }
            // More use.
            let mut more = world.clone();
            let mut random = Random::new(seed + 77);
            (0..6).for_each(|_| odd::add(&mut more, &mut random));
            let fewer = recommended(&more, &read(&more, seed), &options, &format!("{context}, with more use"));
            for (arn, (_, own, _)) in &before {
                let mut lost = own.clone();
                lost.remove(&fewer[arn].1);
                assert_eq!(lost.count(), 0, "{context}, {arn}");
            }
        }
        // Excluded by a tag: it stays as it was, and is counted; an exclusion that has expired holds nothing.
        let exclusions = "[[exclude]]\ntag = \"keep=yes\"\nreason = \"known\"\nexpires = \"2026-12-31\"\n[[exclude]]\ntag = \"keep\"\nreason = \"old\"\nexpires = \"2026-01-01\"\n";
        let mut options = options(false);
        options.find.exclusions = Exclusions::read("exclude.toml", exclusions).unwrap();
        let left = recommended(&world, &first, &options, &format!("seed {seed}, excluded"));
        let mut excluded = 0;
        for entity in
            first.accounts.entities.values().filter(|entity| entity.tags.get("keep").is_some_and(|value| value == "yes"))
        {
            excluded += 1;
            assert_eq!(left[&entity.arn].0, Outcome::Unchanged, "seed {seed}, {}", entity.arn);
        }
        let found = findings::find(&first.accounts, &first.evidence, &options.find).unwrap();
        assert!(found.findings.iter().all(|finding| finding.entity.tags["keep"] != "yes"));
        assert!(
            found.excluded.keys().all(|reason| reason == "known") && (excluded == 0 || found.excluded["known"] > 0),
            "{:?}",
            found.excluded
        );
        assert!(found.notes.iter().any(|note| note.contains("\"old\" has expired")), "{:?}", found.notes);
    }
}
