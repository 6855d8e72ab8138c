//! How much memory there is, and how long a context fits into it beside the weights.

use std::fs;

use awap_core::Result;

use super::gguf::Header;
use super::shape::Shape;
use super::{Options, RUN, refused};

/// The program, its vocabulary and what a request needs. Measured: 60 to 120 MiB for 150,000 tokens.
const BESIDES: u64 = 192 << 20;
/// The shortest context that an answer of use fits into.
const LEAST: usize = 512;

/// Positions that there is memory for, up to what was asked for and what the model was trained for.
pub(super) fn positions(header: &Header, shape: &Shape, options: &Options) -> Result<usize> {
    let wanted = options.context.min(shape.context);
    let runs =
        (RUN * (shape.feed_forward + shape.hidden + shape.heads * shape.head) * 4 * size_of::<f32>()) as u64;
    let weights = header.tensor_bytes().saturating_add(BESIDES);
    let beside = weights.saturating_add(runs);
    let Some(memory) = options.memory.or_else(available) else { return Ok(wanted) };
    let too_large = |bytes: u64| {
        let mib = |bytes: u64| bytes >> 20;
        refused(&format!(
            "it needs {} MiB of memory and there are {}; give the container more, or take a smaller model",
            mib(bytes),
            mib(memory)
        ))
    };
    // While a tensor is read there are two of it.
    let to_load = weights.saturating_add(header.largest_tensor_bytes());
    if to_load > memory {
        return Err(too_large(to_load));
    }
    let free = memory.saturating_sub(beside);
    let a_position = shape.bytes_a_position() + (RUN * shape.heads * 2 * size_of::<f32>()) as u64;
    let fitting = usize::try_from(free / a_position).unwrap_or(usize::MAX).min(wanted);
    if fitting < LEAST.min(wanted) {
        return Err(too_large(beside.saturating_add(a_position * LEAST as u64)));
    }
    if fitting < wanted {
        tracing::warn!("Memory allows a context of {fitting} tokens, where {wanted} were wanted.");
    }
    Ok(fitting)
}

/// Bytes of memory that the container was given, or else the machine has.
fn available() -> Option<u64> {
    let limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    let limits = limits.iter().filter_map(|path| fs::read_to_string(path).ok()?.trim().parse::<u64>().ok());
    limits.chain(machine()).min()
}

fn machine() -> Option<u64> {
    let info = fs::read_to_string("/proc/meminfo").ok()?;
    let total = info.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    total.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib << 10)
}
