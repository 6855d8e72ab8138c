//! The tokens of RTF.

/// A token.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Open,
    Close,
    /// `\word` with its number.
    Word(&'a str, Option<i32>),
    /// `\'e9`, a byte in the font's or the document's encoding.
    Byte(u8),
    /// `\~`, `\*` and the like.
    Sign(u8),
    /// Bytes between these, none of them special.
    Text(&'a [u8]),
}

/// Reads tokens off bytes.
#[derive(Debug)]
pub(super) struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next token; none at the end. Line ends and binary data are passed over.
    pub(super) fn next_token(&mut self) -> Option<Token<'a>> {
        loop {
            let byte = *self.bytes.get(self.at)?;
            self.at += 1;
            return Some(match byte {
                b'{' => Token::Open,
                b'}' => Token::Close,
                b'\r' | b'\n' | 0 => continue,
                b'\\' => match self.control()? {
                    Token::Word("bin", length) => {
                        self.at = self.at.saturating_add(usize::try_from(length.unwrap_or(0)).unwrap_or(0));
                        continue;
                    }
                    token => token,
                },
                _ => {
                    let start = self.at - 1;
                    while self
                        .bytes
                        .get(self.at)
                        .is_some_and(|b| !matches!(b, b'{' | b'}' | b'\\' | b'\r' | b'\n' | 0))
                    {
                        self.at += 1;
                    }
                    Token::Text(self.bytes.get(start..self.at).unwrap_or_default())
                }
            });
        }
    }

    fn control(&mut self) -> Option<Token<'a>> {
        let first = *self.bytes.get(self.at)?;
        if !first.is_ascii_alphabetic() {
            self.at += 1;
            if first != b'\'' {
                return Some(Token::Sign(first));
            }
            let digits =
                self.bytes.get(self.at..self.at + 2).and_then(|digits| std::str::from_utf8(digits).ok());
            let Some(byte) = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) else {
                return Some(Token::Sign(b'\''));
            };
            self.at += 2;
            return Some(Token::Byte(byte));
        }
        let start = self.at;
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_alphabetic) {
            self.at += 1;
        }
        let word = self
            .bytes
            .get(start..self.at)
            .and_then(|word| std::str::from_utf8(word).ok())
            .unwrap_or_default();
        let start = self.at;
        if self.bytes.get(self.at) == Some(&b'-') {
            self.at += 1;
        }
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        let digits = self.bytes.get(start..self.at).and_then(|digits| std::str::from_utf8(digits).ok());
        let number = digits.and_then(|digits| digits.parse().ok());
        // One space after a control word belongs to it.
        if self.bytes.get(self.at) == Some(&b' ') {
            self.at += 1;
        }
        Some(Token::Word(word, number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens() {
        let source = b"{\\rtf1\\ansi a\\'e9\\b0 b\\~\\u-10179 ?\r\n\\bin3 {}}x}";
        let mut lexer = Lexer::new(source);
        let found: Vec<_> = std::iter::from_fn(|| lexer.next_token()).collect();
        assert_eq!(
            found,
            [
                Token::Open,
                Token::Word("rtf", Some(1)),
                Token::Word("ansi", None),
                Token::Text(b"a"),
                Token::Byte(0xe9),
                Token::Word("b", Some(0)),
                Token::Text(b"b"),
                Token::Sign(b'~'),
                Token::Word("u", Some(-10179)),
                Token::Text(b"?"),
                Token::Text(b"x"),
                Token::Close,
            ]
        );
    }
}
