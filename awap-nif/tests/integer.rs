//! Runs the unit tests of `integer.rs` outside the library, whose own test program could not be linked without a BEAM.
#![allow(missing_docs, dead_code)]

#[path = "../src/integer.rs"]
mod integer;
