//! The program in the AI container: reads a GGUF model, and suggests comments and scores for anonymized work.
//!
//! It knows nothing of the world but its stdin, its stdout and the model's file, and it answers two commands
//! (`PROTOCOL.md`). What it answers fits the contract whatever the model's weights are: see [`Service`].
#![forbid(unsafe_code)]

pub mod conformance;
mod decode;
mod excerpt;
pub mod measure;
mod model;
mod prompt;
mod request;
mod service;
mod suggest;
mod template;
mod tokenizer;

pub use model::{Model, ModelInfo, Options, find};
pub use service::{Service, config};
