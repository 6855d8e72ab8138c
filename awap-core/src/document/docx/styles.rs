//! `styles.xml`: what a paragraph or character style means for the text in it.

use std::cell::{Cell, OnceCell};
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

/// All styles of a document. Each is read when it is first asked for: templates bring hundreds, and a document uses a dozen.
#[derive(Debug, Default)]
pub(super) struct Styles<'a> {
    by_id: BTreeMap<String, Entry<'a>>,
    /// The prefixes that are known where styles are.
    scope: Option<Xml<'a, 'a>>,
    /// The style of a paragraph that names none.
    default_paragraph: Style,
    /// The document's own text is fixed-width, so that a fixed-width font does not mean code.
    mono_throughout: Cell<bool>,
    none: Style,
}

#[derive(Debug)]
struct Entry<'a> {
    /// What is inside the `w:style`.
    content: &'a str,
    own: OnceCell<Raw>,
    whole: OnceCell<Style>,
}

#[derive(Debug, Default)]
struct Raw {
    base: Option<String>,
    role: Option<Role>,
    outline: Option<u8>,
    run: RunProps,
    list: Option<(String, Option<u8>)>,
}

impl<'a> Styles<'a> {
    /// Finds the styles of `styles.xml`.
    pub(super) fn read(mut xml: Xml<'a, 'a>) -> Result<Self> {
        let mut out = Self::default();
        let mut defaults = RunProps::default();
        let mut default_paragraph = None;
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
                        out.keep(id, &mut xml, &e)?;
                    }
                    "rPr" => in_run = true,
                    _ if in_run => take_run(&mut defaults, &e),
                    _ => {}
                },
                Node::End(Ns::Word, "rPr") => in_run = false,
                Node::Eof => break,
                _ => {}
            }
        }
        if let Some(id) = default_paragraph {
            out.default_paragraph = out.get(&id)?.clone();
            defaults = out.default_paragraph.run.over(defaults);
        }
        out.mono_throughout = Cell::new(defaults.mono == Some(true));
        Ok(out)
    }

    /// Keeps a style that has just begun for when it is asked for.
    fn keep(&mut self, id: String, xml: &mut Xml<'a, 'a>, style: &Element<'a>) -> Result<()> {
        let scope = xml.scope();
        let content = xml.content(style)?;
        // One with prefixes of its own is read at once: to keep them for each would take memory.
        let usual = self.scope.get_or_insert_with(|| xml.scope());
        let own = if scope.is_same_scope(usual) {
            OnceCell::new()
        } else {
            OnceCell::from(Raw::read(scope.inside(content))?)
        };
        self.by_id.insert(id, Entry { content, own, whole: OnceCell::new() });
        Ok(())
    }

    /// A style by its id, with all that it inherits.
    pub(super) fn get(&self, id: &str) -> Result<&Style> {
        let Some(entry) = self.by_id.get(id) else { return Ok(&self.none) };
        if let Some(style) = entry.whole.get() {
            return Ok(style);
        }
        let style = self.resolve(id)?;
        Ok(entry.whole.get_or_init(|| style))
    }

    /// The style of a paragraph that names none.
    pub(super) fn default_paragraph(&self) -> &Style {
        &self.default_paragraph
    }

    /// Whether a fixed-width font tells code from the rest.
    pub(super) fn mono_means_code(&self) -> bool {
        !self.mono_throughout.get()
    }

    /// Takes a fixed-width font for that of the document's own text, though no style says so.
    pub(super) fn take_mono_for_text(&self) {
        self.mono_throughout.set(true);
    }

    /// What a style says itself.
    fn own<'e>(&self, entry: &'e Entry<'a>) -> Result<&'e Raw> {
        if let Some(own) = entry.own.get() {
            return Ok(own);
        }
        let own = match &self.scope {
            Some(scope) => Raw::read(scope.inside(entry.content))?,
            None => Raw::default(),
        };
        Ok(entry.own.get_or_init(|| own))
    }

    /// A style with what it inherits. A chain that runs in a circle or too deep ends where it does so.
    fn resolve(&self, id: &str) -> Result<Style> {
        const DEEPEST: usize = 32;
        let mut style = Style::default();
        let mut outline = None;
        let mut at = Some(id);
        for _ in 0..DEEPEST {
            let Some(entry) = at.and_then(|id| self.by_id.get(id)) else { break };
            let own = self.own(entry)?;
            style.role = style.role.or(own.role);
            outline = outline.or(own.outline);
            style.run = style.run.over(own.run);
            style.list = match (style.list.take(), &own.list) {
                // A style that gives the level alone is in the list of the one it is based on.
                (Some((id, level)), Some((list, base))) if id.is_empty() => {
                    Some((list.clone(), level.or(*base)))
                }
                (list, own) => list.or_else(|| own.clone()),
            };
            at = own.base.as_deref();
        }
        if style.role.is_none() {
            style.role = outline.filter(|level| *level < 9).map(|level| Role::Heading(level + 1));
        }
        Ok(style)
    }
}

impl Raw {
    /// Reads what is inside a `w:style`.
    fn read(mut xml: Xml<'_, '_>) -> Result<Self> {
        let mut out = Self::default();
        let mut in_run = false;
        loop {
            match xml.next()? {
                Node::Start(e) if e.ns == Ns::Word => match e.local {
                    "tblStylePr" | "rPrChange" | "pPrChange" => xml.skip()?,
                    "rPr" => in_run = true,
                    // One that is not ended: this is the next.
                    "style" => return Ok(out),
                    _ => out.take(&e, in_run),
                },
                Node::End(Ns::Word, "rPr") => in_run = false,
                Node::Eof => return Ok(out),
                _ => {}
            }
        }
    }

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
            <w:style w:styleId="T" w:type="table"><w:name w:val="heading 4"/></w:style>
            <x:style xmlns:x="http://schemas.openxmlformats.org/wordprocessingml/2006/main" x:styleId="X">
              <x:name x:val="heading 5"/></x:style>
            <w:style w:styleId="L"><w:name w:val="Question"/><w:pPr><w:numPr><w:numId w:val="7"/></w:numPr></w:pPr></w:style>
            <w:style w:styleId="L2"><w:name w:val="Part"/><w:basedOn w:val="L"/><w:pPr><w:numPr><w:ilvl w:val="1"/></w:numPr></w:pPr></w:style>
            <w:style w:styleId="E"/>
            <w:style w:styleId="Open"><w:name w:val="heading 1"/><w:style><w:name w:val="heading 3"/>"#;
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
            ("T", None),
            ("X", Some(Role::Heading(5))),
            ("E", None),
            ("Open", Some(Role::Heading(1))),
            ("unknown", None),
        ];
        for (id, role) in cases {
            assert_eq!(styles.get(id).unwrap().role, role, "{id}");
        }
        assert_eq!(styles.get("Mine").unwrap().run.bold, Some(true));
        assert_eq!(styles.get("C").unwrap().run.mono, Some(true));
        assert_eq!(styles.get("L2").unwrap().list, Some(("7".to_owned(), Some(1))));
        assert!(styles.mono_means_code());
    }
}
