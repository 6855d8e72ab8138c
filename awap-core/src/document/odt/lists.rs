//! Lists of an ODF text: what number the paragraph that begins has.
//!
//! `LibreOffice` ends a list wherever a paragraph without a number stands, and begins another that continues it. A part that
//! is numbered below a question (`(b)` after its answer to `(a)`) stands in such a list in an item that has no paragraph of its
//! own. So numbers are counted as paragraphs take them, and the last ones of each style are kept.

use std::collections::BTreeMap;

use super::styles::{LEVELS, Styles};

/// The last numbers given by each style of lists, outermost first.
pub(super) type Ended = BTreeMap<String, Vec<u32>>;

/// A list that is open.
#[derive(Debug)]
pub(super) struct List {
    pub(super) style: String,
    /// The numbers of the items that are open, the outermost first.
    counts: Vec<u32>,
    continues: bool,
    /// An item has begun and none of its paragraphs.
    fresh: bool,
    /// The number that the item sets.
    set: Option<u32>,
}

impl List {
    /// Begins a list within `outer`. `style` and `continues` are what the element itself says.
    pub(super) fn begin(
        style: Option<String>,
        continues: bool,
        outer: Option<&Self>,
        ended: &Ended,
        styles: &Styles,
    ) -> Self {
        let style = style.or_else(|| outer.map(|list| list.style.clone())).unwrap_or_default();
        let continues = continues || outer.is_some_and(|list| list.continues);
        let mut counts = outer.map(|list| list.counts.clone()).unwrap_or_default();
        // An item without a paragraph of its own counts as the first if none came before it.
        if let (Some(last), Some(outer)) = (counts.last_mut(), outer)
            && outer.fresh
            && *last < outer.first(styles)
        {
            *last = outer.first(styles);
        }
        let level = counts.len();
        let before = ended.get(&style).filter(|before| continues && before.get(..level) == Some(&counts));
        let first = styles.start(&style, level).saturating_sub(1);
        counts.push(before.and_then(|before| before.get(level)).copied().unwrap_or(first));
        // What lies deeper than lists can be is numbered as if it were not.
        counts.truncate(LEVELS);
        Self { style, counts, continues, fresh: false, set: None }
    }

    /// The number of its first item.
    fn first(&self, styles: &Styles) -> u32 {
        styles.start(&self.style, self.counts.len().saturating_sub(1))
    }

    /// Begins an item; a header (not `counted`) has no number.
    pub(super) fn begin_item(&mut self, counted: bool, set: Option<u32>) {
        self.fresh = counted;
        self.set = set.filter(|_| counted);
    }

    /// How deep it lies, from 1.
    pub(super) fn level(&self) -> u8 {
        self.counts.len().clamp(1, LEVELS) as u8
    }

    /// The numbers of the paragraph that begins, if it is the first of its item.
    pub(super) fn number(&mut self, ended: &mut Ended) -> Option<&[u32]> {
        if !std::mem::take(&mut self.fresh) {
            return None;
        }
        if let Some(count) = self.counts.last_mut() {
            *count = self.set.take().unwrap_or_else(|| count.saturating_add(1));
        }
        ended.insert(self.style.clone(), self.counts.clone());
        Some(&self.counts)
    }
}
