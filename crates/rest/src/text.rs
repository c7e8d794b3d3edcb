//! Bytes in JSON: names, paths and values, which need not be UTF-8.

use std::borrow::Cow;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// Bytes: in JSON a string where they are UTF-8, else `{"base64": "…"}`. Both are read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text(pub Vec<u8>);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Encoded<'a> {
    base64: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Either<'a> {
    Text(String),
    #[serde(borrow)]
    Bytes(Encoded<'a>),
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(&self.0) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => Encoded {
                base64: BASE64_STANDARD.encode(&self.0).into(),
            }
            .serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Either::deserialize(deserializer)? {
            Either::Text(text) => Ok(Self(text.into_bytes())),
            Either::Bytes(encoded) => BASE64_STANDARD
                .decode(encoded.base64.as_bytes())
                .map(Self)
                .map_err(|_| serde::de::Error::custom("not base64")),
        }
    }
}

impl From<Vec<u8>> for Text {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl PartialSchema for Text {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String);
        let bytes = ObjectBuilder::new()
            .property("base64", ObjectBuilder::new().schema_type(Type::String))
            .required("base64");
        OneOfBuilder::new()
            .item(text)
            .item(bytes)
            .description(Some("Bytes: a string where they are UTF-8, else their base64"))
            .into()
    }
}

impl ToSchema for Text {}

#[cfg(test)]
mod tests {
    use super::Text;

    #[test]
    fn all_bytes_survive_the_round_trip() {
        for bytes in [
            &b""[..],
            b"a/b",
            "ü".as_bytes(),
            b"\xff\x00",
            b"{\"base64\":\"\"}",
        ] {
            let json = serde_json::to_string(&Text(bytes.to_vec())).unwrap();
            assert_eq!(serde_json::from_str::<Text>(&json).unwrap().0, bytes, "{json}");
        }
        for wrong in ["1", "null", "{\"base64\":\"*\"}", "{\"base64\":\"\",\"x\":1}"] {
            assert!(serde_json::from_str::<Text>(wrong).is_err(), "{wrong}");
        }
    }
}
