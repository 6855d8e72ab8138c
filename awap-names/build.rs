//! Unpacks the lists of names and words into the table that the crate embeds.
#![allow(dead_code)] // the crate uses what this does not

use std::path::Path;

#[path = "src/hash.rs"]
mod hash;
#[path = "src/table.rs"]
mod table;

fn main() -> std::io::Result<()> {
    for file in ["data/lists.fst", "src/hash.rs", "src/table.rs"] {
        println!("cargo:rerun-if-changed={file}");
    }
    let out = std::env::var_os("OUT_DIR").ok_or_else(|| std::io::Error::other("cargo sets OUT_DIR"))?;
    std::fs::write(Path::new(&out).join("lists.table"), table::table(&std::fs::read("data/lists.fst")?))
}
