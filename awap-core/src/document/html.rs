//! HTML: a tolerant pass over its tags, with no tree and no recursion. Scripts, styles and what is hidden are left out.

use std::borrow::Cow;
use std::collections::HashMap;

use encoding_rs::WINDOWS_1252;
use pulldown_cmark::{Event, Options, Parser};

use super::build::{PartBuilder, Shape};
use super::properties::Properties;
use super::reader::{Context, Reader, Reading};
use super::role::{Facts, Role, Tally, Weight};
use super::{BlockKind, PartKind, Position, RunStyle, plain};
use crate::Result;

/// Reads HTML.
pub(super) struct Html;

impl Reader for Html {
    fn read(&self, bytes: &[u8], cx: &Context<'_>) -> Result<Reading> {
        let (source, warnings) = decode(bytes);
        let mut page = Page::new(cx);
        page.is_xml = source.trim_start().starts_with("<?xml");
        let mut rest = source.as_str();
        let mut passed = 0;
        while !rest.is_empty() {
            cx.tick()?;
            let (text, tag) = rest.split_at(rest.find('<').unwrap_or(rest.len()));
            page.line += text.matches('\n').count() as u32;
            page.text(text);
            let length = page.tag(tag, &source, passed + text.len());
            let next = text.len() + length.max(usize::from(!tag.is_empty()));
            page.line += rest.get(text.len()..next).unwrap_or_default().matches('\n').count() as u32;
            passed += next;
            rest = rest.get(next..).unwrap_or_default();
        }
        page.end_block();
        let mut parts = vec![page.body.finish()?, page.links.finish()?, page.alternatives.finish()?];
        parts.push(page.properties.finish(cx.limits)?);
        Ok(Reading { parts, warnings })
    }
}

/// Text by the byte order mark, else by what a `meta` near the start declares, else as plain text is read.
fn decode(bytes: &[u8]) -> (String, Vec<super::Warning>) {
    let head =
        String::from_utf8_lossy(bytes.get(..bytes.len().min(2048)).unwrap_or_default()).to_ascii_lowercase();
    let declared = head.split_once("charset=").and_then(|(_, rest)| {
        let label: String = rest
            .trim_start_matches(['"', '\''])
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || "-_:".contains(*c))
            .collect();
        encoding_rs::Encoding::for_label(label.as_bytes())
    });
    match declared {
        // UTF-8 that is not all UTF-8 is read as plain text with such slips is.
        Some(encoding)
            if encoding != encoding_rs::UTF_8
                && std::str::from_utf8(bytes).is_err()
                && encoding_rs::Encoding::for_bom(bytes).is_none() =>
        {
            let text = encoding.decode_without_bom_handling(bytes).0.into_owned();
            (text, Vec::new())
        }
        _ => plain::decode(bytes),
    }
}

struct Page<'c> {
    cx: &'c Context<'c>,
    body: PartBuilder,
    links: PartBuilder,
    alternatives: PartBuilder,
    properties: Properties,
    bold: usize,
    italic: usize,
    underline: usize,
    code: usize,
    in_link: usize,
    preformatted: usize,
    quote: usize,
    /// For each open list, the number of its next item.
    lists: Vec<Option<u32>>,
    label: Option<String>,
    role: Option<Role>,
    tables: usize,
    tally: Tally,
    last_heading: u8,
    in_title: bool,
    /// XHTML, in which a tag that ends with `/>` is an element with nothing in it.
    is_xml: bool,
    line: u32,
}

impl<'c> Page<'c> {
    fn new(cx: &'c Context<'c>) -> Self {
        let part = |name: &str, kind| PartBuilder::new(name, kind, cx.limits);
        Self {
            cx,
            body: part("body", PartKind::Body),
            links: part("links", PartKind::Link),
            alternatives: part("alt_text", PartKind::AltText),
            properties: Properties::default(),
            bold: 0,
            italic: 0,
            underline: 0,
            code: 0,
            in_link: 0,
            preformatted: 0,
            quote: 0,
            lists: Vec::new(),
            label: None,
            role: None,
            tables: 0,
            tally: Tally::default(),
            last_heading: 0,
            in_title: false,
            is_xml: false,
            line: 1,
        }
    }

    fn text(&mut self, source: &str) {
        if source.is_empty() {
            return;
        }
        let text = unescape(source);
        if self.in_title {
            self.properties.add("title", &text);
            return;
        }
        if self.preformatted > 0 {
            self.write(&text);
            return;
        }
        let blank = |c: char| matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{c}');
        if text.starts_with(blank) {
            self.space();
        }
        let words: Vec<&str> = text.split(blank).filter(|word| !word.is_empty()).collect();
        if words.is_empty() {
            return;
        }
        self.write(&words.join(" "));
        if text.ends_with(blank) {
            self.space();
        }
    }

    fn space(&mut self) {
        let text = self.body.open_text();
        if !text.is_empty() && !text.ends_with([' ', '\n', '\t']) {
            self.write(" ");
        }
    }

    fn write(&mut self, text: &str) {
        let style = RunStyle {
            bold: self.bold > 0,
            italic: self.italic > 0,
            code: self.code > 0,
            equation: false,
            link: self.in_link > 0,
        };
        // What a `code` within a sentence is does not make the paragraph code.
        let weight = Weight { bold: style.bold, underline: self.underline > 0, code: false };
        self.tally.weigh(text, weight);
        self.body.write(text, style);
    }

    /// Takes the tag at the start of `source`; its length, what belongs to it (a script, a comment) included.
    fn tag(&mut self, source: &str, whole: &str, at: usize) -> usize {
        let Some(rest) = source.strip_prefix('<') else { return 0 };
        if let Some(comment) = rest.strip_prefix("!--") {
            return comment.find("-->").map_or(source.len(), |end| end + 7);
        }
        if rest.starts_with(['!', '?']) {
            return source.find('>').map_or(source.len(), |end| end + 1);
        }
        let closing = rest.starts_with('/');
        let name_source = rest.trim_start_matches('/');
        if !name_source.starts_with(|c: char| c.is_ascii_alphabetic()) {
            self.text("&lt;");
            return 1;
        }
        let length = tag_length(source);
        let tag = source.get(..length).unwrap_or_default();
        let name: String = name_source
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == ':' || *c == '-')
            .map(|c| c.to_ascii_lowercase())
            .collect();
        // A title or a drawing without an end would swallow the page, and nobody means that.
        let empty = tag.ends_with("/>") && (self.is_xml || matches!(name.as_str(), "title" | "svg"));
        if !closing
            && matches!(
                name.as_str(),
                "script"
                    | "style"
                    | "noscript"
                    | "template"
                    | "svg"
                    | "head"
                    | "object"
                    | "iframe"
                    | "select"
            )
        {
            if name == "head" || empty {
                return length;
            }
            let after = whole.get(at + length..).unwrap_or_default();
            return length + end_of(after, &name);
        }
        self.element(&name, closing, tag);
        if empty && !matches!(name.as_str(), "br" | "img" | "meta") {
            self.element(&name, true, tag);
        }
        length
    }

    #[allow(clippy::too_many_lines)] // one arm an element
    fn element(&mut self, name: &str, closing: bool, tag: &str) {
        let count = |value: &mut usize| *value = if closing { value.saturating_sub(1) } else { *value + 1 };
        match name {
            "title" => self.in_title = !closing,
            "b" | "strong" => count(&mut self.bold),
            "i" | "em" | "cite" => count(&mut self.italic),
            "u" => count(&mut self.underline),
            "code" | "kbd" | "samp" | "tt" => count(&mut self.code),
            "a" => {
                count(&mut self.in_link);
                if let Some(target) =
                    attribute(tag, "href").filter(|target| !closing && !target.starts_with('#'))
                {
                    self.links.line(&target, Shape::of(BlockKind::Property));
                }
            }
            "br" => self.write("\n"),
            "img" => {
                if let Some(text) = attribute(tag, "alt").filter(|text| !text.trim().is_empty()) {
                    self.alternatives.line(&text, Shape::of(BlockKind::Paragraph));
                }
                let at = Some(self.here());
                self.body.figure(at);
            }
            "meta" => {
                if let (Some(key), Some(value)) = (attribute(tag, "name"), attribute(tag, "content"))
                    && key != "viewport"
                {
                    self.properties.add(&key, &value);
                }
            }
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.end_block();
                let level = name.as_bytes().get(1).map_or(1, |digit| digit.saturating_sub(b'0'));
                self.role = (!closing).then_some(Role::Heading(level));
            }
            "pre" => {
                self.end_block();
                count(&mut self.preformatted);
                self.role = (!closing).then_some(Role::Code);
            }
            "blockquote" => {
                self.end_block();
                count(&mut self.quote);
            }
            "figcaption" | "caption" => {
                self.end_block();
                self.role = (!closing).then_some(Role::Caption);
            }
            "ul" | "ol" => {
                self.end_block();
                if closing {
                    // That of an item with nothing in it is nobody else's.
                    self.label = None;
                    self.lists.pop();
                } else if self.lists.len() < self.cx.limits.depth {
                    let start =
                        attribute(tag, "start").and_then(|start| start.trim().parse().ok()).unwrap_or(1);
                    self.lists.push((name == "ol").then_some(start));
                }
            }
            "li" => {
                self.end_block();
                self.label = None;
                if !closing {
                    self.label = Some(match self.lists.last_mut() {
                        Some(Some(number)) => {
                            let label = format!("{number}.");
                            *number = number.saturating_add(1);
                            label
                        }
                        _ => "•".to_owned(),
                    });
                }
            }
            "table" => {
                self.end_block();
                if !closing && self.tables < self.cx.limits.depth {
                    self.tables += 1;
                    let at = Some(self.here());
                    self.body.begin_table(at);
                } else if closing && self.tables > 0 {
                    self.tables -= 1;
                    self.body.end_table();
                }
            }
            "tr" if !closing && self.tables > 0 => {
                self.end_block();
                self.body.begin_row();
            }
            "td" | "th" if self.tables > 0 => {
                self.end_block();
                if closing {
                    self.body.end_cell();
                } else {
                    let span =
                        attribute(tag, "colspan").and_then(|span| span.trim().parse().ok()).unwrap_or(1);
                    self.body.begin_cell(span);
                }
            }
            "p" | "div" | "section" | "article" | "header" | "footer" | "main" | "aside" | "nav"
            | "address" | "figure" | "hr" | "dl" | "dt" | "dd" | "form" | "fieldset" | "body" | "html"
            | "center" | "tbody" | "thead" | "option" => {
                self.end_block();
            }
            _ => {}
        }
    }

    fn here(&self) -> Position {
        Position { page: None, line: Some(self.line) }
    }

    fn end_block(&mut self) {
        let tally = std::mem::take(&mut self.tally);
        if !self.body.is_open() {
            return;
        }
        let text = self.body.open_text();
        let empty = text.trim().is_empty();
        let label = if empty { None } else { self.label.take() };
        let role = self.role.or((self.quote > 0).then_some(Role::Quote));
        let facts = Facts {
            role,
            numbered: label.as_deref().map(|label| label != "•"),
            list_level: self.lists.len().clamp(1, 255) as u8,
            in_table: self.tables > 0,
            code_mark: false,
            last_heading: self.last_heading,
        };
        let shape = tally.shape(text, facts);
        if let (Some(BlockKind::Heading), Some(level), Some(_)) = (shape.kind, shape.level, role) {
            self.last_heading = level;
        }
        let at = self.here();
        self.body.end(Shape { label, keep_empty: false, ..shape }.at(at));
    }
}

/// The length of a tag, `>` in the quotes of an attribute passed over.
fn tag_length(source: &str) -> usize {
    // A quote that is never closed must not swallow the rest of the page.
    const LONGEST: usize = 1 << 13;
    let mut quote = None;
    let mut after_equals = false;
    for (at, byte) in source.bytes().enumerate().take(LONGEST) {
        match (quote, byte) {
            (Some(open), byte) if byte == open => quote = None,
            (None, b'"' | b'\'') if after_equals => quote = Some(byte),
            (None, b'>') => return at + 1,
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            after_equals = byte == b'=';
        }
    }
    source.find('>').map_or(source.len(), |end| end + 1)
}

/// The length of what an element holds whose text is not shown, its end tag included.
fn end_of(source: &str, name: &str) -> usize {
    let bytes = source.as_bytes();
    for at in memchr::memmem::find_iter(bytes, b"</") {
        let found = bytes.get(at + 2..at + 2 + name.len());
        if found.is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes())) {
            let tail = source.get(at..).unwrap_or_default();
            return at + tail.find('>').map_or(tail.len(), |end| end + 1);
        }
    }
    source.len()
}

/// The value of an attribute, its references replaced.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let lower = tag.to_ascii_lowercase();
    let mut from = 0;
    loop {
        let at = from + lower.get(from..)?.find(name)?;
        from = at + name.len();
        let bounded = lower.as_bytes().get(at.checked_sub(1)?).is_some_and(u8::is_ascii_whitespace);
        let rest = tag.get(from..)?.trim_start();
        if let (true, Some(value)) = (bounded, rest.strip_prefix('=')) {
            let value = value.trim_start();
            let value = match value.chars().next()? {
                quote @ ('"' | '\'') => value.get(1..)?.split(quote).next()?,
                _ => value.split(|c: char| c.is_whitespace() || c == '>').next()?,
            };
            return Some(unescape(value));
        }
    }
}

/// Replaces character references: numbers, and all names that HTML knows.
pub(super) fn unescape(text: &str) -> String {
    // The longest name of HTML.
    const LONGEST: usize = "CounterClockwiseContourIntegral".len();
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut known: HashMap<&str, Option<Cow<'static, str>>> = HashMap::new();
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let letters = after.bytes().take(LONGEST + 1).take_while(|b| b.is_ascii_alphanumeric() || *b == b'#');
        let (name, tail) = after.split_at(letters.count());
        let tail = tail.strip_prefix(';');
        let shown = tail.and_then(|_| known.entry(name).or_insert_with(|| reference(name)).as_deref());
        out.push_str(shown.unwrap_or("&"));
        rest = tail.filter(|_| shown.is_some()).unwrap_or(after);
    }
    out.push_str(rest);
    out
}

/// The text of a reference (`eacute`, `#233`); none for one that is not known.
fn reference(name: &str) -> Option<Cow<'static, str>> {
    if let Some(text) = super::xml::entity(name) {
        // Numbers of control characters are those of Windows' code page, as old editors write quotation marks.
        let byte = text.chars().next().and_then(|c| u8::try_from(c).ok());
        return Some(match byte.filter(|byte| (0x80..=0x9f).contains(byte)) {
            Some(byte) => Cow::Owned(WINDOWS_1252.decode_without_bom_handling(&[byte]).0.into_owned()),
            None => text,
        });
    }
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    // HTML has two thousand names, and Markdown the same: they are asked of its reader, which takes half a microsecond.
    let source = format!("&{name};");
    let shown: String = Parser::new_ext(&source, Options::empty())
        .filter_map(|event| if let Event::Text(text) = event { Some(text.into_string()) } else { None })
        .collect();
    (shown != source).then_some(Cow::Owned(shown))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Deadline, Limits};

    fn shown(source: &str) -> Vec<(BlockKind, Option<String>, String)> {
        let (limits, deadline) = (Limits::default(), Deadline::never());
        let reading = Html.read(source.as_bytes(), &Context::new(&limits, &deadline)).unwrap();
        let body = &reading.parts[0];
        body.blocks.iter().map(|b| (b.kind, b.label.clone(), body.text[b.start..b.end].to_owned())).collect()
    }

    #[test]
    fn elements_make_blocks() {
        let source = "<!DOCTYPE html><html><head><title>T</title><style>p{}</style></head><body><h2>Part <i>one</i></h2>
            <p>Fish &amp; <b>chips</b> &pound;3 &#8364;4<br>a < b <!-- x > y --><script>if (a<b) {}</script>
            <ol><li>first<li>second</ol><pre>def f():\n    pass</pre>
            <table><tr><td>a<td>b</tr><tr><td>c</td><td>d</td></tr></table><blockquote><p>said</blockquote>";
        assert_eq!(
            shown(source),
            [
                (BlockKind::Heading, None, "Part one".into()),
                (BlockKind::Paragraph, None, "Fish & chips £3 €4\na < b".into()),
                (BlockKind::ListItem, Some("1.".into()), "first".into()),
                (BlockKind::ListItem, Some("2.".into()), "second".into()),
                (BlockKind::Code, None, "def f():\n    pass".into()),
                (BlockKind::Table, None, "a\tb\nc\td".into()),
                (BlockKind::Quote, None, "said".into()),
            ]
        );
    }

    #[test]
    fn all_names_of_references_are_known() {
        for (source, expected) in [
            ("Jo&atilde;o Concei&ccedil;&atilde;o", "João Conceição"),
            (
                "Tom&aacute;&scaron; Novotn&yacute;, Andr&aelig; &Zcaron;i&zcaron;ka",
                "Tomáš Novotný, Andræ Žižka",
            ),
            ("&Delta;x &sum; &sigma;&NotEqualTilde;", "Δx ∑ σ≂̸"),
            ("O&#146;Marsh &#x1F600; &CounterClockwiseContourIntegral;", "O’Marsh 😀 ∳"),
            ("&nbsp;&amp;atilde; &lt;b&gt;", "\u{a0}&atilde; <b>"),
            // What is no reference stays as it is.
            ("R&D; &; &#; &é; &ast &-x; a&", "R&D; &; &#; &é; &ast &-x; a&"),
        ] {
            assert_eq!(unescape(source), expected, "{source}");
        }
    }

    #[test]
    fn elements_of_xhtml_that_hold_nothing_end_where_they_begin() {
        let page = "<html><head><title/><script src='x.js'/></head><body><iframe src='y'/><p/><b/><ul/>Text.<br/>More.";
        let text = |source: &str| shown(source).into_iter().map(|(_, _, text)| text).collect::<Vec<_>>();
        assert_eq!(text(&format!("<?xml version='1.0'?>\n{page}")), ["Text.\nMore."]);
        assert_eq!(text("<title/><p>One <svg/><p>Two"), ["One", "Two"]);
    }

    #[test]
    fn the_label_of_an_empty_item_stays_with_it() {
        let (kinds, text): (Vec<_>, Vec<_>) = shown("<ul><li>a<li></ul><p>Text.<ol><li></li></ol><p>More.")
            .into_iter()
            .map(|(k, _, t)| (k, t))
            .unzip();
        assert_eq!(kinds, [BlockKind::ListItem, BlockKind::Paragraph, BlockKind::Paragraph]);
        assert_eq!(text, ["a", "Text.", "More."]);
    }

    #[test]
    fn references_and_attributes() {
        assert_eq!(unescape("&Eacute;t&eacute; &amp;lt; &bogus; & &#x41;"), "Été &lt; &bogus; & A");
        assert_eq!(attribute("<a data-href='x' HREF = \"y&amp;z\">", "href").as_deref(), Some("y&z"));
        assert_eq!(attribute("<img alt=cat src=x>", "alt").as_deref(), Some("cat"));
    }
}
