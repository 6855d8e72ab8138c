//! Office Math as readable text: `x^2`, `(a+b)/2`, `√(x)`, `∑_(i=1)^n i`.
//!
//! Structures are kept on a stack of our own and put together as they end, so that depth costs no stack of the thread.

use super::super::xml::{Node, Ns, Xml};
use crate::Result;

/// A structure that is being read.
#[derive(Debug, Default)]
struct Frame {
    kind: Kind,
    /// Its arguments (`m:e`, `m:num`, …) in order, by name.
    slots: Vec<(&'static str, String)>,
    /// What stands in it outside of any argument.
    loose: String,
    /// A character from its properties: operator, accent, bracket.
    sign: Option<String>,
    closing: Option<String>,
    separator: Option<String>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Kind {
    #[default]
    Group,
    Fraction,
    Power,
    Index,
    Both,
    Before,
    Root,
    Operator,
    Brackets,
    Function,
    LimitBelow,
    LimitAbove,
    Accent,
    Lines,
    Row,
    /// An argument of the structure around it.
    Slot(&'static str),
}

fn kind_of(local: &str) -> Option<Kind> {
    Some(match local {
        "f" => Kind::Fraction,
        "sSup" => Kind::Power,
        "sSub" => Kind::Index,
        "sSubSup" => Kind::Both,
        "sPre" => Kind::Before,
        "rad" => Kind::Root,
        "nary" => Kind::Operator,
        "d" => Kind::Brackets,
        "func" => Kind::Function,
        "limLow" => Kind::LimitBelow,
        "limUpp" => Kind::LimitAbove,
        "acc" | "bar" => Kind::Accent,
        "m" | "eqArr" => Kind::Lines,
        "mr" => Kind::Row,
        "e" => Kind::Slot("e"),
        "num" => Kind::Slot("num"),
        "den" => Kind::Slot("den"),
        "sub" => Kind::Slot("sub"),
        "sup" => Kind::Slot("sup"),
        "deg" => Kind::Slot("deg"),
        "fName" => Kind::Slot("fName"),
        "lim" => Kind::Slot("lim"),
        "oMath" | "oMathPara" | "box" | "borderBox" | "groupChr" | "phant" => Kind::Group,
        _ => return None,
    })
}

/// Reads the `m:oMath` or `m:oMathPara` that has just begun, its end included.
pub(super) fn read(xml: &mut Xml<'_, '_>) -> Result<String> {
    let mut stack = vec![Frame::default()];
    // One entry an open element: whether it opened a frame.
    let mut open = vec![false];
    while !open.is_empty() {
        match xml.next()? {
            Node::Start(e) => {
                let mut framed = false;
                match (e.ns, e.local) {
                    (Ns::Math | Ns::Word, "t") => {
                        let text = xml.text()?;
                        if let Some(frame) = stack.last_mut() {
                            frame.loose.push_str(&text);
                        }
                        continue;
                    }
                    (Ns::Word, "del" | "moveFrom") => {
                        xml.skip()?;
                        continue;
                    }
                    (Ns::Word, "br" | "cr") => set(&mut stack, |f| f.loose.push('\n')),
                    (Ns::Math, "chr" | "begChr") => {
                        set(&mut stack, |f| f.sign = e.attr("val").map(Into::into));
                    }
                    (Ns::Math, "endChr") => set(&mut stack, |f| f.closing = e.attr("val").map(Into::into)),
                    (Ns::Math, "sepChr") => set(&mut stack, |f| f.separator = e.attr("val").map(Into::into)),
                    (Ns::Math, local) => {
                        if let Some(kind) = kind_of(local) {
                            stack.push(Frame { kind, ..Frame::default() });
                            framed = true;
                        }
                    }
                    _ => {}
                }
                open.push(framed);
            }
            Node::End(..) => {
                if open.pop() == Some(true)
                    && let Some(frame) = stack.pop()
                {
                    let Some(parent) = stack.last_mut() else { break };
                    match frame.kind {
                        Kind::Slot(name) => parent.slots.push((name, frame.loose)),
                        Kind::Row => parent.slots.push(("e", row(&frame))),
                        _ => parent.loose.push_str(&compose(frame)),
                    }
                }
            }
            Node::Text(_) => {}
            Node::Eof => break,
        }
    }
    let mut text = String::new();
    for frame in stack {
        text.push_str(&frame.loose);
    }
    let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    Ok(lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n"))
}

fn set(stack: &mut [Frame], change: impl FnOnce(&mut Frame)) {
    if let Some(frame) = stack.last_mut() {
        change(frame);
    }
}

fn row(frame: &Frame) -> String {
    frame.slots.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join(", ")
}

/// The text of a structure from the texts of its arguments.
fn compose(frame: Frame) -> String {
    let slot =
        |name: &str| frame.slots.iter().find(|(n, _)| *n == name).map_or("", |(_, text)| text.as_str());
    let base = slot("e");
    match frame.kind {
        Kind::Fraction => format!("{}/{}", bracketed(slot("num")), bracketed(slot("den"))),
        Kind::Power => format!("{}^{}", base, bracketed(slot("sup"))),
        Kind::Index => format!("{}_{}", base, bracketed(slot("sub"))),
        Kind::Both => format!("{}_{}^{}", base, bracketed(slot("sub")), bracketed(slot("sup"))),
        Kind::Before => format!("_{}^{} {}", bracketed(slot("sub")), bracketed(slot("sup")), base),
        Kind::Root => match slot("deg").trim() {
            "" | "2" => format!("√({base})"),
            degree => format!("{}√({base})", bracketed(degree)),
        },
        Kind::Operator => {
            let mut out = frame.sign.clone().unwrap_or_else(|| "∫".into());
            for (mark, limit) in [('_', slot("sub")), ('^', slot("sup"))] {
                if !limit.trim().is_empty() {
                    out.push(mark);
                    out.push_str(&bracketed(limit));
                }
            }
            format!("{out} {base}")
        }
        Kind::Brackets => {
            let inner: Vec<_> = frame.slots.iter().map(|(_, text)| text.as_str()).collect();
            let inner = inner.join(frame.separator.as_deref().unwrap_or("|"));
            format!(
                "{}{inner}{}",
                frame.sign.as_deref().unwrap_or("("),
                frame.closing.as_deref().unwrap_or(")")
            )
        }
        Kind::Function => format!("{} {}", slot("fName"), base),
        Kind::LimitBelow => format!("{}_{}", base, bracketed(slot("lim"))),
        Kind::LimitAbove => format!("{}^{}", base, bracketed(slot("lim"))),
        Kind::Accent => {
            format!("{base}{}", frame.sign.as_deref().filter(|s| s.chars().count() == 1).unwrap_or("\u{305}"))
        }
        Kind::Lines => frame.slots.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join("; "),
        Kind::Group | Kind::Slot(_) | Kind::Row => {
            let mut text = frame.loose;
            for (_, argument) in frame.slots {
                text.push_str(&argument);
            }
            text
        }
    }
}

/// Brackets around what is more than one number or name.
fn bracketed(text: &str) -> String {
    let text = text.trim();
    let simple = text.chars().all(|c| c.is_alphanumeric() || c == '.') || text.chars().count() == 1;
    if simple || (text.starts_with('(') && text.ends_with(')') && text.matches('(').count() == 1) {
        text.to_owned()
    } else {
        format!("({text})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::reader::Context;
    use crate::{Deadline, Limits};

    fn math(inner: &str) -> String {
        let (limits, deadline) = (Limits::default(), Deadline::never());
        let cx = Context::new(&limits, &deadline);
        let source = format!("<m:oMath>{inner}</m:oMath>");
        let mut xml = Xml::new(&source, &cx);
        xml.next().unwrap();
        read(&mut xml).unwrap()
    }

    #[test]
    fn structures_read_as_text() {
        let t = |s: &str| format!("<m:r><m:t>{s}</m:t></m:r>");
        let cases = [
            (format!("<m:sSup><m:e>{}</m:e><m:sup>{}</m:sup></m:sSup>{}", t("x"), t("2"), t("+1")), "x^2+1"),
            (format!("<m:f><m:num>{}</m:num><m:den>{}</m:den></m:f>", t("a+b"), t("2")), "(a+b)/2"),
            (format!("<m:rad><m:deg/><m:e>{}</m:e></m:rad>", t("x")), "√(x)"),
            (
                format!(
                    "<m:nary><m:naryPr><m:chr m:val='∑'/></m:naryPr><m:sub>{}</m:sub><m:sup>{}</m:sup><m:e>{}</m:e></m:nary>",
                    t("i=1"),
                    t("n"),
                    t("i")
                ),
                "∑_(i=1)^n i",
            ),
            (
                format!(
                    "<m:d><m:dPr><m:begChr m:val='['/><m:endChr m:val=']'/></m:dPr><m:e>{}</m:e></m:d>",
                    t("y")
                ),
                "[y]",
            ),
            (
                format!(
                    "<m:d><m:e><m:m><m:mr><m:e>{}</m:e><m:e>{}</m:e></m:mr></m:m></m:e></m:d>",
                    t("1"),
                    t("0")
                ),
                "(1, 0)",
            ),
            (format!("<m:f><m:num>{}</m:num>", t("open")), "open/"),
        ];
        for (source, expected) in cases {
            assert_eq!(math(&source), expected, "{source}");
        }
    }
}
