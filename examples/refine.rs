//! A policy without the actions that were never used, proved to be exactly that.
//!
//! `cargo run --example refine -- policy.json s3:PutObject s3:DeleteObject`

use leastwise::refine::Outcome;
use leastwise::{Budget, Catalog, Document, Settings, Source, UnusedPermissions, refine};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("usage: refine POLICY UNUSED_ACTION...")?;
    let original = Document::read(&Source::new(file.as_str(), std::fs::read_to_string(&file)?), &Budget::default())?;
    let mut unused = UnusedPermissions::default();
    for action in arguments {
        let (service, name) = action.split_once(':').ok_or("write actions as service:Name")?;
        unused.add_action(service, name);
    }
    match refine(&original, &unused, Catalog::latest(), &Settings::default())? {
        Outcome::Proved(refined) => println!("{}", refined.policy),
        Outcome::NotProved(failure) => return Err(format!("not proved: {}", failure.message).into()),
    }
    Ok(())
}
