//! The main text of a Word file.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| awap_fuzz::read(&awap_fuzz::word(bytes), "a.docx"));
