//! Properties that clients make up, as extended attributes: they are in layers, copies and archives like everything else.

use dav_server::fs::DavProp;
use http::StatusCode;
use tarbox_fs::{Credentials, FilesystemExt, FilesystemInterface, Fs, PathAt};
use tarbox_store::{ErrorKind, Ino, Result, Store, XattrMode};

/// What the name of such an attribute begins with; the namespace in braces follows, and the name.
const PREFIX: &[u8] = b"user.dav.{";

fn name_of(prop: &DavProp) -> Vec<u8> {
    let namespace = prop.namespace.as_deref().unwrap_or_default();
    [PREFIX, namespace.as_bytes(), b"}", prop.name.as_bytes()].concat()
}

/// The property that an attribute of this name is.
fn named(name: &[u8]) -> Option<DavProp> {
    let text = std::str::from_utf8(name.strip_prefix(PREFIX)?).ok()?;
    let (namespace, name) = text.rsplit_once('}')?;
    Some(DavProp {
        name: name.to_owned(),
        prefix: None,
        namespace: (!namespace.is_empty()).then(|| namespace.to_owned()),
        xml: None,
    })
}

/// Sets and removes properties: all of them, or none.
pub(super) async fn patch<S: Store>(
    fs: &Fs<S>,
    who: &Credentials,
    ino: Ino,
    patch: Vec<(bool, DavProp)>,
) -> Result<Vec<(StatusCode, DavProp)>> {
    let mut before = Vec::new();
    let mut failed = None;
    for (number, (is_set, prop)) in patch.iter().enumerate() {
        let name = name_of(prop);
        let old = match fs.getxattr(who, ino, &name).await {
            Ok(value) => Some(value),
            Err(e) if e.kind() == ErrorKind::NoData => None,
            Err(e) => return Err(e),
        };
        let value = prop.xml.as_deref().filter(|_| *is_set);
        let done = match (value, &old) {
            (None, None) => Ok(()),
            (value, _) => fs.setxattr(who, ino, &name, value, XattrMode::Any).await,
        };
        if let Err(e) = done {
            failed = Some((number, status(e.kind())));
            break;
        }
        before.push((name, old));
    }
    if failed.is_some() {
        for (name, old) in before.into_iter().rev() {
            // One that was not there before and is not now is as it was.
            let _back = fs.setxattr(who, ino, &name, old.as_deref(), XattrMode::Any).await;
        }
    }
    let answers = patch.into_iter().enumerate().map(|(number, (_, mut prop))| {
        prop.xml = None;
        let status = match failed {
            None => StatusCode::OK,
            Some((at, status)) if at == number => status,
            Some(_) => StatusCode::FAILED_DEPENDENCY,
        };
        (status, prop)
    });
    Ok(answers.collect())
}

fn status(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::NoSpace | ErrorKind::QuotaExceeded | ErrorKind::TooBig | ErrorKind::NameTooLong => {
            StatusCode::INSUFFICIENT_STORAGE
        }
        ErrorKind::Access | ErrorKind::NotPermitted | ErrorKind::ReadOnly => StatusCode::FORBIDDEN,
        _ => StatusCode::CONFLICT,
    }
}

/// The properties of a file, with their values if those are wanted.
pub(super) async fn all<S: Store>(
    fs: &Fs<S>,
    who: &Credentials,
    ino: Ino,
    with_values: bool,
) -> Result<Vec<DavProp>> {
    let mut props = Vec::new();
    for name in fs.listxattr(who, ino).await? {
        let Some(mut prop) = named(&name) else { continue };
        if with_values {
            prop.xml = Some(fs.getxattr(who, ino, &name).await?);
        }
        props.push(prop);
    }
    Ok(props)
}

/// The value of one property.
pub(super) async fn one<S: Store>(
    fs: &Fs<S>,
    who: &Credentials,
    ino: Ino,
    prop: &DavProp,
) -> Result<Vec<u8>> {
    match fs.getxattr(who, ino, &name_of(prop)).await {
        Err(e) if e.kind() == ErrorKind::NoData => Err(ErrorKind::NotFound.into()),
        value => value,
    }
}

/// Gives a copy the properties of what it is one of.
pub(super) async fn copy<S: Store>(
    fs: &Fs<S>,
    who: &Credentials,
    from: PathAt<'_>,
    to: PathAt<'_>,
) -> Result<()> {
    let (source, target) = (fs.stat(who, from).await?.ino, fs.stat(who, to).await?.ino);
    for name in fs.listxattr(who, source).await? {
        if name.starts_with(PREFIX) {
            let value = fs.getxattr(who, source, &name).await?;
            fs.setxattr(who, target, &name, Some(&value), XattrMode::Any)
                .await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_is_found_by_its_attribute() {
        for namespace in [None, Some("http://example.org/a}b".to_owned())] {
            let prop = DavProp {
                name: "colour".into(),
                prefix: Some("x".into()),
                namespace,
                xml: None,
            };
            let found = named(&name_of(&prop)).unwrap();
            assert_eq!((found.name, found.namespace), (prop.name, prop.namespace));
        }
        assert!(named(b"user.note").is_none());
        assert!(named(b"user.dav.{nothing").is_none());
    }
}
