//! The two framings: finding where a request begins and ends, and writing a response so that the client can.

use std::io::{self, BufRead, BufReader, Read, Write};

/// How requests and responses are told apart in a stream of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// One JSON object per line.
    Lines,
    /// A 4-byte big-endian length before each object.
    Packet,
}

impl Framing {
    /// What the first byte of the input says (the rule is in the crate's documentation).
    pub(crate) fn of(first: u8) -> Self {
        match first {
            b'\t' | b'\n' | b'\r' | b' '.. => Self::Lines,
            _ => Self::Packet,
        }
    }

    /// Writes one response.
    pub(crate) fn write(self, output: &mut impl Write, body: &[u8]) -> io::Result<()> {
        match self {
            Self::Lines => {
                output.write_all(body)?;
                output.write_all(b"\n")
            }
            Self::Packet => {
                let length = u32::try_from(body.len())
                    .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "a response passes 4 GiB"))?;
                output.write_all(&length.to_be_bytes())?;
                output.write_all(body)
            }
        }
    }
}

/// What came in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Frame<'a> {
    /// One request, whole.
    Request(&'a [u8]),
    /// A request over the limit; its body is skipped, not held.
    TooLong,
    /// The input ended within a packet.
    Truncated,
}

/// Reads requests one after the other.
pub(crate) struct Frames<R> {
    input: BufReader<R>,
    framing: Option<Framing>,
    limit: usize,
    buffer: Vec<u8>,
    skip: Skip,
    at_start: bool,
}

/// What is left of a request that was over the limit.
enum Skip {
    Nothing,
    Bytes(u64),
    Line,
}

/// Read at once from the pipe, whose own buffer is 64 KiB on Linux.
const READ_BYTES: usize = 64 << 10;
/// What the request buffer keeps between requests, so that one large request is not paid for ever after.
const KEPT_BYTES: usize = 1 << 20;
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

impl<R: Read> Frames<R> {
    pub(crate) fn new(input: R, limit: usize) -> Self {
        Self {
            input: BufReader::with_capacity(READ_BYTES, input),
            framing: None,
            limit,
            buffer: Vec::new(),
            skip: Skip::Nothing,
            at_start: true,
        }
    }

    /// The next request, or `None` at the end of the input. Lines of white space alone are passed over.
    pub(crate) fn next(&mut self) -> io::Result<Option<(Framing, Frame<'_>)>> {
        self.finish_skip()?;
        if self.buffer.capacity() > KEPT_BYTES {
            self.buffer = Vec::new();
        }
        let framing = match self.framing {
            Some(framing) => framing,
            None => match fill(&mut self.input)?.first() {
                None => return Ok(None),
                Some(&first) => {
                    let framing = Framing::of(first);
                    self.framing = Some(framing);
                    framing
                }
            },
        };
        let frame = match framing {
            Framing::Lines => self.next_line()?,
            Framing::Packet => self.next_packet()?,
        };
        Ok(frame.map(|frame| (framing, frame)))
    }

    fn next_line(&mut self) -> io::Result<Option<Frame<'_>>> {
        loop {
            self.buffer.clear();
            let limit = self.limit as u64;
            let read = (&mut self.input).take(limit.saturating_add(1)).read_until(b'\n', &mut self.buffer)?;
            if read == 0 {
                return Ok(None);
            }
            if self.buffer.last() == Some(&b'\n') {
                self.buffer.pop();
            } else if self.buffer.len() > self.limit {
                self.skip = Skip::Line;
                return Ok(Some(Frame::TooLong));
            }
            // Some editors and shells begin a stream of text with a byte order mark.
            let mark = std::mem::take(&mut self.at_start) && self.buffer.starts_with(BYTE_ORDER_MARK);
            let text = if mark { BYTE_ORDER_MARK.len() } else { 0 };
            if !self.buffer[text..].trim_ascii().is_empty() {
                return Ok(Some(Frame::Request(&self.buffer[text..])));
            }
        }
    }

    fn next_packet(&mut self) -> io::Result<Option<Frame<'_>>> {
        self.buffer.clear();
        match (&mut self.input).take(4).read_to_end(&mut self.buffer)? {
            0 => return Ok(None),
            1..=3 => return Ok(Some(Frame::Truncated)),
            _ => {}
        }
        let length = self.buffer.iter().fold(0_u64, |length, byte| length << 8 | u64::from(*byte));
        if length > self.limit as u64 {
            self.skip = Skip::Bytes(length);
            return Ok(Some(Frame::TooLong));
        }
        // Grows with what arrives: a length alone reserves no memory to speak of.
        self.buffer.clear();
        self.buffer.reserve((length as usize).min(KEPT_BYTES));
        (&mut self.input).take(length).read_to_end(&mut self.buffer)?;
        if (self.buffer.len() as u64) < length {
            return Ok(Some(Frame::Truncated));
        }
        Ok(Some(Frame::Request(&self.buffer)))
    }

    fn finish_skip(&mut self) -> io::Result<()> {
        match std::mem::replace(&mut self.skip, Skip::Nothing) {
            Skip::Nothing => {}
            Skip::Line => {
                self.input.skip_until(b'\n')?;
            }
            Skip::Bytes(length) => {
                io::copy(&mut (&mut self.input).take(length), &mut io::sink())?;
            }
        }
        Ok(())
    }
}

fn fill<R: Read>(input: &mut BufReader<R>) -> io::Result<&[u8]> {
    loop {
        match input.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
            Ok(_) => break,
        }
    }
    Ok(input.buffer())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hands out `bytes` at most `step` at a time, to cross every boundary.
    struct Dribble<'a>(&'a [u8], usize);

    impl Read for Dribble<'_> {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            let n = self.1.min(to.len()).min(self.0.len());
            let (head, tail) = self.0.split_at(n);
            to[..n].copy_from_slice(head);
            self.0 = tail;
            Ok(n)
        }
    }

    fn read(input: &[u8], limit: usize, step: usize) -> Vec<String> {
        let mut frames = Frames::new(Dribble(input, step), limit);
        let mut out = Vec::new();
        while let Some((framing, frame)) = frames.next().expect("in memory") {
            let kind = if framing == Framing::Lines { 'l' } else { 'p' };
            out.push(match frame {
                Frame::Request(bytes) => format!("{kind}:{}", String::from_utf8_lossy(bytes)),
                Frame::TooLong => format!("{kind}!long"),
                Frame::Truncated => format!("{kind}!cut"),
            });
        }
        out
    }

    #[test]
    fn frames() {
        let cases: &[(&str, &[u8], &[&str])] = &[
            ("nothing", b"", &[]),
            ("one line", b"{}\n", &["l:{}"]),
            ("last line without its end", b"{}\n[1]", &["l:{}", "l:[1]"]),
            ("empty lines and carriage returns", b"\n\r\n{}\r\n  \n{}\n", &["l:{}\r", "l:{}"]),
            ("a byte order mark", b"\xef\xbb\xbf{}\n", &["l:{}"]),
            ("garbage", b"hello\n\xff\xfe\n", &["l:hello", "l:\u{fffd}\u{fffd}"]),
            ("garbage that is not UTF-8, first", b"\xff\xfe\n{}\n", &["l:\u{fffd}\u{fffd}", "l:{}"]),
            ("a line at the limit", b"12345678\n{}\n", &["l:12345678", "l:{}"]),
            ("a line over the limit", b"123456789\n{}\n", &["l!long", "l:{}"]),
            ("a line far over the limit, at the end", b"12345678901234567890", &["l!long"]),
            ("one packet", b"\0\0\0\x02{}", &["p:{}"]),
            ("packets that look like lines", b"\0\0\0\x02{}\0\0\0\x03{}\n", &["p:{}", "p:{}\n"]),
            ("an empty packet", b"\0\0\0\0\0\0\0\x02{}", &["p:", "p:{}"]),
            ("a packet over the limit", b"\0\0\0\x09123456789\0\0\0\x02{}", &["p!long", "p:{}"]),
            ("a later packet of 2 GiB", b"\0\0\0\x02{}\x7b\0\0\0{}", &["p:{}", "p!long"]),
            ("a first packet of 80 MiB", b"\x05\0\0\0{}", &["p!long"]),
            ("a cut length", b"\0\0", &["p!cut"]),
            ("a cut body", b"\0\0\0\x08{}", &["p!cut"]),
        ];
        for (name, input, expected) in cases {
            for step in [1, 2, 3, 1 << 20] {
                assert_eq!(read(input, 8, step), *expected, "{name}, {step} at a time");
            }
        }
    }

    #[test]
    fn the_first_byte_decides() {
        for first in 0..=u8::MAX {
            let text = first >= b' ' || [b'\t', b'\n', b'\r'].contains(&first);
            assert_eq!(Framing::of(first) == Framing::Lines, text, "{first:#x}");
        }
    }

    #[test]
    fn writes_what_it_reads() {
        for framing in [Framing::Lines, Framing::Packet] {
            let mut wire = Vec::new();
            for body in [&b"{}"[..], b"{\"a\":1}"] {
                framing.write(&mut wire, body).expect("in memory");
            }
            let kind = if framing == Framing::Lines { "l" } else { "p" };
            assert_eq!(read(&wire, 100, 1), [format!("{kind}:{{}}"), format!("{kind}:{{\"a\":1}}")]);
        }
    }
}
