//! When was it? Whole seconds since 1970, from the forms in which AWS and exports write times.

use jiff::civil::{Date, DateTime};
use jiff::{Timestamp, tz::TimeZone};
use std::fmt;

/// A moment, in seconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct When(pub i64);

/// Seconds of a day.
pub const DAY: i64 = 86_400;

impl When {
    /// Reads ISO 8601 with or without an offset or a time, or seconds (or milliseconds) since 1970; `None` if it is neither.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().trim_end_matches(" UTC");
        if let Ok(timestamp) = text.parse::<Timestamp>() {
            return Some(Self(timestamp.as_second()));
        }
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
            let seconds: f64 = text.parse().ok()?;
            // From the year 5138 on it is milliseconds.
            let seconds = if seconds >= 1e11 { seconds / 1e3 } else { seconds };
            return (seconds < 1e11).then_some(Self(seconds as i64));
        }
        let civil = match text.parse::<DateTime>() {
            Ok(moment) => moment,
            Err(_) => text.parse::<Date>().ok()?.to_datetime(jiff::civil::Time::midnight()),
        };
        Some(Self(civil.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second()))
    }

    /// Reads a day as its last second, anything else as [`Self::parse`].
    pub fn parse_end(text: &str) -> Option<Self> {
        let at = Self::parse(text)?;
        let is_day = text.trim().parse::<Date>().is_ok() && !text.contains([':', 'T', 't']);
        Some(if is_day { Self(at.0 + DAY - 1) } else { at })
    }

    /// So many days before.
    #[must_use]
    pub fn days_before(self, days: u32) -> Self {
        Self(self.0 - i64::from(days) * DAY)
    }

    /// The day, as `YYYY-MM-DD`.
    pub fn day(self) -> String {
        self.to_string().chars().take(10).collect()
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Timestamp::from_second(self.0) {
            Ok(timestamp) => write!(f, "{timestamp}"),
            Err(_) => write!(f, "{}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_one_moment() {
        for text in [
            "2023-07-10T12:20:00Z",
            "2023-07-10T12:20:00.999Z",
            "2023-07-10T14:20:00+02:00",
            "2023-07-10 12:20:00.000",
            "2023-07-10 12:20:00 UTC",
            "1688991600",
            "1688991600.0",
            "1688991600000",
        ] {
            assert_eq!(When::parse(text).map(|when| when.to_string()).as_deref(), Some("2023-07-10T12:20:00Z"), "{text}");
        }
        let day = When::parse_end("2023-07-10").unwrap();
        assert_eq!((day.to_string(), day.day()), ("2023-07-10T23:59:59Z".to_owned(), "2023-07-10".to_owned()));
        assert_eq!(day.days_before(10).day(), "2023-06-30");
        for text in ["", "N/A", "yesterday", "2023-13-01", "99999999999999999999"] {
            assert_eq!(When::parse(text), None, "{text}");
        }
    }
}
