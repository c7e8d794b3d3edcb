//! A JSON object a line: a fact with its properties, or `{"node", "properties"}`.

use nervusdb::{Properties, Value};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{Fact, Item};

pub(super) fn item(line: &str) -> Result<Option<Item>, String> {
    if line.trim().is_empty() {
        return Ok(None);
    }
    let members = members(line)?;
    let find = |name: &str| {
        members
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| &**value)
    };
    if let Some(node) = find("node") {
        let properties = find("properties")
            .map(|value| properties("properties", value))
            .transpose()?;
        return Ok(Some(Item::Node(
            text("node", Some(node))?,
            properties.unwrap_or_default(),
        )));
    }
    let set = |name| find(name).map(|value| properties(name, value)).transpose();
    Ok(Some(Item::Fact(Box::new(Fact {
        words: [
            text("subject", find("subject"))?,
            text("predicate", find("predicate"))?,
            text("object", find("object"))?,
        ],
        graph: None,
        subject: set("subjectProperties")?,
        object: set("objectProperties")?,
        edge: set("edgeProperties")?,
    }))))
}

fn text(name: &str, value: Option<&RawValue>) -> Result<String, String> {
    let value = value.ok_or_else(|| format!("{name} is missing"))?;
    serde_json::from_str(value.get())
        .map_err(|_| format!("{name} must be a string, not {}", short(value.get())))
}

fn properties(name: &str, value: &RawValue) -> Result<Properties, String> {
    let members =
        members(value.get()).map_err(|_| format!("{name} must be an object, not {}", short(value.get())))?;
    members
        .into_iter()
        .map(|(name, value)| Ok((name, property(value.get())?)))
        .collect()
}

fn property(text: &str) -> Result<Value, String> {
    Ok(match text.as_bytes().first() {
        Some(b'n') => Value::Null,
        Some(b't') => Value::Bool(true),
        Some(b'f') => Value::Bool(false),
        Some(b'"') => Value::Text(serde_json::from_str(text).map_err(|error| error.to_string())?),
        Some(b'[' | b'{') => {
            let compact = compact(text);
            for number in numbers(&compact) {
                exact(&number)?;
            }
            Value::Json(compact)
        }
        _ => Value::Number(exact(text)?),
    })
}

/// Refuses numbers that would be others afterwards: whole ones are kept exactly, and all others as closely as 64 bits can.
fn exact(text: &str) -> Result<f64, String> {
    let refused = || format!("the number {text} cannot be stored exactly; write it as a string");
    let number: f64 = text.parse().map_err(|_| refused())?;
    let is_whole = text
        .strip_prefix('-')
        .unwrap_or(text)
        .bytes()
        .all(|byte| byte.is_ascii_digit());
    let is_same = || {
        text.parse::<i128>()
            .is_ok_and(|whole| number.abs() < 1e30 && number as i128 == whole)
    };
    match number.is_finite() && (!is_whole || is_same()) {
        true => Ok(number),
        false => Err(refused()),
    }
}

/// The numbers of a text, without those in strings.
fn numbers(text: &str) -> Vec<String> {
    let (mut in_string, mut escaped) = (false, false);
    let bare: String = text
        .chars()
        .map(|c| {
            let was_in_string = in_string;
            match c {
                _ if escaped => escaped = false,
                '\\' if in_string => escaped = true,
                '"' => in_string = !in_string,
                _ => (),
            }
            if was_in_string || in_string { ' ' } else { c }
        })
        .collect();
    bare.split(|c| !matches!(c, '0'..='9' | '-' | '+' | '.' | 'e' | 'E'))
        .filter(|part| part.starts_with(|c: char| c.is_ascii_digit() || c == '-'))
        .map(str::to_owned)
        .collect()
}

/// The text without space outside strings, which is how values are compared.
fn compact(text: &str) -> String {
    let (mut in_string, mut escaped) = (false, false);
    text.chars()
        .filter(|c| {
            match c {
                _ if escaped => escaped = false,
                '\\' if in_string => escaped = true,
                '"' => in_string = !in_string,
                _ => (),
            }
            in_string || !c.is_ascii_whitespace()
        })
        .collect()
}

fn short(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// The members of an object in their order; of a name that comes twice the last value.
fn members(text: &str) -> Result<Vec<(String, Box<RawValue>)>, String> {
    struct Members(Vec<(String, Box<RawValue>)>);

    impl<'de> Deserialize<'de> for Members {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Object;
            impl<'de> Visitor<'de> for Object {
                type Value = Members;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("an object")
                }
                fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                    let mut members: Vec<(String, Box<RawValue>)> = Vec::new();
                    while let Some((name, value)) = map.next_entry()? {
                        match members.iter_mut().find(|(known, _)| *known == name) {
                            Some(member) => member.1 = value,
                            None => members.push((name, value)),
                        }
                    }
                    Ok(Members(members))
                }
            }
            deserializer.deserialize_map(Object)
        }
    }
    serde_json::from_str::<Members>(text)
        .map(|members| members.0)
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_keep_their_order_and_types() {
        let line = r#"{"subject":"a","predicate":"b","object":"c","edgeProperties":{"z":1.5,"a":[1, {"x":"y z 1"}],"n":null}}"#;
        let Ok(Some(Item::Fact(fact))) = item(line) else {
            panic!("no fact")
        };
        let edge = fact.edge.unwrap();
        assert_eq!(edge[0], ("z".into(), Value::Number(1.5)));
        assert_eq!(edge[1], ("a".into(), Value::Json(r#"[1,{"x":"y z 1"}]"#.into())));
        assert_eq!(edge[2], ("n".into(), Value::Null));
    }

    #[test]
    fn what_could_not_be_told_from_another_is_refused() {
        for line in [
            r#"{"node":"a","properties":{"n":9007199254740993}}"#,
            r#"{"node":"a","properties":{"n":[1e999]}}"#,
            r#"{"node":"a","properties":{"n":{"deep":[12345678901234567890]}}}"#,
            r#"{"node":1}"#,
            r#"{"subject":"a","predicate":"b"}"#,
            r#"["a","b","c"]"#,
            r#"{"subject":"a","#,
        ] {
            assert!(item(line).is_err(), "{line}");
        }
        for line in [
            r#"{"node":"a","properties":{"n":9007199254740992}}"#,
            r#"{"node":"a","properties":{"n":["12345678901234567890"]}}"#,
        ] {
            assert!(item(line).is_ok(), "{line}");
        }
    }
}
