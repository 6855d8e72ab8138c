//! The tokens of content streams and character maps.

/// A token.
#[derive(Debug, PartialEq)]
pub(super) enum Token<'a> {
    Number(f64),
    /// A string, literal or hexadecimal, its escapes replaced.
    String(Vec<u8>),
    /// A name without its slash, `#xx` left as it is.
    Name(&'a [u8]),
    ArrayStart,
    ArrayEnd,
    DictionaryStart,
    DictionaryEnd,
    Operator(&'a [u8]),
}

/// Reads tokens off bytes.
#[derive(Debug, Clone)]
pub(super) struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Begins at an offset into the bytes.
    pub(super) fn at(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    pub(super) fn position(&self) -> usize {
        self.at
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b'%' => {
                    while self.peek().is_some_and(|b| b != b'\n' && b != b'\r') {
                        self.at += 1;
                    }
                }
                b if is_space(b) => self.at += 1,
                _ => break,
            }
        }
    }

    fn take_while(&mut self, wanted: impl Fn(u8) -> bool) -> &'a [u8] {
        let start = self.at;
        while self.peek().is_some_and(&wanted) {
            self.at += 1;
        }
        self.bytes.get(start..self.at).unwrap_or_default()
    }

    /// The next token; none at the end.
    pub(super) fn next_token(&mut self) -> Option<Token<'a>> {
        loop {
            self.skip_space();
            let byte = self.peek()?;
            return Some(match byte {
                b'0'..=b'9' | b'+' | b'-' | b'.' => {
                    let digits = self.take_while(|b| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.'));
                    Token::Number(number(digits))
                }
                b'/' => {
                    self.at += 1;
                    Token::Name(self.take_while(|b| !is_space(b) && !is_delimiter(b)))
                }
                b'(' => self.literal(),
                b'<' if self.bytes.get(self.at + 1) == Some(&b'<') => {
                    self.at += 2;
                    Token::DictionaryStart
                }
                b'<' => self.hexadecimal(),
                b'>' => {
                    self.at += 1;
                    if self.peek() == Some(b'>') {
                        self.at += 1;
                    }
                    Token::DictionaryEnd
                }
                b'[' => {
                    self.at += 1;
                    Token::ArrayStart
                }
                b']' => {
                    self.at += 1;
                    Token::ArrayEnd
                }
                b')' | b'{' | b'}' => {
                    self.at += 1;
                    continue;
                }
                _ => Token::Operator(self.take_while(|b| !is_space(b) && !is_delimiter(b))),
            });
        }
    }

    fn literal(&mut self) -> Token<'a> {
        self.at += 1;
        let mut depth = 1_u32;
        let mut out = Vec::new();
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'(' => {
                    depth += 1;
                    out.push(byte);
                }
                b')' => {
                    depth -= 1;
                    if depth == 0 {
                        break;
                    }
                    out.push(byte);
                }
                b'\\' => self.escape(&mut out),
                _ => out.push(byte),
            }
        }
        Token::String(out)
    }

    fn escape(&mut self, out: &mut Vec<u8>) {
        let Some(byte) = self.peek() else { return };
        self.at += 1;
        out.push(match byte {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'b' => 8,
            b'f' => 12,
            b'0'..=b'7' => {
                let mut code = u32::from(byte - b'0');
                for _ in 0..2 {
                    match self.peek() {
                        Some(digit @ b'0'..=b'7') => {
                            code = code * 8 + u32::from(digit - b'0');
                            self.at += 1;
                        }
                        _ => break,
                    }
                }
                code as u8
            }
            // A line end after the backslash is no part of the string.
            b'\r' => {
                if self.peek() == Some(b'\n') {
                    self.at += 1;
                }
                return;
            }
            b'\n' => return,
            other => other,
        });
    }

    fn hexadecimal(&mut self) -> Token<'a> {
        self.at += 1;
        let mut out = Vec::new();
        let mut high = None;
        while let Some(byte) = self.peek() {
            self.at += 1;
            if byte == b'>' {
                break;
            }
            let Some(digit) = char::from(byte).to_digit(16) else { continue };
            match high.take() {
                None => high = Some(digit),
                Some(high) => out.push((high * 16 + digit) as u8),
            }
        }
        out.extend(high.map(|high| (high * 16) as u8));
        Token::String(out)
    }

    /// Passes over the data of an inline image, up to its `EI`.
    pub(super) fn skip_inline_image(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        for found in memchr::memmem::find_iter(rest, b"EI") {
            let before = found.checked_sub(1).and_then(|i| rest.get(i)).copied();
            let after = rest.get(found + 2).copied();
            if before.is_none_or(is_space)
                && after.is_none_or(is_space)
                && reads_on(rest.get(found + 2..).unwrap_or_default())
            {
                self.at += found + 2;
                return;
            }
        }
        self.at = self.bytes.len();
    }
}

/// Whether bytes look like the text of a content stream and not like the data of an image.
fn reads_on(bytes: &[u8]) -> bool {
    bytes.iter().take(20).all(|b| matches!(b, 9 | 10 | 13 | 32..=126 | 0 | 12))
}

fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | 9 | 10 | 12 | 13 | 32)
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

/// A number as PDF writes it; signs in odd places, which some producers leave, are passed over.
fn number(digits: &[u8]) -> f64 {
    let negative = digits.first() == Some(&b'-');
    let mut value = 0.0_f64;
    let mut scale = 0.0_f64;
    for (i, byte) in digits.iter().enumerate() {
        match byte {
            b'0'..=b'9' => {
                let digit = f64::from(byte - b'0');
                if scale == 0.0 {
                    value = value * 10.0 + digit;
                } else {
                    value += digit * scale;
                    scale /= 10.0;
                }
            }
            b'.' if scale == 0.0 => scale = 0.1,
            // `12-34` is written by a producer that means 12.
            b'-' if i > 0 && digits.get(i - 1) != Some(&b'-') => break,
            _ => {}
        }
    }
    // Beyond this no coordinate makes sense, and sums of them would not stay finite.
    let value = value.min(1e9);
    if negative { -value } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens() {
        let cases: [(&[u8], Vec<Token<'_>>); 6] = [
            (b"12 -.5 +3.25", vec![Token::Number(12.0), Token::Number(-0.5), Token::Number(3.25)]),
            (
                b"(a\\(b\\051(c)\\\n\\101)Tj",
                vec![Token::String(b"a(b)(c)A".to_vec()), Token::Operator(b"Tj")],
            ),
            (b"<4 1 4>", vec![Token::String(b"A@".to_vec())]),
            (
                b"[/F1]%x\n<<>>",
                vec![
                    Token::ArrayStart,
                    Token::Name(b"F1"),
                    Token::ArrayEnd,
                    Token::DictionaryStart,
                    Token::DictionaryEnd,
                ],
            ),
            (b"(open", vec![Token::String(b"open".to_vec())]),
            (b"T* )' ", vec![Token::Operator(b"T*"), Token::Operator(b"'")]),
        ];
        for (source, expected) in cases {
            let mut lexer = Lexer::new(source);
            let found: Vec<_> = std::iter::from_fn(|| lexer.next_token()).collect();
            assert_eq!(found, expected, "{}", String::from_utf8_lossy(source));
        }
    }

    #[test]
    fn inline_images_are_passed_over() {
        let source = b"ID \x00\xffEI\x01 xEIx \xff EI \nQ";
        let mut lexer = Lexer::new(source);
        assert_eq!(lexer.next_token(), Some(Token::Operator(b"ID")));
        lexer.skip_inline_image();
        assert_eq!(lexer.next_token(), Some(Token::Operator(b"Q")));
    }
}
