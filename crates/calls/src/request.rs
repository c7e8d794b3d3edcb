//! What an operation is asked with.

use tarbox_store::{Error, ErrorKind, Result};

/// The arguments of one operation: two texts (paths, names, JSON), three numbers, and bytes.
///
/// ```text
///   0      4        4+n    8+n       8+n+m
///   ├ u32 n ┼ first ┼ u32 m ┼ second ┼ data …
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Request<'a> {
    /// The first text.
    pub first: &'a str,
    /// The second text.
    pub second: &'a str,
    /// The rest.
    pub data: &'a [u8],
    /// Offsets, modes, flags: what they mean is each operation's own.
    pub numbers: [f64; 3],
}

impl<'a> Request<'a> {
    /// Takes a request apart.
    ///
    /// # Errors
    /// `Invalid` if it is none.
    pub fn parse(bytes: &'a [u8], numbers: [f64; 3]) -> Result<Self> {
        let (first, rest) = text(bytes)?;
        let (second, data) = text(rest)?;
        Ok(Self {
            first,
            second,
            data,
            numbers,
        })
    }

    /// A number that is a whole one and not negative.
    ///
    /// # Errors
    /// `Invalid` for any other.
    pub fn whole(&self, at: usize) -> Result<u64> {
        let number = self.numbers[at];
        if (0.0..=MAX_WHOLE).contains(&number) && number.trunc() == number {
            return Ok(number as u64);
        }
        Err(Error::new(ErrorKind::Invalid)
            .about(self.first)
            .because("an offset, a length or a mode is not an integer from 0 to 2⁵³"))
    }

    /// A number of 32 bits.
    ///
    /// # Errors
    /// As [`whole`](Self::whole).
    pub fn small(&self, at: usize) -> Result<u32> {
        u32::try_from(self.whole(at)?).map_err(|_| Error::new(ErrorKind::Invalid).about(self.first))
    }

    /// Whether a flag is set.
    pub fn flag(&self, at: usize) -> bool {
        self.numbers[at] != 0.0
    }
}

/// The largest whole number a double tells from its neighbours.
const MAX_WHOLE: f64 = 9_007_199_254_740_992.0;

fn text(bytes: &[u8]) -> Result<(&str, &[u8])> {
    let malformed = || Error::new(ErrorKind::Invalid).because("the request is malformed");
    let (len, rest) = bytes.split_first_chunk::<4>().ok_or_else(malformed)?;
    let len = usize::try_from(u32::from_le_bytes(*len)).map_err(|_| malformed())?;
    let (text, rest) = rest.split_at_checked(len).ok_or_else(malformed)?;
    let text = std::str::from_utf8(text).map_err(|_| malformed())?;
    Ok((text, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_taken_apart() {
        let request = Request::parse(b"\x02\0\0\0/a\x01\0\0\0bdata", [1.0, 0.0, -1.0]).unwrap();
        assert_eq!(
            (request.first, request.second, request.data),
            ("/a", "b", &b"data"[..])
        );
        assert_eq!(request.whole(0).unwrap(), 1);
        assert_eq!(request.whole(2).unwrap_err().kind(), ErrorKind::Invalid);
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for bytes in [
            &b""[..],
            b"\x01\0\0",
            b"\x09\0\0\0ab",
            b"\x01\0\0\0\xff\0\0\0\0",
            b"\x01\0\0\0a",
        ] {
            assert_eq!(
                Request::parse(bytes, [0.0; 3]).unwrap_err().kind(),
                ErrorKind::Invalid
            );
        }
        let odd = Request {
            numbers: [0.5, f64::NAN, 1e300],
            ..Request::default()
        };
        (0..3).for_each(|at| assert!(odd.whole(at).is_err()));
    }
}
