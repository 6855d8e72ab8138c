//! `awap` as a person runs it: files in, what is printed and written, the exit status.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test says what failed by panicking"
)]

#[path = "awap/batch.rs"]
mod batch;
#[path = "awap/cohort.rs"]
mod cohort;
#[path = "awap/verbs.rs"]
mod verbs;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// What stands in the names and in the contents of [`Place::moodle`], and must stand nowhere else.
const NAMES: [&str; 6] = ["Adaeze", "Kowalczyk", "Nguyen", "nguyen", "M4471902", "ao4471"];

fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures").join(path)
}

fn rubric() -> String {
    fixture("rubrics/tm112-25j-tma02.json").display().to_string()
}

/// A folder for one test, with a home of its own.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, inner: &str) -> PathBuf {
        self.0.path().join(inner)
    }

    fn text(&self, inner: &str) -> String {
        fs::read_to_string(self.path(inner)).unwrap_or_else(|error| panic!("{inner}: {error}"))
    }

    fn put(&self, inner: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(inner);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// TMAs as Moodle's “Download all submissions” names them.
    fn moodle(&self) {
        for (name, from) in [
            (
                "Adaeze Okonkwo_71_assignsubmission_file/TM112_TMA02_Adaeze_Okonkwo_M4471902.docx",
                "tm112-okonkwo/TM112_TMA02_Adaeze_Okonkwo_M4471902.docx",
            ),
            (
                "L Kowalczyk_72_assignsubmission_file_Kowalczyk.docx",
                "tm112-kowalczyk/Kowalczyk L TM112 tma2 draft3.docx",
            ),
            ("Nguyen Thi Hoa_73_assignsubmission_file_nguyen.pdf", "tm112-nguyen/nguyen-thi-hoa-tma02.pdf"),
        ] {
            self.put(&format!("in/{name}"), fs::read(fixture("tmas").join(from)).unwrap());
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_awap"));
        command.env_clear().env("HOME", self.0.path()).current_dir(self.0.path()).args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.run_with(arguments, b"")
    }

    fn run_with(&self, arguments: &[&str], input: &[u8]) -> Output {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let _ = child.stdin.take().unwrap().write_all(input);
        child.wait_with_output().unwrap()
    }

    /// Runs `awap batch in --out out` with the rubric of TM112.
    fn batch(&self, more: &[&str]) -> Output {
        let rubric = rubric();
        self.run(&[&["batch", "in", "--out", "out", "--rubric", &rubric], more].concat())
    }

    /// The ledger's lines of one kind.
    fn ledger(&self, is: &str) -> Vec<Value> {
        let text = self.text("out/awap-batch.jsonl");
        text.lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(|line| line["is"] == is)
            .collect()
    }

    /// The feedback files.
    fn feedback(&self) -> Vec<PathBuf> {
        let files = fs::read_dir(self.path("out")).unwrap().map(|entry| entry.unwrap().path());
        let is_feedback = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().contains("tma-");
        let mut files: Vec<PathBuf> = files.filter(is_feedback).collect();
        files.sort();
        files
    }
}

fn said(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    (text(&output.stdout), text(&output.stderr))
}

fn names_no_one(text: &str) {
    for name in NAMES {
        assert!(!text.contains(name), "{name} in {text}");
    }
}
