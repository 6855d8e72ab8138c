//! What the programs of this crate share: documents with truth, how a prediction is scored against it, and how fast
//! texts are taken.

pub mod corpus;
pub mod score;
pub mod speed;
