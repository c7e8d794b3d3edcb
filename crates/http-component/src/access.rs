//! Who may do what: whoever has the key everything; without a key that is set, anybody may read.

use http::{Method, StatusCode, header};
use tarbox_rest::problem::{Answer, Problem};

use crate::exchange::Request;

/// The variable with the key.
const KEY: &str = "TARBOX_API_KEY";

/// Refuses what the request may not do.
///
/// # Errors
/// `UNAUTHORIZED`, or `FORBIDDEN` for a change where no key is set.
pub(crate) fn check(request: &Request) -> Answer<()> {
    let Some(key) = tarbox_lent::variable(KEY) else {
        return match request.head.method {
            Method::GET | Method::HEAD => Ok(()),
            _ => Err(Problem::forbidden(format!(
                "this workspace is only read here; to change it, set {KEY} where the component runs"
            ))),
        };
    };
    let given = request.head.headers.get(header::AUTHORIZATION);
    let given = given.and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    // Hashes are compared in constant time.
    match given.is_some_and(|given| blake3::hash(given) == blake3::hash(key.as_bytes())) {
        true => Ok(()),
        false => Err(
            Problem::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "a key is needed")
                .because(format!(
                    "send Authorization: Bearer KEY, with what is set as {KEY}"
                ))
                .with(header::WWW_AUTHENTICATE, "Bearer"),
        ),
    }
}
