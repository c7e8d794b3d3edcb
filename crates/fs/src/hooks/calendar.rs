//! Points in time as people write them: RFC 3339 in UTC. A library for it would add a tenth to the module for browsers.

use tarbox_store::Timestamp;

const DAY: i64 = 86_400;

/// `2026-03-01T12:00:00Z`.
pub(super) fn format(time: Timestamp) -> String {
    let seconds = time.seconds();
    let (year, month, day) = civil(seconds.div_euclid(DAY));
    let second = seconds.rem_euclid(DAY);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

/// Seconds since 1970 with up to nine decimals, or `YYYY-MM-DD[THH:MM:SS[.fraction]Z]`, always UTC. A time that no file can
/// have becomes the nearest that one can.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    match text.split_once('T') {
        _ if !text.is_ascii() => None,
        Some((date, time)) => Some(add(parse_date(date)?, parse_time(time.strip_suffix('Z')?)?)),
        None if text.matches('-').count() == 2 => parse_date(text).map(|day| add(day, (0, 0))),
        None => parse_seconds(text),
    }
}

fn add(day: i64, (seconds, nanos): (i64, u32)) -> Timestamp {
    Timestamp::from_parts(day * DAY + seconds, nanos)
}

fn parse_seconds(text: &str) -> Option<Timestamp> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || fraction.len() > 9 || !are_digits(whole) || !are_digits(fraction) {
        return None;
    }
    let nanos: i128 = format!("{whole}{fraction:0<9}").parse().ok()?;
    Some(Timestamp::from_nanos(sign * nanos))
}

fn parse_date(text: &str) -> Option<i64> {
    let mut parts = text.splitn(3, '-').map(digits);
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let days = days_from_civil(year, month, day);
    // Back again, so that there is no 30th of February.
    (year <= 9999 && civil(days) == (year, month, day)).then_some(days)
}

fn parse_time(text: &str) -> Option<(i64, u32)> {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let mut parts = clock.splitn(3, ':').map(digits);
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let fraction = parse_seconds(&format!("0.{fraction}"))?;
    Some((hour * 3600 + minute * 60 + second, fraction.nanos()))
}

fn digits(text: &str) -> Option<i64> {
    match text.bytes().all(|b| b.is_ascii_digit()) && text.len() <= 4 {
        true => text.parse().ok(),
        false => None,
    }
}

/// Days since 1970 as year, month, day. Years are counted from March, so that the leap day is the last.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_and_read() {
        let table = [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_767_225_599, "2025-12-31T23:59:59Z"),
            (-1, "1969-12-31T23:59:59Z"),
        ];
        for (seconds, text) in table {
            let time = Timestamp::from_parts(seconds, 0);
            assert_eq!(format(time), text);
            assert_eq!(parse(text), Some(time));
        }
        // A fraction of a second is not written, and time goes on in the same direction before 1970.
        assert_eq!(format(Timestamp(-1_500_000_000)), "1969-12-31T23:59:58Z");
        for (text, nanos) in [
            ("12.5", 12_500_000_000),
            ("12", 12_000_000_000),
            ("-1.5", -1_500_000_000),
            ("-0.000000001", -1),
            ("1970-01-02", 86_400_000_000_000),
            ("1970-01-01T00:00:01.25Z", 1_250_000_000),
            ("1969-12-31T23:59:58.5Z", -1_500_000_000),
        ] {
            assert_eq!(parse(text), Some(Timestamp(nanos)), "{text}");
        }
    }

    #[test]
    fn a_time_that_no_file_can_have_is_the_nearest() {
        for (first, text) in [
            (i64::MIN, "1677-09-21T00:12:43Z"),
            (i64::MAX, "2262-04-11T23:47:16Z"),
        ] {
            assert_eq!(format(Timestamp(first)), text);
        }
        for text in ["0001-01-01", "0000-12-31T23:59:59Z", "-99999999999"] {
            assert_eq!(parse(text), Some(Timestamp(i64::MIN)), "{text}");
        }
        for text in ["9999-12-30", "3000-01-01T00:00:00Z", "99999999999.5"] {
            assert_eq!(parse(text), Some(Timestamp(i64::MAX)), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "x",
            ".5",
            "1.1234567890",
            "2026-02-30",
            "2026-13-01",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:00:00",
            "10000-01-01",
            "-0044-03-15",
            "1970-01-01T00:00:00+01:00",
            "1-",
            "--",
            "--5",
            "٣",
            "+5",
            "2026-01-01T-1:00:00Z",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
