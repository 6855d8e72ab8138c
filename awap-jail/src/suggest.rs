//! `suggest`: from a checked request to comments and scores that fit the contract, whatever the weights.

use std::time::{Duration, Instant};

use awap_core::{Deadline, Result};
use serde_json::{Value, json};

use crate::decode::{Choice, Clock, Finish, Line, Progress, Quotable, Writer};
use crate::model::Model;
use crate::prompt::{Prompt, label};
use crate::request::Request;

/// Bytes of a quotation: from a few words to a long sentence.
const QUOTE: (usize, usize) = (12, 200);
/// Bytes of a comment: from a phrase to two sentences or so.
const COMMENT: (usize, usize) = (16, 320);
const MAX_COMMENTS: usize = 12;
/// Most tokens that may be asked for.
const MAX_TOKENS: usize = 4_096;
/// Share of a request's own time that is kept for sending the answer.
const MARGIN: f64 = 0.1;

const KINDS: [&str; 2] = ["strength", "improvement"];

/// What has been written so far.
#[derive(Default)]
struct Suggestions {
    comments: Vec<Value>,
    scores: Vec<Value>,
}

/// Answers a request. Where tokens or time run out, the answer holds what was finished by then.
///
/// # Errors
///
/// `timeout` where the request's own deadline passes or it is cancelled; `limit_exceeded` where the criteria alone
/// are more than the model can read.
pub(crate) fn suggest(model: &mut Model, request: &Request, deadline: &Deadline) -> Result<Value> {
    let start = Instant::now();
    let time = allowed_time(request, deadline, start);
    let clock = Clock { ends: start + time, deadline };
    let most_tokens = request.budget.max_tokens.min(MAX_TOKENS);
    let mut suggestions = Suggestions::default();
    let mut usage = Usage { prompt: 0, completion: 0, finish: Finish::Stop, truncated: false };
    if !request.criteria.is_empty() && !request.text.trim().is_empty() {
        let prompt = Prompt::new(model, request, model.prompt_tokens(most_tokens, time))?;
        usage.prompt = prompt.tokens.len();
        usage.truncated = prompt.truncated;
        usage.finish = match Writer::start(model, &prompt.tokens, most_tokens, clock)? {
            Err(finish) => finish,
            Ok(mut writer) => {
                let quotable = Quotable::new(prompt.sections.iter().map(|section| section.text));
                let finish = comment(&mut writer, request, quotable, &mut suggestions)?.err();
                usage.completion = writer.tokens();
                finish.unwrap_or(Finish::Stop)
            }
        };
    }
    Ok(json!({
        "suggestions": {"comments": suggestions.comments, "scores": suggestions.scores},
        "model": model.info(),
        "usage": {
            "prompt_tokens": usage.prompt,
            "completion_tokens": usage.completion,
            "milliseconds": start.elapsed().as_millis() as u64,
            "finish": usage.finish.as_str(),
            "text_truncated": usage.truncated,
        },
    }))
}

struct Usage {
    prompt: usize,
    completion: usize,
    finish: Finish,
    truncated: bool,
}

/// The budget's time, and no more than the request's deadline leaves for it.
fn allowed_time(request: &Request, deadline: &Deadline, now: Instant) -> Duration {
    let budget = Duration::from_millis(request.budget.time_ms);
    let left = deadline.instant().map(|at| at.saturating_duration_since(now).mul_f64(1.0 - MARGIN));
    left.map_or(budget, |left| left.min(budget)).min(Duration::from_hours(1))
}

/// Writes comment after comment, for as long as the model would and there is something left to quote.
///
/// The model writes in another order than the answer's: first what it quotes, then what it makes of it.
fn comment(
    writer: &mut Writer<'_>,
    request: &Request,
    mut quotable: Quotable<'_>,
    out: &mut Suggestions,
) -> Progress<()> {
    /// Goes on with what there is budget for, or ends.
    macro_rules! go {
        ($step:expr) => {
            if let Err(finish) = $step? {
                return Ok(Err(finish));
            }
        };
    }
    // Of each criterion, which kinds of comment may still come.
    let mut open = vec![KINDS.to_vec(); request.criteria.len()];
    go!(writer.write("{\"comments\": ["));
    while !quotable.is_empty() && out.comments.len() < MAX_COMMENTS {
        let criteria: Vec<usize> = (0..open.len()).filter(|criterion| !open[*criterion].is_empty()).collect();
        if criteria.is_empty() {
            break;
        }
        let mut criterion = Choice::new(criteria.iter().map(|criterion| format!("{}\"", label(*criterion))));
        go!(writer.write("{\"criterion\": \""));
        go!(writer.fill(&mut criterion));
        let at = criteria[criterion.chosen()];
        let id = &request.criteria[at].id;

        let mut quote = quotable.hole(QUOTE.0, QUOTE.1);
        go!(writer.write(", \"quote\": \""));
        go!(writer.fill(&mut quote));
        let quote = quote.text();

        let mut kind = Choice::new(open[at].iter().map(|kind| format!("{kind}\"")));
        go!(writer.write(", \"kind\": \""));
        go!(writer.fill(&mut kind));
        let kind = open[at].remove(kind.chosen());

        let mut text = Line::new(COMMENT.0, COMMENT.1);
        go!(writer.write(", \"comment\": \""));
        go!(writer.fill(&mut text));
        let text = text.text();
        if quote.is_empty() || text.is_empty() {
            // Nothing fits: a vocabulary that cannot spell the text, or the words of a comment.
            break;
        }
        quotable.spend(quote);
        out.comments.push(json!({"criterion": id, "kind": kind, "text": text, "quote": quote}));

        if open[at].len() + 1 == KINDS.len() {
            let scores = request.criteria[at].scores();
            let mut score = Choice::new(scores.iter().map(|score| format!("{score}}}")));
            go!(writer.write(", \"score\": "));
            go!(writer.fill(&mut score));
            out.scores.push(json!({"criterion": id, "score": scores[score.chosen()]}));
        } else {
            go!(writer.write("}"));
        }
        let mut next = Choice::new([",".to_owned(), "]".to_owned()]);
        go!(writer.fill(&mut next));
        if next.chosen() == 1 {
            break;
        }
        go!(writer.write(" "));
    }
    Ok(Ok(()))
}
