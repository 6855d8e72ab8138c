//! That the decoder computes what other code computes: `candle-transformers`' model of each architecture, for the same
//! files. `tests/reference` prints the numbers; it is a program of its own, so that nothing here has to build that library.
#![allow(clippy::unreadable_literal, reason = "as they were printed")]

use candle_core::quantized::GgmlDType;

use super::{Model, Options, RUN};
use gguf::Recipe;

#[path = "../../tests/support/gguf.rs"]
#[allow(dead_code, unreachable_pub, clippy::expect_used, reason = "the tests' own file")]
mod gguf;

/// Architecture, type of the weights, and six of the scores after the last token.
const SCORES: [(&str, GgmlDType, [f32; 6]); 9] = [
    ("llama", GgmlDType::F32, [-0.9255153, 0.09203327, 3.5292394, -1.1256756, -1.9266205, 1.7764316]),
    ("llama", GgmlDType::Q8_0, [-0.8687624, 0.11923066, 3.5186572, -1.1325027, -1.8525546, 1.7780645]),
    ("qwen2", GgmlDType::F32, [-3.5158925, 0.62137455, -0.090188384, 0.18072289, 1.5679908, -1.9842832]),
    ("qwen2", GgmlDType::Q8_0, [-3.4805164, 0.636247, -0.03074336, 0.083535135, 1.5329738, -1.9485686]),
    ("qwen3", GgmlDType::F32, [0.271, 1.3897338, -0.12821382, 1.739711, 0.14334789, -1.4653344]),
    ("qwen3", GgmlDType::Q8_0, [0.2496154, 1.4311919, -0.13044953, 1.720713, 0.2125721, -1.5112512]),
    ("phi3", GgmlDType::F32, [1.8562055, -0.68816525, -1.1643391, 0.6716841, -0.6947467, 0.06823298]),
    ("phi3", GgmlDType::Q8_0, [1.8297002, -0.6586253, -1.1205208, 0.6538681, -0.756384, 0.02418983]),
    ("gemma3", GgmlDType::F32, [-0.09225875, 1.9328852, -0.2865603, 1.6005487, 0.41459253, 1.5804533]),
];

#[test]
fn scores_are_those_of_another_implementation() {
    for (architecture, dtype, expected) in SCORES {
        // Gemma's sixth layer alone looks back over everything.
        let layers = if architecture == "gemma3" { 7 } else { 2 };
        let recipe = Recipe { dtype, layers, context: 128, ..Recipe::tiny(architecture, 42) };
        let file = tempfile::Builder::new().suffix(".gguf").tempfile().expect("a file");
        std::fs::write(file.path(), gguf::bytes(&recipe)).expect("written");
        let mut model = Model::load(&Options::new(file.path())).expect("a model");
        let tokens: Vec<u32> = (0..50).map(|at| at * 7 % 200 + 10).collect();
        // In runs as a prompt is read, then one by one as an answer is written.
        model.run(0, &tokens[..RUN]).expect("run");
        model.run(RUN, &tokens[RUN..40]).expect("run");
        let mut scores = Vec::new();
        for at in 40..50 {
            scores = model.run(at, &tokens[at..=at]).expect("run");
        }
        for (ours, theirs) in scores[100..].iter().zip(expected) {
            assert!(
                (ours - theirs).abs() < 1e-3,
                "{architecture} {dtype:?}: {:?}, not {expected:?}",
                &scores[100..106]
            );
        }
    }
}
