//! What stands in brackets beside a name: another name of the same person, or something that is no name.

use super::words::is_not_a_name;
use crate::text::fold;

/// A name that stood in brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Aside {
    pub(super) name: String,
    /// The family name of before (`née Jones`).
    pub(super) at_birth: bool,
}

/// Takes what stands in brackets out of `name`: the name without it, and the names that it held.
pub(super) fn set_aside(name: &str) -> (String, Vec<Aside>) {
    if !name.contains(|c| is_opening(c) || is_closing(c)) {
        return (name.to_owned(), Vec::new());
    }
    let mut bare = String::with_capacity(name.len());
    let mut asides: Vec<Aside> = Vec::new();
    let mut inside = String::new();
    let mut depth = 0_usize;
    for c in name.chars() {
        if is_opening(c) {
            depth += 1;
            bare.push(' ');
            inside.push(' ');
        } else if is_closing(c) {
            depth = depth.saturating_sub(1);
            bare.push(' ');
            if depth == 0 {
                asides.extend(aside(&std::mem::take(&mut inside)));
            }
        } else if depth > 0 {
            inside.push(c);
        } else {
            bare.push(c);
        }
    }
    // A bracket that nobody closed.
    asides.extend(aside(&inside));
    if bare.trim().is_empty() {
        // A name that is in brackets as a whole.
        let inner: Vec<String> = asides.into_iter().map(|a| a.name).collect();
        return (inner.join(" "), Vec::new());
    }
    (bare, asides)
}

/// The name in the brackets, if what they hold is one.
fn aside(inside: &str) -> Option<Aside> {
    let mut at_birth = false;
    let words = inside.split(|c: char| c.is_whitespace() || matches!(c, '/' | ',' | ';')).filter(|word| {
        let word = fold(word);
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        at_birth |= leads_to_a_former_name(word);
        let leads = leads_to_a_former_name(word) || leads_to_a_name(word);
        !(word.is_empty() || leads || is_pronoun(word) || is_not_a_name(word))
    });
    let name = words.collect::<Vec<_>>().join(" ");
    (!name.is_empty()).then_some(Aside { name, at_birth })
}

fn is_opening(c: char) -> bool {
    matches!(c, '(' | '[' | '{' | '\u{ff08}')
}

fn is_closing(c: char) -> bool {
    matches!(c, ')' | ']' | '}' | '\u{ff09}')
}

fn leads_to_a_former_name(word: &str) -> bool {
    matches!(word, "nee" | "ne" | "formerly" | "previously" | "born")
}

fn leads_to_a_name(word: &str) -> bool {
    matches!(word, "aka" | "called" | "known" | "as" | "preferred" | "goes" | "by")
}

fn is_pronoun(word: &str) -> bool {
    matches!(
        word,
        "he" | "him"
            | "his"
            | "she"
            | "her"
            | "hers"
            | "they"
            | "them"
            | "theirs"
            | "it"
            | "its"
            | "ze"
            | "hir"
            | "xe"
            | "xem"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_brackets_out_of_names() {
        for (name, bare, asides) in [
            ("Zhe Du", "Zhe Du", vec![]),
            ("Zhe Du (Consulting Ltd)", "Zhe Du", vec!["Consulting"]),
            ("Elizabeth (Liz) Carter", "Elizabeth Carter", vec!["Liz"]),
            ("Anna Smith (née Jones)", "Anna Smith", vec!["Jones*"]),
            ("Anna Smith [she/her]", "Anna Smith", vec![]),
            ("Anna Smith (known as Annie (Ann)", "Anna Smith", vec!["Annie Ann"]),
            ("王伟（David）", "王伟", vec!["David"]),
            ("(Kofi)", "Kofi", vec![]),
            ("Kofi) Mensah", "Kofi Mensah", vec![]),
        ] {
            let (found, aside) = set_aside(name);
            assert_eq!(found.split_whitespace().collect::<Vec<_>>().join(" "), bare, "{name}");
            let aside: Vec<String> =
                aside.iter().map(|a| format!("{}{}", a.name, if a.at_birth { "*" } else { "" })).collect();
            assert_eq!(aside, asides, "{name}");
        }
    }
}
