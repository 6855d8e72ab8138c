//! Which of the people named in a TMA are of the student's own life, where no cue says so at once: from all that the text says around
//! their names.
//!
//! A colleague in a reflective log, a character of the module's case study and a theorist are written of in the same words. What tells
//! them apart is spread over the text: whether the writer tells of own doings where they are named, how they are introduced, whether
//! they are cited, or named in a question. Each sign has a weight; the best for and the worst against a name, wherever they stand,
//! are added up.

use std::collections::{HashMap, HashSet};

use awap_names::lists::known::{GIVEN, NAME};

use super::context::is_used_as_name;
use super::introductions::{self, has_private_title};
use super::names::starts_upper;
use super::narrative::Narrative;
use super::pieces::Piece;
use super::recognizer::{Mention, Role};
use super::words::{ambiguity, is_particle, is_public_role, is_theorist, is_title};
use crate::text::fold;

/// The rule under which they are reported.
const RULE: &str = "acquaintance";

/// What is needed in sum.
const ENOUGH: i32 = 4;

/// In so many sentences a text must tell of the writer's own life to be one that does.
const REFLECTIVE: usize = 3;

/// Makes mentions of people of whom it was not told who they are ([`Role::Named`]) mentions of the student's acquaintances, where the text says
/// that they are; drops the others.
pub(super) fn tell(pieces: &[Piece], mentions: &mut Vec<Mention>) {
    if !mentions.iter().any(|m| m.role == Role::Named) {
        return;
    }
    let narratives: Vec<Narrative> = pieces
        .iter()
        .enumerate()
        .map(|(i, piece)| {
            let named = mentions.iter().any(|m| m.piece == i && m.role == Role::Named);
            if named { Narrative::of(&piece.text) } else { Narrative::default() }
        })
        .collect();
    let reflective = narratives.iter().map(Narrative::personal).sum::<usize>() >= REFLECTIVE;
    let mut evidence: HashMap<String, Evidence> = HashMap::new();
    for mention in mentions.iter().filter(|m| m.role == Role::Named) {
        let (Some(piece), Some(narrative)) = (pieces.get(mention.piece), narratives.get(mention.piece))
        else {
            continue;
        };
        let found = Evidence::of(piece, narrative, mention);
        for word in words_of(mention.span.of(&piece.text)) {
            evidence.entry(word).or_default().add(found);
        }
    }
    let cited = cited_words(pieces);
    mentions.retain_mut(|mention| {
        if mention.role != Role::Named {
            return true;
        }
        let text = pieces.get(mention.piece).map_or("", |p| p.text.as_str());
        let words = words_of(mention.span.of(text));
        let plain = mention.rule != introductions::INTRODUCED && !has_private_title(text, mention.span);
        let of = |w: &String| evidence.get(w).copied().unwrap_or_default();
        let all = words.iter().map(of).fold(Evidence::default(), Evidence::with);
        let sum = all.pro + all.contra + if reflective { 1 } else { -1 };
        let is_known = words.last().is_some_and(|w| cited.contains(w) || plain && is_theorist(w));
        mention.role = Role::Other;
        mention.rule = RULE;
        mention.confidence = 0.7;
        sum >= ENOUGH && !is_known && (!plain || is_used_as_one(mention, pieces))
    });
}

/// Whether a single word that is also another (`Mark`, `Jordan`) is used as a name where it stands.
fn is_used_as_one(mention: &Mention, pieces: &[Piece]) -> bool {
    let Some(piece) = pieces.get(mention.piece) else { return false };
    let name = mention.span.of(&piece.text);
    name.contains(char::is_whitespace)
        || is_used_as_name(&piece.text, mention.span, piece.zone(), ambiguity(&fold(name)), true)
}

/// The best sign that somebody is of the writer's own life, and the worst that they are not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Evidence {
    pro: i32,
    contra: i32,
}

impl Evidence {
    fn add(&mut self, other: Self) {
        *self = self.with(other);
    }

    fn with(self, other: Self) -> Self {
        Self { pro: self.pro.max(other.pro), contra: self.contra.min(other.contra) }
    }

    /// What stands around one mention.
    fn of(piece: &Piece, narrative: &Narrative, mention: &Mention) -> Self {
        let text = piece.text.as_str();
        let (sentence, personal) = narrative.sentence(mention.span.start);
        let name = mention.span.of(text);
        let single = !name.contains([' ', '-', '\u{a0}']);
        let titled = has_private_title(text, mention.span);
        // By a family name alone, or one that no list has, one is read about.
        let introduced = mention.rule == introductions::INTRODUCED;
        let known = awap_names::known_of(name);
        let lone_given = single && (known & (GIVEN | NAME) != 0 || known == 0 && introduced);
        let mut pro = 0;
        pro += 3 * i32::from(introduced);
        pro += 2 * i32::from(personal);
        pro += i32::from(narrative.is_personal_around(text, mention.span.start));
        pro += i32::from(titled || lone_given);
        if !titled && !lone_given && !name.starts_with("Dr") {
            pro -= 1;
        }
        let head = text.get(sentence.start..mention.span.start).unwrap_or_default();
        let tail = text.get(mention.span.end..sentence.end).unwrap_or_default();
        let mut contra = against(sentence.of(text), head, tail, personal);
        // `in Izmir`: a place.
        if !introduced && !titled && ["in ", "near ", "outside ", "around "].iter().any(|w| head.ends_with(w))
        {
            contra -= 3;
        }
        Self { pro, contra }
    }
}

/// What says that a name in a `sentence`, between `head` and `tail`, is not of the writer's own life.
fn against(sentence: &str, head: &str, tail: &str, personal: bool) -> i32 {
    let mut contra = 0;
    if is_of_a_case(sentence) || !personal && is_question(sentence) {
        contra -= 4;
    }
    // `Hyde v Wrench`.
    if tail.starts_with(" v ") || tail.starts_with(" v. ") || head.ends_with(" v ") || head.ends_with(" v. ")
    {
        contra -= 9;
    }
    let before = head.trim_end().rsplit(|c: char| !c.is_alphanumeric()).take(2);
    if before.into_iter().any(|w| is_public_role(&fold(w))) {
        contra -= 4;
    }
    let possessed = tail
        .strip_prefix("'s ")
        .or_else(|| tail.strip_prefix("’s "))
        .or_else(|| tail.strip_prefix(['\'', '’']));
    if possessed.is_some_and(|rest| rest.split_whitespace().take(3).any(|w| is_work(bare(w)))) {
        contra -= 4;
    }
    let next = bare(tail.split_whitespace().next().unwrap_or_default());
    if is_work(next) {
        contra -= 4;
    } else if !personal && is_of_scholars(next) {
        contra -= 2;
    }
    // Years of a life, or of a work.
    let dated = tail
        .trim_start()
        .strip_prefix('(')
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()) || rest.starts_with("b."));
    if dated {
        contra -= 4;
    }
    contra
}

fn bare(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric())
}

/// Whether a sentence speaks of a case study, or of a work of art.
fn is_of_a_case(sentence: &str) -> bool {
    sentence.split(|c: char| !c.is_alphanumeric() && c != '-').any(|word| {
        matches!(
            word,
            "case"
                | "scenario"
                | "vignette"
                | "Vignette"
                | "Case"
                | "Scenario"
                | "character"
                | "characters"
                | "novel"
                | "poem"
                | "play"
                | "film"
                | "painting"
                | "fictional"
                | "made-up"
                | "imaginary"
                | "hypothetical"
                | "invented"
                | "experiment"
                | "protagonist"
                | "narrator"
                | "module"
                | "Block"
                | "Unit"
                | "Chapter"
                | "Reading"
                | "Activity"
                | "Act"
                | "pseudonym"
                | "video"
        )
    })
}

/// Whether a sentence asks: it ends so, or tells what to do, or what it is worth.
fn is_question(sentence: &str) -> bool {
    let first = bare(
        sentence
            .split_whitespace()
            .find(|w| w.chars().filter(|c| c.is_alphabetic()).count() > 2)
            .unwrap_or_default(),
    );
    sentence.trim_end().ends_with('?')
        || sentence.contains(" marks)")
        || matches!(
            first,
            "Advise"
                | "Explain"
                | "Describe"
                | "Discuss"
                | "Evaluate"
                | "Compare"
                | "Outline"
                | "Identify"
                | "Analyse"
                | "Assess"
                | "Using"
                | "Drawing"
                | "Calculate"
                | "Consider"
                | "Examine"
                | "State"
                | "Summarise"
                | "Suggest"
                | "Define"
                | "Imagine"
                | "Choose"
        )
}

/// Whether a word names what only somebody known for it has: `Schein's model`, `Bloom's taxonomy`.
fn is_work(word: &str) -> bool {
    matches!(
        word,
        "theory"
            | "theories"
            | "model"
            | "models"
            | "theorem"
            | "law"
            | "laws"
            | "principle"
            | "rule"
            | "cycle"
            | "taxonomy"
            | "hierarchy"
            | "framework"
            | "concept"
            | "definition"
            | "method"
            | "algorithm"
            | "equation"
            | "scale"
            | "test"
            | "effect"
            | "thesis"
            | "argument"
            | "novel"
            | "poem"
            | "poems"
            | "poetry"
            | "play"
            | "plays"
            | "painting"
            | "paintings"
            | "film"
            | "book"
            | "article"
            | "study"
            | "studies"
            | "research"
            | "experiment"
            | "writings"
            | "philosophy"
            | "ideas"
            | "point"
            | "points"
            | "view"
            | "views"
            | "gaze"
            | "claim"
            | "position"
            | "idea"
            | "machine"
            | "diagram"
            | "matrix"
            | "grid"
            | "typology"
            | "approach"
            | "stages"
            | "critique"
    )
}

/// What scholars do.
fn is_of_scholars(word: &str) -> bool {
    matches!(
        word,
        "argues"
            | "argued"
            | "claims"
            | "claimed"
            | "suggests"
            | "defines"
            | "defined"
            | "proposes"
            | "proposed"
            | "theorised"
            | "theorises"
            | "identifies"
            | "identified"
            | "coined"
            | "developed"
            | "describes"
            | "states"
            | "stated"
            | "concludes"
            | "contends"
            | "maintains"
            | "writes"
            | "found"
            | "et"
    )
}

/// The words of a name by which a person is found again: folded, without titles, particles and initials.
fn words_of(name: &str) -> Vec<String> {
    let words =
        name.split(|c: char| !c.is_alphanumeric() && !matches!(c, '\'' | '’')).filter(|w| starts_upper(w));
    let words = words.map(|w| fold(w.trim_end_matches("'s").trim_end_matches("’s")));
    words.filter(|w| w.chars().count() > 1 && !is_title(w) && !is_particle(w)).collect()
}

/// The words with a capital in citations and reference lists.
fn cited_words(pieces: &[Piece]) -> HashSet<String> {
    let spans = pieces.iter().flat_map(|p| p.protected.iter().chain(&p.lists).map(|s| s.of(&p.text)));
    spans.flat_map(words_of).collect()
}
