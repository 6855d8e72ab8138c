//! PDF: text from the places of its glyphs.
//!
//! `lopdf` gives the file's objects; content streams and fonts are read here, since only the places of glyphs tell words,
//! lines, columns, headers and tables.

mod cid;
mod cmap;
mod content;
mod encoding;
mod flow;
mod font;
mod furniture;
mod lexer;
mod line;
mod meta;
mod objects;
mod program;
pub(super) mod rewrite;
mod rtl;
mod span;
mod table;
mod true_type;

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::reader::{Context, Reader, Reading, damaged, encrypted};
use super::{PartKind, Warning};
use crate::Result;
use content::{Drawn, Interpreter};
use flow::{Flow, Item, Page};
use objects::Pdf;
use span::Way;

/// Images of one page that are told apart.
const MOST_FIGURES: usize = 200;

/// Reads PDF.
pub(super) struct PdfReader;

impl Reader for PdfReader {
    fn read(&self, bytes: &[u8], cx: &Context<'_>) -> Result<Reading> {
        // The parser beneath has met every file that it was tried on; should one make it panic, the request alone fails.
        catch_unwind(AssertUnwindSafe(|| read(bytes, cx)))
            .unwrap_or_else(|_| Err(damaged("its structure is broken")))
    }
}

fn read(bytes: &[u8], cx: &Context<'_>) -> Result<Reading> {
    let pdf = Pdf::open(bytes, cx)?;
    let pages = pdf.pages()?;
    if pages.is_empty() {
        // Without its password nothing of such a file can be found, its pages neither.
        let locked = pdf.document.trailer.has(b"Encrypt");
        return Err(if locked { encrypted() } else { damaged("it has no pages") });
    }
    let mut interpreter = Interpreter::new(&pdf);
    let mut laid_out = Vec::with_capacity(pages.len());
    let mut letters = 0;
    let mut unknown = 0;
    let mut pictures = 0;
    for page in &pages {
        cx.check()?;
        let drawn = interpreter.page(page)?;
        for span in &drawn.spans {
            letters += span.text.chars().count();
            unknown += span.text.matches('\u{fffd}').count();
        }
        if letters > cx.limits.text_bytes {
            return Err(crate::Limits::exceeded("text_bytes", cx.limits.text_bytes));
        }
        pictures += usize::from(drawn.is_picture());
        laid_out.push(lay_out(drawn));
    }
    let mut flow = Flow::new(&laid_out, cx.limits);
    flow.write(laid_out);
    let mut parts = flow.finish()?;
    parts.extend(meta::annotations(&pdf, &pages)?);
    parts.push(meta::properties(&pdf)?);
    let mut warnings = Vec::new();
    let has_text = parts
        .iter()
        .any(|part| part.kind.is_visible() && part.kind != PartKind::Comment && !part.text.trim().is_empty());
    if !has_text {
        warnings.push(Warning::new(
            "no_text_layer",
            "This PDF holds no text: its pages are images, such as a scanner makes. Ask the student for the file it was made from.",
        ));
    } else if pictures > 0 {
        warnings.push(Warning::new(
            "no_text_layer",
            format!(
                "Of the {} pages of this PDF {pictures} hold next to nothing but images or drawings, such as a scanner or a \
                 tablet makes; what is written there was not read. Ask the student for the file they were made from.",
                pages.len()
            ),
        ));
    }
    if has_text && unknown * 4 > letters {
        warnings.push(Warning::new(
            "part_unreadable",
            "The fonts of this PDF do not say which characters they show; much of its text could not be read.",
        ));
    }
    Ok(Reading { parts, warnings })
}

/// Puts what a page draws into reading order.
fn lay_out(drawn: Drawn) -> Page {
    let Drawn { spans, rules, images, width, height, .. } = drawn;
    let (mut along, other): (Vec<_>, Vec<_>) =
        spans.into_iter().enumerate().partition(|(_, span)| span.way == Way::Right);
    // A page that is printed sideways is read sideways.
    let sideways = other.len() > along.len();
    let tables = if sideways { Vec::new() } else { table::ruled(&rules, &mut along) };
    let lines = line::build(along.iter().map(|(order, span)| (*order, span)));
    let mut lines = line::in_reading_order(lines);
    for way in [Way::Down, Way::Left, Way::Up, Way::Slanted] {
        let turned = other.iter().filter(|(_, span)| span.way == way).map(|(order, span)| (*order, span));
        let turned = line::in_reading_order(line::build(turned));
        lines.extend(turned);
    }
    let mut items: Vec<Item> = lines.into_iter().map(Item::Line).collect();
    let page_area = width * height;
    let mut figures: Vec<(usize, f64)> = images
        .into_iter()
        .filter(|([left, top, right, bottom], _)| {
            let area = (right - left) * (bottom - top);
            // Smaller is an icon or a rule, larger the background or a scan of the whole page.
            area > 1500.0 && area < page_area * 0.9
        })
        .map(|([_, top, ..], order)| (order, top))
        .collect();
    figures.dedup();
    figures.truncate(MOST_FIGURES);
    for (order, y) in figures {
        insert(&mut items, Item::Figure, order, y);
    }
    for table in tables {
        let (order, y) = (table.order, table.y);
        insert(&mut items, Item::Table(table), order, y);
    }
    Page { items, height }
}

/// Puts an item before the first line that is drawn after it and stands below it.
fn insert(items: &mut Vec<Item>, item: Item, order: usize, y: f64) {
    let place = items.iter().position(|other| match other {
        Item::Line(line) => line.order >= order && line.y >= y,
        Item::Table(table) => table.order > order && table.y >= y,
        Item::Figure => false,
    });
    items.insert(place.unwrap_or(items.len()), item);
}
