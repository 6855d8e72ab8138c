//! Sentences that say what an answer is going to do, which is not yet doing it: `In this essay I shall look at consent`
//! names consent and says nothing of it.

use std::sync::LazyLock;

use regex::Regex;

use crate::text::pattern;

/// A verb of telling, after which comes what will be told.
const TELLING: &str = "(?:look|discuss|outline|explain|describe|examine|explore|consider|assess|compare|evaluate|talk|write|\
                       begin|start|show|cover|address|reflect|analyse|analyze|define|summari[sz]e|focus|set out)";

static ANNOUNCEMENTS: LazyLock<[Regex; 3]> = LazyLock::new(|| {
    let work = "(?:essay|answer|report|assignment|discussion|tma|section|review)";
    let between = r"(?:first|firstly|also|then|briefly|now|next|just|both)";
    [
        // I will first look at …
        format!(r"\b(?:i|we)\s+(?:will|shall|am going to|are going to|want to|aim to|intend to)\s+(?:{between}\s+)*{TELLING}\b"),
        // This essay looks at …
        format!(r"\b(?:this|the|my)\s+{work}\s+(?:will\s+|is going to\s+|aims to\s+|sets out to\s+|{between}\s+)*{TELLING}(?:e?s)?\b"),
        // In this essay I explain …
        format!(r"\bin\s+(?:this|my)\s+{work},?\s+(?:i|we)\s+(?:{between}\s+)*{TELLING}\b"),
    ]
    .map(|source| pattern(&source))
});

/// Whether a sentence, in lower case, announces and does no more.
pub(super) fn announces(lower: &str) -> bool {
    ANNOUNCEMENTS.iter().filter_map(|pattern| pattern.find(lower)).any(|found| {
        let after = lower.get(found.end()..).unwrap_or_default();
        // What is claimed is claimed (`I shall show that …`), and what follows a colon is told.
        !after.trim_start().starts_with("that ")
            && ![":", ";", " because ", " – "].iter().any(|mark| after.contains(mark))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_announced_and_what_is_told() {
        for sentence in [
            "in this essay i explain person-centred care, then communication, and then how people work together.",
            "i shall look first at the law, then at fairness and consent.",
            "i am going to discuss goffman and foucault",
            "this essay outlines the claim that order is made and remade.",
            "the report will briefly describe how the data is stored.",
            "in this answer, i will compare the two searches.",
        ] {
            assert!(announces(sentence), "{sentence}");
        }
        for sentence in [
            "a binary search looks at the middle item.",
            "i would use the binary search for a long list.",
            "i shall argue that consent is only valid if it is freely given.",
            "i will show that the list must be sorted, since only then can half of it be discarded.",
            "i will explain the linear search first: it checks each item in turn.",
            "the tests show that the function returns none for an empty list.",
            "the police will look at the images.",
        ] {
            assert!(!announces(sentence), "{sentence}");
        }
    }
}
