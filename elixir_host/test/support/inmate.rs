//! What runs in the containers of the tests: speaks the protocol of the jail, says what it can see and do in there, and
//! misbehaves on request. The standard library alone, so that `rustc` makes a static program of it in a second.
//!
//! `suggest` takes `{"do": "…", "with": "…"}`. Without a `do` it is the host's own request: the student's text may order a
//! misdeed ("Inmate: hang."), else there is advice on its first sentence. Every request that came in is kept, and told on `recall`.

use std::fs;
use std::io::{Read, Write};
use std::time::{Duration, Instant};

fn main() {
    let mut input = std::io::stdin().lock();
    let mut head = [0; 4];
    let mut seen = Vec::new();
    while input.read_exact(&mut head).is_ok() {
        let mut body = vec![0; u32::from_be_bytes(head) as usize];
        if input.read_exact(&mut body).is_err() {
            return;
        }
        let body = String::from_utf8_lossy(&body).into_owned();
        let id = field(&body, "request_id").unwrap_or_default();
        let data = match field(&body, "command").as_deref() {
            Some("ping") => ready(),
            Some("suggest") => match field(&body, "do").as_deref() {
                Some("recall") => format!("{{\"seen\":{}}}", quote(&seen.join("\n"))),
                Some(what) => act(what, &body),
                None => {
                    seen.push(body.clone());
                    suggest(&body)
                }
            },
            _ => "{}".to_owned(),
        };
        answer(&format!("{{\"request_id\":{},\"success\":true,\"data\":{data}}}", quote(&id)));
    }
}

const MODEL: &str =
    r#"{"id":"inmate","sha256":"00","architecture":"none","quantization":"none","context_tokens":1,"bytes":1}"#;

fn ready() -> String {
    format!("{{\"status\":\"ready\",\"version\":\"0\",\"model\":{MODEL}}}")
}

/// What the text orders, or advice on the first words of the text for the first criterion, and a mark past all bounds.
fn suggest(body: &str) -> String {
    let text = field(body, "text").unwrap_or_default();
    if let Some((_, order)) = text.split_once("Inmate: ") {
        act(order.split('.').next().unwrap_or_default(), body);
    }
    let criterion = body.split_once("\"criteria\":").and_then(|(_, list)| field(list, "id")).unwrap_or_default();
    let sentence = text.split("\\n").flat_map(|line| line.split(". ")).find(|part| part.len() > 40).unwrap_or_default();
    let advice = "Say more about why this matters, and to whom.";
    format!(
        "{{\"suggestions\":{{\"comments\":[{{\"criterion\":\"{criterion}\",\"kind\":\"improvement\",\"text\":{},\"quote\":\"{sentence}\"}}],\
         \"scores\":[{{\"criterion\":\"{criterion}\",\"score\":1000}}]}},\
         \"model\":{MODEL},\"usage\":{{\"prompt_tokens\":1,\"completion_tokens\":1,\"milliseconds\":1,\"finish\":\"stop\",\"text_truncated\":false}}}}",
        quote(advice)
    )
}

fn act(what: &str, body: &str) -> String {
    let with = field(body, "with").unwrap_or_default();
    match what {
        "see" => format!(
            "{{\"interfaces\":{},\"routes\":{},\"status\":{},\"environment\":{}}}",
            quote(&read("/proc/net/dev")),
            quote(&read("/proc/net/route")),
            quote(&read("/proc/self/status")),
            quote(&std::env::vars().map(|(name, value)| format!("{name}={value}\n")).collect::<String>()),
        ),
        "write" => outcome(fs::write(&with, b"x")),
        "run" => outcome(fs::write("/tmp/program", b"#!/bin/true").and_then(|()| {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions("/tmp/program", fs::Permissions::from_mode(0o755))?;
            std::process::Command::new("/tmp/program").status().map(drop)
        })),
        "connect" => outcome(std::net::TcpStream::connect("192.0.2.1:80").map(drop)),
        "fork_bomb" => {
            let mut children = Vec::new();
            while let Ok(child) = std::thread::Builder::new().stack_size(16 * 1024).spawn(|| {
                std::thread::sleep(Duration::from_secs(2));
            }) {
                children.push(child);
                if children.len() > 1_000 {
                    break;
                }
            }
            format!("{{\"children\":{}}}", children.len())
        }
        "eat" => {
            let mut held = Vec::new();
            loop {
                held.push(vec![1_u8; 64 << 20]);
            }
        }
        "spin" => {
            let workers: Vec<_> = (0..4).map(|_| std::thread::spawn(|| spin(Duration::from_secs(2)))).collect();
            for worker in workers {
                let _ = worker.join();
            }
            format!("{{\"cpu\":{}}}", quote(&read("/proc/self/stat")))
        }
        "hang" => loop {
            std::thread::sleep(Duration::from_secs(3_600));
        },
        "sleep" => {
            std::thread::sleep(Duration::from_millis(with.parse().unwrap_or(0)));
            "{\"slept\":true}".to_owned()
        }
        "flood" => loop {
            answer(r#"{"request_id":"nobody's","success":true,"data":{}}"#);
        },
        "garbage" => {
            answer("this is no answer");
            "{}".to_owned()
        }
        "abort" => std::process::abort(),
        // A length of 2 GiB, and then as much of it as is taken.
        "swell" => {
            let mut out = std::io::stdout().lock();
            let _ = out.write_all(&0x7fff_ffff_u32.to_be_bytes());
            let block = vec![b' '; 1 << 20];
            while out.write_all(&block).is_ok() {}
            std::process::exit(0)
        }
        "shout" => {
            for _ in 0..1_000 {
                eprintln!("an inmate's line in somebody's log");
            }
            "{\"done\":true}".to_owned()
        }
        _ => format!("{{\"received\":{}}}", quote(body)),
    }
}

fn spin(time: Duration) {
    let started = Instant::now();
    while started.elapsed() < time {
        std::hint::spin_loop();
    }
}

fn outcome(result: std::io::Result<()>) -> String {
    match result {
        Ok(()) => r#"{"done":true}"#.to_owned(),
        Err(error) => format!("{{\"done\":false,\"error\":{}}}", quote(&error.to_string())),
    }
}

fn answer(text: &str) {
    let mut out = std::io::stdout().lock();
    let length = u32::try_from(text.len()).unwrap_or(0).to_be_bytes();
    if out.write_all(&length).and_then(|()| out.write_all(text.as_bytes())).and_then(|()| out.flush()).is_err() {
        std::process::exit(0);
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// The first string of this name in a JSON text whose strings are plain: enough for what the tests send.
fn field(body: &str, name: &str) -> Option<String> {
    let (_, rest) = body.split_once(&format!("\"{name}\":\""))?;
    Some(rest.split_once('"')?.0.to_owned())
}

fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if (c as u32) < 0x20 => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
