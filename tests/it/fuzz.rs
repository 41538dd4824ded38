//! What the fuzz targets check of any bytes holds of their seeds, on stable Rust.
//!
//! The checks are those of `fuzz/checks.rs`; what fuzzing finds is added to `fuzz/seeds`, so it stays mended.

#[path = "../../fuzz/checks.rs"]
#[allow(dead_code, unreachable_pub, reason = "the targets need more of it")]
mod checks;

use crate::support::root;

#[test]
fn seeds_pass_the_checks_of_their_targets() {
    let mut seen = 0;
    for (name, check) in checks::CHECKS {
        let folder = root().join("fuzz/seeds").join(name);
        let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        assert!(files.len() >= 4, "{name} has {} seeds", files.len());
        for file in files {
            let bytes = std::fs::read(&file).unwrap();
            // The file's name, should one of them fail.
            eprintln!("{name}: {}", file.display());
            check(&bytes);
            // Cut and changed a little: what fuzzing does first.
            for at in (0..bytes.len()).step_by(bytes.len() / 12 + 1) {
                check(&bytes[..at]);
                let mut changed = bytes.clone();
                changed[at] = b"\"}:,*"[at % 5];
                check(&changed);
            }
            seen += 1;
        }
    }
    assert!(seen > 50, "{seen}");
}

#[test]
fn every_check_has_a_target_of_its_name() {
    let manifest = std::fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap();
    for (name, _) in checks::CHECKS {
        let target = std::fs::read_to_string(root().join(format!("fuzz/fuzz_targets/{name}.rs"))).unwrap();
        assert!(target.contains(&format!("fuzz::target!(\"{name}\")")), "{name}");
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
    }
    assert_eq!(manifest.matches("[[bin]]").count(), checks::CHECKS.len());
}
