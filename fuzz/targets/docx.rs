//! Whole files, read as docx.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| awap_fuzz::read(bytes, "a.docx"));

libfuzzer_sys::fuzz_mutator!(|bytes: &mut [u8], size: usize, max_size: usize, seed: u32| {
    awap_fuzz::mutate_archive(bytes, size, max_size, seed)
});
