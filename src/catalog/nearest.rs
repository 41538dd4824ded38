//! Which known name is spelled most like this one?
//!
//! Like is who differs in few letters that were left out, added, changed or swapped (optimal string alignment), case
//! aside: at most one letter in four, and three.

/// The names spelled like this one, the most alike first, else in the order given.
pub fn all<'n>(text: &str, names: impl Iterator<Item = &'n str>) -> Vec<&'n str> {
    let text = text.to_ascii_lowercase();
    let length = text.chars().count();
    let limit = (length / 4).clamp(1, 3);
    let mut found: Vec<(usize, &str)> = Vec::new();
    let mut lower = String::new();
    for name in names.filter(|name| name.len().abs_diff(length) <= limit) {
        lower.clear();
        lower.extend(name.chars().map(|c| c.to_ascii_lowercase()));
        let distance = strsim::osa_distance(&text, &lower);
        if distance <= limit {
            found.push((distance, name));
        }
    }
    found.sort_by_key(|(distance, _)| *distance);
    found.into_iter().map(|(_, name)| name).collect()
}

/// The first of [`all`].
pub fn first<'n>(text: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    all(text, names).first().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_letters_may_differ() {
        let names = ["GetObject", "GetObjects", "PutObject", "s3", "sqs"];
        let near = |text: &str| all(text, names.into_iter());
        assert_eq!(near("getobjetc"), ["GetObject", "GetObjects"]);
        assert_eq!(near("GetObjekts"), ["GetObjects", "GetObject"]);
        assert_eq!(near("PetObject"), ["GetObject", "PutObject", "GetObjects"]);
        assert_eq!((near("s4"), near("sq"), near("ec2")), (vec!["s3"], vec!["s3", "sqs"], vec![]));
        assert_eq!((first("GetObject", names.into_iter()), first("", names.into_iter())), (Some("GetObject"), None));
    }
}
