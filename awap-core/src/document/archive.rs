//! Members of a ZIP archive, with the bounds on their number and on what they expand to.

use std::cell::Cell;
use std::io::{Cursor, Read};

use flate2::read::DeflateDecoder;
use zip::ZipArchive;
use zip::result::ZipError;

use super::reader::{Context, damaged, encrypted};
use crate::{Limits, Result};

/// An archive that is open.
pub(super) struct Archive<'a> {
    bytes: &'a [u8],
    members: Vec<Member>,
    directory: Option<ZipArchive<Cursor<&'a [u8]>>>,
    /// Bytes that may still be unpacked.
    left: Cell<usize>,
    limits: &'a Limits,
}

struct Member {
    name: String,
    /// Where its data begins, for one that was found without the archive's directory.
    salvaged: Option<Salvaged>,
}

#[derive(Clone, Copy)]
struct Salvaged {
    start: usize,
    /// Its length where it is stored as it is; what is deflated says itself where it ends.
    stored: Option<u32>,
}

impl<'a> Archive<'a> {
    /// Opens an archive by its directory or, where that is damaged, by the headers of its members.
    pub(super) fn open(bytes: &'a [u8], cx: &Context<'a>) -> Result<Self> {
        let (directory, members) = match ZipArchive::new(Cursor::new(bytes)) {
            Ok(zip) if !zip.is_empty() => {
                if zip.len() > cx.limits.archive_members {
                    return Err(Limits::exceeded("archive_members", cx.limits.archive_members));
                }
                let members = zip
                    .file_names()
                    .flatten()
                    .map(|name| Member { name: name.into_owned(), salvaged: None })
                    .collect();
                (Some(zip), members)
            }
            _ => (None, salvage(bytes, cx)?),
        };
        if members.is_empty() {
            return Err(damaged("it is a ZIP archive without members"));
        }
        Ok(Self { bytes, members, directory, left: Cell::new(cx.limits.expanded_bytes), limits: cx.limits })
    }

    /// Whether its directory was lost and members were found by their headers.
    pub(super) fn is_salvaged(&self) -> bool {
        self.directory.is_none()
    }

    /// Names of the members.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|m| m.name.as_str())
    }

    /// Unpacks a member: none where there is none of this name, and as much as can be had of one that is damaged.
    pub(super) fn read(&mut self, name: &str) -> Result<Option<Vec<u8>>> {
        // Some writers put a slash first, or differ in case from what the package says.
        let found = self
            .members
            .iter()
            .find(|m| m.name == name)
            .or_else(|| self.members.iter().find(|m| same_name(&m.name, name)));
        let Some(member) = found else { return Ok(None) };
        let left = self.left.get();
        let mut out = Vec::new();
        // One byte more than allowed tells a member of just the size allowed from one that is larger. An error in
        // the middle (a wrong checksum, a broken stream) leaves in `out` what came before it.
        let most = left as u64 + 1;
        if let Some(at) = member.salvaged {
            let data = self.bytes.get(at.start..).unwrap_or_default();
            let _ = match at.stored {
                None => DeflateDecoder::new(data).take(most).read_to_end(&mut out),
                Some(length) => data.take(most.min(length.into())).read_to_end(&mut out),
            };
        } else if let Some(zip) = &mut self.directory {
            match zip.by_name(&member.name) {
                Ok(file) if file.encrypted() => return Err(encrypted()),
                Ok(file) => {
                    let _ = file.take(most).read_to_end(&mut out);
                }
                Err(ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED)) => return Err(encrypted()),
                Err(_) => return Ok(None),
            }
        }
        if out.len() > left {
            return Err(Limits::exceeded("expanded_bytes", self.limits.expanded_bytes));
        }
        self.left.set(left - out.len());
        Ok(Some(out))
    }
}

fn same_name(a: &str, b: &str) -> bool {
    let (a, b) = (a.trim_start_matches('/').as_bytes(), b.trim_start_matches('/').as_bytes());
    a.len() == b.len()
        && a.iter().zip(b).all(|(x, y)| x.eq_ignore_ascii_case(y) || (*x == b'\\' && *y == b'/'))
}

/// Members by their local headers, for an archive whose end is missing.
fn salvage(bytes: &[u8], cx: &Context<'_>) -> Result<Vec<Member>> {
    const HEADER: usize = 30;
    let mut members = Vec::new();
    let mut at = 0;
    while let Some(found) = memchr::memmem::find(bytes.get(at..).unwrap_or_default(), b"PK\x03\x04") {
        cx.tick()?;
        let start = at + found;
        at = start + 4;
        let Some(header) = bytes.get(start..start + HEADER) else { break };
        let short = |i: usize| usize::from(u16::from_le_bytes([header[i], header[i + 1]]));
        let (flags, method, name, extra) = (short(6), short(8), short(26), short(28));
        let Some(name_bytes) = bytes.get(start + HEADER..start + HEADER + name) else { continue };
        if flags & 1 != 0 {
            return Err(encrypted());
        }
        if let (Ok(name_text), 0 | 8) = (std::str::from_utf8(name_bytes), method) {
            let length = u32::from_le_bytes([header[18], header[19], header[20], header[21]]);
            let stored = (method == 0).then_some(length);
            let salvaged = Salvaged { start: start + HEADER + name + extra, stored };
            members.push(Member { name: name_text.to_owned(), salvaged: Some(salvaged) });
            if members.len() > cx.limits.archive_members {
                return Err(Limits::exceeded("archive_members", cx.limits.archive_members));
            }
        }
    }
    Ok(members)
}
