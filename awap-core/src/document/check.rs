//! What holds of every document, whoever made it.

use super::{Block, Document, Part};
use crate::{Error, ErrorCode, Result};

impl Document {
    /// Checks what every verb relies on: parts in the order of their kinds with names of their own; blocks, runs and
    /// cells in order, not overlapping, on character boundaries, within what holds them.
    ///
    /// Readers keep to it; a document that comes in from outside has to be checked. The error is
    /// [`ErrorCode::InvalidInput`] and names the part and the block.
    pub fn check(&self) -> Result<()> {
        let mut names = std::collections::BTreeSet::new();
        for pair in self.parts.windows(2) {
            if let [a, b] = pair
                && a.kind > b.kind
            {
                return Err(fault(&b.name, "comes after a part of a later kind"));
            }
        }
        for part in &self.parts {
            if !names.insert(part.name.as_str()) {
                return Err(fault(&part.name, "has the name of another part"));
            }
            check_part(part)?;
        }
        Ok(())
    }
}

fn fault(part: &str, what: &str) -> Error {
    Error::new(ErrorCode::InvalidInput, format!("The part “{part}” of this document {what}."))
        .with("part", part)
}

fn check_part(part: &Part) -> Result<()> {
    let mut at = 0;
    for (index, block) in part.blocks.iter().enumerate() {
        let wrong =
            |what: &str| fault(&part.name, &format!("has a block {what}")).with("block", index as u64);
        if block.start < at || !is_span(&part.text, block.start, block.end) {
            return Err(wrong("whose span is out of order or off the text"));
        }
        if !inner_spans_hold(block, &part.text) {
            return Err(wrong("with runs or cells that are out of order or off the block"));
        }
        at = block.end;
    }
    Ok(())
}

fn is_span(text: &str, start: usize, end: usize) -> bool {
    text.get(start..end).is_some()
}

fn inner_spans_hold(block: &Block, text: &str) -> bool {
    is_ordered(block, text, block.runs.iter().map(|r| (r.start, r.end)))
        && is_ordered(block, text, block.cells.iter().map(|c| (c.start, c.end)))
        && block.cells.is_sorted_by(|a, b| (a.row, a.column) < (b.row, b.column))
}

fn is_ordered(block: &Block, text: &str, mut spans: impl Iterator<Item = (usize, usize)>) -> bool {
    let mut at = block.start;
    spans.all(|(start, end)| {
        let holds = start >= at && end <= block.end && is_span(text, start, end);
        at = end;
        holds
    })
}

#[cfg(test)]
mod tests {
    use crate::document::{Block, BlockKind, from_text};

    #[test]
    fn refuses_what_does_not_hold() {
        let mut document = from_text("né\n\nb", "content.text");
        document.check().unwrap();
        let block = |start, end| Block {
            kind: BlockKind::Paragraph,
            level: None,
            label: None,
            start,
            end,
            runs: Vec::new(),
            cells: Vec::new(),
            at: None,
        };
        for blocks in
            [vec![block(0, 2)], vec![block(0, 99)], vec![block(0, 3), block(1, 3)], vec![block(3, 1)]]
        {
            document.parts[0].blocks = blocks;
            document.check().unwrap_err();
        }
        let twin = document.parts[0].clone();
        document.parts[0].blocks.clear();
        document.parts.push(twin);
        document.check().unwrap_err();
    }
}
