//! Where each promise of the Core Bridge is tested, by Port and by NIF.
//!
//! A line names a promise and, for each mode, the tests that fail where it is broken: functions of Rust, tests of Elixir, and
//! protocol vectors of `fixtures/protocol`, each of which goes through the Port (`in_lines`, `in_packets`) and the NIF
//! (`every protocol vector`). [`every_test_named_is_there`] holds the table against the sources. A dash: the promise is about what
//! this mode has not.
//!
//! | promise | Port | NIF |
//! | --- | --- | --- |
//! | **Commands** | | |
//! | `anonymize_student` | `anonymize_student: a name and an address` | `anonymize_student: a name and an address` |
//! | `parse_tma` | `parse_tma: cover, questions, citations, references` | `parse_tma: cover, questions, citations, references` |
//! | `generate_feedback` | `generate_feedback without a rubric` | `generate_feedback without a rubric` |
//! | `query_events` | `the_port_reads_what_the_store_writes` | `no event store`, `the NIF has every command of the bridge` |
//! | `health_check` | `health_check`, `health_check without data` | `health_check`, `all functions there are` |
//! | `compare` | `compare: a paragraph in two of three scripts`, `compare: what is not the writer's own is like nothing` | `compare: a paragraph in two of three scripts`, `all functions there are` |
//! | what one returns the next takes | `the functions chain` | `fixture #{name}, from the document to the feedback` |
//! | both modes return the same | `every protocol vector`, `texts of every script and length` | `every protocol vector`, `numbers keep their kind and their value`, `every fixture, damaged in many ways` |
//! | every command has a vector | `every_command_and_every_error_that_needs_no_fault_of_ours_has_a_vector` | `all functions there are` |
//! | **Envelope** | | |
//! | an answer for each request, matched by its id, in whatever order | `requests_are_answered_as_they_end_and_all_before_the_server_does`, `answers are matched to calls in whatever order they come` | `calls from many processes at once` |
//! | `request_id` comes back as it was sent | `an_id_comes_back_exactly_as_it_was_sent`, `an id that is an object` | – |
//! | what is no request is answered, and the next is served | `every_malformed_input_is_answered_and_the_next_request_is_served`, `what_is_refused` | `what JSON cannot hold is refused, with the place`, `data that is no map` |
//! | an id of null where none could be read | `not a request: text`, `no id` | – |
//! | `invalid_request` | `no command`, `data that is a list` | `data that is a list` |
//! | `unknown_command` | `unknown command` | `a command that makes no sense is refused in both modes` |
//! | `invalid_input` | `no content (parse_tma)` | `no content (parse_tma)` |
//! | `unsupported_format` | `an attachment that is a picture (parse_tma)` | `an attachment that is a picture (parse_tma)` |
//! | `document_damaged` | `half a PDF (parse_tma)` | `half a PDF (parse_tma)` |
//! | `document_encrypted` | `an attachment with a password (parse_tma)` | `an attachment with a password (parse_tma)` |
//! | `limit_exceeded` | `nested too deeply`, `too many answers` | `nested to the limit and past it`, `nesting of any depth, width of any size` |
//! | `timeout` | `no time at all`, `a_deadline_is_kept_though_the_work_is_deaf_to_it` | `a call ends at its deadline, whatever it works on, and the others are answered` |
//! | `not_configured` | `no event store` | `configuration that cannot be used is what every call answers`, `a library built elsewhere, and one that is none` |
//! | `internal` | `a_panic_is_one_requests_own`, `a_panic_is_answered_and_its_message_goes_nowhere` | `a_panic_is_one_requests_own` |
//! | a message never quotes the student | `faults_are_named_by_their_path_and_never_by_their_content`, `a_panic_says_nothing_of_the_data` | `what JSON cannot hold is refused, with the place`, `a call ends at its deadline, whatever it works on, and the others are answered` |
//! | nothing but answers on stdout | `one_line_in_one_line_out`, `all_in_one_process`, `a_damaged_document_leaves_no_line_of_the_library_that_reads_it` | – |
//! | **Process** | | |
//! | lines and packets, told apart by the first byte | `in_lines`, `in_packets`, `every_malformed_input_is_answered_and_the_next_request_is_served` | – |
//! | it ends with stdin, and finishes what is in flight | `requests_are_answered_as_they_end_and_all_before_the_server_does`, `a_request_that_hangs_is_answered_at_its_deadline_and_the_process_still_ends_with_stdin` | – |
//! | it never outlives its parent | `it_dies_with_its_parent_though_others_hold_its_pipes`, `stopping the host ends every process of the core` | – |
//! | bounded memory: it stops reading past a number in flight | `past_the_bound_in_flight_it_stops_reading`, `the core's memory does not grow with the number of requests` | `nesting of any depth, width of any size`, `calls from many processes at once` |
//! | a deadline for a request, and for one request | `a_deadline_is_kept_though_the_work_is_deaf_to_it`, `no_request_may_ask_for_more_than_the_longest_deadline`, `no time at all` | `a call ends at its deadline, whatever it works on, and the others are answered` |
//! | the work stops soon after its deadline | `work_that_looks_at_its_deadline_ends_there`, `stuck_workers_are_replaced_up_to_a_bound_and_then_requests_time_out_in_the_queue` | `stuck_workers_are_replaced_up_to_a_bound_and_then_requests_time_out_in_the_queue` |
//! | a panic ends one request | `a_panic_is_one_requests_own` | `a_panic_is_one_requests_own` |
//! | what cannot be caught ends one process, and the client knows whose request it was | `what_cannot_be_caught_ends_this_process_by_a_signal`, `what ends its process is told so, and whatever was lost with it is answered all the same` | – |
//! | **In the BEAM** | | |
//! | maps with keys of both kinds, strings back | – | `atom keys and atom values are strings`, `where a key is there as atom and as string, the string counts` |
//! | any term is answered | – | `any term at all is answered` |
//! | dirty schedulers alone are busy | – | `the schedulers stay free while every dirty one is busy` |
//! | the BEAM lives, whatever the document | `damaged and hostile documents among good ones (#{mode}): each has its own answer, and the bridge is well afterwards` | `every fixture, damaged in many ways`, `damaged and hostile documents among good ones (#{mode}): each has its own answer, and the bridge is well afterwards` |
//! | a path dependency, built by `mix compile`, carried by a release | – | `a bare project compiles it and calls it, and a release carries it` |
//! | a library built elsewhere, or for another system | – | `a library built elsewhere, and one that is none` |
//! | **Client** | | |
//! | a crash is noticed, and the process is there again | `a process that was well is started again at once, however long the waits are`, `a process that #{what}: every call in flight is answered, and the next one works` | – |
//! | no call is left hanging | `a call that is not answered in time is, and the process that hangs is replaced`, `a process that reads nothing blocks nobody: calls time out, the owner answers meanwhile` | `calls from many processes at once` |
//! | what was lost with another's process is done once more | `what ends its process is told so, and whatever was lost with it is answered all the same` | – |
//! | answers that come twice, late or for nobody harm nothing | `an answer given twice, or to nobody, harms nothing`, `an answer that comes late is nobody's` | – |
//! | **Data** | | |
//! | a bare string, answers of a form, attachments | `parse_tma: a bare string and answers from a form` | `parse_tma: a bare string and answers from a form` |
//! | a field that is not known is carried | `anonymize_student carries what it does not know`, `what_came_in_comes_out_but_for_the_content` | `anonymize_student carries what it does not know` |
//! | bytes tell the format, then the type, then the name | `bytes_before_type_before_name` | `every fixture, damaged in many ways` |
//! | the report's spans fit what came in and what goes out | `spans_of_the_report_fit_both_texts` | `fixture #{name}, from the document to the feedback` |
//! | a pseudonym is of a key, or of the process alone | `a_pseudonym_stays_from_run_to_run`, `configuration` | `configuration that cannot be used is what every call answers` |
#![allow(clippy::expect_used, reason = "a test says what failed by panicking")]

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

const FOLDERS: [&str; 9] = [
    "awap-core/src",
    "awap-core/tests",
    "awap-wire/src",
    "awap-wire/tests",
    "awap-port/src",
    "awap-port/tests",
    "awap-nif/test",
    "elixir_host/test/awap_backend",
    "fixtures/protocol",
];

/// Every test below a folder, by name.
fn tests_below(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            tests_below(&path, names);
            continue;
        }
        let ending = path.extension().and_then(|ending| ending.to_str());
        if !matches!(ending, Some("rs" | "exs" | "jsonl")) {
            continue;
        }
        let source = std::fs::read_to_string(&path).expect("text");
        let tests: Vec<String> = match ending {
            Some("rs") => source.split("#[test]").skip(1).filter_map(function).collect(),
            Some("exs") => source.lines().filter_map(test_of_elixir).collect(),
            _ => source.lines().filter_map(vector).collect(),
        };
        names.extend(tests);
    }
}

fn function(after: &str) -> Option<String> {
    let (name, _) = after.split_once("fn ")?.1.split_once('(')?;
    Some(name.to_owned())
}

fn test_of_elixir(line: &str) -> Option<String> {
    let (name, _) = line.trim_start().strip_prefix("test \"")?.rsplit_once('"')?;
    Some(name.to_owned())
}

fn vector(line: &str) -> Option<String> {
    let vector: Value = serde_json::from_str(line).ok()?;
    vector["name"].as_str().map(ToOwned::to_owned)
}

#[test]
fn every_test_named_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut there = BTreeSet::new();
    for folder in FOLDERS {
        tests_below(&root.join(folder), &mut there);
    }
    let rows: Vec<&str> =
        include_str!("clauses.rs").lines().filter_map(|line| line.strip_prefix("//! | ")).skip(2).collect();
    assert!(rows.len() > 40, "the table is read");
    for row in rows.iter().filter(|row| !row.starts_with("**")) {
        let cells: Vec<&str> = row.trim_end_matches('|').split(" | ").collect();
        let [_, port, nif] = cells[..] else { panic!("a promise and two modes: {row}") };
        let named: Vec<&str> =
            [port, nif].iter().flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
        assert!(!named.is_empty(), "no test is named: {row}");
        for name in named {
            assert!(there.contains(name), "no test of this name: {name}");
        }
    }
}
