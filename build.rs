//! What has to be ready before the program is compiled: where libz3 is at run time, and the embedded catalogs unpacked.
//!
//! libz3 is in the folder that `scripts/bootstrap` fills: found relative to the program, so that a moved checkout still
//! runs, and by its absolute path, so that another target folder works too. An installed program finds it in `../lib`.
//! A static build (`vendored-z3`) needs none of this.
//!
//! A catalog becomes two texts, its services one after the other: a JSON document each, and the names of its actions, a line
//! each (in lower case, and as spelled). An index of `prefix end end` lines says where each service ends in both. So the
//! program reads only the services that it is asked about, and only their names where names are all it wants. The condition
//! keys of all services of the newest one are a text of their own.

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    for name in ["catalog-latest", "catalog-2024-06"] {
        unpack(name).map_err(|error| format!("data/{name}.json.zst cannot be unpacked: {error}"))?;
    }
    say_where_z3_is_missing();
    link();
    Ok(())
}

/// A linker that finds no libz3 says little: this says what to do. Where nothing is linked (documentation, `cargo check`)
/// nothing is wrong, so it is a warning.
fn say_where_z3_is_missing() {
    println!("cargo:rerun-if-env-changed=Z3_LIBRARY_PATH_OVERRIDE");
    let is_linked = std::env::var_os("CARGO_FEATURE_VENDORED_Z3").is_none() && std::env::var_os("DOCS_RS").is_none();
    let Some(folder) = std::env::var_os("Z3_LIBRARY_PATH_OVERRIDE").filter(|_| is_linked) else { return };
    let folder = Path::new(&folder);
    println!("cargo:rerun-if-changed={}", folder.display());
    if !["libz3.so", "libz3.dylib", "libz3.a", "libz3.lib"].iter().any(|name| folder.join(name).exists()) {
        println!(
            "cargo:warning=there is no libz3 in {}, where Z3_LIBRARY_PATH_OVERRIDE says it is: run scripts/bootstrap in \
             Leastwise's checkout, which fetches it (docs/library.md says how a crate that depends on Leastwise finds it)",
            folder.display()
        );
    }
}

fn link() {
    let system = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    let origin = match system.as_str() {
        _ if std::env::var_os("CARGO_FEATURE_VENDORED_Z3").is_some() => return,
        "linux" => "$ORIGIN",
        "macos" => "@loader_path",
        _ => return,
    };
    let folder = "third_party/z3/lib";
    for place in ["../lib".to_owned(), format!("../../{folder}"), format!("../../../{folder}")] {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{origin}/{place}");
    }
    if let Ok(root) = std::env::var("CARGO_MANIFEST_DIR") {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{root}/{folder}");
    }
}

fn unpack(name: &str) -> Result<(), Box<dyn std::error::Error>> {
    let packed = format!("data/{name}.json.zst");
    println!("cargo:rerun-if-changed={packed}");
    let packed = std::fs::read(packed)?;
    let mut text = String::new();
    ruzstd::decoding::StreamingDecoder::new(packed.as_slice())?.read_to_string(&mut text)?;
    let all: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text)?;
    let (mut services, mut names, mut index) = (String::new(), String::new(), String::new());
    for (prefix, service) in &all {
        let prefix = prefix.to_ascii_lowercase();
        services.push_str(&serde_json::to_string(service)?);
        let listed: Vec<&str> = match (service, service.get("actions").and_then(|actions| actions.as_object())) {
            (serde_json::Value::Array(listed), _) => listed.iter().filter_map(|name| name.as_str()).collect(),
            (_, Some(actions)) => actions.keys().map(String::as_str).collect(),
            (_, None) => Vec::new(),
        };
        let mut lines: Vec<(String, &str)> = listed.into_iter().map(|name| (name.to_ascii_lowercase(), name)).collect();
        lines.sort_unstable();
        for (lower, name) in lines {
            writeln!(names, "{prefix}:{lower} {prefix}:{name}")?;
        }
        writeln!(index, "{prefix} {} {}", services.len(), names.len())?;
    }
    let out = std::env::var_os("OUT_DIR").ok_or("no OUT_DIR")?;
    if name == "catalog-latest" {
        std::fs::write(Path::new(&out).join(format!("{name}.keys")), sorted(keys(&all)))?;
    }
    std::fs::write(Path::new(&out).join(format!("{name}.txt")), services)?;
    std::fs::write(Path::new(&out).join(format!("{name}.names")), names)?;
    std::fs::write(Path::new(&out).join(format!("{name}.index")), index)?;
    Ok(())
}

type Map = serde_json::Map<String, serde_json::Value>;

/// Every condition key of a service, an action or a resource.
fn keys(catalog: &Map) -> Vec<String> {
    let listed = |value: &serde_json::Value| -> Vec<String> {
        let list = value.get("c").and_then(serde_json::Value::as_array);
        list.into_iter().flatten().filter_map(|key| key.as_str().map(str::to_owned)).collect()
    };
    let mut out = Vec::new();
    for service in catalog.values() {
        let member = |name: &str| service.get(name).and_then(serde_json::Value::as_object).into_iter().flatten();
        out.extend(member("conditions").map(|(key, _)| key.clone()));
        for (_, action) in member("actions") {
            out.extend(listed(action));
            out.extend(action.get("r").and_then(serde_json::Value::as_array).into_iter().flatten().flat_map(listed));
        }
        out.extend(member("resources").flat_map(|(_, resource)| listed(resource)));
    }
    out
}

/// Lines sorted without case.
fn sorted(mut lines: Vec<String>) -> String {
    lines.sort_by_key(|line| line.to_ascii_lowercase());
    lines.dedup_by_key(|line| line.to_ascii_lowercase());
    lines.join("\n")
}
