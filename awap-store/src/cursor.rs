//! Cursors: where a page of a list, newest first, goes on.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use awap_core::{Error, Result};

use crate::Timestamp;

/// The last row of a page. Rows that come in later do not move those after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    pub(crate) at: Timestamp,
    pub(crate) id: Uuid,
}

impl Cursor {
    /// Reads a cursor that an earlier page gave.
    pub fn parse(text: &str) -> Result<Self> {
        let parse = || {
            let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
            let (at, id) = std::str::from_utf8(&bytes).ok()?.split_once(' ')?;
            Some(Self { at: Timestamp::parse(at)?, id: Uuid::parse_str(id).ok()? })
        };
        parse().ok_or_else(|| {
            Error::invalid_input("cursor", "“cursor” is not one that an earlier page gave as “next_cursor”.")
        })
    }

    /// How many rows to ask for, so that it shows whether there is a next page.
    pub(crate) fn one_more(limit: usize) -> i64 {
        i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1)
    }

    /// Cuts `rows`, of which one more than `limit` was asked for, to the page; the cursor where there is a next page.
    pub(crate) fn cut<T>(rows: &mut Vec<T>, limit: usize, of: impl Fn(&T) -> Self) -> Option<String> {
        if rows.len() <= limit {
            return None;
        }
        rows.truncate(limit);
        rows.last().map(|row| of(row).to_string())
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(format!("{} {}", self.at, self.id.hyphenated())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back_as_it_went() {
        let cursor =
            Cursor { at: Timestamp::parse("2025-11-22T13:54:00.000001Z").unwrap(), id: Uuid::now_v7() };
        assert_eq!(Cursor::parse(&cursor.to_string()).unwrap(), cursor);
        for bad in ["", "a", "????", "bm90IGEgY3Vyc29y"] {
            assert!(Cursor::parse(bad).is_err(), "{bad}");
        }
    }
}
