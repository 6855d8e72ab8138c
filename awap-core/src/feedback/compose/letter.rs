//! The text that the student reads: opens with what was done well, goes through the work, ends with what to carry on.

use serde_json::Value;

use super::claims::{from_bank, number};
use super::label::Shape;
use super::tone::{self, Tone};
use super::voice::{Slots, Voice};
use super::{
    Marked, criticise, findings, lower_first, phrases, praise, quote, share, teach, weight, whole_slots,
};
use crate::feedback::criteria::{Finding, Note, Sign};
use crate::feedback::model::Totals;
use crate::feedback::rubric::Rubric;
use crate::text;

/// Sentences at most, whatever the number of words allowed.
const MOST: usize = 16;

/// The line above the end of the letter.
pub(crate) const FORWARD: &str = "**To carry forward**";

/// For a rubric that allows too few words for anything else.
const FALLBACK: &str = "Thank you for this TMA. My comments stand beside each criterion.";

/// The text and its tone.
pub(super) struct Letter {
    pub(super) text: String,
    pub(super) tone: Value,
}

/// A sentence that might be written.
#[derive(Clone, Copy)]
enum Idea<'a> {
    Praise(&'a Finding),
    Bank,
    Wrong(&'a Finding),
    Teach(&'a Finding),
    Anchor(&'a Finding),
    Extend(&'a Finding),
    Ask(&'a Finding),
    AskFurther(&'a Finding),
    Unanswered,
}

impl Idea<'_> {
    /// Praise first, then what is wrong, what to do, and a question to think about.
    fn rank(&self) -> u8 {
        match self {
            Self::Praise(_) => 0,
            Self::Bank => 1,
            Self::Wrong(_) => 2,
            Self::Unanswered | Self::Teach(_) | Self::Anchor(_) | Self::Extend(_) => 3,
            Self::Ask(_) | Self::AskFurther(_) => 4,
        }
    }
}

/// An idea with the criterion it belongs to.
#[derive(Clone, Copy)]
struct Item<'a, 'm> {
    section: usize,
    marked: &'a Marked<'m>,
    idea: Idea<'a>,
}

impl Item<'_, '_> {
    /// The order of advice: the place for a missing point comes right after the point.
    fn follows(&self, anchored: Option<&Marked<'_>>) -> u8 {
        match self.idea {
            Idea::Teach(f) if matches!(f.note, Note::Point(_)) => {
                u8::from(anchored.is_some_and(|a| std::ptr::eq(a, self.marked)))
            }
            Idea::Anchor(_) => 2,
            Idea::Extend(_) => 3,
            _ => 0,
        }
    }
}

/// The parts of the letter: a question each or, where there is one question, a criterion each.
struct Section<'a, 'm> {
    heading: String,
    marked: Vec<&'a Marked<'m>>,
}

impl Section<'_, '_> {
    /// Whether most of its marks were earned.
    fn is_strong(&self) -> bool {
        let got: f64 = self.marked.iter().filter_map(|m| m.outcome.score).sum();
        let max: f64 = self.marked.iter().map(|m| m.criterion.head.max_mark).sum();
        got >= 0.7 * max
    }
}

/// Writes the letter: as much as the rubric's number of words lets it say.
pub(super) fn write(rubric: &Rubric, marked: &[Marked<'_>], totals: &Totals, seed: &str) -> Letter {
    let share = overall(marked, totals);
    let sections = sections(rubric, marked);
    let ideal = tone::ideal(share);
    let material = material(&sections);
    // The longest draft within the number of words that keeps to the profile or, where none does, the longest.
    let mut longest = None;
    for most in (1..=(rubric.max_words / 22).clamp(1, MOST)).rev() {
        let chosen = choose(&material, share, &ideal, most, rubric.keeps_tone);
        let (text, written) = draft(&sections, &chosen, share, seed);
        if text::count_words(&text) > rubric.max_words {
            continue;
        }
        let letter = Letter { tone: tone::report(&written, &ideal), text };
        if !rubric.keeps_tone || tone::keeps_to(&written, &ideal) {
            return letter;
        }
        longest.get_or_insert(letter);
    }
    longest.unwrap_or_else(|| Letter { text: FALLBACK.to_owned(), tone: tone::report(&[], &ideal) })
}

/// The share of the marks that are decided.
fn overall(marked: &[Marked<'_>], totals: &Totals) -> f64 {
    if let Some(mark) = totals.mark {
        return mark / totals.max_mark;
    }
    let decided = marked.iter().filter(|m| m.outcome.score.is_some());
    let (got, max) = decided.fold((0.0, 0.0), |(g, m), c| {
        (g + c.outcome.score.unwrap_or_default(), m + c.criterion.head.max_mark)
    });
    if max > 0.0 { got / max } else { 0.5 }
}

fn sections<'a, 'm>(rubric: &Rubric, marked: &'a [Marked<'m>]) -> Vec<Section<'a, 'm>> {
    let mut sections: Vec<Section<'a, 'm>> = Vec::new();
    let by_question = rubric.questions.len() > 1;
    let mut last = None;
    for m in marked {
        if by_question {
            if last == Some(&m.question.id)
                && let Some(section) = sections.last_mut()
            {
                section.marked.push(m);
                continue;
            }
            last = Some(&m.question.id);
        }
        sections.push(Section { heading: String::new(), marked: vec![m] });
    }
    for section in &mut sections {
        let name = match section.marked.first() {
            Some(m) => section_name(by_question, &m.question.id, &m.criterion.head.title),
            None => continue,
        };
        let open = section.marked.iter().any(|m| m.outcome.score.is_none());
        let got: f64 = section.marked.iter().filter_map(|m| m.outcome.score).sum();
        let max: f64 = section.marked.iter().map(|m| m.criterion.head.max_mark).sum();
        section.heading = heading(&name, (!open).then_some((got, max)));
    }
    sections
}

/// What a section is called: its question or, where there is one question, its criterion.
pub(crate) fn section_name(by_question: bool, question: &str, title: &str) -> String {
    if by_question { format!("Question {question}") } else { title.to_owned() }
}

/// The line above a section, with the marks got and the most there were, unless some are open.
pub(crate) fn heading(name: &str, marks: Option<(f64, f64)>) -> String {
    match marks {
        Some((got, max)) => format!("**{name}** ({} out of {})", number(got), number(max)),
        None => format!("**{name}**"),
    }
}

/// Takes one from each section in turn, so that no part of the work goes without a word.
fn in_turn<'a, 'm>(mut queues: Vec<Vec<Item<'a, 'm>>>) -> Vec<Item<'a, 'm>> {
    let mut out = Vec::new();
    for queue in &mut queues {
        queue.reverse();
    }
    loop {
        let before = out.len();
        for queue in &mut queues {
            out.extend(queue.pop());
        }
        if out.len() == before {
            return out;
        }
    }
}

/// Everything that could be said, by tone.
struct Material<'a, 'm> {
    must: Vec<Item<'a, 'm>>,
    praise: Vec<Item<'a, 'm>>,
    gaps: Vec<Item<'a, 'm>>,
    more_teaching: Vec<Item<'a, 'm>>,
    more_asking: Vec<Item<'a, 'm>>,
    wrong: Vec<Item<'a, 'm>>,
}

fn material<'a, 'm>(sections: &'a [Section<'a, 'm>]) -> Material<'a, 'm> {
    let mut must = Vec::new();
    let queue = || -> Vec<Vec<Item<'a, 'm>>> { sections.iter().map(|_| Vec::new()).collect() };
    let (mut praise, mut gaps, mut wrong) = (queue(), queue(), queue());
    let (mut more_teaching, mut more_asking) = (queue(), queue());
    for (section, s) in sections.iter().enumerate() {
        let put = |to: &mut Vec<Vec<Item<'a, 'm>>>, marked: &'a Marked<'m>, idea: Idea<'a>| {
            if let Some(queue) = to.get_mut(section) {
                queue.push(Item { section, marked, idea });
            }
        };
        if let Some(m) = s.marked.first().filter(|m| m.answer.is_empty()) {
            must.push(Item { section, marked: m, idea: Idea::Unanswered });
            continue;
        }
        let mut done: Vec<(&'a Marked<'m>, &'a Finding)> = Vec::new();
        let mut open: Vec<(&'a Marked<'m>, &'a Finding)> = Vec::new();
        let mut banked: Vec<&'a Finding> = Vec::new();
        for m in s.marked.iter().copied() {
            if let Some(comment) = from_bank(m, |_| true) {
                banked.extend(findings(m, |sign| sign != Sign::Done).into_iter().find(|f| {
                    matches!(&f.note, Note::Point(label) if comment.contains(&super::label::shape(label).1))
                }));
                let to = if share(m).unwrap_or_default() >= 0.7 { &mut praise } else { &mut gaps };
                put(to, m, Idea::Bank);
            }
            done.extend(findings(m, |sign| sign == Sign::Done).into_iter().map(|f| (m, f)));
            // Two remarks on form are enough for one criterion; the improvements list them all.
            let mut remarks = 0;
            open.extend(findings(m, |sign| sign != Sign::Done).into_iter().map(|f| (m, f)).filter(
                |(_, f)| {
                    remarks += usize::from(matches!(f.note, Note::Said { .. }));
                    remarks <= 2 || matches!(f.note, Note::Point(_))
                },
            ));
        }
        // Within a question, the criteria that carry most come first.
        done.sort_by(|a, b| weight(b.1).total_cmp(&weight(a.1)));
        open.sort_by(|a, b| weight(b.1).total_cmp(&weight(a.1)));
        for (m, finding) in &done {
            put(&mut praise, m, Idea::Praise(finding));
        }
        for (m, finding) in open.iter().filter(|(_, f)| !banked.iter().any(|b| std::ptr::eq(*b, *f))) {
            put(&mut gaps, m, Idea::Teach(finding));
            if finding.sign == Sign::Wrong && matches!(finding.note, Note::Point(_)) {
                put(&mut wrong, m, Idea::Wrong(finding));
            }
        }
        let quotable: Vec<_> =
            done.iter().filter(|(m, f)| matches!(f.note, Note::Point(_)) && quote(m, f).is_some()).collect();
        // Quotations not spent on praise come first: the last are the least likely to have been used.
        for (i, (m, finding)) in quotable.into_iter().rev().enumerate() {
            let has_gap = open.iter().any(|(o, f)| std::ptr::eq(*o, *m) && matches!(f.note, Note::Point(_)));
            match i % 2 {
                _ if has_gap && i == 0 => put(&mut more_teaching, m, Idea::Anchor(finding)),
                0 => put(&mut more_teaching, m, Idea::Extend(finding)),
                _ => put(&mut more_asking, m, Idea::AskFurther(finding)),
            }
        }
    }
    Material {
        must,
        praise: in_turn(praise),
        gaps: in_turn(gaps),
        more_teaching: in_turn(more_teaching),
        more_asking: in_turn(more_asking),
        wrong: in_turn(wrong),
    }
}

/// One draft from the ideas chosen.
fn draft(
    sections: &[Section<'_, '_>],
    chosen: &[Item<'_, '_>],
    share: f64,
    seed: &str,
) -> (String, Vec<Tone>) {
    let mut voice = Voice::new(seed);
    let mut written = Vec::new();
    let mut paragraphs = Vec::new();
    let title = best(sections).unwrap_or_else(|| "the work as a whole".to_owned());
    let slots = Slots { title: Some(title), ..Slots::default() };
    if let Some(sentence) = voice.say(phrases::opening(share), "opening", &slots) {
        paragraphs.push(sentence);
        written.push(Tone::Praise);
    }
    for (i, section) in sections.iter().enumerate() {
        let mut items: Vec<&Item<'_, '_>> = chosen.iter().filter(|c| c.section == i).collect();
        let anchored = items.iter().find(|c| matches!(c.idea, Idea::Anchor(_))).map(|c| c.marked);
        items.sort_by_key(|c| (c.idea.rank(), c.follows(anchored)));
        let before = written.len();
        let mut sentences = say_all(&items, &mut voice, &mut written);
        // Where nothing came of what was chosen, or what came of it is advice on work that was good, what went well is not
        // passed over.
        let passed_over = sentences.is_empty()
            || section.is_strong() && !written.iter().skip(before).any(|tone| *tone == Tone::Praise);
        if passed_over
            && !items.is_empty()
            && let Some(sentence) = first_praise(section, &mut voice)
        {
            sentences.insert(0, sentence);
            written.push(Tone::Praise);
        }
        if !sentences.is_empty() {
            paragraphs.push(format!("{}\n{}", section.heading, sentences.join(" ")));
        }
    }
    paragraphs.push(forward(sections, share, &mut voice, &mut written));
    (paragraphs.join("\n\n"), written)
}

/// Praise for the first thing in a section that was done well and can be put into words.
fn first_praise(section: &Section<'_, '_>, voice: &mut Voice) -> Option<String> {
    let mut done = section
        .marked
        .iter()
        .flat_map(|m| findings(m, |sign| sign == Sign::Done).into_iter().map(move |finding| (*m, finding)));
    done.find_map(|(m, finding)| praise(m, finding, voice))
}

fn choose<'a, 'm>(
    material: &Material<'a, 'm>,
    share: f64,
    ideal: &tone::Profile,
    most: usize,
    keeps_tone: bool,
) -> Vec<Item<'a, 'm>> {
    // The opening praises; the end teaches and, for work that went well, praises too.
    let mut fixed = [1, 1 + material.must.len(), 0, 0];
    fixed[usize::from(share < 0.4)] += 1;
    let gaps = material.gaps.len();
    let askable = material.gaps.iter().filter(|i| matches!(i.idea, Idea::Teach(f) if f.can_ask())).count();
    let available = [
        fixed[0] + material.praise.len(),
        fixed[1] + gaps + material.more_teaching.len(),
        askable + material.more_asking.len(),
        material.wrong.len(),
    ];
    let mut counts = if keeps_tone {
        tone::plan(ideal, available, most, 8.0)
    } else {
        available.map(|n| n.min(most / 4 + 1))
    };
    for (count, fixed) in counts.iter_mut().zip(fixed) {
        *count = count.saturating_sub(fixed);
    }
    let mut chosen = material.must.clone();
    chosen.extend(material.praise.iter().take(counts[0]));
    chosen.extend(material.wrong.iter().take(counts[3]));
    let teach_gaps = counts[1].min(gaps.saturating_sub(counts[2].saturating_sub(material.more_asking.len())));
    chosen.extend(material.gaps.iter().take(teach_gaps));
    let taught: Vec<Item<'a, 'm>> =
        material.more_teaching.iter().take(counts[1] - teach_gaps).copied().collect();
    // What is told is not asked as well, unless there is nothing else to ask about. Questions on what was known come
    // before questions on form, and no part of the work gets more than two.
    let rest: Vec<Item<'a, 'm>> = material
        .gaps
        .iter()
        .skip(teach_gaps)
        .filter_map(|item| match item.idea {
            Idea::Teach(f) if f.can_ask() => Some(Item { idea: Idea::Ask(f), ..*item }),
            _ => None,
        })
        .collect();
    let on_point = |i: &&Item<'a, 'm>| matches!(i.idea, Idea::Ask(f) if matches!(f.note, Note::Point(_)));
    let on_form = rest.iter().filter(|i| !on_point(i));
    let mut asked: Vec<Item<'a, 'm>> = Vec::new();
    for item in rest.iter().filter(on_point).chain(&material.more_asking).chain(on_form) {
        if asked.len() < counts[2] && asked.iter().filter(|a| a.section == item.section).count() < 2 {
            asked.push(*item);
        }
    }
    let stands = |item: &Item<'a, 'm>| match item.idea {
        Idea::Anchor(_) => chosen.iter().any(|c| {
            std::ptr::eq(c.marked, item.marked)
                && matches!(c.idea, Idea::Teach(f) if matches!(f.note, Note::Point(_)))
        }),
        _ => true,
    };
    let taught: Vec<Item<'a, 'm>> = taught.into_iter().filter(stands).collect();
    chosen.extend(taught);
    chosen.extend(asked);
    chosen
}

fn say_all(items: &[&Item<'_, '_>], voice: &mut Voice, written: &mut Vec<Tone>) -> Vec<String> {
    let mut sentences = Vec::new();
    let mut told: Vec<&Finding> = Vec::new();
    for item in items {
        let m = item.marked;
        if let Idea::Teach(f) = item.idea {
            if told.iter().any(|t| std::ptr::eq(*t, f)) {
                continue;
            }
            let several = listed(item, items);
            if several.len() > 1
                && let Some(sentence) = say_list(&several, &m.criterion.head.id, voice)
            {
                told.extend(several);
                sentences.push(sentence);
                written.push(Tone::Teach);
                continue;
            }
        }
        let key = &m.criterion.head.id;
        let said = match item.idea {
            Idea::Praise(f) => praise(m, f, voice).map(|s| (s, Tone::Praise)),
            Idea::Bank => {
                let tone = if share(m).unwrap_or_default() >= 0.7 { Tone::Praise } else { Tone::Teach };
                let sentence = from_bank(m, |q| !voice.has_quoted(q)).or_else(|| from_bank(m, |_| true));
                if let Some(sentence) = &sentence {
                    voice.note(sentence);
                }
                sentence.map(|s| (s, tone))
            }
            Idea::Wrong(f) => criticise(m, f, voice).map(|s| (s, Tone::Criticise)),
            Idea::Teach(f) => teach(m, f, voice).map(|s| (s, Tone::Teach)),
            Idea::Anchor(f) => {
                voice.say_anew(phrases::ANCHOR, key, &whole_slots(m, f)).map(|s| (s, Tone::Teach))
            }
            Idea::Extend(f) => on_point(
                m,
                f,
                if argues(m) { phrases::extend_argument } else { phrases::extend_explanation },
                true,
                voice,
            )
            .map(|s| (s, Tone::Teach)),
            Idea::Ask(f) => match &f.note {
                // A question that does not say what it is about is a riddle.
                Note::Said { what, ask, .. } => {
                    let sentence = format!("{} {ask}", what.trim_end());
                    voice.note(&sentence);
                    Some((sentence, Tone::Ask))
                }
                Note::Point(_) => on_point(m, f, phrases::ask, false, voice).map(|s| (s, Tone::Ask)),
            },
            Idea::AskFurther(f) => on_point(
                m,
                f,
                if argues(m) { phrases::question_argument } else { phrases::question_explanation },
                true,
                voice,
            )
            .map(|s| (s, Tone::Ask)),
            Idea::Unanswered => {
                let slots = Slots { answer: Some(m.question.id.clone()), ..Slots::default() };
                voice.say(phrases::UNANSWERED, key, &slots).map(|s| (s, Tone::Teach))
            }
        };
        if let Some((sentence, tone)) = said {
            sentences.push(sentence);
            written.push(tone);
        }
    }
    sentences
}

/// The things that are missing and can stand in one list with this one: names of things, of the same criterion.
fn listed<'a>(first: &Item<'a, '_>, items: &[&Item<'a, '_>]) -> Vec<&'a Finding> {
    const MOST: usize = 4;
    let thing = |f: &Finding| match &f.note {
        Note::Point(label) if f.sign == Sign::Missing => {
            let (shape, inner) = super::label::shape(label);
            let many = inner.contains(" and ") || inner.contains(',');
            shape == Shape::Noun && !many && inner.split(' ').count() <= 6
        }
        _ => false,
    };
    let missing =
        items.iter().filter(|i| std::ptr::eq(i.marked, first.marked)).filter_map(|i| match i.idea {
            Idea::Teach(f) if thing(f) => Some(f),
            _ => None,
        });
    let missing: Vec<&Finding> = missing.take(MOST).collect();
    let with_it = matches!(first.idea, Idea::Teach(f) if missing.iter().any(|m| std::ptr::eq(*m, f)));
    if with_it { missing } else { Vec::new() }
}

/// One sentence on several missing things.
fn say_list(findings: &[&Finding], key: &str, voice: &mut Voice) -> Option<String> {
    let things: Vec<String> = findings
        .iter()
        .filter_map(|f| match &f.note {
            Note::Point(label) => Some(super::label::shape(label).1),
            Note::Said { .. } => None,
        })
        .collect();
    let (last, rest) = things.split_last()?;
    let slots = Slots { label: Some(format!("{} and {last}", rest.join(", "))), ..Slots::default() };
    voice.say(phrases::TEACH_LIST, key, &slots)
}

/// A sentence about a point of the rubric, from the bank for the shape of its label; with `once`, one that does not
/// name a point that has been named.
fn on_point(
    marked: &Marked<'_>,
    finding: &Finding,
    bank: fn(Shape) -> &'static [&'static str],
    once: bool,
    voice: &mut Voice,
) -> Option<String> {
    let Note::Point(label) = &finding.note else { return None };
    let (shape, slots) = Slots::for_label(label);
    let said = once && slots.label.as_ref().is_some_and(|l| voice.has_said(l));
    let slots = Slots { label: slots.label.filter(|_| !said), ..whole_slots(marked, finding) };
    if once { voice.say_anew(bank(shape), label, &slots) } else { voice.say(bank(shape), label, &slots) }
}

/// Whether the question asks for an argument rather than an explanation.
fn argues(marked: &Marked<'_>) -> bool {
    const VERBS: [&str; 9] = [
        "discuss",
        "assess",
        "evaluat",
        "argu",
        "how far",
        "critical",
        "to what extent",
        "reach a conclusion",
        "weigh",
    ];
    let prompt = marked.question.prompt.to_lowercase();
    VERBS.iter().any(|verb| prompt.contains(verb))
}

/// What the opening names: the best of the answers, or of the criteria of a single question.
fn best(sections: &[Section<'_, '_>]) -> Option<String> {
    let mut best: Option<(f64, f64, &Section<'_, '_>)> = None;
    for section in sections {
        let decided = section.marked.iter().filter(|m| m.outcome.score.is_some());
        let (got, max) = decided.fold((0.0, 0.0), |(g, m), c| {
            (g + c.outcome.score.unwrap_or_default(), m + c.criterion.head.max_mark)
        });
        if max <= 0.0 || got <= 0.0 {
            continue;
        }
        // A small criterion won in full is not the best of the work beside a large one nearly so.
        let weight = got / max + 0.2 * (got / 100.0).min(1.0);
        if best.is_none_or(|(w, g, _)| (weight, got) > (w, g)) {
            best = Some((weight, got, section));
        }
    }
    let (_, _, section) = best?;
    let m = section.marked.first()?;
    if section.heading.starts_with("**Question") {
        return Some(format!("your answer to Question {}", m.question.id));
    }
    let title = lower_first(&m.criterion.head.title);
    let first = title.split_whitespace().next().unwrap_or_default().to_owned();
    let owned = [
        "knowledge",
        "understanding",
        "use",
        "grasp",
        "choice",
        "structure",
        "references",
        "argument",
        "analysis",
        "discussion",
        "explanation",
    ];
    Some(if owned.contains(&first.as_str()) {
        format!("your {title}")
    } else {
        format!("your work on {title}")
    })
}

/// What to carry into the next TMA.
fn forward(sections: &[Section<'_, '_>], share: f64, voice: &mut Voice, written: &mut Vec<Tone>) -> String {
    let all = || sections.iter().flat_map(|s| s.marked.iter()).filter(|m| m.outcome.score.is_some());
    let lost = |m: &Marked<'_>| m.criterion.head.max_mark - m.outcome.score.unwrap_or_default();
    let worst = all()
        .max_by(|a, b| lost(a).total_cmp(&lost(b)))
        .filter(|m| lost(m) > 0.15 * m.criterion.head.max_mark);
    let strongest = all()
        .max_by(|a, b| a.outcome.score.unwrap_or_default().total_cmp(&b.outcome.score.unwrap_or_default()));
    let (bank, about) = match (worst, strongest) {
        (Some(m), _) if share < 0.85 => (phrases::FORWARD, Some(m)),
        (_, Some(m)) => (phrases::FORWARD_STRONG, Some(m)),
        (other, None) => (phrases::FORWARD, other),
    };
    let slots = Slots {
        title: about.map(|m| format!("*{}*", lower_first(&m.criterion.head.title))),
        ..Slots::default()
    };
    let mut sentences = Vec::new();
    if let Some(sentence) = voice.say(bank, "forward", &slots) {
        sentences.push(sentence);
        written.push(Tone::Teach);
    }
    if let Some(sentence) = voice.say(phrases::farewell(share), "farewell", &slots) {
        sentences.push(sentence);
        written.push(if share < 0.4 { Tone::Teach } else { Tone::Praise });
    }
    format!("{FORWARD}\n{}", sentences.join(" "))
}
