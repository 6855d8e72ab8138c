//! Points in time: UTC, to the microsecond, as both databases keep them.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime, UtcOffset};

/// A point in time, written `2025-11-22T13:54:00.000000Z`: always of this width, so that the text sorts as the times do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(PrimitiveDateTime);

const FORMAT: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");

impl Timestamp {
    /// This machine's clock.
    pub fn now() -> Self {
        Self::from_utc(OffsetDateTime::now_utc())
    }

    /// Reads RFC 3339, in any offset; `None` for what is not a time, or one outside the years 0 to 9999.
    pub fn parse(text: &str) -> Option<Self> {
        let time = OffsetDateTime::parse(text, &Rfc3339).ok()?.checked_to_offset(UtcOffset::UTC)?;
        (0..=9999).contains(&time.year()).then(|| Self::from_utc(time))
    }

    /// `span` later; the same where that is past the calendar.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        let later = time::Duration::try_from(span).ok().and_then(|span| self.0.checked_add(span));
        later.map_or(self, Self::from_primitive)
    }

    /// `span` earlier; the same where that is before the calendar.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        let earlier = time::Duration::try_from(span).ok().and_then(|span| self.0.checked_sub(span));
        earlier.map_or(self, Self::from_primitive)
    }

    /// Seconds since `earlier`; 0 where it is not earlier.
    pub fn seconds_since(self, earlier: Self) -> f64 {
        (self.0 - earlier.0).as_seconds_f64().max(0.0)
    }

    /// The time as PostgreSQL's `TIMESTAMP` has it: UTC, with no offset.
    pub(crate) fn primitive(self) -> PrimitiveDateTime {
        self.0
    }

    pub(crate) fn from_primitive(time: PrimitiveDateTime) -> Self {
        let micros = time.microsecond();
        Self(time.replace_nanosecond(micros * 1_000).unwrap_or(time))
    }

    fn from_utc(time: OffsetDateTime) -> Self {
        Self::from_primitive(PrimitiveDateTime::new(time.date(), time.time()))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.format(FORMAT).map_err(|_| fmt::Error)?)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not a time in RFC 3339"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_any_offset_and_writes_one_form() {
        for (text, expected) in [
            ("2025-11-22T13:54:00Z", Some("2025-11-22T13:54:00.000000Z")),
            ("2025-11-22T13:54:00.1234567+01:00", Some("2025-11-22T12:54:00.123456Z")),
            ("0000-01-01T00:30:00+01:00", None),
            ("9999-12-31T23:30:00-01:00", None),
            ("2025-11-22", None),
            ("", None),
        ] {
            assert_eq!(Timestamp::parse(text).map(|t| t.to_string()).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn text_sorts_as_times_do() {
        let early = Timestamp::parse("2025-11-22T13:54:09.9Z").unwrap();
        let late = early.plus(Duration::from_millis(200));
        assert!(early < late && early.to_string() < late.to_string());
        assert!((late.seconds_since(early) - 0.2).abs() < 1e-9);
        assert!(early.seconds_since(late).abs() < 1e-9);
    }
}
