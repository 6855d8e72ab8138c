//! The image, in a container as the host starts it: `scripts/test jail` builds it and names it in `AWAP_TEST_AI_IMAGE`.
#![allow(clippy::expect_used, reason = "a test says what failed by panicking")]

mod support;

use std::process::{Command, Output};

use support::ModelFile;
use support::gguf::Recipe;

/// What every AI container is started with: no network, no disk, little memory, no privileges.
const JAIL: &str = "--log-driver none --network none --memory 2g --memory-swap 2g --cpus 1.0 --pids-limit 64 --read-only \
    --tmpfs /tmp:rw,size=64m,mode=1777,noexec,nosuid,nodev --security-opt no-new-privileges --cap-drop all --user 65534:65534";

/// Arguments for machines on which Podman's own choices do not work: hybrid cgroups, limits that may not be raised.
const WAYS: [&str; 3] = [
    "",
    "--ulimit nofile=1024:1024 --ulimit nproc=512:512",
    "--runtime runc --ulimit nofile=1024:1024 --ulimit nproc=512:512",
];

fn podman_run(way: &str, more: &[&str]) -> Vec<String> {
    let words = ["podman", "run", "-i", "--rm"]
        .into_iter()
        .chain(way.split_whitespace())
        .chain(JAIL.split_whitespace());
    words.chain(more.iter().copied()).map(str::to_owned).collect()
}

fn run(words: &[String]) -> Output {
    Command::new(&words[0]).args(&words[1..]).output().expect("it runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_image_conforms_in_its_jail() {
    let Ok(image) = std::env::var("AWAP_TEST_AI_IMAGE") else {
        eprintln!("skipped: AWAP_TEST_AI_IMAGE names no image (scripts/test jail builds one)");
        return;
    };
    let tried: Vec<(&str, Output)> =
        WAYS.map(|way| (way, run(&podman_run(way, &[&image, "--version"])))).into();
    let Some((way, version)) = tried.iter().find(|(_, output)| output.status.success()) else {
        eprintln!("skipped: Podman is here, and runs nothing: {}", text(&tried[0].1.stderr));
        return;
    };
    assert_eq!(text(&version.stdout), concat!("awap-jail ", env!("CARGO_PKG_VERSION"), "\n"));

    let file = ModelFile::make(&Recipe::tiny("qwen2", 3));
    let folder = file.folder.path();
    // Read by a user that is nobody.
    Command::new("chmod").args(["-R", "a+rX"]).arg(folder).status().expect("chmod");
    let mount = format!("{}:/model:ro", folder.to_str().expect("UTF-8"));
    let conformance: Vec<String> =
        [env!("CARGO_BIN_EXE_awap-jail"), "--conformance", "--"].map(str::to_owned).into();
    for (more, skipped) in [(&["-v", &mount, &image][..], 0), (&[&image[..]], 4)] {
        let output = run(&[conformance.clone(), podman_run(way, more)].concat());
        let said = text(&output.stdout);
        assert!(output.status.success(), "{said}{}", text(&output.stderr));
        assert_eq!(said.lines().filter(|line| line.starts_with("skipped ")).count(), skipped, "{said}");
    }
}
