//! Version numbers as programs print them.

/// The first number in what a program prints for `--version`: `v20.20.2` → 20.
pub(super) fn major(text: &str) -> Option<u32> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let digits: &str = &text[start..];
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_number_counts() {
        assert_eq!(major("v20.20.2"), Some(20));
        assert_eq!(major("Debian clang version 14.0.6"), Some(14));
        assert_eq!(major("22"), Some(22));
        assert_eq!(major("unknown"), None);
        assert_eq!(major(""), None);
        assert_eq!(major("99999999999999"), None);
    }
}
