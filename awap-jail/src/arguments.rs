//! What `awap-jail` is told on its command line. Its documentation is what `--help` prints.
#![allow(clippy::doc_markdown, reason = "`--help` prints no Markdown")]

use std::path::PathBuf;

use awap_jail::Options;
use clap::Parser;

/// The program in AWAP's AI container: answers requests on stdin with responses on stdout until stdin closes.
///
/// It reads one GGUF model and suggests comments and scores for anonymized work. A request is one JSON object,
/// {"request_id": …, "command": "ping" or "suggest", "data": {…}}, after a 4-byte big-endian length (Erlang's {:packet, 4})
/// or on a line of its own; answers come in the same framing.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "\
Environment:
  AWAP_LOG            what is logged to stderr: error, warn (the default), info, debug. No text of a request is ever logged
  RAYON_NUM_THREADS   threads that run the model [default: the CPUs that the container was given]

Exit status: 0 when stdin has closed (with --conformance: when every test passed), 1 when a test of --conformance failed or
--measure has no model, 2 for wrong arguments, 74 when stdin or stdout fails.

Examples:
  printf '%s\\n' '{\"request_id\":\"1\",\"command\":\"ping\",\"data\":{}}' | awap-jail --model model.gguf
  awap-jail --measure --model model.gguf
  awap-jail --conformance -- podman run -i --rm --network none IMAGE"
)]
pub(crate) struct Arguments {
    /// The model: a GGUF file, or a folder with exactly one
    #[arg(long, value_name = "PATH", default_value = Options::PLACE)]
    model: PathBuf,
    /// Most tokens of prompt and answer together; memory is set aside for them at the start
    #[arg(long, value_name = "TOKENS", default_value_t = 4_096, value_parser = clap::value_parser!(u32).range(64..=131_072))]
    context: u32,
    /// Most tokens of a prompt; what is longer is cut to whole sentences [default: what is read in half of a request's
    /// time, as measured at the start]
    #[arg(long, value_name = "TOKENS", value_parser = clap::value_parser!(u32).range(32..=131_072))]
    prompt_tokens: Option<u32>,
    /// Bytes of memory there are [default: what the container was given, or else the machine has]
    #[arg(long, value_name = "BYTES")]
    memory: Option<u64>,
    /// Says how fast the model is here, and ends
    #[arg(long, conflicts_with = "conformance")]
    pub(crate) measure: bool,
    /// Tests whether the command after -- speaks the protocol, and ends
    #[arg(long, requires = "command")]
    pub(crate) conformance: bool,
    /// The command to test, with its arguments
    #[arg(last = true, value_name = "COMMAND", requires = "conformance")]
    pub(crate) command: Vec<String>,
}

impl Arguments {
    pub(crate) fn options(&self) -> Options {
        Options {
            context: self.context as usize,
            prompt_tokens: self.prompt_tokens.map(|tokens| tokens as usize),
            memory: self.memory,
            ..Options::new(&self.model)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_holds_together() {
        Arguments::command().debug_assert();
        let usual = Arguments::parse_from(["awap-jail"]).options();
        assert_eq!((usual.path, usual.context), (PathBuf::from("/model"), 4_096));
        let arguments = Arguments::parse_from(["awap-jail", "--conformance", "--", "podman", "run", "--rm"]);
        assert_eq!(arguments.command, ["podman", "run", "--rm"]);
        assert!(Arguments::try_parse_from(["awap-jail", "--conformance"]).is_err());
    }
}
