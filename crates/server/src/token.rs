//! What a client has of a key: `tbx_<id>_<secret><checksum>`.

use std::fmt;

use tarbox_store::{Error, ErrorKind, Key, Result, Scope, Timestamp};

/// Bytes of a secret, and of the part of its hash that a token ends with.
const SECRET: usize = 32;
const CHECKSUM: usize = 4;
/// Bytes of an id.
const ID: usize = 8;

/// What a client shows. Its text is a secret: it is printed once, and neither logged nor kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    id: String,
    secret: [u8; SECRET],
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// A key that is to be made.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// What the user calls it.
    pub name: String,
    /// The tenant it belongs to.
    pub tenant: String,
    /// What it may do at most.
    pub scope: Scope,
    /// The directory that it is confined to.
    pub path: Vec<u8>,
    /// The user and group it acts as.
    pub user: (u32, u32),
    /// From when on it is refused.
    pub expires: Option<Timestamp>,
}

impl Token {
    /// A new one, from the system's random bytes.
    ///
    /// # Errors
    /// `Io` if the system has none.
    pub fn random() -> Result<Self> {
        let mut id = [0; ID];
        let mut secret = [0; SECRET];
        let filled = getrandom::fill(&mut id).and_then(|()| getrandom::fill(&mut secret));
        filled.map_err(|e| {
            Error::new(ErrorKind::Io)
                .because("the system gives no random bytes")
                .caused_by(e)
        })?;
        Ok(Self { id: hex(&id), secret })
    }

    /// Reads a token; `None` for anything else, a mistyped one included.
    pub fn parse(text: &str) -> Option<Self> {
        let (id, rest) = text.strip_prefix("tbx_")?.split_once('_')?;
        let secret = unhex(rest.get(..2 * SECRET)?)?;
        let token = Self {
            id: hex(&unhex::<ID>(id)?),
            secret,
        };
        (token.text() == text).then_some(token)
    }

    /// Its text.
    pub fn text(&self) -> String {
        let body = format!("tbx_{}_{}", self.id, hex(&self.secret));
        let sum = blake3::hash(body.as_bytes());
        format!("{body}{}", hex(&sum.as_bytes()[..CHECKSUM]))
    }

    /// The id of the key.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether it is the token of this key. Takes the same time whatever the two are.
    pub fn is_of(&self, key: &Key) -> bool {
        // `blake3::Hash` compares in constant time.
        self.hash() == blake3::Hash::from_bytes(key.hash)
    }

    /// The key to keep for this token.
    pub fn key(&self, new: NewKey, now: Timestamp) -> Key {
        Key {
            id: self.id.clone(),
            name: new.name,
            tenant: new.tenant,
            scope: new.scope,
            path: new.path,
            uid: new.user.0,
            gid: new.user.1,
            created: now,
            expires: new.expires,
            revoked: None,
            hash: *self.hash().as_bytes(),
        }
    }

    fn hash(&self) -> blake3::Hash {
        blake3::hash(&self.secret)
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
        let value = |digit: u8| char::from(digit).to_digit(16);
        *byte = (value(pair[0])? << 4 | value(pair[1])?) as u8;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_as_it_was_written_and_nothing_else_is() {
        let token = Token::random().unwrap();
        let text = token.text();
        assert_eq!(Token::parse(&text), Some(token.clone()));
        assert!(!format!("{token:?}").contains(&text[24..]));
        for i in 0..text.len() {
            let mut wrong = text.clone().into_bytes();
            wrong[i] = if wrong[i] == b'0' { b'1' } else { b'0' };
            assert_eq!(Token::parse(&String::from_utf8(wrong).unwrap()), None, "{i}");
            assert_eq!(Token::parse(&text[..i]), None);
        }
        for wrong in [
            "",
            "tbx_",
            "tbx__",
            &text.to_uppercase(),
            &format!("{text}0"),
            &format!(" {text}"),
        ] {
            assert_eq!(Token::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn only_its_own_secret_fits_a_key() {
        let token = Token::random().unwrap();
        let new = NewKey {
            name: String::new(),
            tenant: "default".into(),
            scope: Scope::Read,
            path: b"/".to_vec(),
            user: (0, 0),
            expires: None,
        };
        let key = token.key(new, Timestamp(1));
        assert!(token.is_of(&key));
        let other = Token {
            secret: [1; 32],
            ..token
        };
        assert!(!other.is_of(&key));
    }
}
