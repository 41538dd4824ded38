//! Does a new version of a policy grant anything new? Prints the verdict and, of a FAIL, a request that shows it.
//!
//! `cargo run --example no_new_access -- old.json new.json`

use leastwise::{Budget, Policy, Settings, Source, Verdict, no_new_access};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut files = std::env::args().skip(1);
    let mut read = || -> Result<Policy, Box<dyn std::error::Error>> {
        let file = files.next().ok_or("usage: no_new_access OLD NEW")?;
        Ok(Policy::read(&Source::new(file.as_str(), std::fs::read_to_string(&file)?), &Budget::default())?)
    };
    let (old, new) = (read()?, read()?);
    let outcome = no_new_access(&old.into(), &new.into(), &Settings::default())?;
    println!("{}", outcome.message);
    if let Verdict::Fail { witness, .. } = outcome.verdict {
        println!("A request that shows it: {}", leastwise::request::request_json::to_json(&witness));
    }
    Ok(())
}
