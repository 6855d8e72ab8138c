//! What `awap-port` and `awap` share: how they come by the pseudonym key.
#![forbid(unsafe_code)]

pub mod key;
