//! Putting edited texts back: blocks, runs and cells move with the edits of their part.

use crate::document::Part;
use crate::text::{Edit, Span, apply_edits};

/// Where offsets of an old text went. Monotone: spans keep their order and do not come to overlap.
#[derive(Debug, Clone, Default)]
pub(super) struct Moves {
    /// Old span and new span of each edit, in order.
    edits: Vec<(Span, Span)>,
}

impl Moves {
    pub(super) fn new(edits: &[Edit], results: &[Span]) -> Self {
        Self { edits: edits.iter().map(|e| e.span).zip(results.iter().copied()).collect() }
    }

    /// The new offset of `at`; one inside an edit goes to its end.
    pub(super) fn offset(&self, at: usize) -> usize {
        let next = self.edits.partition_point(|(old, _)| old.start < at);
        match next.checked_sub(1).and_then(|i| self.edits.get(i)) {
            None => at,
            Some((old, new)) if at < old.end => new.end,
            Some((old, new)) => new.end + (at - old.end),
        }
    }

    /// The new place of `span`.
    pub(super) fn span(&self, span: Span) -> Span {
        Span::new(self.offset(span.start), self.offset(span.end))
    }
}

/// Applies `edits` (sorted, not overlapping) to the text of a part and moves all that lies on it.
///
/// `text` is the part's text as it was; the part's own `text` is replaced. Runs that the edits leave empty go.
pub(super) fn edit_part(part: &mut Part, text: &str, edits: &[Edit]) -> Vec<Span> {
    let (new, results) = apply_edits(text, edits);
    let moves = Moves::new(edits, &results);
    part.text = new;
    for block in &mut part.blocks {
        (block.start, block.end) = (moves.offset(block.start), moves.offset(block.end));
        for run in &mut block.runs {
            (run.start, run.end) = (moves.offset(run.start), moves.offset(run.end));
        }
        block.runs.retain(|run| run.start < run.end);
        for cell in &mut block.cells {
            (cell.start, cell.end) = (moves.offset(cell.start), moves.offset(cell.end));
        }
    }
    results
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::document::{Block, BlockKind, PartKind, Run, RunStyle};

    fn part(text: &str, runs: &[(usize, usize)]) -> Part {
        let style = RunStyle { bold: true, ..RunStyle::default() };
        let runs = runs.iter().map(|(start, end)| Run { start: *start, end: *end, style }).collect();
        let block = Block {
            kind: BlockKind::Paragraph,
            level: None,
            label: None,
            start: 0,
            end: text.len(),
            runs,
            cells: Vec::new(),
            at: None,
        };
        Part { name: "body".into(), kind: PartKind::Body, text: text.into(), blocks: vec![block] }
    }

    #[test]
    fn a_name_over_two_runs_goes_to_the_first() {
        let mut part = part("by Jane Smith here", &[(3, 6), (6, 13), (14, 18)]);
        let text = part.text.clone();
        edit_part(&mut part, &text, &[Edit { span: Span::new(3, 13), with: "[STUDENT]".into() }]);
        assert_eq!(part.text, "by [STUDENT] here");
        let block = &part.blocks[0];
        assert_eq!((block.start, block.end), (0, part.text.len()));
        let runs: Vec<_> = block.runs.iter().map(|r| &part.text[r.start..r.end]).collect();
        assert_eq!(runs, ["[STUDENT]", "here"]);
    }

    proptest! {
        #[test]
        fn moves_keep_order_and_boundaries(
            gaps in proptest::collection::vec((0usize..5, 1usize..5, 0usize..7), 0..8), at in 0usize..80, then in 0usize..10
        ) {
            let text = "x".repeat(100);
            let mut edits = Vec::new();
            let mut from = 0;
            for (gap, len, with) in gaps {
                let start = from + gap;
                edits.push(Edit { span: Span::new(start, start + len), with: "y".repeat(with) });
                from = start + len;
            }
            let (new, results) = apply_edits(&text, &edits);
            let moves = Moves::new(&edits, &results);
            prop_assert!(moves.offset(at) <= moves.offset(at + then));
            prop_assert_eq!(moves.offset(100), new.len());
            prop_assert!(moves.offset(at) <= new.len());
        }
    }
}
