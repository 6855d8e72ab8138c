//! Documents of every format, made here, read through the public entry point.
#![allow(clippy::unwrap_used)] // a test that cannot go on fails
#![allow(clippy::format_push_string, clippy::format_collect)] // small strings

mod made;

mod documents {
    mod clauses;
    pub(crate) mod docx;
    pub(crate) mod hostile;
    pub(crate) mod make;
    pub(crate) mod others;
    pub(crate) mod pdf;
    pub(crate) mod robust;
    pub(crate) mod word;
}
