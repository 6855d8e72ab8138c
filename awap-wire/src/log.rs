//! Log lines on stderr: for people, or one JSON object a line with the keys of the host's own lines.
//!
//! `AWAP_LOG` says what is logged (`warn`, `info,sqlx=error`), `AWAP_LOG_FORMAT=json` that programs read it. Stdout carries
//! answers and nothing else.

use std::fmt;
use std::io;

use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// Libraries that read documents. What they log of a damaged one is for them to say, and may quote it.
const READERS: [&str; 1] = ["lopdf"];

/// Begins to log. `component` is what the host calls this process; `default` is what is logged where `AWAP_LOG` is unset or
/// cannot be read. Libraries that read documents are not heard, whatever it says of all.
pub fn init(component: &'static str, default: &str) {
    let asked = std::env::var("AWAP_LOG").ok();
    let filter = filter(asked.as_deref(), default);
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(false);
    if for_programs() {
        lines.event_format(JsonLines { component }).init();
    } else {
        lines.init();
    }
}

/// Says why this process ends, whatever `AWAP_LOG` says.
pub fn last_words(component: &str, program: &str, reason: &str) {
    if for_programs() {
        eprintln!("{}", line(component, Level::ERROR, reason, Map::new()));
    } else {
        eprintln!("{program}: {reason}");
    }
}

fn filter(asked: Option<&str>, default: &str) -> EnvFilter {
    let filter =
        asked.and_then(|asked| EnvFilter::try_new(asked).ok()).unwrap_or_else(|| EnvFilter::new(default));
    READERS
        .iter()
        .filter_map(|reader| format!("{reader}=off").parse().ok())
        .fold(filter, EnvFilter::add_directive)
}

fn for_programs() -> bool {
    std::env::var("AWAP_LOG_FORMAT").is_ok_and(|format| format == "json")
}

struct JsonLines {
    component: &'static str,
}

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields(Map::new());
        event.record(&mut fields);
        let message = match fields.0.remove("message") {
            Some(Value::String(message)) => message,
            _ => event.metadata().name().to_owned(),
        };
        writeln!(writer, "{}", line(self.component, *event.metadata().level(), &message, fields.0))
    }
}

/// One line. What it is about comes last: no field of an event stands in for the line's own.
fn line(component: &str, level: Level, message: &str, mut fields: Map<String, Value>) -> Value {
    let mut time = String::new();
    // A clock that cannot be written leaves the time empty.
    let _ = SystemTime.format_time(&mut Writer::new(&mut time));
    let level = match level {
        Level::ERROR => "error",
        Level::WARN => "warning",
        Level::INFO => "info",
        _ => "debug",
    };
    let own = json!({"time": time, "level": level, "component": component, "message": message});
    if let Value::Object(own) = own {
        fields.extend(own);
    }
    Value::Object(fields)
}

struct Fields(Map<String, Value>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::sync::{Arc, Mutex};

    use tracing_subscriber::fmt::MakeWriter;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Kept {
        type Writer = Self;

        fn make_writer(&self) -> Self {
            self.clone()
        }
    }

    #[test]
    fn a_line_is_one_object_with_the_keys_of_the_host() {
        let kept = Kept::default();
        let lines = tracing_subscriber::fmt()
            .with_writer(kept.clone())
            .with_max_level(Level::DEBUG)
            .event_format(JsonLines { component: "store" });
        tracing::subscriber::with_default(lines.finish(), || {
            tracing::warn!(rows = 3, table = "tmas", level = "x", "Say “é”\nand more");
            tracing::trace!("nobody asked");
        });
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        let mut line: Value = serde_json::from_str(&text).unwrap();
        let time = line["time"].take();
        assert!(time.as_str().unwrap().ends_with('Z'), "{time}");
        assert_eq!(
            line,
            json!({"time": null, "level": "warning", "component": "store", "message": "Say “é”\nand more",
                "rows": 3, "table": "tmas"})
        );
    }

    #[test]
    fn what_reads_documents_is_not_heard() {
        for (asked, default) in [(Some("trace"), "warn"), (Some("lopdf=trace,info"), "warn"), (None, "debug")]
        {
            let kept = Kept::default();
            let lines =
                tracing_subscriber::fmt().with_writer(kept.clone()).with_env_filter(filter(asked, default));
            tracing::subscriber::with_default(lines.finish(), || {
                tracing::error!(target: "lopdf", "Zebedee");
                tracing::error!(target: "lopdf::reader", "Quillfeather");
                tracing::warn!("ours");
            });
            let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
            assert!(text.lines().count() == 1 && text.contains("ours"), "{asked:?}: {text}");
        }
    }
}
