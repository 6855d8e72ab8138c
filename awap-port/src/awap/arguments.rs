//! What `awap` is told on its command line. Its documentation is what `--help` prints.
#![allow(clippy::doc_markdown, reason = "`--help` prints no Markdown")]

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

/// Takes Tutor Marked Assignments from submission to draft feedback, on your own machine.
///
/// Files may be Word, PDF, OpenDocument, RTF, Markdown, HTML or plain text. What is printed and written names no student, in
/// its content or by its file's name, unless you ask for it with --names.
#[derive(Debug, Parser)]
#[command(
    name = "awap",
    version,
    after_help = "\
Environment:
  AWAP_PSEUDONYM_KEY  hexadecimal digits for 32 bytes or more; the same key gives a student the same pseudonym.
                      Without it and without --key-file, a key is made on first use and kept where only you can read it
  NO_COLOR            set to anything: no colour

Exit status: 0 when everything was done, 1 when some files could not be (each is named, with the reason) or a table of marks
has rows that are about none, 2 for wrong arguments, 65 when scripts or marks do not do for what was asked (too few, off the
scale, whose is not said), 66 when there is no file to read, 73 when something cannot be written,
75 when another awap is at work on the same folder, 78 for a key or rubric that cannot be used."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// What every command takes.
#[derive(Debug, Clone, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
pub(crate) struct Common {
    /// Print JSON, one object a file, instead of text for a person
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Name files and TMAs by their own names, which often name the student
    #[arg(long, global = true)]
    pub(crate) names: bool,
    /// A file with the pseudonym key
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) key_file: Option<PathBuf>,
    /// Give up on a TMA after so many seconds
    #[arg(long, value_name = "SECONDS", global = true, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) timeout: u64,
}

impl Common {
    pub(crate) fn time(&self) -> Duration {
        Duration::from_secs(self.timeout)
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print TMAs without what identifies the student
    Anonymize(Anonymize),
    /// Print the structure of TMAs: cover sheet, questions, citations and references, word counts
    Parse(Parse),
    /// Mark TMAs against a rubric and print the draft feedback
    Mark(Mark),
    /// Mark a folder of TMAs: a feedback file for each, a table of marks, a report of what failed
    Batch(Batch),
    /// Hold the marks of a batch against those that a tutor gave: kappa, agreement, who is stricter, for each criterion
    Score(Score),
    /// Learn from a hundred marked scripts or more how they are marked, and say how far to trust that
    Calibrate(Calibrate),
    /// Compare the scripts of a cohort: text in common, markers apart or adrift, scripts unlike the rest
    Compare(Compare),
    /// Print the completions of a shell: source <(awap completions bash)
    Completions {
        /// Which shell
        shell: Shell,
    },
}

/// What `anonymize` takes out, as its report names it.
const LABELS: [&str; 9] = [
    "NAME_STUDENT",
    "NAME_OTHER",
    "EMAIL",
    "USERNAME",
    "ID_NUM",
    "PHONE_NUM",
    "URL_PERSONAL",
    "STREET_ADDRESS",
    "DOB",
];

#[derive(Debug, Args)]
pub(crate) struct Anonymize {
    #[command(flatten)]
    pub(crate) files: Files,
    #[command(flatten)]
    pub(crate) who: Who,
    /// What stays in the text; may be given several times
    #[arg(long, value_name = "LABEL", value_parser = LABELS)]
    pub(crate) keep: Vec<String>,
    /// A name that stays, of an author of the module or a character of a case study; may be given several times
    #[arg(long, value_name = "NAME")]
    pub(crate) allow: Vec<String>,
    /// Put believable names, numbers and addresses that are nobody's where placeholders would stand
    #[arg(long)]
    pub(crate) surrogates: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Parse {
    #[command(flatten)]
    pub(crate) files: Files,
    #[command(flatten)]
    pub(crate) who: Who,
    /// The rubric, whose question numbers help to find the answers (JSON or YAML)
    #[arg(long, value_name = "FILE")]
    pub(crate) rubric: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Mark {
    #[command(flatten)]
    pub(crate) files: Files,
    #[command(flatten)]
    pub(crate) who: Who,
    /// The rubric (JSON or YAML)
    #[arg(long, value_name = "FILE")]
    pub(crate) rubric: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Batch {
    /// The folder of TMAs; folders in it are searched too, as Moodle's “Download all submissions” makes them
    pub(crate) folder: PathBuf,
    /// The rubric (JSON or YAML)
    #[arg(long, value_name = "FILE")]
    pub(crate) rubric: PathBuf,
    /// Where the feedback goes; made if it is not there. Started again, a batch goes on where it stopped
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: PathBuf,
    /// What a feedback file is
    #[arg(long, value_enum, default_value_t = Format::Markdown)]
    pub(crate) format: Format,
    /// TMAs worked on at once [default: the number of cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) jobs: Option<u16>,
    /// Mark everything anew, also what this folder holds already
    #[arg(long)]
    pub(crate) again: bool,
    /// Where to write which feedback belongs to which file (CSV that only you can read); it names students
    #[arg(long, value_name = "FILE")]
    pub(crate) key_to_names: Option<PathBuf>,
    /// Who wrote what: CSV with a column “file” and any of student_id, name, given_name, family_name, email, username
    #[arg(long, value_name = "FILE")]
    pub(crate) students: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Score {
    /// The folder that “awap batch” wrote feedback to
    #[arg(value_name = "FEEDBACK")]
    pub(crate) folder: PathBuf,
    /// The tutor's marks: CSV with a column “tma” or “file”, and “mark” or columns headed by criteria's ids as in marks.csv
    #[arg(long, value_name = "FILE")]
    pub(crate) marks: PathBuf,
    /// From one mark to the next, for kappa and agreement
    #[arg(long, value_name = "MARKS", default_value_t = 1.0, value_parser = positive)]
    pub(crate) step: f64,
    /// What “awap batch --key-to-names” wrote, where the tutor's marks go by “file” and the batch was made without --names
    #[arg(long, value_name = "FILE")]
    pub(crate) key_to_names: Option<PathBuf>,
}

/// A folder of TMAs that are looked at together.
#[derive(Debug, Args)]
pub(crate) struct Cohort {
    /// The folder of TMAs; folders in it are searched too, as Moodle's “Download all submissions” makes them
    pub(crate) folder: PathBuf,
    /// The rubric, whose questions tell the answers from the rest (JSON or YAML)
    #[arg(long, value_name = "FILE")]
    pub(crate) rubric: Option<PathBuf>,
    /// Who wrote what: CSV with a column “file” and any of student_id, name, given_name, family_name, email, username
    #[arg(long, value_name = "FILE")]
    pub(crate) students: Option<PathBuf>,
    /// TMAs read at once [default: the number of cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) jobs: Option<u16>,
}

#[derive(Debug, Args)]
pub(crate) struct Calibrate {
    #[command(flatten)]
    pub(crate) cohort: Cohort,
    /// The marks: CSV with a column “file” or “tma”, and “mark” or what --column names
    #[arg(long, value_name = "FILE")]
    pub(crate) marks: PathBuf,
    /// The column of the marks to learn
    #[arg(long, value_name = "NAME", default_value = "mark")]
    pub(crate) column: String,
    /// Learn from the answer to this question of the rubric alone, as 1(a) [default: all that counts]
    #[arg(long, value_name = "ID", requires = "rubric")]
    pub(crate) question: Option<String>,
    /// The least mark of the scale
    #[arg(long, value_name = "MARK", default_value_t = 0.0, allow_negative_numbers = true)]
    pub(crate) min: f64,
    /// The greatest mark of the scale
    #[arg(long, value_name = "MARK", allow_negative_numbers = true)]
    pub(crate) max: f64,
    /// From one mark of the scale to the next
    #[arg(long, value_name = "MARKS", default_value_t = 1.0, value_parser = positive)]
    pub(crate) step: f64,
    /// What was marked, in words, which the model says of itself
    #[arg(long, value_name = "WORDS")]
    pub(crate) label: Option<String>,
    /// Where the model goes (JSON); it holds weights and hashes, and no word of a script
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Compare {
    #[command(flatten)]
    pub(crate) cohort: Cohort,
    /// Who marked what how: CSV with a column “file” or “tma” and any of mark, expected (a second mark), marker, marked_at (ISO 8601)
    #[arg(long, value_name = "FILE")]
    pub(crate) marks: Option<PathBuf>,
    /// The questions' own words, plain text, which are nobody's
    #[arg(long, value_name = "FILE")]
    pub(crate) prompt: Option<PathBuf>,
    /// Tell of two scripts that have so much of the shorter in common
    #[arg(long, value_name = "PERCENT", default_value_t = 15.0, value_parser = positive)]
    pub(crate) share: f64,
    /// Or so many words in one stretch
    #[arg(long, value_name = "WORDS", default_value_t = 30, value_parser = clap::value_parser!(u16).range(5..))]
    pub(crate) stretch: u16,
}

/// A number greater than 0.
fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number > 0.0 => Ok(number),
        _ => Err("it must be a number greater than 0".to_owned()),
    }
}

/// The form of a feedback file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Markdown
    #[value(alias = "md")]
    Markdown,
    /// A page for a browser, which prints well
    Html,
    /// A Word file
    Docx,
}

impl Format {
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Markdown => "md",
            Self::Html => "html",
            Self::Docx => "docx",
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Files {
    /// The TMAs; - reads one from standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

/// What is known of the student, which makes anonymization sure of them.
#[derive(Debug, Default, Clone, Args)]
pub(crate) struct Who {
    /// The student's name, where all the files are theirs
    #[arg(long, value_name = "NAME")]
    pub(crate) student_name: Option<String>,
    /// The student's personal identifier
    #[arg(long, value_name = "ID")]
    pub(crate) student_id: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_holds_together() {
        Arguments::command().debug_assert();
    }
}
