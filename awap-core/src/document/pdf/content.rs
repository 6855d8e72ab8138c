//! Content streams: what a page draws, as spans of text with their places, rules and images.
//!
//! Coordinates that leave this file are in points from the top left corner of the page as it is shown, y downwards. Forms
//! that are drawn within the page are kept on a stack of our own.

use std::collections::HashMap;
use std::rc::Rc;

use lopdf::{Dictionary, Object};

use super::font::Font;
use super::lexer::{Lexer, Token};
use super::objects::{Page, Pdf, text_string};
use super::span::{Look, Span, Spans};
use crate::Result;

/// What a page draws.
#[derive(Debug, Default)]
pub(super) struct Drawn {
    pub(super) spans: Vec<Span>,
    pub(super) rules: Vec<Rule>,
    /// Images: left, top, right, bottom, and the number of spans drawn before it.
    pub(super) images: Vec<([f64; 4], usize)>,
    pub(super) width: f64,
    pub(super) height: f64,
    /// There is text in the file that is not among the spans, since it does not show.
    pub(super) unread: bool,
    /// Pieces of paths, straight or not.
    strokes: usize,
}

impl Drawn {
    /// Whether the page is a picture with next to no text: the work of a scanner or a camera, or of a pen on a tablet.
    pub(super) fn is_picture(&self) -> bool {
        const MOST_LETTERS: usize = 60;
        /// More than the rules of the tables of a page, and less than a page of handwriting.
        const LEAST_STROKES: usize = 2000;
        let letters = self.spans.iter().flat_map(|span| span.text.chars()).filter(|c| c.is_alphanumeric());
        if letters.take(MOST_LETTERS).count() == MOST_LETTERS {
            return false;
        }
        let shown = |[left, top, right, bottom]: [f64; 4]| {
            let width = right.min(self.width) - left.max(0.0);
            width.max(0.0) * (bottom.min(self.height) - top.max(0.0)).max(0.0)
        };
        // Some scanners cut a page into strips.
        let area: f64 = self.images.iter().map(|(area, _)| shown(*area)).sum();
        area > self.width * self.height * 0.5 || self.strokes >= LEAST_STROKES
    }
}

/// A straight line along an axis: its place across, its ends along.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    pub(super) horizontal: bool,
    pub(super) at: f64,
    pub(super) from: f64,
    pub(super) to: f64,
}

/// Forms within forms; real files seldom pass three.
const DEEPEST_FORM: usize = 20;
/// Saved graphics states.
const DEEPEST_STATE: usize = 512;
const MOST_RULES: usize = 4000;

type Matrix = [f64; 6];

const IDENTITY: Matrix = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];

fn multiply(m: Matrix, n: Matrix) -> Matrix {
    [
        m[0] * n[0] + m[1] * n[2],
        m[0] * n[1] + m[1] * n[3],
        m[2] * n[0] + m[3] * n[2],
        m[2] * n[1] + m[3] * n[3],
        m[4] * n[0] + m[5] * n[2] + n[4],
        m[4] * n[1] + m[5] * n[3] + n[5],
    ]
}

fn apply(m: Matrix, x: f64, y: f64) -> (f64, f64) {
    (m[0] * x + m[2] * y + m[4], m[1] * x + m[3] * y + m[5])
}

#[derive(Clone)]
struct State {
    ctm: Matrix,
    font: Option<Rc<Font>>,
    size: f64,
    char_space: f64,
    word_space: f64,
    scale: f64,
    leading: f64,
    rise: f64,
}

/// A stream that is being read: the page's own or a form's.
struct Frame<'d> {
    bytes: Rc<Vec<u8>>,
    at: usize,
    resources: Option<&'d Dictionary>,
    /// The states that were saved when it began.
    states: usize,
    identity: usize,
}

#[derive(Debug)]
enum Operand {
    Number(f64),
    Text(Vec<u8>),
    Name(String),
    Array(Vec<Operand>),
    /// The keys and strings of a dictionary, flat.
    Dictionary(Vec<Operand>),
}

/// Marked content that is open.
struct Mark {
    /// Drawn by the producer around the text: headers, footers, backgrounds.
    artifact: bool,
    actual: Actual,
}

/// The text that marked content says it stands for.
#[derive(Debug)]
enum Actual {
    /// It does not say: its glyphs do.
    AsDrawn,
    /// To be written with the first glyph.
    Pending(String),
    Written,
}

/// Reads pages; fonts are kept from page to page.
pub(super) struct Interpreter<'d, 'c> {
    pdf: &'d Pdf<'c>,
    fonts: HashMap<usize, Option<Rc<Font>>>,
}

impl<'d, 'c> Interpreter<'d, 'c> {
    pub(super) fn new(pdf: &'d Pdf<'c>) -> Self {
        Self { pdf, fonts: HashMap::new() }
    }

    /// What a page draws.
    pub(super) fn page(&mut self, page: &Page<'d>) -> Result<Drawn> {
        let [left, bottom, right, top] = page.area;
        let (base, width, height) = match page.turns {
            1 => ([0.0, 1.0, 1.0, 0.0, -bottom, -left], top - bottom, right - left),
            2 => ([-1.0, 0.0, 0.0, 1.0, right, -bottom], right - left, top - bottom),
            3 => ([0.0, -1.0, -1.0, 0.0, top, right], top - bottom, right - left),
            _ => ([1.0, 0.0, 0.0, -1.0, -left, top], right - left, top - bottom),
        };
        let content = self.pdf.content(page)?;
        let state = State {
            ctm: base,
            font: None,
            size: 0.0,
            char_space: 0.0,
            word_space: 0.0,
            scale: 1.0,
            leading: 0.0,
            rise: 0.0,
        };
        let mut run = Run {
            interpreter: self,
            state,
            states: Vec::new(),
            frames: vec![Frame {
                bytes: Rc::new(content),
                at: 0,
                resources: page.resources,
                states: 0,
                identity: 0,
            }],
            text: IDENTITY,
            line: IDENTITY,
            marks: Vec::new(),
            spans: Spans::new(width, height),
            path: Vec::new(),
            at: (0.0, 0.0),
            first: (0.0, 0.0),
            drawn: Drawn { width, height, ..Drawn::default() },
            moved: true,
        };
        run.all()?;
        let mut drawn = run.drawn;
        drawn.unread |= run.spans.unread;
        drawn.spans = run.spans.finish();
        Ok(drawn)
    }

    fn font(&mut self, resources: Option<&'d Dictionary>, name: &str) -> Result<Option<Rc<Font>>> {
        let pdf = self.pdf;
        let found = resources
            .and_then(|resources| pdf.dict_entry(resources, "Font"))
            .and_then(|fonts| pdf.dict_entry(fonts, name));
        let Some(dictionary) = found else { return Ok(None) };
        // The file stays where it is while it is read, so a dictionary's address names it.
        let key = std::ptr::from_ref(dictionary) as usize;
        if let Some(font) = self.fonts.get(&key) {
            return Ok(font.clone());
        }
        let font = Some(Rc::new(Font::read(pdf, dictionary)?));
        self.fonts.insert(key, font.clone());
        Ok(font)
    }
}

/// One page while it is read.
struct Run<'i, 'd, 'c> {
    interpreter: &'i mut Interpreter<'d, 'c>,
    state: State,
    states: Vec<State>,
    frames: Vec<Frame<'d>>,
    text: Matrix,
    line: Matrix,
    marks: Vec<Mark>,
    spans: Spans,
    /// Straight pieces of the path, as drawn, and whether each is a whole rectangle.
    path: Vec<([f64; 4], bool)>,
    at: (f64, f64),
    first: (f64, f64),
    drawn: Drawn,
    /// The place of the text was set since the last glyph.
    moved: bool,
}

impl<'d> Run<'_, 'd, '_> {
    fn all(&mut self) -> Result<()> {
        let mut operands: Vec<Operand> = Vec::new();
        while let Some(frame) = self.frames.last() {
            let bytes = Rc::clone(&frame.bytes);
            let mut lexer = Lexer::at(&bytes, frame.at);
            let depth = self.frames.len();
            let mut open: Vec<(bool, Vec<Operand>)> = Vec::new();
            while let Some(token) = lexer.next_token() {
                self.interpreter.pdf.cx.tick()?;
                let operand = match token {
                    Token::Number(n) => Operand::Number(n),
                    Token::String(text) => Operand::Text(text),
                    Token::Name(name) => Operand::Name(String::from_utf8_lossy(name).into_owned()),
                    Token::ArrayStart => {
                        open.push((false, Vec::new()));
                        continue;
                    }
                    Token::DictionaryStart => {
                        open.push((true, Vec::new()));
                        continue;
                    }
                    Token::ArrayEnd | Token::DictionaryEnd => match open.pop() {
                        // What is nested deeper than a dictionary's array is of no use here.
                        Some((_, inner)) if open.len() > 1 => {
                            drop(inner);
                            continue;
                        }
                        Some((true, inner)) => Operand::Dictionary(inner),
                        Some((false, inner)) => Operand::Array(inner),
                        None => continue,
                    },
                    Token::Operator(operator) => {
                        open.clear();
                        if operator == b"ID" {
                            lexer.skip_inline_image();
                            self.image();
                        } else {
                            self.operator(operator, &operands)?;
                        }
                        operands.clear();
                        if self.frames.len() > depth {
                            break;
                        }
                        continue;
                    }
                };
                match open.last_mut() {
                    Some((_, inner)) => inner.push(operand),
                    None => operands.push(operand),
                }
                if operands.len() > 1000 {
                    operands.clear();
                }
            }
            if self.frames.len() > depth {
                let index = depth - 1;
                if let Some(frame) = self.frames.get_mut(index) {
                    frame.at = lexer.position();
                }
            } else if let Some(frame) = self.frames.pop() {
                operands.clear();
                if frame.states > 0 {
                    self.states.truncate(frame.states);
                    if let Some(state) = self.states.pop() {
                        self.state = state;
                    }
                }
            }
        }
        Ok(())
    }

    fn resources(&self) -> Option<&'d Dictionary> {
        self.frames.last().and_then(|frame| frame.resources)
    }

    #[allow(clippy::too_many_lines)] // one arm an operator
    fn operator(&mut self, operator: &[u8], operands: &[Operand]) -> Result<()> {
        let number = |i: usize| match operands.get(i) {
            Some(Operand::Number(n)) => *n,
            _ => 0.0,
        };
        let name = || match operands.last() {
            Some(Operand::Name(name)) => name.as_str(),
            _ => "",
        };
        match operator {
            b"q" if self.states.len() < DEEPEST_STATE => self.states.push(self.state.clone()),
            b"Q" => {
                let floor = self.frames.last().map_or(0, |frame| frame.states);
                if self.states.len() > floor
                    && let Some(state) = self.states.pop()
                {
                    self.state = state;
                }
            }
            b"cm" => {
                let m = [number(0), number(1), number(2), number(3), number(4), number(5)];
                self.state.ctm = multiply(m, self.state.ctm);
            }
            b"BT" => {
                self.text = IDENTITY;
                self.line = IDENTITY;
                self.moved = true;
            }
            b"Tf" => {
                if let [.., Operand::Name(font), Operand::Number(size)] = operands {
                    let resources = self.resources();
                    self.state.font = self.interpreter.font(resources, font)?;
                    self.state.size = *size;
                }
            }
            b"Tc" => self.state.char_space = number(0),
            b"Tw" => self.state.word_space = number(0),
            b"Tz" => self.state.scale = number(0) / 100.0,
            b"TL" => self.state.leading = number(0),
            b"Ts" => self.state.rise = number(0),
            b"Td" => self.next_line(number(0), number(1)),
            b"TD" => {
                self.state.leading = -number(1);
                self.next_line(number(0), number(1));
            }
            b"Tm" => {
                self.line = [number(0), number(1), number(2), number(3), number(4), number(5)];
                self.text = self.line;
                self.moved = true;
            }
            b"T*" => self.next_line(0.0, -self.state.leading),
            b"Tj" => self.show(operands)?,
            b"'" => {
                self.next_line(0.0, -self.state.leading);
                self.show(operands)?;
            }
            b"\"" => {
                self.state.word_space = number(0);
                self.state.char_space = number(1);
                self.next_line(0.0, -self.state.leading);
                self.show(operands)?;
            }
            b"TJ" => {
                if let Some(Operand::Array(pieces)) = operands.last() {
                    for piece in pieces {
                        match piece {
                            Operand::Text(text) => self.glyphs(text)?,
                            Operand::Number(n) => {
                                let by = -n / 1000.0 * self.state.size * self.state.scale;
                                self.text = multiply([1.0, 0.0, 0.0, 1.0, by, 0.0], self.text);
                            }
                            _ => {}
                        }
                    }
                }
            }
            b"Do" => self.draw(name())?,
            b"BDC" => self.marked(operands),
            b"BMC" => self.marks.push(Mark { artifact: name() == "Artifact", actual: Actual::AsDrawn }),
            b"EMC" => _ = self.marks.pop(),
            b"re" => {
                let (x, y, w, h) = (number(0), number(1), number(2), number(3));
                let (x0, y0) = apply(self.state.ctm, x, y);
                let (x1, y1) = apply(self.state.ctm, x + w, y + h);
                self.segment([x0, y0, x1, y1], true);
            }
            b"m" => {
                self.at = apply(self.state.ctm, number(0), number(1));
                self.first = self.at;
            }
            b"l" => self.line_to(apply(self.state.ctm, number(0), number(1))),
            b"h" => self.line_to(self.first),
            b"c" => self.curve_to(apply(self.state.ctm, number(4), number(5))),
            b"v" | b"y" => self.curve_to(apply(self.state.ctm, number(2), number(3))),
            b"S" | b"B" | b"B*" => self.paint(true),
            b"s" | b"b" | b"b*" => {
                self.line_to(self.first);
                self.paint(true);
            }
            b"f" | b"F" | b"f*" => self.paint(false),
            b"n" => self.path.clear(),
            _ => {}
        }
        Ok(())
    }

    fn next_line(&mut self, x: f64, y: f64) {
        self.line = multiply([1.0, 0.0, 0.0, 1.0, x, y], self.line);
        self.text = self.line;
        self.moved = true;
    }

    fn show(&mut self, operands: &[Operand]) -> Result<()> {
        match operands.last() {
            Some(Operand::Text(text)) => self.glyphs(text),
            _ => Ok(()),
        }
    }

    fn glyphs(&mut self, bytes: &[u8]) -> Result<()> {
        let Some(font) = self.state.font.clone() else {
            self.drawn.unread |= !bytes.is_empty();
            return Ok(());
        };
        let artifact = self.marks.iter().any(|mark| mark.artifact);
        let look = Look { bold: font.bold, italic: font.italic, mono: font.mono, math: font.math };
        let mut rest = bytes;
        let mut text = String::new();
        while !rest.is_empty() {
            self.interpreter.pdf.cx.tick()?;
            let code = font.next_code(rest);
            rest = rest.get(code.length..).unwrap_or_default();
            text.clear();
            let actual = self.marks.iter_mut().rev().map(|mark| &mut mark.actual);
            match actual.into_iter().find(|actual| !matches!(actual, Actual::AsDrawn)) {
                Some(actual) => {
                    if let Actual::Pending(whole) = std::mem::replace(actual, Actual::Written) {
                        text.push_str(&whole);
                    }
                }
                None => font.text(code, &mut text),
            }
            let state = &self.state;
            let width = font.width(code) * state.size;
            let mut advance = width + state.char_space;
            if code.value == 32 && code.length == 1 && font.is_simple() {
                advance += state.word_space;
            }
            let m = multiply(self.text, state.ctm);
            let (x, y) = apply(m, 0.0, state.rise);
            let along = m[0].hypot(m[1]) * state.scale;
            let across = m[2].hypot(m[3]);
            let size = (font.height * state.size * across).abs();
            self.spans.place(&super::span::Glyph {
                text: &text,
                x,
                y,
                direction: if state.size * state.scale < 0.0 { (-m[0], -m[1]) } else { (m[0], m[1]) },
                width: (width * along).abs(),
                advance: (advance * along).abs(),
                size,
                look,
                artifact,
                moved: std::mem::take(&mut self.moved),
            });
            self.text = multiply([1.0, 0.0, 0.0, 1.0, advance * state.scale, 0.0], self.text);
        }
        Ok(())
    }

    fn draw(&mut self, name: &str) -> Result<()> {
        let pdf = self.interpreter.pdf;
        let found = self
            .resources()
            .and_then(|resources| pdf.dict_entry(resources, "XObject"))
            .and_then(|objects| pdf.stream_entry(objects, name));
        let Some(stream) = found else { return Ok(()) };
        match pdf.name_entry(&stream.dict, "Subtype").as_deref() {
            Some("Image") => self.image(),
            Some("Form") => {
                let identity = std::ptr::from_ref(stream) as usize;
                if self.frames.len() > DEEPEST_FORM
                    || self.frames.iter().any(|frame| frame.identity == identity)
                {
                    return Ok(());
                }
                let content = pdf.unpack(stream)?;
                let matrix = pdf.array_entry(&stream.dict, "Matrix").map_or(IDENTITY, |values| {
                    let mut matrix = IDENTITY;
                    for (place, value) in matrix.iter_mut().zip(values) {
                        *place = pdf.number(value).unwrap_or(0.0);
                    }
                    matrix
                });
                self.states.push(self.state.clone());
                let states = self.states.len();
                self.state.ctm = multiply(matrix, self.state.ctm);
                let resources = pdf.dict_entry(&stream.dict, "Resources").or(self.resources());
                self.frames.push(Frame { bytes: Rc::new(content), at: 0, resources, states, identity });
            }
            _ => {}
        }
        Ok(())
    }

    /// Notes an image, which fills the unit square.
    fn image(&mut self) {
        let corners =
            [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)].map(|(x, y)| apply(self.state.ctm, x, y));
        let least = |f: fn(&(f64, f64)) -> f64| corners.iter().map(f).fold(f64::INFINITY, f64::min);
        let most = |f: fn(&(f64, f64)) -> f64| corners.iter().map(f).fold(f64::NEG_INFINITY, f64::max);
        let area = [least(|c| c.0), least(|c| c.1), most(|c| c.0), most(|c| c.1)];
        if self.drawn.images.len() < MOST_RULES {
            self.drawn.images.push((area, self.spans.count()));
        }
    }

    fn marked(&mut self, operands: &[Operand]) {
        let pdf = self.interpreter.pdf;
        let mut mark = Mark { artifact: false, actual: Actual::AsDrawn };
        if let Some(Operand::Name(tag)) = operands.first() {
            mark.artifact = tag == "Artifact";
        }
        match operands.get(1) {
            Some(Operand::Dictionary(entries)) => {
                for pair in entries.windows(2) {
                    if let [Operand::Name(key), Operand::Text(text)] = pair
                        && key == "ActualText"
                    {
                        mark.actual = Actual::Pending(text_string(text));
                    }
                }
            }
            Some(Operand::Name(name)) => {
                let text = self
                    .resources()
                    .and_then(|resources| pdf.dict_entry(resources, "Properties"))
                    .and_then(|properties| pdf.dict_entry(properties, name))
                    .and_then(|properties| pdf.get(properties, "ActualText"));
                if let Some(Object::String(text, _)) = text {
                    mark.actual = Actual::Pending(text_string(text));
                }
            }
            _ => {}
        }
        if self.marks.len() < DEEPEST_STATE {
            self.marks.push(mark);
        }
    }

    fn line_to(&mut self, to: (f64, f64)) {
        self.segment([self.at.0, self.at.1, to.0, to.1], false);
        self.at = to;
        self.drawn.strokes += 1;
    }

    fn curve_to(&mut self, to: (f64, f64)) {
        self.at = to;
        self.drawn.strokes += 1;
    }

    fn segment(&mut self, ends: [f64; 4], rectangle: bool) {
        if self.path.len() < MOST_RULES {
            self.path.push((ends, rectangle));
        }
    }

    /// Keeps the straight lines along an axis of the path that is painted: strokes, and thin fills, which is how many
    /// producers draw the borders of cells.
    fn paint(&mut self, stroked: bool) {
        const THIN: f64 = 3.0;
        let pieces = std::mem::take(&mut self.path);
        for ([x0, y0, x1, y1], rectangle) in pieces {
            if self.drawn.rules.len() >= MOST_RULES {
                return;
            }
            let (left, right, top, bottom) = (x0.min(x1), x0.max(x1), y0.min(y1), y0.max(y1));
            let (width, height) = (right - left, bottom - top);
            let mut push = |horizontal, at, from, to| {
                self.drawn.rules.push(Rule { horizontal, at, from, to });
            };
            if height <= THIN && width > THIN && (stroked || rectangle) {
                push(true, f64::midpoint(top, bottom), left, right);
            } else if width <= THIN && height > THIN && (stroked || rectangle) {
                push(false, f64::midpoint(left, right), top, bottom);
            } else if rectangle && stroked {
                push(true, top, left, right);
                push(true, bottom, left, right);
                push(false, left, top, bottom);
                push(false, right, top, bottom);
            }
        }
    }
}
