//! Sizes such as `4096`, `10k`, `1.5MiB`, `2G`.

/// Bytes of a size. Units are powers of 1024: `B`, `k`, `M`, `G`, `T`, `P`, `E`, each also as `KiB` or `KB`.
///
/// # Errors
/// A sentence about what is wrong with it.
pub(crate) fn parse(text: &str) -> Result<u64, String> {
    let complaint =
        || format!("'{text}' is not a size; use a number of bytes or a unit, such as 4096, 10k, 1.5MiB, 2G");
    let text = text.trim();
    let split = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let shift = shift_of(unit.trim()).ok_or_else(complaint)?;
    if let Ok(whole) = number.parse::<u64>() {
        return whole
            .checked_mul(1 << shift)
            .ok_or_else(|| format!("'{text}' is larger than 16 EiB"));
    }
    let value: f64 = number.parse().map_err(|_| complaint())?;
    let bytes = value * (1u64 << shift) as f64;
    if bytes < u64::MAX as f64 {
        Ok(bytes as u64)
    } else {
        Err(format!("'{text}' is larger than 16 EiB"))
    }
}

/// A limit: a size, or `none`.
///
/// # Errors
/// A sentence about what is wrong with it.
pub(crate) fn parse_limit(text: &str) -> Result<Limit, String> {
    match text {
        "none" | "unlimited" => Ok(Limit(None)),
        _ => parse(text).map(|n| Limit(Some(n))),
    }
}

/// A limit of a quota; `None` is without limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limit(pub(crate) Option<u64>);

fn shift_of(unit: &str) -> Option<u32> {
    let unit = unit.to_ascii_lowercase();
    let unit = unit
        .strip_suffix("ib")
        .or_else(|| unit.strip_suffix('b'))
        .unwrap_or(&unit);
    Some(match unit {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        "p" => 50,
        "e" => 60,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_with_and_without_units() {
        for (text, bytes) in [
            ("0", 0),
            ("4096", 4096),
            ("10k", 10 << 10),
            ("10KB", 10 << 10),
            ("1.5MiB", 3 << 19),
            ("2 G", 2 << 30),
            ("7b", 7),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(parse(text), Ok(bytes), "{text}");
        }
        for text in ["", "x", "-1", "1x", "1..2", "16E", "99999999999E", "1kk", "."] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_limit_can_be_none() {
        assert_eq!(parse_limit("none"), Ok(Limit(None)));
        assert_eq!(parse_limit("1k"), Ok(Limit(Some(1024))));
    }
}
