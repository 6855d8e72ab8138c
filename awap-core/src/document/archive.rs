//! Members of a ZIP archive, with the bounds on their number and on what they expand to.

use std::cell::Cell;
use std::io::Cursor;

use flate2::{Decompress, FlushDecompress, Status};
use zip::{CompressionMethod, ZipArchive};

use super::reader::{Context, damaged, encrypted};
use crate::{Limits, Result};

/// An archive that is open.
pub(super) struct Archive<'a> {
    bytes: &'a [u8],
    members: Vec<Member>,
    directory: Option<ZipArchive<Cursor<&'a [u8]>>>,
    /// One for all members: making it takes longer than unpacking a small member.
    inflater: Option<Decompress>,
    /// Bytes that may still be unpacked.
    left: Cell<usize>,
    limits: &'a Limits,
}

struct Member {
    name: String,
    /// Where its data is, for one that was found without the archive's directory.
    salvaged: Option<Data>,
}

/// Where the data of a member stands in the archive, and how.
#[derive(Clone, Copy)]
struct Data {
    start: usize,
    /// As stored; what is deflated says itself where it ends.
    length: usize,
    deflated: bool,
    /// The size that the archive gives for it unpacked, where it gives one. It may be wrong.
    size: usize,
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
        Ok(Self {
            bytes,
            members,
            directory,
            inflater: None,
            left: Cell::new(cx.limits.expanded_bytes),
            limits: cx.limits,
        })
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
        let data = match (member.salvaged, &mut self.directory) {
            (Some(data), _) => Some(data),
            (None, Some(zip)) => listed(zip, &member.name)?,
            (None, None) => None,
        };
        let Some(data) = data else { return Ok(None) };
        let left = self.left.get();
        let stored = self.bytes.get(data.start..).unwrap_or_default();
        let stored = stored.get(..data.length).unwrap_or(stored);
        // One byte more than allowed tells a member of just the size allowed from one that is larger.
        let most = left.saturating_add(1);
        let out = if data.deflated {
            let inflater = self.inflater.get_or_insert_with(|| Decompress::new(false));
            inflate(inflater, stored, data.size, most)
        } else {
            stored.get(..most).unwrap_or(stored).to_vec()
        };
        if out.len() > left {
            return Err(Limits::exceeded("expanded_bytes", self.limits.expanded_bytes));
        }
        self.left.set(left - out.len());
        Ok(Some(out))
    }
}

/// Where the directory says that the data of a member is: none where that is wrong, or packed in a way that no office
/// document uses.
fn listed(zip: &mut ZipArchive<Cursor<&[u8]>>, name: &str) -> Result<Option<Data>> {
    let Some(Ok(file)) = zip.index_for_name(name).map(|index| zip.by_index_raw(index)) else {
        return Ok(None);
    };
    if file.encrypted() {
        return Err(encrypted());
    }
    let deflated = match file.compression() {
        CompressionMethod::Stored => false,
        CompressionMethod::Deflated => true,
        _ => return Ok(None),
    };
    let bytes = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    Ok(file.data_start().map(|start| Data {
        start: bytes(start),
        length: bytes(file.compressed_size()),
        deflated,
        size: bytes(file.size()),
    }))
}

/// The most bytes that deflate makes of one.
const MOST_OF_ONE: usize = 1032;
/// Room to begin with: what the archive says of sizes is believed within these bounds.
const ROOM: std::ops::RangeInclusive<usize> = 4096..=16 << 20;

/// Unpacks `stored` to `most` bytes. What is broken gives what comes before the break; checksums are not looked at,
/// because what was read would be kept either way.
fn inflate(inflater: &mut Decompress, stored: &[u8], size: usize, most: usize) -> Vec<u8> {
    inflater.reset(false);
    let room = size.min(stored.len().saturating_mul(MOST_OF_ONE)).clamp(*ROOM.start(), *ROOM.end());
    let mut out = Vec::with_capacity(room.min(most));
    loop {
        let rest = usize::try_from(inflater.total_in()).ok().and_then(|read| stored.get(read..));
        let before = out.len();
        let status = inflater.decompress_vec(rest.unwrap_or_default(), &mut out, FlushDecompress::Finish);
        let full = out.len() == out.capacity();
        let going_on = matches!(status, Ok(Status::Ok | Status::BufError)) && (full || out.len() > before);
        if !going_on || out.len() >= most {
            out.truncate(most);
            return out;
        }
        if full {
            out.reserve(out.len().min(most - out.len()));
        }
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
            let word =
                |i: usize| u32::from_le_bytes([header[i], header[i + 1], header[i + 2], header[i + 3]]);
            let deflated = method == 8;
            let length = if deflated { usize::MAX } else { word(18) as usize };
            let start = start + HEADER + name + extra;
            let data = Data { start, length, deflated, size: word(22) as usize };
            members.push(Member { name: name_text.to_owned(), salvaged: Some(data) });
            if members.len() > cx.limits.archive_members {
                return Err(Limits::exceeded("archive_members", cx.limits.archive_members));
            }
        }
    }
    Ok(members)
}
