//! What the programs of this crate share: documents with truth, and how a prediction is scored against it.

pub mod corpus;
pub mod score;
