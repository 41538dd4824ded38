//! Where do the program and its tests find libz3 at run time?
//!
//! In the folder that `scripts/bootstrap` fills: relative to the program, so that a moved checkout still runs, and by its
//! absolute path, so that another target folder works too. A static build (`vendored-z3`) needs neither.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let system = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    let origin = match system.as_str() {
        _ if std::env::var_os("CARGO_FEATURE_VENDORED_Z3").is_some() => return,
        "linux" => "$ORIGIN",
        "macos" => "@loader_path",
        _ => return,
    };
    let folder = "third_party/z3/lib";
    for depth in ["../..", "../../.."] {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{origin}/{depth}/{folder}");
    }
    if let Ok(root) = std::env::var("CARGO_MANIFEST_DIR") {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{root}/{folder}");
    }
}
