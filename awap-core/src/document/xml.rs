//! A pull parser for the XML of office documents: namespaces resolved, entities replaced, depth bounded, and always
//! as many ends as starts, however the input is broken.

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::memmem::Finder;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::reader::Context;
use crate::{Limits, Result};

/// The namespaces that readers tell apart. Transitional and strict OOXML share a variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ns {
    /// `WordprocessingML`.
    Word,
    /// Office Math.
    Math,
    /// Markup compatibility.
    Compat,
    /// `WordprocessingML` drawing anchors.
    Anchor,
    /// VML.
    Vml,
    /// ODF text.
    Text,
    /// ODF table.
    Table,
    /// ODF office.
    Office,
    /// ODF drawing.
    Draw,
    /// ODF style.
    Style,
    /// ODF metadata.
    Meta,
    /// `MathML`.
    MathMl,
    /// Any other, or none.
    Other,
}

impl Ns {
    fn of(uri: &str) -> Self {
        match uri {
            "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
            | "http://purl.oclc.org/ooxml/wordprocessingml/main" => Self::Word,
            "http://schemas.openxmlformats.org/officeDocument/2006/math"
            | "http://purl.oclc.org/ooxml/officeDocument/math" => Self::Math,
            "http://schemas.openxmlformats.org/markup-compatibility/2006" => Self::Compat,
            "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"
            | "http://purl.oclc.org/ooxml/drawingml/wordprocessingDrawing" => Self::Anchor,
            "urn:schemas-microsoft-com:vml" => Self::Vml,
            "urn:oasis:names:tc:opendocument:xmlns:text:1.0" | "http://openoffice.org/2000/text" => {
                Self::Text
            }
            "urn:oasis:names:tc:opendocument:xmlns:table:1.0" | "http://openoffice.org/2000/table" => {
                Self::Table
            }
            "urn:oasis:names:tc:opendocument:xmlns:office:1.0" | "http://openoffice.org/2000/office" => {
                Self::Office
            }
            "urn:oasis:names:tc:opendocument:xmlns:drawing:1.0" | "http://openoffice.org/2000/drawing" => {
                Self::Draw
            }
            "urn:oasis:names:tc:opendocument:xmlns:style:1.0" | "http://openoffice.org/2000/style" => {
                Self::Style
            }
            "urn:oasis:names:tc:opendocument:xmlns:meta:1.0" | "http://openoffice.org/2000/meta" => {
                Self::Meta
            }
            "http://www.w3.org/1998/Math/MathML" => Self::MathMl,
            _ => Self::Other,
        }
    }
}

/// What comes next in the input.
#[derive(Debug)]
pub(super) enum Node<'a> {
    /// An element begins. For each there is one [`Node::End`] with the same name, in the right order.
    Start(Element<'a>),
    /// The innermost open element ends.
    End(Ns, &'a str),
    /// Text between tags, entities replaced.
    Text(Cow<'a, str>),
    /// The end, with all elements closed.
    Eof,
}

/// The start of an element.
#[derive(Debug)]
pub(super) struct Element<'a> {
    pub(super) ns: Ns,
    pub(super) local: &'a str,
    tag: BytesStart<'a>,
}

impl Element<'_> {
    /// The value of the first attribute of this local name, whatever its prefix.
    pub(super) fn attr(&self, local: &str) -> Option<Cow<'_, str>> {
        for attribute in self.tag.attributes().with_checks(false) {
            let Ok(attribute) = attribute else { return None };
            if attribute.key.local_name().into_inner() == local {
                return Some(match unescape(&attribute.value) {
                    Cow::Borrowed(_) => attribute.value,
                    Cow::Owned(value) => Cow::Owned(value),
                });
            }
        }
        None
    }

    /// All attributes but declarations of namespaces: local names and values.
    pub(super) fn attributes(&self) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
        let mut all = self.tag.attributes();
        all.with_checks(false);
        let all = all.flatten().filter(|attribute| !attribute.key.0.starts_with("xmlns"));
        all.map(|attribute| {
            let value = unescape(&attribute.value).into_owned();
            (attribute.key.local_name().into_inner(), Cow::Owned(value))
        })
    }

    /// An attribute read as a number.
    pub(super) fn number<T: std::str::FromStr>(&self, local: &str) -> Option<T> {
        self.attr(local)?.trim().parse().ok()
    }

    /// Whether a toggle element (`<w:b/>`, `<w:b w:val="0"/>`) is on.
    pub(super) fn is_on(&self) -> bool {
        !matches!(self.attr("val").as_deref(), Some("0" | "false" | "off" | "none"))
    }
}

/// Prefixes that are kept; office documents declare a few dozen.
const MOST_BINDINGS: usize = 256;

/// Looked for in every tag.
static XMLNS: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("xmlns"));

/// The parser.
#[derive(Debug)]
pub(super) struct Xml<'a, 'c> {
    input: &'a str,
    reader: Reader<&'a [u8]>,
    /// Bytes of the input that the reader was taken past without reading them.
    passed: usize,
    cx: &'c Context<'c>,
    stack: Vec<(Ns, &'a str)>,
    /// Prefixes in scope with the depth that declares them, innermost last.
    bindings: Vec<(&'a str, Ns, usize)>,
    /// An element without content was announced and its end was not.
    empty: bool,
    done: bool,
    damaged: bool,
}

impl<'a, 'c> Xml<'a, 'c> {
    pub(super) fn new(input: &'a str, cx: &'c Context<'c>) -> Self {
        let mut reader = Reader::from_str(input);
        let config = reader.config_mut();
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        config.check_comments = false;
        Self {
            input,
            reader,
            passed: 0,
            cx,
            stack: Vec::new(),
            bindings: Vec::new(),
            empty: false,
            done: false,
            damaged: false,
        }
    }

    /// Whether the input broke off or was not well formed.
    pub(super) fn is_damaged(&self) -> bool {
        self.damaged
    }

    /// What comes next. The only errors are the limits' and the deadline's.
    pub(super) fn next(&mut self) -> Result<Node<'a>> {
        loop {
            self.cx.tick()?;
            if self.empty {
                self.empty = false;
                return Ok(self.close());
            }
            if self.done {
                return Ok(if self.stack.is_empty() { Node::Eof } else { self.close() });
            }
            let before = self.position();
            match self.reader.read_event() {
                Ok(Event::Start(tag)) => return self.open(tag, before),
                Ok(Event::Empty(tag)) => {
                    self.empty = true;
                    return self.open(tag, before);
                }
                Ok(Event::End(_)) => {
                    if self.stack.is_empty() {
                        self.damaged = true;
                    } else {
                        return Ok(self.close());
                    }
                }
                Ok(Event::Text(text)) => return Ok(Node::Text(text.into_inner())),
                Ok(Event::CData(text)) => return Ok(Node::Text(text.into_inner())),
                Ok(Event::GeneralRef(reference)) => {
                    if let Some(text) = entity(&reference) {
                        return Ok(Node::Text(text));
                    }
                }
                Ok(Event::Eof) => {
                    self.done = true;
                    self.damaged |= !self.stack.is_empty();
                }
                Ok(_) => {}
                Err(_) => {
                    self.done = true;
                    self.damaged = true;
                }
            }
        }
    }

    /// Where the reader stands: a byte offset into the input.
    fn position(&self) -> usize {
        self.passed + self.reader.buffer_position() as usize
    }

    /// Passes over the content and the end of `element`, which has just begun and cannot hold another of its name: what is
    /// in between is not read.
    pub(super) fn pass(&mut self, element: &Element<'_>) -> Result<()> {
        self.content(element).map(|_| ())
    }

    /// As [`Xml::pass`], with what was passed over: for [`Xml::inside`].
    pub(super) fn content(&mut self, element: &Element<'_>) -> Result<&'a str> {
        let input = self.input;
        let rest = input.get(self.position()..).unwrap_or_default();
        let length = if self.empty { Some(0) } else { end_of(rest.as_bytes(), element.tag.name().0) };
        if let Some(length) = length {
            *self.reader.get_mut() = rest.as_bytes().get(length..).unwrap_or_default();
            self.passed += length;
        }
        self.skip()?;
        Ok(rest.get(..length.unwrap_or(rest.len())).unwrap_or_default())
    }

    /// A parser of nothing, which knows the prefixes that are declared here: for [`Xml::inside`].
    pub(super) fn scope(&self) -> Self {
        // Whatever ends inside, these stay.
        let bindings = self.bindings.iter().map(|(prefix, ns, _)| (*prefix, *ns, 0)).collect();
        Self { bindings, ..Self::new("", self.cx) }
    }

    /// Whether two scopes know the same prefixes.
    pub(super) fn is_same_scope(&self, other: &Self) -> bool {
        self.bindings == other.bindings
    }

    /// A parser of `content`, in this scope.
    pub(super) fn inside(&self, content: &'a str) -> Self {
        Self { bindings: self.bindings.clone(), ..Self::new(content, self.cx) }
    }

    /// Passes over the content and the end of the element that has just begun.
    pub(super) fn skip(&mut self) -> Result<()> {
        let depth = self.stack.len();
        while self.stack.len() >= depth && depth > 0 {
            self.next()?;
        }
        Ok(())
    }

    /// The text of the element that has just begun, its end passed.
    pub(super) fn text(&mut self) -> Result<String> {
        let depth = self.stack.len();
        let mut out = String::new();
        while self.stack.len() >= depth && depth > 0 {
            if let Node::Text(text) = self.next()? {
                out.push_str(&text);
            }
        }
        Ok(out)
    }

    fn open(&mut self, tag: BytesStart<'a>, before: usize) -> Result<Node<'a>> {
        if self.stack.len() >= self.cx.limits.depth {
            return Err(Limits::exceeded("depth", self.cx.limits.depth));
        }
        // The name as a slice of the input: the event's own would not outlive it.
        let input = self.input;
        let length = tag.name().0.len();
        let start = before + input.get(before..).and_then(|rest| rest.find('<')).unwrap_or_default() + 1;
        let name = input.get(start..).and_then(|rest| rest.get(..length)).unwrap_or_default();
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        let depth = self.stack.len() + 1;
        if self.bindings.len() < MOST_BINDINGS && XMLNS.find(tag.attributes_raw().as_bytes()).is_some() {
            for attribute in tag.attributes().with_checks(false).flatten().take(MOST_BINDINGS) {
                let key = attribute.key.0;
                let declared = match key.strip_prefix("xmlns") {
                    Some(rest) if rest.is_empty() => rest,
                    Some(rest) if rest.starts_with(':') => &rest[1..],
                    _ => continue,
                };
                if let Some(declared) = same_in(input, start, &tag, declared) {
                    self.bindings.push((declared, Ns::of(&attribute.value), depth));
                }
            }
        }
        let ns = self
            .bindings
            .iter()
            .rev()
            .find(|(bound, ..)| *bound == prefix)
            .map_or_else(|| usual_namespace(prefix), |(_, ns, _)| *ns);
        self.stack.push((ns, local));
        Ok(Node::Start(Element { ns, local, tag }))
    }

    fn close(&mut self) -> Node<'a> {
        let depth = self.stack.len();
        while self.bindings.last().is_some_and(|(.., at)| *at >= depth) {
            self.bindings.pop();
        }
        let (ns, local) = self.stack.pop().unwrap_or((Ns::Other, ""));
        Node::End(ns, local)
    }
}

/// Where the first end tag of this name begins; a space may stand before its `>`.
fn end_of(rest: &[u8], name: &str) -> Option<usize> {
    let end = format!("</{name}");
    let is_whole =
        |at: &usize| rest.get(at + end.len()).is_some_and(|b| *b == b'>' || b.is_ascii_whitespace());
    memchr::memmem::find_iter(rest, end.as_bytes()).find(is_whole)
}

/// `part`, a slice of `tag`, as a slice of the input, in which the tag begins at `start`.
fn same_in<'a>(input: &'a str, start: usize, tag: &str, part: &str) -> Option<&'a str> {
    let at = start + (part.as_ptr() as usize).checked_sub(tag.as_ptr() as usize)?;
    input.get(at..at + part.len()).filter(|same| *same == part)
}

/// What a prefix means where a damaged or careless file does not declare it.
fn usual_namespace(prefix: &str) -> Ns {
    match prefix {
        "w" => Ns::Word,
        "m" => Ns::Math,
        "mc" => Ns::Compat,
        "wp" => Ns::Anchor,
        "v" => Ns::Vml,
        "text" => Ns::Text,
        "table" => Ns::Table,
        "office" => Ns::Office,
        "draw" => Ns::Draw,
        "style" => Ns::Style,
        "meta" => Ns::Meta,
        _ => Ns::Other,
    }
}

/// The text of a general reference (`amp`, `#233`); none for one that is not known.
pub(super) fn entity(name: &str) -> Option<Cow<'static, str>> {
    Some(match name {
        "amp" => Cow::Borrowed("&"),
        "lt" => Cow::Borrowed("<"),
        "gt" => Cow::Borrowed(">"),
        "quot" => Cow::Borrowed("\""),
        "apos" => Cow::Borrowed("'"),
        "nbsp" => Cow::Borrowed("\u{a0}"),
        _ => {
            let digits = name.strip_prefix('#')?;
            let code = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => digits.parse().ok()?,
            };
            Cow::Owned(char::from_u32(code)?.to_string())
        }
    })
}

/// Replaces the references in an attribute's value.
pub(super) fn unescape(value: &str) -> Cow<'_, str> {
    if !value.contains('&') {
        return Cow::Borrowed(value);
    }
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        // No reference is longer than a few bytes: this keeps a value full of `&` linear.
        let end = after.bytes().take(12).position(|b| b == b';');
        let reference = end.and_then(|end| Some((entity(after.get(..end)?)?, after.get(end + 1..)?)));
        let (text, tail) = reference.unwrap_or((Cow::Borrowed("&"), after));
        out.push_str(&text);
        rest = tail;
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Decodes the bytes of an XML file by its byte order mark, else its declaration, else as UTF-8.
pub(super) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    if let Some((encoding, length)) = encoding_rs::Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(bytes.get(length..).unwrap_or_default()).0;
    }
    let encoding = match bytes {
        [b'<', 0, ..] => encoding_rs::UTF_16LE,
        [0, b'<', ..] => encoding_rs::UTF_16BE,
        _ => declared_encoding(bytes).unwrap_or(encoding_rs::UTF_8),
    };
    encoding.decode_without_bom_handling(bytes).0
}

fn declared_encoding(bytes: &[u8]) -> Option<&'static encoding_rs::Encoding> {
    let head = bytes.get(..bytes.len().min(200))?;
    let end = memchr::memmem::find(head, b"?>")?;
    let declaration = std::str::from_utf8(head.get(..end)?).ok()?.strip_prefix("<?xml")?;
    let value = declaration.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let label = value.get(1..)?.split_once(quote)?.0;
    // A declaration that could be read as ASCII is not UTF-16, whatever it says.
    encoding_rs::Encoding::for_label(label.as_bytes()).filter(|e| e.is_ascii_compatible())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Deadline;

    fn events(input: &str) -> Vec<String> {
        let (limits, deadline) = (Limits::default(), Deadline::never());
        let cx = Context::new(&limits, &deadline);
        let mut xml = Xml::new(input, &cx);
        let mut out = Vec::new();
        loop {
            match xml.next().unwrap() {
                Node::Start(e) => out.push(format!("<{:?}:{} {:?}", e.ns, e.local, e.attr("v"))),
                Node::End(_, local) => out.push(format!(">{local}")),
                Node::Text(text) => out.push(text.into_owned()),
                Node::Eof => return out,
            }
        }
    }

    #[test]
    fn scopes_entities_and_broken_ends() {
        let cases: [(&str, &[&str]); 4] = [
            ("<w:p v='a&amp;b'>x&lt;&#233;</w:p>", &["<Word:p Some(\"a&b\")", "x", "<", "é", ">p"]),
            (
                "<a xmlns='urn:schemas-microsoft-com:vml'><b xmlns='x'/><c/></a>",
                &["<Vml:a None", "<Other:b None", ">b", "<Vml:c None", ">c", ">a"],
            ),
            ("<a><b>t", &["<Other:a None", "<Other:b None", "t", ">b", ">a"]),
            ("<a></b></c>t", &["<Other:a None", ">a", "t"]),
        ];
        for (input, expected) in cases {
            assert_eq!(events(input), expected, "{input}");
        }
    }

    #[test]
    fn an_element_that_is_passed_ends_where_it_ends() {
        let (limits, deadline) = (Limits::default(), Deadline::never());
        let cx = Context::new(&limits, &deadline);
        let cases: [(&str, &str, &[&str]); 5] = [
            ("<a><w:b><c/></w:b ><w:bs></w:bs><e>6</e></a>", "6", &["a", "b", "bs", "e"]),
            ("<a><w:b x='1'><c>1</c><d/></w:b><e>2</e></a>", "2", &["a", "b", "e"]),
            ("<a><w:b/><e>3</e></a>", "3", &["a", "b", "e"]),
            ("<a><w:b></w:b><e xmlns='urn:schemas-microsoft-com:vml'>4</e></a>", "4", &["a", "b", "e"]),
            ("<a><w:b>never ended<e>5</e>", "", &["a", "b"]),
        ];
        for (input, left, read) in cases {
            let mut xml = Xml::new(input, &cx);
            let (mut text, mut names, mut ends) = (String::new(), Vec::new(), 0);
            loop {
                match xml.next().unwrap() {
                    Node::Start(e) if e.local == "b" => {
                        names.push(e.local);
                        xml.pass(&e).unwrap();
                        ends += 1;
                    }
                    Node::Start(e) => names.push(e.local),
                    Node::End(..) => ends += 1,
                    Node::Text(t) => text.push_str(&t),
                    Node::Eof => break,
                }
            }
            assert_eq!(text, left, "{input}");
            assert_eq!(ends, names.len(), "{input}");
            assert_eq!(names, read, "{input}");
        }
    }

    #[test]
    fn what_is_kept_for_later_reads_as_it_would_have() {
        let (limits, deadline) = (Limits::default(), Deadline::never());
        let cx = Context::new(&limits, &deadline);
        let input = "<a xmlns:q='urn:schemas-microsoft-com:vml'><q:b x='1'><q:c>1</q:c>\
                     <d xmlns:q='urn:other'><q:e/></d><q:g/></q:b><q:f>2</q:f></a>";
        let mut xml = Xml::new(input, &cx);
        let mut kept = None;
        let mut left = Vec::new();
        loop {
            match xml.next().unwrap() {
                Node::Start(e) if e.local == "b" => kept = Some((xml.scope(), xml.content(&e).unwrap())),
                Node::Start(e) => left.push((e.ns, e.local)),
                Node::Eof => break,
                _ => {}
            }
        }
        assert_eq!(left, [(Ns::Other, "a"), (Ns::Vml, "f")]);
        let (scope, content) = kept.unwrap();
        for mut inside in [scope.inside(content), scope.inside(content)] {
            let mut read = Vec::new();
            while let Ok(node @ (Node::Start(_) | Node::End(..) | Node::Text(_))) = inside.next() {
                if let Node::Start(e) = node {
                    read.push((e.ns, e.local));
                }
            }
            assert_eq!(read, [(Ns::Vml, "c"), (Ns::Other, "d"), (Ns::Other, "e"), (Ns::Vml, "g")]);
        }
    }

    #[test]
    fn depth_is_bounded() {
        let (limits, deadline) = (Limits::default(), Deadline::never());
        let cx = Context::new(&limits, &deadline);
        let input = "<a>".repeat(300);
        let mut xml = Xml::new(&input, &cx);
        let error = std::iter::from_fn(|| Some(xml.next())).find_map(Result::err).unwrap();
        assert_eq!(error.code(), crate::ErrorCode::LimitExceeded);
    }

    #[test]
    fn decodes_by_mark_and_declaration() {
        assert_eq!(decode(b"\xff\xfe<\0a\0"), "<a");
        assert_eq!(decode(b"<\0a\0"), "<a");
        assert_eq!(
            decode(b"<?xml version='1.0' encoding='ISO-8859-1'?>\xe9"),
            "<?xml version='1.0' encoding='ISO-8859-1'?>é"
        );
        assert_eq!(decode(b"\xef\xbb\xbf<a"), "<a");
    }
}
