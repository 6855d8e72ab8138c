//! What a model may add to feedback, and what it may not: each rule, the merge, injection, any JSON at all.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
// Marks are compared with what they were before: exactly.
#![allow(clippy::float_cmp)]

mod marking;

mod ai {
    mod any;
    pub(crate) mod case;
    mod injection;
    mod letter;
    mod merge;
    mod quotes;
    mod request;
    mod sense;
    mod texts;
}
