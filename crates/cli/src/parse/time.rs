//! Moments, as people write and read them. What has no zone of its own is local.

use std::num::IntErrorKind;

use jiff::tz::TimeZone;
use jiff::{Zoned, civil};
use tarbox_store::Timestamp;

/// The moment in UTC with nine digits: `2026-11-21T08:52:00.000000000Z`. This is the form in JSON.
pub(crate) fn rfc3339(time: Timestamp) -> String {
    format!("{:.9}", moment(time))
}

/// The local time to the minute, as in listings.
pub(crate) fn short(time: Timestamp) -> String {
    local(time).strftime("%Y-%m-%d %H:%M").to_string()
}

/// The local time to the second, as in the audit.
pub(crate) fn seconds(time: Timestamp) -> String {
    local(time).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// The local time to the nanosecond with its zone, as in `stat`.
pub(crate) fn full(time: Timestamp) -> String {
    local(time).strftime("%Y-%m-%d %H:%M:%S.%9f %z").to_string()
}

/// Parses a moment: `now`, `today`, `yesterday`, a time ago (`90s`, `10m`, `2h`, `3d`, `1w`), `@SECONDS`, a date, a date
/// and time (`2026-11-21 08:52`), or RFC 3339 with a zone. A time that no file can have becomes the nearest that one can.
///
/// # Errors
/// A sentence about what is wrong with it.
pub(crate) fn parse(text: &str) -> Result<Timestamp, String> {
    parse_at(text.trim(), &Zoned::now()).ok_or_else(|| {
        format!("'{text}' is not a time; use 10m, 3d, yesterday, 2026-11-21, '2026-11-21 08:52', RFC 3339 or @SECONDS")
    })
}

/// Parses the digits that `touch -t` takes: `[[CC]YY]MMDDhhmm[.ss]`, local time.
///
/// # Errors
/// A sentence about what is wrong with it.
pub(crate) fn stamp(text: &str) -> Result<Timestamp, String> {
    stamp_at(text, &Zoned::now()).ok_or_else(|| format!("'{text}' is not a time; use [[CC]YY]MMDDhhmm[.ss]"))
}

fn stamp_at(text: &str, now: &Zoned) -> Option<Timestamp> {
    let (digits, seconds) = text.split_once('.').unwrap_or((text, "00"));
    let two = |text: &str, at: usize| text.get(at..at + 2)?.parse::<i16>().ok();
    let split = digits.len().checked_sub(8)?;
    let all_digits = digits.bytes().chain(seconds.bytes()).all(|b| b.is_ascii_digit());
    if !all_digits || seconds.len() != 2 {
        return None;
    }
    let (year, rest) = digits.split_at(split);
    let year = match year.len() {
        0 => now.year(),
        // As POSIX has it: 69 to 99 are of the last century.
        2 => two(year, 0).map(|year| year + if year < 69 { 2000 } else { 1900 })?,
        4 => year.parse().ok()?,
        _ => return None,
    };
    let field = |text, at| two(text, at).and_then(|value| i8::try_from(value).ok());
    let date = civil::Date::new(year, field(rest, 0)?, field(rest, 2)?).ok()?;
    let time = civil::Time::new(field(rest, 4)?, field(rest, 6)?, field(seconds, 0)?, 0).ok()?;
    let zoned = date.to_datetime(time).to_zoned(now.time_zone().clone()).ok()?;
    Some(from_jiff(zoned.timestamp()))
}

fn parse_at(text: &str, now: &Zoned) -> Option<Timestamp> {
    if let Some(seconds) = text.strip_prefix('@') {
        return epoch(seconds);
    }
    let zoned = match text {
        "now" => now.clone(),
        "today" => now.start_of_day().ok()?,
        "yesterday" => now.yesterday().ok()?.start_of_day().ok()?,
        _ => {
            if let Some(ago) = ago(text) {
                return Some(Timestamp::from_nanos(
                    now.timestamp().as_nanosecond().saturating_sub(ago),
                ));
            }
            if let Ok(moment) = text.parse::<jiff::Timestamp>() {
                return Some(from_jiff(moment));
            }
            let date_time: civil::DateTime = text.parse().ok()?;
            date_time.to_zoned(now.time_zone().clone()).ok()?
        }
    };
    Some(from_jiff(zoned.timestamp()))
}

/// Seconds since 1970, also before it and with a fraction.
fn epoch(text: &str) -> Option<Timestamp> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 9 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let nanos: i128 = format!("{fraction:0<9}").parse().ok()?;
    let nanos = if whole.starts_with('-') { -nanos } else { nanos };
    let seconds = saturating(whole)?.saturating_mul(1_000_000_000);
    Some(Timestamp::from_nanos(seconds.saturating_add(nanos)))
}

/// `10m` or `10m ago`, in nanoseconds.
fn ago(text: &str) -> Option<i128> {
    let text = text.strip_suffix("ago").unwrap_or(text).trim_end();
    let split = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(split);
    let seconds = match unit.trim() {
        "s" | "sec" | "second" | "seconds" => 1,
        "m" | "min" | "minute" | "minutes" => 60,
        "h" | "hour" | "hours" => 3_600,
        "d" | "day" | "days" => 86_400,
        "w" | "week" | "weeks" => 604_800,
        _ => return None,
    };
    Some(saturating(number)?.saturating_mul(seconds * 1_000_000_000))
}

/// A number of any length: what no `i128` holds is the nearest that it does.
fn saturating(text: &str) -> Option<i128> {
    match text.parse() {
        Ok(number) => Some(number),
        Err(e) => match e.kind() {
            IntErrorKind::PosOverflow => Some(i128::MAX),
            IntErrorKind::NegOverflow => Some(i128::MIN),
            _ => None,
        },
    }
}

fn moment(time: Timestamp) -> jiff::Timestamp {
    // Every i64 of nanoseconds is within jiff's range of years.
    jiff::Timestamp::from_nanosecond(i128::from(time.0)).unwrap_or_default()
}

fn local(time: Timestamp) -> Zoned {
    moment(time).to_zoned(TimeZone::system())
}

fn from_jiff(moment: jiff::Timestamp) -> Timestamp {
    Timestamp::from_nanos(moment.as_nanosecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<String> {
        let now: Zoned = "2026-11-21T08:52:30+01:00[+01:00]".parse().unwrap();
        parse_at(text, &now).map(rfc3339)
    }

    #[test]
    fn what_people_write() {
        for (text, time) in [
            ("now", "2026-11-21T07:52:30.000000000Z"),
            ("today", "2026-11-20T23:00:00.000000000Z"),
            ("yesterday", "2026-11-19T23:00:00.000000000Z"),
            ("10m", "2026-11-21T07:42:30.000000000Z"),
            ("2 hours ago", "2026-11-21T05:52:30.000000000Z"),
            ("@0", "1970-01-01T00:00:00.000000000Z"),
            ("@-1.5", "1969-12-31T23:59:58.500000000Z"),
            ("2026-01-02", "2026-01-01T23:00:00.000000000Z"),
            ("2026-01-02 03:04", "2026-01-02T02:04:00.000000000Z"),
            ("2026-01-02T03:04:05.123456789Z", "2026-01-02T03:04:05.123456789Z"),
        ] {
            assert_eq!(parsed(text).as_deref(), Some(time), "{text}");
        }
        for text in ["", "soon", "10x", "m", "@", "@x", "2026-13-01", "@1.1234567890"] {
            assert_eq!(parsed(text), None, "{text}");
        }
    }

    #[test]
    fn digits() {
        let now: Zoned = "2026-11-21T08:52:30+01:00[+01:00]".parse().unwrap();
        let stamp = |text| stamp_at(text, &now).map(rfc3339);
        for (text, time) in [
            ("01020304", "2026-01-02T02:04:00.000000000Z"),
            ("2501020304.05", "2025-01-02T02:04:05.000000000Z"),
            ("6901020304", "1969-01-02T02:04:00.000000000Z"),
            ("197001020304.05", "1970-01-02T02:04:05.000000000Z"),
            ("240001020304", "2262-04-11T23:47:16.854775807Z"),
        ] {
            assert_eq!(stamp(text).as_deref(), Some(time), "{text}");
        }
        for text in [
            "",
            "1",
            "13020304",
            "0102030",
            "010203040",
            "01020304.5",
            "01020304.",
            "0102030x",
            "0102030\u{e9}",
        ] {
            assert_eq!(stamp(text), None, "{text}");
        }
    }

    #[test]
    fn a_time_beyond_the_range_is_its_end() {
        let (first, last) = (rfc3339(Timestamp::MIN), rfc3339(Timestamp::MAX));
        for text in [
            "1500-01-01",
            "@-13136941795",
            "99999999999999999w",
            "@-99999999999999999999999999999999999999999",
        ] {
            assert_eq!(parsed(text).as_deref(), Some(&*first), "{text}");
        }
        for text in [
            "2400-01-01",
            "9999-01-01 00:00",
            "@13136941795.642118959",
            "@99999999999999999999999999999999999999999",
        ] {
            assert_eq!(parsed(text).as_deref(), Some(&*last), "{text}");
        }
    }

    #[test]
    fn the_ends_of_the_range_are_printed() {
        assert!(rfc3339(Timestamp(i64::MIN)).starts_with("1677-"));
        assert!(rfc3339(Timestamp(i64::MAX)).starts_with("2262-"));
    }
}
