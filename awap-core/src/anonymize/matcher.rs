//! Finding known people in a text: one automaton over folded text, then boundaries, neighbours and use.

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::context::is_used_as_name;
use super::finding::{Finding, Label};
use super::namesakes;
use super::organisations;
use super::person::{Roster, Side};
use super::pieces::{Piece, Zone, touches};
use super::place::Place;
use super::words::{Ambiguity, is_honorific};
use crate::text::{Folded, Span};
use crate::{Error, ErrorCode, Result};

/// The people of a roster, ready to be looked for.
pub(super) struct Matcher<'a> {
    roster: &'a Roster,
    automaton: Option<AhoCorasick>,
    /// For each needle, whose and which part it is.
    owners: Vec<Vec<(usize, usize)>>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Hit {
    pub(super) start: usize,
    pub(super) end: usize,
    needle: usize,
}

/// Hits of one person's parts with nothing but glue between them.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    pub(super) start: usize,
    pub(super) end: usize,
    people: Vec<usize>,
    pub(super) hits: Vec<Hit>,
    /// Whether something joined the parts but stood outside any boundary (`janesmith`).
    initials: bool,
    titled: bool,
}

/// The most bytes between two parts of one name (`jane elizabeth a. smith` has an unknown middle name and is two).
const GLUE: usize = 24;

/// From how many bytes on a text is a long one.
const LONG: usize = 64 << 10;

impl<'a> Matcher<'a> {
    /// For `bytes` of text. What takes longer to build and then finds faster is worth that in a long text alone.
    pub(super) fn new(roster: &'a Roster, bytes: usize) -> Result<Self> {
        let mut needles: BTreeMap<String, Vec<(usize, usize)>> = BTreeMap::new();
        for (who, person) in roster.people.iter().enumerate() {
            for (which, part) in person.parts.iter().enumerate() {
                let mut add = |needle: String| {
                    let owners = needles.entry(needle).or_default();
                    // A given name of hundreds is told apart no better by looking at all of them.
                    if owners.len() < 16 && !owners.contains(&(who, which)) {
                        owners.push((who, which));
                    }
                };
                add(part.text.clone());
                if let Some(umlauted) = with_umlauts(&part.text) {
                    add(umlauted);
                }
                if let Some((head, tail)) = part.text.split_once('\'') {
                    // O'Neill, ONeill, O Neill, O-Neill, O_Neill, O.Neill; Neill alone.
                    for joint in ["", " ", "-", "_", ".", "' "] {
                        add(format!("{head}{joint}{tail}"));
                    }
                    if tail.chars().count() >= 4 && head.chars().count() <= 2 {
                        add(tail.to_owned());
                    }
                }
                for squashed in &person.squashed {
                    if part.side == Side::Family && squashed.ends_with(&part.text.replace('\'', "")) {
                        add(squashed.clone());
                    }
                }
            }
        }
        let owners = needles.values().cloned().collect();
        let automaton = if needles.is_empty() {
            None
        } else {
            let kind =
                if bytes < LONG { AhoCorasickKind::NoncontiguousNFA } else { AhoCorasickKind::ContiguousNFA };
            let built = AhoCorasick::builder()
                .kind(Some(kind))
                .match_kind(MatchKind::LeftmostLongest)
                .build(needles.keys());
            Some(built.map_err(|_| {
                Error::new(ErrorCode::Internal, "The names given for this TMA are too many to be looked for.")
            })?)
        };
        Ok(Self { roster, automaton, owners })
    }

    /// Finds the people in one piece; what touches a protected span is no hit. True where a part of another's name may hide one of the
    /// student's.
    pub(super) fn find(&self, piece: &Piece, folded: &Folded, out: &mut Vec<Finding>) -> bool {
        let Some(automaton) = &self.automaton else { return false };
        let mut hides = false;
        let place = Place { piece, folded, text: folded.as_str() };
        let mut chain: Option<Chain> = None;
        for found in automaton.find_iter(place.text) {
            let hit = Hit { start: found.start(), end: found.end(), needle: found.pattern().as_usize() };
            if place.is_protected(hit) {
                continue;
            }
            let owners = self.people_of(hit);
            hides |= !owners.contains(&0) && self.hides_student(place.text, hit);
            if let Some(open) = &mut chain {
                let people: Vec<usize> = open
                    .people
                    .iter()
                    .copied()
                    .filter(|p| owners.contains(p) && self.is_glue(&place, *p, open.end, hit.start))
                    .filter(|p| self.goes_on(&place, *p, open, hit))
                    .collect();
                if !people.is_empty() {
                    open.end = hit.end;
                    open.people = people;
                    open.hits.push(hit);
                    continue;
                }
            }
            if let Some(done) = chain.take() {
                self.close(&place, done, out);
            }
            chain = Some(Chain {
                start: hit.start,
                end: hit.end,
                people: owners,
                hits: vec![hit],
                initials: false,
                titled: false,
            });
        }
        if let Some(done) = chain {
            self.close(&place, done, out);
        }
        hides
    }

    /// Whether a part of the student's name begins inside a `hit` of somebody else's and ends behind it.
    fn hides_student(&self, text: &str, hit: Hit) -> bool {
        let Some(student) = self.roster.people.first() else { return false };
        let begins = |at: usize| {
            text.get(at..).is_some_and(|rest| {
                let mut parts = student.parts.iter().map(|part| &part.text).chain(&student.squashed);
                parts.any(|part| at + part.len() > hit.end && rest.starts_with(part.as_str()))
            })
        };
        (hit.start + 1..hit.end).any(begins)
    }

    fn people_of(&self, hit: Hit) -> Vec<usize> {
        let mut people: Vec<usize> =
            self.owners.get(hit.needle).into_iter().flatten().map(|(who, _)| *who).collect();
        people.dedup();
        people
    }

    /// Whether what stands between two parts belongs to the same name: separators, initials, particles.
    fn is_glue(&self, place: &Place<'_>, who: usize, from: usize, to: usize) -> bool {
        if to < from || to - from > GLUE {
            return false;
        }
        let Some(person) = self.roster.people.get(who) else { return false };
        let between = place.text.get(from..to).unwrap_or_default();
        // A separator is at most `, ` or ` - `: two blanks-and-marks runs would be prose.
        between.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).all(|word| {
            let mut letters = word.chars();
            let initial = letters.next().filter(|_| letters.next().is_none());
            initial.is_some_and(|c| person.initials.contains(&c))
                || person.particles.iter().any(|p| p == word)
        }) && between.chars().all(|c| c.is_alphanumeric() || " -'_.,+/&%".contains(c))
            && between.chars().filter(|c| !c.is_alphanumeric()).count() <= 6
    }

    /// Whether `hit` can be the next part of the name in `open`: no part comes twice, and a word in lower case after a
    /// blank is a word (`Will Grace, will you`), but where the name is written so (`sarah walker`).
    fn goes_on(&self, place: &Place<'_>, who: usize, open: &Chain, hit: Hit) -> bool {
        let parts = |hit: Hit| {
            self.owners
                .get(hit.needle)
                .into_iter()
                .flatten()
                .filter(move |(w, _)| *w == who)
                .map(|(_, part)| *part)
        };
        let twice = parts(hit).all(|part| open.hits.iter().any(|earlier| parts(*earlier).any(|p| p == part)));
        let blank = place.text.get(open.end..hit.start).is_some_and(|gap| gap.contains(' '));
        let word = || {
            parts(hit).all(|part| {
                let part = self.roster.people.get(who).and_then(|p| p.parts.get(part));
                part.is_some_and(|p| p.ambiguity != Ambiguity::Plain)
            })
        };
        !twice
            && (!blank
                || place.is_upper(hit.start)
                || place.piece.zone().is_technical()
                || !word()
                || place.goes_on_small(open, hit))
    }

    fn close(&self, place: &Place<'_>, mut chain: Chain, out: &mut Vec<Finding>) {
        // Who: the one most of whose parts are here; the student where it is as good.
        let distinct = |who: usize| {
            let mut parts: Vec<usize> = chain
                .hits
                .iter()
                .flat_map(|hit| self.owners.get(hit.needle).into_iter().flatten())
                .filter(|(w, _)| *w == who)
                .map(|(_, part)| *part)
                .collect();
            parts.sort_unstable();
            parts.dedup();
            parts
        };
        let mut best: Option<(usize, usize)> = None;
        for who in &chain.people {
            let share =
                distinct(*who).len() * 64 / self.roster.people.get(*who).map_or(1, |p| p.parts.len().max(1));
            if best.is_none_or(|(s, _)| share > s) {
                best = Some((share, *who));
            }
        }
        let Some((_, who)) = best else { return };
        let parts = distinct(who);
        let Some(person) = self.roster.people.get(who) else { return };
        let mut named = parts.iter().filter_map(|p| person.parts.get(*p));
        let plain = named.clone().any(|p| p.ambiguity == Ambiguity::Plain);
        let core = Span::new(chain.start, chain.end);
        let left_ok = place.left_boundary(chain.start);
        let right_ok = place.right_boundary(chain.end);
        let technical =
            place.piece.zone().is_technical() || place.in_token_with_digits(chain.start, chain.end);
        let whole = left_ok && right_ok;
        let account = place.account(&chain, person, plain, whole);
        let beside = if technical && !whole { place.beside_words(core, person, plain) } else { None };
        if let Some(run) = account {
            chain.initials = run != core;
            (chain.start, chain.end) = (run.start, run.end);
        } else {
            self.extend(place, &mut chain, who, technical);
        }
        let joined = account.is_some() || parts.len() >= 2 && core.len() >= 8;
        let left_ok = left_ok || chain.start < core.start || joined;
        let right_ok = right_ok || chain.initials || joined;
        if !(left_ok && right_ok) {
            let Some(name) = beside else { return self.each_alone(place, &chain, out) };
            chain.initials = name != core;
            (chain.start, chain.end) = (name.start, name.end);
        }
        let span = place.folded.span(&place.piece.text, Span::new(chain.start, chain.end));
        // A lone name in a reference list is a title's or a publisher's; a whole one may be of somebody whom the student has talked with.
        let lone = parts.len() < 2 && !chain.titled;
        let listed = || touches(&place.piece.published, span) || lone && touches(&place.piece.lists, span);
        if !person.is_student && listed() {
            return;
        }
        let strong = parts.len() >= 2 || chain.initials || chain.titled;
        let (rule, confidence) = if strong {
            let capitals = place.capitals(&chain);
            let joined = account.is_some() || beside.is_some();
            let written = plain || joined || capitals >= chain.hits.len().min(2);
            if !(written || place.piece.zone().is_technical()) {
                return;
            }
            if parts.len() >= 2 { ("identity.full_name", 1.0) } else { ("identity.initials", 0.95) }
        } else {
            let Some(part) = named.next() else { return };
            let given = part.side == Side::Given;
            let is_organisation = || !person.is_student && organisations::is_one(&place.piece.text, span);
            if namesakes::is_of_another(self.roster, place, person, part, chain.end) || is_organisation() {
                return;
            }
            // Whoever is the whole of a property is named there, in small letters too.
            let alone = place.piece.zone() == Zone::Properties
                && span == super::context::line_around(&place.piece.text, span);
            let capital = place.capitals(&chain) > 0 || alone;
            let used = if person.is_student {
                is_used_as_name(&place.piece.text, span, place.piece.zone(), part.ambiguity, given)
                    && (part.ambiguity == Ambiguity::Plain || !place.in_code(span))
            } else {
                // Others are looked for as they are written: with a capital, and not in program code.
                capital
                    && !place.in_code(span)
                    && is_used_as_name(&place.piece.text, span, place.piece.zone(), part.ambiguity, given)
            };
            if !used {
                return;
            }
            if person.is_student && !given && part.ambiguity == Ambiguity::Plain {
                chain.start = place.given_before(chain.start, chain.end).unwrap_or(chain.start);
            }
            if given { ("identity.given_name", 0.9) } else { ("identity.family_name", 0.9) }
        };
        let span = place.folded.span(&place.piece.text, Span::new(chain.start, chain.end));
        let (label, rule) = if person.is_student {
            (Label::NameStudent, rule)
        } else {
            (Label::NameOther, "person.propagated")
        };
        out.push(Finding { span, label, person: who, rule, confidence });
    }

    /// A chain whose ends are inside words falls apart into the parts that stand by themselves.
    fn each_alone(&self, place: &Place<'_>, chain: &Chain, out: &mut Vec<Finding>) {
        if chain.hits.len() < 2 {
            return;
        }
        for hit in &chain.hits {
            let alone = Chain {
                start: hit.start,
                end: hit.end,
                people: self.people_of(*hit),
                hits: vec![*hit],
                initials: false,
                titled: false,
            };
            self.close(place, alone, out);
        }
    }

    /// Takes initials, particles and titles that stand beside the parts into the chain.
    fn extend(&self, place: &Place<'_>, chain: &mut Chain, who: usize, technical: bool) {
        let Some(person) = self.roster.people.get(who) else { return };
        // To the left: particles and initials, then a title.
        for _ in 0..6 {
            let Some((word, gap)) = place.word_before(chain.start) else { break };
            let letters = word.of(place.text);
            let single = letters.chars().count() == 1;
            let initial = single && letters.chars().all(|c| person.initials.contains(&c));
            if initial
                && place.left_boundary(word.start)
                && (gap > 0 && (technical || place.is_upper(word.start)) || gap == 0 && technical)
                && !place.is_lone_pronoun(word, chain.start)
            {
                chain.initials = true;
                chain.start = word.start;
            } else if gap > 0 && person.particles.iter().any(|p| p == letters) {
                chain.start = word.start;
            } else {
                break;
            }
        }
        if let Some((word, gap)) = place.word_before(chain.start)
            && gap > 0
            && is_honorific(word.of(place.text))
            && place.left_boundary(word.start)
            && (technical || place.is_upper(word.start))
        {
            chain.titled = true;
            chain.start = word.start;
        }
        // To the right: `Smith, J. A.`, `Jane S.`, `Grace_W`.
        for _ in 0..4 {
            let Some((word, gap)) = place.word_after(chain.end) else { break };
            let letters = word.of(place.text);
            let single = letters.chars().count() == 1;
            let initial = single && letters.chars().all(|c| person.initials.contains(&c));
            let upper = gap > 0 && (technical || place.is_upper(word.start)) || gap == 0 && technical;
            let dotted = place.text.get(word.end..).is_some_and(|r| r.starts_with('.'));
            let ends = (dotted || technical || place.ends_name(word.end))
                && !place.after(word.end).is_some_and(|c| c.is_ascii_digit());
            if !(initial && upper && ends && place.right_boundary(word.end)) {
                break;
            }
            chain.initials = true;
            chain.end = word.end + usize::from(dotted && !technical && place.dot_belongs(word.end));
        }
    }
}

/// `mueller` as `müller` folds, and `bjoern` as `bjørn` does. Not where the two vowels are just two (`Samuel`).
pub(super) fn with_umlauts(part: &str) -> Option<String> {
    let two = ["uel", "oel", "ael"].iter().any(|v| part.ends_with(v))
        || ["que", "aue", "eue"].iter().any(|v| part.contains(v));
    let plain = part.replace("oe", "o").replace("ue", "u").replace("ae", "a");
    (!two && plain.len() >= 4 && plain.len() < part.len()).then_some(plain)
}

#[cfg(test)]
#[path = "matcher_tests.rs"]
mod tests;
