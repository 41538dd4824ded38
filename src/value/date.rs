//! Dates of the Date operators: ISO 8601 as the W3C profile writes it, or seconds since 1970.
//!
//! Every date becomes its exact number of seconds since 1970-01-01T00:00:00Z, so that comparing dates is comparing
//! numbers. A date without a time is its midnight, a time without an offset is UTC; four digits are a year.
//!
//! Sources: IAM User Guide, "Condition operators", date condition operators; W3C NOTE-datetime.

use super::number;
use bigdecimal::BigDecimal;
use jiff::{Timestamp, civil};

/// Reads a date as seconds since 1970; `None` if the text is no date.
pub fn parse(text: &str) -> Option<BigDecimal> {
    if text.len() > number::MOST_CHARACTERS || !text.is_ascii() {
        return None;
    }
    let is_year = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_year && let Some(seconds) = number::parse(text) {
        return Some(seconds);
    }
    let (date, time) = match text.split_once(['T', 't']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let date = civil_date(date)?;
    let (clock, offset) = match time {
        Some(time) => clock_and_offset(time)?,
        None => (BigDecimal::from(0), 0),
    };
    let days = date.since(civil::date(1970, 1, 1)).ok()?.get_days();
    Some((BigDecimal::from(i64::from(days) * 86_400 - offset) + clock).normalized())
}

/// The date as ISO 8601 where it is a whole second of a four-digit year, else as plain seconds; [`parse`] reads both.
pub fn to_text(seconds: &BigDecimal) -> String {
    let plain = number::to_text(seconds);
    let timestamp = plain.parse::<i64>().ok().and_then(|whole| Timestamp::from_second(whole).ok());
    match timestamp.map(|timestamp| timestamp.to_string()) {
        Some(iso) if iso.len() == 20 && parse(&iso).as_ref() == Some(&seconds.normalized()) => iso,
        _ => plain,
    }
}

fn digits(text: &str, count: usize) -> Option<i64> {
    (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

fn civil_date(text: &str) -> Option<civil::Date> {
    let mut parts = text.split('-');
    let year = digits(parts.next()?, 4)?;
    let mut part = || parts.next().map_or(Some(1), |text| digits(text, 2));
    let (month, day) = (part()?, part()?);
    if parts.next().is_some() {
        return None;
    }
    civil::Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// Seconds of the day, and the offset from UTC in seconds.
fn clock_and_offset(text: &str) -> Option<(BigDecimal, i64)> {
    let at = text.find(['Z', 'z', '+', '-']).unwrap_or(text.len());
    let (clock, zone) = text.split_at_checked(at)?;
    let offset = match zone {
        "" | "Z" | "z" => 0,
        _ => {
            let (sign, rest) = match zone.split_at_checked(1)? {
                ("-", rest) => (-1, rest),
                ("+", rest) => (1, rest),
                _ => return None,
            };
            let (hours, minutes) = rest.split_once(':')?;
            let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2)?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            sign * (hours * 3600 + minutes * 60)
        }
    };
    let mut parts = clock.split(':');
    let (hours, minutes) = (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let seconds = match parts.next() {
        None => BigDecimal::from(0),
        Some(text) => {
            digits(text.split('.').next()?, 2)?;
            number::parse(text)?
        }
    };
    if parts.next().is_some() || hours > 23 || minutes > 59 || seconds >= 60 {
        return None;
    }
    Some((BigDecimal::from(hours * 3600 + minutes * 60) + seconds, offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profile_s_forms_are_one_instant() {
        let instant = parse("2020-04-01T00:00:00Z");
        assert!(instant.is_some());
        for text in [
            "2020-04",
            "2020-04-01",
            "2020-04-01T00:00Z",
            "2020-04-01T00:00:00",
            "2020-04-01T02:00:00.000+02:00",
            "1585699200",
            "2020-03-31T19:00-05:00",
        ] {
            assert_eq!(parse(text), instant, "{text}");
        }
        assert_eq!(to_text(&instant.unwrap()), "2020-04-01T00:00:00Z");
        assert_eq!(parse("2020"), parse("2020-01-01"));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "yesterday",
            "2020-13-01",
            "2020-02-30",
            "2020-04-01T",
            "2020-04-01T25:00Z",
            "2020-04-01T00:00:60Z",
            "2020-04-01T00:00+2",
            "2020-04-01T00:00Z02:00",
            "2020-04-01 00:00",
            "é",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn texts_read_back() {
        for text in ["0", "-1", "1.5", "2026", "-2026", "253402300799", "253402300800", "99999999999999999999"] {
            let seconds = number::parse(text).unwrap();
            assert_eq!(parse(&to_text(&seconds)), Some(seconds.normalized()), "{text}");
        }
    }
}
