//! Training of the conditional random field: stochastic gradient with `AdaGrad` and weight decay, in one thread.

use awap_names::{BUCKETS, Lists, Model, TAGS, Tag, Text, features, lattice, log_sum, marginals, runs};

use crate::text::{Chance, Tagged};

/// A run of tokens with the buckets and the true tag of each.
#[derive(Debug)]
pub(crate) struct Example {
    tokens: Vec<(Vec<u32>, Tag)>,
}

/// All candidate runs of a text.
pub(crate) fn examples(tagged: &Tagged, lists: &Lists, out: &mut Vec<Example>) {
    let text = Text::new(&tagged.text, lists, true, true);
    for run in runs(&text) {
        let mut before = None;
        let mut tokens = Vec::with_capacity(run.end - run.start);
        for i in run.start..run.end {
            let Some(token) = text.tokens.get(i) else { continue };
            let (start, end) = (token.start as usize, token.end as usize);
            let mut buckets = Vec::with_capacity(80);
            features(&text, run, i, &mut buckets);
            tokens.push((buckets, tagged.tag(start, end, before)));
            before = Some((start, end));
        }
        // A name cut at the start of a run begins there.
        if let Some((_, tag)) = tokens.first_mut() {
            *tag = match *tag {
                Tag::WriterInside => Tag::WriterBegin,
                Tag::PrivateInside => Tag::PrivateBegin,
                Tag::PublicInside => Tag::PublicBegin,
                tag => tag,
            };
        }
        out.push(Example { tokens });
    }
}

/// How it is trained.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) epochs: usize,
    pub(crate) rate: f32,
    pub(crate) decay: f32,
    /// How many features of a hundred are hidden at a time.
    pub(crate) hidden: usize,
}

/// Trains weights on `examples`.
pub(crate) fn train(examples: &[Example], settings: Settings, chance: &mut Chance) -> Model {
    let mut weights = vec![0f32; BUCKETS * TAGS];
    let mut squares = vec![1e-4f32; BUCKETS * TAGS];
    let mut after = [[0f32; TAGS]; TAGS + 1];
    let mut after_squares = [[1e-4f32; TAGS]; TAGS + 1];
    let mut order: Vec<usize> = (0..examples.len()).collect();
    for epoch in 0..settings.epochs {
        chance.shuffle(&mut order);
        let mut loss = 0.0;
        for at in &order {
            // Each time some features are hidden, so that none is relied on alone.
            let example: Vec<(Vec<u32>, Tag)> = examples[*at]
                .tokens
                .iter()
                .map(|(buckets, tag)| {
                    let shown = buckets.iter().copied().filter(|_| !chance.in_hundred(settings.hidden));
                    (shown.collect(), *tag)
                })
                .collect();
            let scores: Vec<[f32; TAGS]> = example
                .iter()
                .map(|(buckets, _)| {
                    let mut sum = [0f32; TAGS];
                    for b in buckets {
                        for (t, s) in sum.iter_mut().enumerate() {
                            *s += weights[*b as usize * TAGS + t];
                        }
                    }
                    sum
                })
                .collect();
            let (forward, backward) = lattice(&scores, &after);
            let Some(total) = forward.last().map(log_sum) else { continue };
            let mut way = -total;
            let mut before = TAGS;
            for (i, (buckets, tag)) in example.iter().enumerate() {
                let gold = *tag as usize;
                way += scores[i][gold] + after[before][gold];
                let mut gradient = [0f32; TAGS];
                for (t, g) in gradient.iter_mut().enumerate() {
                    *g = (forward[i][t] + backward[i][t] - total).exp() - f32::from(t == gold);
                }
                for b in buckets {
                    for (t, g) in gradient.iter().enumerate() {
                        let k = *b as usize * TAGS + t;
                        let g = g + settings.decay * weights[k];
                        squares[k] += g * g;
                        weights[k] -= settings.rate * g / squares[k].sqrt();
                    }
                }
                step(
                    &mut after,
                    &mut after_squares,
                    &forward,
                    &backward,
                    &scores,
                    i,
                    before,
                    gold,
                    total,
                    settings,
                );
                before = gold;
            }
            loss -= f64::from(way);
        }
        eprintln!("epoch {}: loss {:.4} a run", epoch + 1, loss / examples.len() as f64);
    }
    Model::rounded(&weights, after)
}

/// The gradient of the transition into token `i`.
#[allow(clippy::too_many_arguments)] // All of one step of one loop.
fn step(
    after: &mut [[f32; TAGS]; TAGS + 1],
    squares: &mut [[f32; TAGS]; TAGS + 1],
    forward: &[[f32; TAGS]],
    backward: &[[f32; TAGS]],
    scores: &[[f32; TAGS]],
    i: usize,
    before: usize,
    gold: usize,
    total: f32,
    settings: Settings,
) {
    let from: Vec<usize> = if i == 0 { vec![TAGS] } else { (0..TAGS).collect() };
    for from in from {
        for to in 0..TAGS {
            if !Tag::ALL[to].may_follow(Tag::ALL.get(from).copied()) {
                continue;
            }
            let way = if i == 0 { 0.0 } else { forward[i - 1][from] }
                + after[from][to]
                + scores[i][to]
                + backward[i][to];
            let gradient = (way - total).exp() - f32::from(from == before && to == gold);
            squares[from][to] += gradient * gradient;
            after[from][to] -= settings.rate * gradient / squares[from][to].sqrt();
        }
    }
}

/// How well a model does on examples: of tokens that are to be masked, how many it masks, and how many others.
pub(crate) fn measure(examples: &[Example], model: &Model, threshold: f32) -> serde_json::Value {
    let (mut found, mut masked, mut wrong, mut kept) = (0usize, 0usize, 0usize, 0usize);
    for example in examples {
        let scores: Vec<[f32; TAGS]> = example.tokens.iter().map(|(b, _)| model.score(b)).collect();
        for (p, (_, tag)) in marginals(&scores, model).iter().zip(&example.tokens) {
            let mask = p.iter().zip(Tag::ALL).filter(|(_, t)| t.is_masked()).map(|(p, _)| p).sum::<f32>()
                >= threshold;
            match (tag.is_masked(), mask) {
                (true, true) => (found, masked) = (found + 1, masked + 1),
                (true, false) => masked += 1,
                (false, true) => (wrong, kept) = (wrong + 1, kept + 1),
                (false, false) => kept += 1,
            }
        }
    }
    let share = |a: usize, b: usize| (a as f64 / b.max(1) as f64 * 1e4).round() / 1e4;
    serde_json::json!({
        "threshold": share((threshold * 1e4) as usize, 10_000), "tokens_to_mask": masked, "recall": share(found, masked),
        "other_candidate_tokens": kept, "false_alarms": share(wrong, kept), "precision": share(found, found + wrong),
    })
}
