//! The feedback file of one TMA, for a tutor to go over and the student to read: Markdown, and HTML or a Word file made of it.

use std::fmt::Write as _;

use awap_core::Error;
use awap_core::feedback::{Totals, word};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, html};

use crate::arguments::Format;
use crate::show::marked::{mark, score};
use crate::show::tma_title;
use crate::work::Marked;

/// Passes in which raw HTML is made plain: what was inside it may be HTML anew.
const PASSES: usize = 8;

/// The file's bytes. `name` is what the TMA is called, which is a code unless names were asked for.
pub(crate) fn write(marked: &Marked, name: &str, format: Format) -> Result<Vec<u8>, Error> {
    let markdown = markdown(marked, name);
    match format {
        Format::Markdown => Ok(markdown.into_bytes()),
        Format::Html => Ok(page(&markdown, name).into_bytes()),
        Format::Docx => word::from_markdown(&markdown),
    }
}

fn markdown(marked: &Marked, name: &str) -> String {
    let feedback = &marked.feedback;
    let what = tma_title(&marked.parsed.metadata);
    let mut out = String::from("# Feedback");
    if !what.is_empty() {
        let _ = write!(out, " on {}", cell(&what));
    }
    let _ = write!(
        out,
        "\n\n{}\n\n**Mark: {}**\n\n",
        cell(name),
        cell(&given(&feedback.marking_criteria.totals))
    );
    let _ = write!(out, "{}\n\n## Marks\n\n", feedback.feedback_text.trim());
    out.push_str("| Question | Criterion | Mark | Comment |\n| --- | --- | ---: | --- |\n");
    for criterion in &feedback.marking_criteria.criteria {
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} |",
            cell(&criterion.question),
            cell(&criterion.title),
            score(criterion),
            cell(&criterion.comment)
        );
    }
    without_html(out)
}

/// The mark for the student, to whom “you” is somebody else.
fn given(totals: &Totals) -> String {
    mark(totals).replace("until you have marked what is open", "until your tutor has marked what is open")
}

/// Text in a line or a cell of a table.
fn cell(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    text.replace('\\', "\\\\").replace('|', "\\|")
}

/// Markdown that holds no raw HTML: a `<` that would begin some is escaped, so that whatever a student or a rubric has
/// in it is read and never run.
fn without_html(mut markdown: String) -> String {
    for _ in 0..PASSES {
        let mut starts: Vec<usize> = Parser::new_ext(&markdown, options())
            .into_offset_iter()
            .filter(|(event, _)| matches!(event, Event::Html(_) | Event::InlineHtml(_)))
            .flat_map(|(_, range)| {
                let from = range.start;
                let raw = markdown.get(range).unwrap_or_default();
                raw.match_indices('<').map(move |(at, _)| from + at).collect::<Vec<_>>()
            })
            .collect();
        if starts.is_empty() {
            return markdown;
        }
        starts.sort_unstable();
        starts.dedup();
        for at in starts.into_iter().rev() {
            markdown.replace_range(at..=at, "&lt;");
        }
    }
    // Nested past all sense: then no `<` is left to mean anything.
    markdown.replace('<', "&lt;")
}

fn options() -> Options {
    Options::ENABLE_TABLES
}

/// Raw HTML as text, links to the web and to mail alone, no images: the page loads and runs nothing.
fn harmless(event: Event<'_>) -> Option<Event<'_>> {
    match event {
        Event::Html(raw) | Event::InlineHtml(raw) => Some(Event::Text(raw)),
        Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => None,
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            let known = ["https://", "http://", "mailto:"].iter().any(|scheme| dest_url.starts_with(scheme));
            let dest_url = if known { dest_url } else { "#".into() };
            Some(Event::Start(Tag::Link { link_type, dest_url, title, id }))
        }
        other => Some(other),
    }
}

/// One page, complete in itself, that prints well.
fn page(markdown: &str, name: &str) -> String {
    let mut body = String::new();
    html::push_html(&mut body, Parser::new_ext(markdown, options()).filter_map(harmless));
    let mut title = String::new();
    html::push_html(&mut title, std::iter::once(Event::Text(name.into())));
    format!(
        "<!doctype html>\n<html lang=\"en-GB\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>Feedback: {title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )
}

const STYLE: &str = "\
body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; color: #111; background: #fff }
table { border-collapse: collapse; width: 100% }
th, td { border-bottom: 1px solid #bbb; padding: .4rem .6rem; text-align: left; vertical-align: top }
@media print { body { margin: 0; max-width: none } tr { break-inside: avoid } }
";

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: [&str; 6] = [
        "a <script>alert(1)</script> b",
        "<div onclick=x>\n<img src=x onerror=y>\n</div>",
        "<!-- <script>x</script> --> <b>",
        "[see](javascript:alert(1)) ![x](https://tracker.example/i.png)",
        "<scr<script>ipt>x</script>",
        "<<<<a>>>> <?x ?> <![CDATA[<i>]]>",
    ];

    #[test]
    fn nothing_in_the_text_is_html_any_more() {
        for hostile in HOSTILE {
            let markdown = without_html(format!("Before\n\n{hostile}\n\nafter"));
            let raw = Parser::new_ext(&markdown, options())
                .any(|event| matches!(event, Event::Html(_) | Event::InlineHtml(_)));
            assert!(!raw, "{markdown}");
            for page in [page(&markdown, hostile), page(hostile, hostile)] {
                let body = page.split_once("</style>").map_or("", |(_, body)| body);
                for bad in ["<script", "<img", "<div", "<b>", "<i>", "javascript:alert(1)\"", "<!--", "<?"] {
                    assert!(!body.contains(bad), "{bad} of {hostile} in {body}");
                }
            }
        }
    }

    #[test]
    fn code_and_comparisons_stay_as_they_are() {
        for plain in ["`a < b`", "if 3 < 4 then", "```\nfor i<n\n```"] {
            assert_eq!(without_html(plain.to_owned()), plain);
        }
    }

    #[test]
    fn a_cell_stays_in_its_row() {
        assert_eq!(cell("a | b\n\\| c"), "a \\| b \\\\\\| c");
    }
}
