//! `styles.xml`: what a paragraph or character style means for the text in it.

use std::collections::BTreeMap;

use super::super::fonts::is_monospace;
use super::super::role::{Role, RunProps};
use super::super::xml::{Element, Node, Ns, Xml};
use crate::Result;

/// A style with all that it inherits.
#[derive(Debug, Clone, Default)]
pub(super) struct Style {
    pub(super) role: Option<Role>,
    pub(super) run: RunProps,
    /// Numbering: list and, where given, level.
    pub(super) list: Option<(String, Option<u8>)>,
}

/// All styles of a document.
#[derive(Debug, Default)]
pub(super) struct Styles {
    by_id: BTreeMap<String, Style>,
    default_paragraph: Option<String>,
    /// The document's own text is fixed-width, so that a fixed-width font does not mean code.
    mono_throughout: bool,
    none: Style,
}

#[derive(Debug, Default)]
struct Raw {
    base: Option<String>,
    role: Option<Role>,
    outline: Option<u8>,
    run: RunProps,
    list: Option<(String, Option<u8>)>,
}

impl Styles {
    /// Reads `styles.xml`.
    pub(super) fn read(mut xml: Xml<'_, '_>) -> Result<Self> {
        let mut raw: BTreeMap<String, Raw> = BTreeMap::new();
        let mut defaults = RunProps::default();
        let mut default_paragraph = None;
        let mut current: Option<(String, Raw)> = None;
        let mut in_run = false;
        loop {
            match xml.next()? {
                Node::Start(e) if e.ns == Ns::Word => match e.local {
                    // Most of the file, and nothing of it is about a paragraph or a character.
                    "latentStyles" => xml.pass(&e)?,
                    "style" if e.attr("type").as_deref() == Some("table") => xml.pass(&e)?,
                    "style" => {
                        let id = e.attr("styleId").unwrap_or_default().into_owned();
                        let is_default = matches!(e.attr("default").as_deref(), Some("1" | "true" | "on"));
                        if is_default && e.attr("type").as_deref() == Some("paragraph") {
                            default_paragraph = Some(id.clone());
                        }
                        current = Some((id, Raw::default()));
                    }
                    "tblStylePr" | "rPrChange" | "pPrChange" => xml.skip()?,
                    "rPr" => in_run = true,
                    _ => match &mut current {
                        Some((_, style)) => style.take(&e, in_run),
                        None if in_run => take_run(&mut defaults, &e),
                        None => {}
                    },
                },
                Node::End(Ns::Word, "style") => {
                    if let Some((id, style)) = current.take() {
                        raw.insert(id, style);
                    }
                }
                Node::End(Ns::Word, "rPr") => in_run = false,
                Node::Eof => break,
                _ => {}
            }
        }
        let styles: BTreeMap<_, _> = raw.keys().map(|id| (id.clone(), resolve(&raw, id))).collect();
        let base = default_paragraph
            .as_ref()
            .and_then(|id| styles.get(id))
            .map_or(defaults, |s| s.run.over(defaults));
        Ok(Self {
            by_id: styles,
            default_paragraph,
            mono_throughout: base.mono == Some(true),
            none: Style::default(),
        })
    }

    /// A style by its id.
    pub(super) fn get(&self, id: &str) -> &Style {
        self.by_id.get(id).unwrap_or(&self.none)
    }

    /// The style of a paragraph that names none.
    pub(super) fn default_paragraph(&self) -> &Style {
        self.default_paragraph.as_ref().map_or(&self.none, |id| self.get(id))
    }

    /// Whether a fixed-width font tells code from the rest.
    pub(super) fn mono_means_code(&self) -> bool {
        !self.mono_throughout
    }
}

impl Raw {
    fn take(&mut self, e: &Element<'_>, in_run: bool) {
        if in_run {
            return take_run(&mut self.run, e);
        }
        match e.local {
            "name" => self.role = e.attr("val").and_then(|name| Role::of_style(&name)),
            "basedOn" => self.base = e.attr("val").map(std::borrow::Cow::into_owned),
            "outlineLvl" => self.outline = e.number("val"),
            "numId" => {
                let level = self.list.take().and_then(|(_, level)| level);
                self.list = Some((e.attr("val").unwrap_or_default().into_owned(), level));
            }
            "ilvl" => {
                let id = self.list.take().map(|(id, _)| id).unwrap_or_default();
                self.list = Some((id, e.number("val")));
            }
            _ => {}
        }
    }
}

/// Takes one child of `w:rPr` in.
pub(super) fn take_run(props: &mut RunProps, element: &Element<'_>) {
    match element.local {
        "b" => props.bold = Some(element.is_on()),
        "i" => props.italic = Some(element.is_on()),
        "u" => props.underline = Some(element.is_on()),
        "rFonts" => {
            if let Some(font) = element.attr("ascii").or_else(|| element.attr("hAnsi")) {
                props.mono = Some(is_monospace(&font));
            }
        }
        _ => {}
    }
}

/// A style with what it inherits. A chain that runs in a circle or too deep ends where it does so.
fn resolve(raw: &BTreeMap<String, Raw>, id: &str) -> Style {
    const DEEPEST: usize = 32;
    let mut style = Style::default();
    let mut outline = None;
    let mut at = Some(id);
    for _ in 0..DEEPEST {
        let Some(current) = at.and_then(|id| raw.get(id)) else { break };
        style.role = style.role.or(current.role);
        outline = outline.or(current.outline);
        style.run = style.run.over(current.run);
        style.list = style.list.take().or_else(|| current.list.clone());
        at = current.base.as_deref();
    }
    if style.role.is_none() {
        style.role = outline.filter(|level| *level < 9).map(|level| Role::Heading(level + 1));
    }
    style
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::reader::Context;
    use crate::{Deadline, Limits};

    #[test]
    fn inheritance_outline_and_circles() {
        let source = r#"<w:styles>
            <w:docDefaults><w:rPrDefault><w:rPr><w:rFonts w:ascii="Calibri"/></w:rPr></w:rPrDefault></w:docDefaults>
            <w:style w:type="paragraph" w:default="1" w:styleId="N"><w:name w:val="Normal"/></w:style>
            <w:style w:styleId="H"><w:name w:val="heading 2"/><w:basedOn w:val="N"/><w:rPr><w:b/></w:rPr></w:style>
            <w:style w:styleId="Mine"><w:name w:val="My question"/><w:basedOn w:val="H"/></w:style>
            <w:style w:styleId="Out"><w:name w:val="Own"/><w:pPr><w:outlineLvl w:val="2"/></w:pPr></w:style>
            <w:style w:styleId="A"><w:name w:val="a"/><w:basedOn w:val="B"/></w:style>
            <w:style w:styleId="B"><w:name w:val="b"/><w:basedOn w:val="A"/></w:style>
            <w:style w:styleId="C"><w:name w:val="Code"/><w:rPr><w:rFonts w:ascii="Consolas"/></w:rPr></w:style>
            </w:styles>"#;
        let (limits, deadline) = (Limits::default(), Deadline::never());
        let cx = Context::new(&limits, &deadline);
        let styles = Styles::read(Xml::new(source, &cx)).unwrap();
        let cases = [
            ("N", None),
            ("H", Some(Role::Heading(2))),
            ("Mine", Some(Role::Heading(2))),
            ("Out", Some(Role::Heading(3))),
            ("A", None),
            ("C", Some(Role::Code)),
            ("unknown", None),
        ];
        for (id, role) in cases {
            assert_eq!(styles.get(id).role, role, "{id}");
        }
        assert_eq!(styles.get("Mine").run.bold, Some(true));
        assert_eq!(styles.get("C").run.mono, Some(true));
        assert!(styles.mono_means_code());
    }
}
