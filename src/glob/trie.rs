//! What are the shortest prefixes that cover some names and reach no forbidden one?
//!
//! Names are cut into words before each capital letter: `GetBucketAcl` is Get, Bucket, Acl; `DBInstance` is D, B,
//! Instance; digits, hyphens and small letters stay in their word. The trie of the words has a string prefix at each node.
//! A node is safe iff no forbidden name starts with that string. Testing only the names below the node would be wrong:
//! ListPhoneNumber and ListPhoneNumbers are different paths, yet `ListPhoneNumber*` reaches both.
//!
//! From the root, the walk stops at the first safe node of each path. A node that is not safe but is itself a wanted name
//! is taken literally, and the walk goes on below it. Names compare without ASCII case and keep their spelling.
//!
//! Source: the published description of IAM Access Analyzer's policy recommendations (Amazon Science, "New AWS tool
//! recommends removal of unused permissions").

use std::collections::BTreeMap;

/// One piece of a cover.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cover {
    /// This name alone.
    Name(String),
    /// Everything that starts with `prefix`, below which several wanted names stand.
    Prefix {
        /// The prefix, in the names' spelling.
        prefix: String,
        /// The prefix one word shorter, which would reach a forbidden name.
        parent: String,
    },
}

#[derive(Debug, Default)]
struct Node {
    /// The prefix from the root, as spelled.
    prefix: String,
    /// The name that ends here.
    name: Option<String>,
    /// By next word in lower case.
    children: BTreeMap<String, Node>,
}

/// The words of a name.
pub fn words(name: &str) -> Vec<&str> {
    let cuts = name.char_indices().filter(|(at, c)| *at > 0 && c.is_ascii_uppercase()).map(|(at, _)| at);
    let ends: Vec<usize> = cuts.chain([name.len()]).collect();
    let mut start = 0;
    let mut out = Vec::new();
    for end in ends {
        out.extend(name.get(start..end).filter(|word| !word.is_empty()));
        start = end;
    }
    out
}

/// The shortest cover of `wanted` that reaches none of `forbidden`, in the order of the names.
///
/// A name that is both is forbidden. If nothing is forbidden the root is safe: one empty prefix covers all.
pub fn cover(wanted: &[&str], forbidden: &[&str]) -> Vec<Cover> {
    let mut root = Node::default();
    for name in wanted {
        let mut node = &mut root;
        for word in words(name) {
            let prefix = format!("{}{word}", node.prefix);
            node = node.children.entry(word.to_ascii_lowercase()).or_insert_with(|| Node { prefix, ..Node::default() });
        }
        node.name = Some((*name).to_owned());
    }
    let mut forbidden: Vec<String> = forbidden.iter().map(|name| name.to_ascii_lowercase()).collect();
    forbidden.sort_unstable();
    let mut out = Vec::new();
    visit(&root, "", &forbidden, &mut out);
    out
}

/// Whether no forbidden name (sorted, in lower case) starts with the prefix.
fn is_safe(prefix: &str, forbidden: &[String]) -> bool {
    let prefix = prefix.to_ascii_lowercase();
    let first = forbidden.partition_point(|name| name.as_str() < prefix.as_str());
    !forbidden.get(first).is_some_and(|name| name.starts_with(&prefix))
}

fn visit(node: &Node, parent: &str, forbidden: &[String], out: &mut Vec<Cover>) {
    if is_safe(&node.prefix, forbidden) {
        let mut names = Vec::new();
        collect(node, &mut names);
        out.push(match names.as_slice() {
            [one] => Cover::Name((*one).clone()),
            _ => Cover::Prefix { prefix: node.prefix.clone(), parent: parent.to_owned() },
        });
        return;
    }
    if let Some(name) = node.name.as_ref().filter(|name| !forbidden.contains(&name.to_ascii_lowercase())) {
        out.push(Cover::Name(name.clone()));
    }
    for child in node.children.values() {
        visit(child, &node.prefix, forbidden, out);
    }
}

fn collect<'n>(node: &'n Node, names: &mut Vec<&'n String>) {
    names.extend(&node.name);
    node.children.values().for_each(|child| collect(child, names));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(wanted: &[&str], forbidden: &[&str]) -> String {
        let show = |piece: Cover| match piece {
            Cover::Name(name) => name,
            Cover::Prefix { prefix, .. } => format!("{prefix}*"),
        };
        cover(wanted, forbidden).into_iter().map(show).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn words_start_at_capital_letters() {
        assert_eq!(words("GetBucketAcl"), ["Get", "Bucket", "Acl"]);
        assert_eq!(words("describeDBInstances2"), ["describe", "D", "B", "Instances2"]);
        assert_eq!(words("get-it"), ["get-it"]);
        assert!(words("").is_empty());
    }

    #[test]
    fn the_walk_stops_at_the_first_safe_node() {
        let all = [
            "GetBucketAcl",
            "GetBucketTagging",
            "GetBucketVersioning",
            "GetJobTagging",
            "GetObject",
            "GetObjectVersion",
            "GetObjectVersionAcl",
        ];
        let without = |gone: &[&str]| -> String {
            let wanted: Vec<&str> = all.iter().copied().filter(|name| !gone.contains(name)).collect();
            shown(&wanted, gone)
        };
        assert_eq!(without(&["GetBucketAcl"]), "GetBucketTagging GetBucketVersioning GetJobTagging GetObject*");
        assert_eq!(without(&["GetObject"]), "GetBucket* GetJobTagging GetObjectVersion*");
        assert_eq!(without(&["GetObjectVersionAcl"]), "GetBucket* GetJobTagging GetObject GetObjectVersion");
        assert_eq!(without(&[]), "*");
    }

    #[test]
    fn a_prefix_is_tested_as_a_string() {
        // ListPhoneNumber's node has two names below it and none of them is forbidden, but its string reaches one.
        let wanted = ["ListPhoneNumber", "ListPhoneNumberOrders", "Other"];
        assert_eq!(shown(&wanted, &["ListPhoneNumbers"]), "ListPhoneNumber ListPhoneNumberOrders Other");
        assert_eq!(shown(&["getBucket", "GetBucketAcl"], &["Getbuckets"]), "getBucket GetBucketAcl");
    }
}
