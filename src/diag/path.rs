//! How are paths shown?

use std::path::Path;

/// A path as reports show it: relative to the working folder, with slashes.
pub fn shown_path(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let relative = path.strip_prefix(&here).unwrap_or(path);
    let text = relative.to_string_lossy();
    // Elsewhere a backslash is a letter of a name like any other.
    let text = if std::path::MAIN_SEPARATOR == '\\' { text.replace('\\', "/") } else { text.into_owned() };
    text.strip_prefix("./").unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_and_a_name_stays_what_it_is() {
        let here = std::env::current_dir().unwrap();
        assert_eq!(shown_path(&here.join("a/b.json")), "a/b.json");
        assert_eq!(shown_path(Path::new("./a.json")), "a.json");
        let expected = if std::path::MAIN_SEPARATOR == '\\' { "a/b.json" } else { "a\\b.json" };
        assert_eq!(shown_path(Path::new("a\\b.json")), expected);
    }
}
