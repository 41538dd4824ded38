//! Does a policy grant one of these actions, on any resource?
//!
//! `cargo run --example not_granted -- policy.json iam:PassRole s3:DeleteBucket`

use leastwise::question::access_not_granted::Access;
use leastwise::{Budget, Policy, Settings, Source, access_not_granted};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("usage: not_granted POLICY ACTION...")?;
    let policy = Policy::read(&Source::new(file.as_str(), std::fs::read_to_string(&file)?), &Budget::default())?;
    let access = Access { actions: arguments.collect(), resources: vec![] };
    println!("{}", access_not_granted(&policy.into(), &access, &Settings::default())?.message);
    Ok(())
}
