//! Links the library so that it stays in memory once loaded.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // The BEAM unloads a library when its module is purged, and the workers' code would go from under them.
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux") {
        println!("cargo:rustc-link-arg-cdylib=-Wl,-z,nodelete");
    }
}
