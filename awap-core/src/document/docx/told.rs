//! Which strings of a Word file somebody gave, and which are the file formats' own.

use crate::document::fonts;

/// What a text is that a reader sees, or that makes such a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    Shown,
    Deleted,
    /// Of a field.
    Instruction,
}

impl Told {
    /// What the text of an element is, within so many deletions; none where it is none.
    pub(super) fn of(local: &str, deleting: usize) -> Option<Self> {
        match local {
            "t" if deleting == 0 => Some(Self::Shown),
            "t" | "delText" => Some(Self::Deleted),
            "instrText" | "delInstrText" => Some(Self::Instruction),
            _ => None,
        }
    }
}

/// Whether an attribute holds a text, an address or a name that somebody gave.
pub(super) fn is_told(element: &str, attribute: &str, value: &str) -> bool {
    match attribute {
        "val" if matches!(element, "altName" | "mathFont") => !fonts::is_common(value),
        "val" => is_told_value(element),
        "name" => element != "font" || !fonts::is_common(value),
        "typeface" | "ascii" | "hAnsi" | "eastAsia" | "cs" | "font" => !fonts::is_common(value),
        "descr" | "title" | "alt" | "string" | "tooltip" | "invalidUrl" | "anchor" | "Target" | "target"
        | "tgtFrame" | "docLocation" | "href" | "althref" | "src" | "instr" | "displayText" | "value"
        | "userName" | "contact" | "ed" | "macro" | "textlink" | "styleId" => true,
        _ => false,
    }
}

/// Elements whose `w:val` somebody may have given: names and references to them, labels, captions, help.
fn is_told_value(element: &str) -> bool {
    matches!(
        element,
        "name"
            | "aliases"
            | "pStyle"
            | "rStyle"
            | "tblStyle"
            | "basedOn"
            | "next"
            | "link"
            | "numStyleLink"
            | "styleLink"
            | "clickAndTypeStyle"
            | "defaultTableStyle"
            | "lvlText"
            | "tblCaption"
            | "tblDescription"
            | "description"
            | "helpText"
            | "statusText"
            | "default"
            | "listEntry"
            | "entryMacro"
            | "exitMacro"
            | "docPart"
            | "category"
            | "sourceFileName"
            | "attr"
    )
}

/// Whether a value is a word of the file formats, which says nothing of anybody, whoever is called the same: `edit`,
/// `roman`, a script called `Hans`, the typeface Georgia.
pub(super) fn is_of_format(element: &str, attribute: &str, value: &str) -> bool {
    match attribute {
        // A font that a style names stands in the table of fonts, too.
        "script" | "Type" | "ContentType" | "uri" | "eqn" | "fmla" | "style" => true,
        "typeface" | "ascii" | "hAnsi" | "eastAsia" | "cs" | "font" => fonts::is_common(value),
        "name" if element == "font" => fonts::is_common(value),
        "val" if matches!(element, "altName" | "mathFont") => fonts::is_common(value),
        _ if is_told(element, attribute, value) => false,
        // The words that a schema lists begin with a small letter.
        _ => {
            value.starts_with(|c: char| c.is_ascii_lowercase())
                && value.bytes().all(|b| b.is_ascii_alphabetic())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_markup_name_nobody() {
        for (element, attribute, value) in [
            ("font", "script", "Hans"),
            ("latin", "typeface", "Georgia"),
            ("font", "name", "Times New Roman"),
            ("family", "val", "roman"),
            ("shapelayout", "ext", "edit"),
            ("type", "val", "lin"),
            ("f", "eqn", "max @1 0"),
        ] {
            assert!(is_of_format(element, attribute, value), "{element} {attribute} {value}");
        }
        for (element, attribute, value) in [
            ("latin", "typeface", "Kofi Hand"),
            ("font", "name", "Kofi Hand"),
            ("name", "val", "kofi"),
            ("listEntry", "val", "kofi"),
            ("cNvPr", "name", "kofi"),
            ("permStart", "ed", "kofi"),
            ("unheard", "of", "Kofi"),
            ("unheard", "of", "by kofi"),
        ] {
            assert!(!is_of_format(element, attribute, value), "{element} {attribute} {value}");
        }
    }
}
