//! The scores that `candle-transformers`' own models give, for the files that the tests make.

use std::collections::HashMap;
use std::io::Cursor;
use std::ops::Range;

use candle_core::quantized::GgmlDType;
use candle_core::quantized::gguf_file::Content;
use candle_core::{DType, Device, Result, Tensor};
use candle_nn::{Activation, VarBuilder};
use candle_transformers::models::gemma3::{Config, Model as Gemma3};
use candle_transformers::models::quantized_llama::ModelWeights as Llama;
use candle_transformers::models::quantized_phi3::ModelWeights as Phi3;
use candle_transformers::models::quantized_qwen2::ModelWeights as Qwen2;
use candle_transformers::models::quantized_qwen3::ModelWeights as Qwen3;
use gguf::Recipe;

#[path = "../../support/gguf.rs"]
#[allow(dead_code, unreachable_pub)]
mod gguf;

/// The scores after the last token: of 40 tokens at once, then ten one by one.
macro_rules! scores {
    ($model:expr) => {{
        let mut model = $model?;
        let mut scores = model.forward(&tokens(0..40)?, 0)?;
        for at in 40..50 {
            scores = model.forward(&tokens(at..at + 1)?, at)?;
        }
        scores.flatten_all()?.to_vec1::<f32>()?
    }};
}

fn main() -> Result<()> {
    for architecture in ["llama", "qwen2", "qwen3", "phi3"] {
        for dtype in [GgmlDType::F32, GgmlDType::Q8_0] {
            let scores = quantized(architecture, dtype)?;
            println!("    (\"{architecture}\", GgmlDType::{dtype:?}, {:?}),", &scores[100..106]);
        }
    }
    println!("    (\"gemma3\", GgmlDType::F32, {:?}),", &gemma3()?[100..106]);
    Ok(())
}

fn quantized(architecture: &'static str, dtype: GgmlDType) -> Result<Vec<f32>> {
    let recipe = Recipe { dtype, context: 128, ..Recipe::tiny(architecture, 42) };
    let mut file = Cursor::new(gguf::bytes(&recipe));
    let content = Content::read(&mut file)?;
    let device = Device::Cpu;
    Ok(match architecture {
        "llama" => scores!(Llama::from_gguf(content, &mut file, &device)),
        "qwen2" => scores!(Qwen2::from_gguf(content, &mut file, &device)),
        "qwen3" => scores!(Qwen3::from_gguf(content, &mut file, &device)),
        _ => scores!(Phi3::from_gguf(false, content, &mut file, &device)),
    })
}

/// Gemma 3 by the library's model for whole numbers: its quantized one has another activation than Gemma's (SiLU for
/// GELU), and forgets the window of local layers when it writes token by token.
fn gemma3() -> Result<Vec<f32>> {
    let recipe = Recipe { dtype: GgmlDType::F32, layers: 7, context: 128, ..Recipe::tiny("gemma3", 42) };
    let mut file = Cursor::new(gguf::bytes(&recipe));
    let content = Content::read(&mut file)?;
    let mut tensors = HashMap::new();
    for name in content.tensor_infos.keys() {
        let tensor = content.tensor(&mut file, name, &Device::Cpu)?.dequantize(&Device::Cpu)?;
        // There, norms are kept less one.
        let tensor = if name.contains("norm") { (tensor - 1.0)? } else { tensor };
        tensors.insert(name_there(name), tensor);
    }
    let config = Config {
        attention_bias: false,
        head_dim: recipe.head,
        hidden_activation: Activation::GeluPytorchTanh,
        hidden_size: recipe.hidden,
        intermediate_size: recipe.feed_forward,
        num_attention_heads: recipe.heads,
        num_hidden_layers: recipe.layers,
        num_key_value_heads: recipe.kv_heads,
        rms_norm_eps: 1e-6,
        rope_theta: 10_000.0,
        rope_local_base_freq: 10_000.0,
        vocab_size: tensors["model.embed_tokens.weight"].dim(0)?,
        final_logit_softcapping: None,
        attn_logit_softcapping: None,
        query_pre_attn_scalar: recipe.head,
        sliding_window: recipe.window,
        sliding_window_pattern: 6,
        max_position_embeddings: recipe.context,
    };
    let mut model = Gemma3::new(false, &config, VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu))?;
    let mut scores = Vec::new();
    // One by one, as its mask for several lets local layers see one position too many.
    for at in 0..50 {
        scores = model.forward(&tokens(at..at + 1)?, at)?.flatten_all()?.to_vec1()?;
    }
    Ok(scores)
}

/// How the library names a tensor of a GGUF file.
fn name_there(name: &str) -> String {
    let parts: Vec<&str> = name.split('.').collect();
    let part = match parts[..] {
        ["blk", _, part, _] => part,
        ["output_norm", _] => return "model.norm.weight".to_owned(),
        _ => return "model.embed_tokens.weight".to_owned(),
    };
    let there = match part {
        "attn_norm" => "input_layernorm",
        "post_attention_norm" => "post_attention_layernorm",
        "ffn_norm" => "pre_feedforward_layernorm",
        "post_ffw_norm" => "post_feedforward_layernorm",
        "attn_q" => "self_attn.q_proj",
        "attn_k" => "self_attn.k_proj",
        "attn_v" => "self_attn.v_proj",
        "attn_output" => "self_attn.o_proj",
        "attn_q_norm" => "self_attn.q_norm",
        "attn_k_norm" => "self_attn.k_norm",
        "ffn_gate" => "mlp.gate_proj",
        "ffn_up" => "mlp.up_proj",
        _ => "mlp.down_proj",
    };
    format!("model.layers.{}.{there}.weight", parts[1])
}

fn tokens(of: Range<usize>) -> Result<Tensor> {
    let tokens: Vec<u32> = of.map(|at| at as u32 * 7 % 200 + 10).collect();
    Tensor::new(tokens.as_slice(), &Device::Cpu)?.unsqueeze(0)
}
