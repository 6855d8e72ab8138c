//! What a font's name says: that it is fixed-width, or that its characters are symbols in disguise.

/// Whether a font is one that code is set in.
pub(super) fn is_monospace(name: &str) -> bool {
    const NAMES: [&str; 16] = [
        "courier",
        "consolas",
        "monaco",
        "menlo",
        "lucidaconsole",
        "lucidasanstypewriter",
        "andalemono",
        "inconsolata",
        "cascadia",
        "sourcecode",
        "firacode",
        "jetbrains",
        "monospace",
        "typewriter",
        "fixedsys",
        "hack",
    ];
    let folded: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    // Its letters are of different widths, whatever it is called.
    if folded.starts_with("americantypewriter") {
        return false;
    }
    // TeX's typewriter faces are cmtt10, lmtt…; “mono” is how most other families name theirs.
    NAMES.iter().any(|n| folded.contains(n) && (*n != "hack" || folded.starts_with("hack")))
        || (folded.contains("mono") && !folded.contains("monotype"))
        || folded.contains("cmtt")
        || folded.contains("lmtt")
        || folded.contains("lmmono")
        || folded.contains("nimbusmon")
}

/// Whether a font is one that machines come with whose name holds a person's: no sign of a student who is called the same.
pub(super) fn is_common(name: &str) -> bool {
    // Those of the themes of Office, of Windows and of macOS.
    const FAMILIES: [&str; 60] = [
        "angsana",
        "aparajita",
        "aptos",
        "arial",
        "avenir",
        "baskerville",
        "batang",
        "bell",
        "berlin sans",
        "bernard mt",
        "book antiqua",
        "bradley hand",
        "calibri",
        "cambria",
        "candara",
        "constantia",
        "corbel",
        "cordia",
        "courier",
        "david",
        "daunpenh",
        "ebrima",
        "euphemia",
        "felix titling",
        "gabriola",
        "garamond",
        "gautami",
        "georgia",
        "gill sans",
        "gisha",
        "helvetica",
        "iskoola pota",
        "kalinga",
        "kartika",
        "kokila",
        "kristen itc",
        "latha",
        "lato",
        "leelawadee",
        "lucida",
        "mangal",
        "ms",
        "microsoft",
        "miriam",
        "myriad",
        "nirmala",
        "nyala",
        "plantagenet cherokee",
        "raavi",
        "segoe",
        "shruti",
        "simsun",
        "sylfaen",
        "symbol",
        "tahoma",
        "times",
        "tunga",
        "verdana",
        "vivaldi",
        "vrinda",
    ];
    let name = name.to_ascii_lowercase();
    FAMILIES.iter().any(|family| {
        name.strip_prefix(family).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric()))
    })
}

/// The character that `code` of a symbol font shows; none where the font is not one, or the sign is a mere ornament.
///
/// Word keeps such characters in the private use area (`F0xx`).
pub(super) fn symbol(font: &str, code: u32) -> Option<char> {
    let code = if (0xf000..=0xf0ff).contains(&code) { code - 0xf000 } else { code };
    let code = u8::try_from(code).ok()?;
    let font = font.to_ascii_lowercase();
    if font.contains("wingdings 2") {
        return Some(match code {
            0x50 | 0x52 => '☑',
            0x4f | 0x51 | 0x53 | 0x54 => '☒',
            0xa3 | 0xa4 => '☐',
            _ => return None,
        });
    }
    if font.contains("wingdings") {
        return Some(match code {
            0x6c | 0x9f | 0x77 | 0x75 => '•',
            0x6e | 0xa7 => '▪',
            0x6f | 0x71 | 0xa8 => '☐',
            0x76 => '❖',
            0xd8 => '➢',
            0xe0 | 0xe8 => '→',
            0xdf | 0xe7 => '←',
            0xf3 => '⇔',
            0xf0 => '⇒',
            0xfb | 0x78 | 0xfd => '☒',
            0xfc => '✓',
            0xfe => '☑',
            0x4a => '☺',
            0x4c => '☹',
            _ => return None,
        });
    }
    if font.contains("symbol") && !font.contains("segoe") {
        return adobe_symbol(code);
    }
    None
}

/// The Symbol font's own encoding (Adobe Symbol Encoding).
pub(super) fn adobe_symbol(code: u8) -> Option<char> {
    const LOW: &str =
        " !∀#∃%&∋()∗+,−./0123456789:;<=>?≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_‾αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼";
    const HIGH: &str = "€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…⏐⎯↵ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊〈®©™∑⎛⎜⎝⎡⎢⎣⎧⎨⎩⎪";
    match code {
        0x20..=0x7e => LOW.chars().nth(usize::from(code) - 0x20),
        0xa0..=0xfe => match code {
            0xf0 => None,
            0xf1 => Some('〉'),
            0xf2 => Some('∫'),
            0xf3 => Some('⌠'),
            0xf4 => Some('⎮'),
            0xf5 => Some('⌡'),
            0xf6 => Some('⎞'),
            0xf7 => Some('⎟'),
            0xf8 => Some('⎠'),
            0xf9 => Some('⎤'),
            0xfa => Some('⎥'),
            0xfb => Some('⎦'),
            0xfc => Some('⎫'),
            0xfd => Some('⎬'),
            0xfe => Some('⎭'),
            _ => HIGH.chars().nth(usize::from(code) - 0xa0),
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_width_names() {
        for name in [
            "Courier New",
            "Consolas",
            "DejaVu Sans Mono",
            "ABCDEF+CMTT10",
            "monospace",
            "Source Code Pro",
            "LMMono10-Regular",
        ] {
            assert!(is_monospace(name), "{name}");
        }
        for name in
            ["Arial", "Calibri", "Monotype Corsiva", "Times New Roman", "Shackleton", "American Typewriter"]
        {
            assert!(!is_monospace(name), "{name}");
        }
    }

    #[test]
    fn symbols() {
        assert_eq!(symbol("Symbol", 0xf061), Some('α'));
        assert_eq!(symbol("Symbol", 0xb7), Some('•'));
        assert_eq!(symbol("Wingdings", 0xf0fe), Some('☑'));
        assert_eq!(symbol("Arial", 0x61), None);
        assert_eq!(adobe_symbol(0xf2), Some('∫'));
        assert_eq!(adobe_symbol(0xe5), Some('∑'));
        assert_eq!(adobe_symbol(0xd6), Some('√'));
    }
}
