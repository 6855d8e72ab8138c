//! How the Word file looks: named styles, so that whoever opens it can change them, and a reader finds its headings.

use docx_rs::{
    AbstractNumbering, AlignmentType, BorderType, Docx, IndentLevel, Level, LevelJc, LevelText, LineSpacing,
    NumberFormat, Numbering, NumberingId, PageMargin, Paragraph, Run, RunFonts, SpecialIndentType, Start,
    Style, StyleType, Table, TableBorder, TableBorderPosition, TableBorders, TableCell, TableRow, WidthType,
};

/// Half points.
const TEXT_SIZE: usize = 22;
/// A4 and its margins, in twentieths of a point.
const PAGE: (u32, u32) = (11_906, 16_838);
const MARGIN: i32 = 1_440;
/// What is between the margins.
const LINE: usize = 9_026;
/// The width of a column of marks.
const MARKS: usize = 1_500;
/// How many lists in lists are told apart.
pub(super) const DEPTHS: usize = 4;
/// The definitions of lists: bullets, and the numbers that each numbered list counts for itself. The writer has one of its own
/// under 1.
const BULLETS: usize = 10;
const NUMBERS: usize = 11;

/// Headings, by how deep they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heading {
    One,
    Two,
    Three,
}

impl Heading {
    fn style(self) -> (&'static str, &'static str, usize) {
        match self {
            Self::One => ("Heading1", "heading 1", 36),
            Self::Two => ("Heading2", "heading 2", 28),
            Self::Three => ("Heading3", "heading 3", 24),
        }
    }

    pub(super) fn id(self) -> &'static str {
        self.style().0
    }
}

pub(super) const QUOTE: &str = "Quote";
pub(super) const CODE_FONT: &str = "Consolas";

/// Puts styles, lists, fonts and the page in place.
pub(super) fn dressed(docx: Docx) -> Docx {
    let docx = docx
        .page_size(PAGE.0, PAGE.1)
        .page_margin(PageMargin {
            top: MARGIN,
            left: MARGIN,
            bottom: MARGIN,
            right: MARGIN,
            header: MARGIN / 2,
            footer: MARGIN / 2,
            gutter: 0,
        })
        .default_size(TEXT_SIZE)
        .default_fonts(RunFonts::new().ascii("Calibri").hi_ansi("Calibri").cs("Calibri"))
        .default_line_spacing(LineSpacing::new().after(120).line(276))
        .add_style(
            Style::new(QUOTE, StyleType::Paragraph)
                .name("Quote")
                .indent(Some(567), None, None, None)
                .italic(),
        )
        .add_abstract_numbering(list(BULLETS, "bullet", &["•", "◦", "▪", "•"]))
        .add_abstract_numbering(list(NUMBERS, "decimal", &["%1.", "%2.", "%3.", "%4."]))
        .add_numbering(Numbering::new(BULLETS, BULLETS));
    [Heading::One, Heading::Two, Heading::Three].into_iter().fold(docx, |docx, heading| {
        let (id, name, size) = heading.style();
        docx.add_style(
            Style::new(id, StyleType::Paragraph)
                .name(name)
                .next("Normal")
                .q_format(true)
                .size(size)
                .bold()
                .line_spacing(LineSpacing::new().before(240).after(120)),
        )
    })
}

fn list(id: usize, format: &str, marks: &[&str; DEPTHS]) -> AbstractNumbering {
    marks.iter().enumerate().fold(AbstractNumbering::new(id), |list, (depth, mark)| {
        let left = i32::try_from((depth + 1) * 425).unwrap_or(425);
        let level = Level::new(
            depth,
            Start::new(1),
            NumberFormat::new(format),
            LevelText::new(*mark),
            LevelJc::new("left"),
        );
        list.add_level(level.indent(Some(left), Some(SpecialIndentType::Hanging(425)), None, None))
    })
}

/// The number that a numbered list counts under, and its definition. Each counts for itself.
pub(super) fn numbered(before: usize, start: usize) -> (usize, Numbering) {
    let id = NUMBERS + before;
    let from = (0..DEPTHS).fold(Numbering::new(id, NUMBERS), |numbering, depth| {
        numbering.add_override(docx_rs::LevelOverride::new(depth).start(start))
    });
    (id, from)
}

/// A paragraph as an entry of a list.
pub(super) fn entry(paragraph: Paragraph, numbered: Option<usize>, depth: usize) -> Paragraph {
    let id = NumberingId::new(numbered.unwrap_or(BULLETS));
    paragraph.numbering(id, IndentLevel::new(depth.min(DEPTHS - 1)))
}

/// A run of text without what XML cannot hold.
pub(super) fn run(text: &str) -> Run {
    Run::new().add_text(allowed(text))
}

/// Text without the characters that XML 1.0 (section 2.2) has no place for.
fn allowed(text: &str) -> String {
    text.chars()
        .filter(|c| matches!(c, '\t' | '\n' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..))
        .collect()
}

/// A table whose last column holds marks: `cells` row by row, the first the heading.
pub(super) fn table(rows: Vec<Vec<Paragraph>>) -> Table {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(1).max(1);
    let narrow = if columns == 1 { LINE } else { MARKS };
    let wide = if columns == 1 { LINE } else { (LINE - MARKS) / (columns - 1) };
    let width = |at: usize| if at + 1 == columns { narrow } else { wide };
    let row = |cells: Vec<Paragraph>| {
        let cell = |(at, paragraph): (usize, Paragraph)| {
            let paragraph = if at + 1 == columns && columns == 2 {
                paragraph.align(AlignmentType::Right)
            } else {
                paragraph
            };
            TableCell::new().add_paragraph(paragraph).width(width(at), WidthType::Dxa)
        };
        TableRow::new(cells.into_iter().enumerate().map(cell).collect()).cant_split()
    };
    let line = |position| TableBorder::new(position).border_type(BorderType::Single).size(4).color("A0A0A0");
    let borders = TableBorders::with_empty()
        .set(line(TableBorderPosition::Bottom))
        .set(line(TableBorderPosition::InsideH));
    Table::new(rows.into_iter().map(row).collect())
        .set_grid((0..columns).map(width).collect())
        .width(LINE, WidthType::Dxa)
        .set_borders(borders)
}
