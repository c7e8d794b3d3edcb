//! Attributes.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Deserialize;
use tarbox_fs::{FilesystemExt, FilesystemInterface, Follow};
use tarbox_store::{Scope, SetAttr, SetTime, Store, Timestamp};
use utoipa::ToSchema;

use crate::answer::octal;
use crate::app::{App, Backend};
use crate::auth::Caller;
use crate::body::object;
use crate::conditions::Conditions;
use crate::json::Attributes;
use crate::params::Params;
use crate::problem::{Answer, Problem};

/// Whether a symbolic link in the last place is followed.
pub(crate) fn follow(params: &Params) -> Answer<Follow> {
    Ok(match params.flag("follow")? {
        Some(false) => Follow::No,
        _ => Follow::Yes,
    })
}

/// Read attributes
#[utoipa::path(get, path = "/attributes/{tenant}", tag = "attributes",
    params(
        ("tenant" = String, Path, description = "The tenant"),
        ("path" = String, Query, description = "The path, as percent-encoded bytes"),
        ("follow" = Option<bool>, Query, description = "`false`: those of a symbolic link itself"),
        ("layer" = Option<String>, Query, description = "Read a sealed layer: its name, tag or number"),
    ),
    responses((status = 200, body = Attributes), (status = "default", response = crate::openapi::Other)))]
pub(crate) async fn get<D: Backend>(caller: Caller<D::Store>, params: Params) -> Answer<Json<Attributes>> {
    let params = params.only(&["path", "follow", "layer"])?;
    caller.allow(Scope::Read)?;
    let location = caller
        .locate_in(params.text("layer")?, params.required("path")?)
        .await?;
    let attr = caller
        .files
        .fs
        .resolve(&caller.who, location.path(), follow(&params)?)
        .await?;
    Ok(Json(Attributes::from(&attr)))
}

/// Attributes to change; what is not there stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAttributes {
    /// Permission bits, octal.
    mode: Option<String>,
    /// Owner.
    uid: Option<u32>,
    /// Group.
    gid: Option<u32>,
    /// Length: cuts, or extends by a hole.
    size: Option<u64>,
    /// Last read: nanoseconds since 1970, or `"now"`.
    #[schema(value_type = Option<i64>)]
    atime: Option<Time>,
    /// Last change of content, in the same way.
    #[schema(value_type = Option<i64>)]
    mtime: Option<Time>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(untagged)]
enum Time {
    At(i64),
    Word(Now),
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Now {
    Now,
}

impl From<Time> for SetTime {
    fn from(time: Time) -> Self {
        match time {
            Time::At(nanos) => Self::At(Timestamp(nanos)),
            Time::Word(Now::Now) => Self::Now,
        }
    }
}

impl NewAttributes {
    pub(crate) fn set(&self) -> Answer<SetAttr> {
        Ok(SetAttr {
            mode: self.mode.as_deref().map(octal).transpose()?,
            uid: self.uid,
            gid: self.gid,
            size: self.size,
            atime: self.atime.map(Into::into),
            mtime: self.mtime.map(Into::into),
            clear_setid: false,
        })
    }
}

/// Change attributes
#[utoipa::path(patch, path = "/attributes/{tenant}", tag = "attributes",
    params(
        ("tenant" = String, Path, description = "The tenant"),
        ("path" = String, Query, description = "The path, as percent-encoded bytes"),
        ("follow" = Option<bool>, Query, description = "`false`: those of a symbolic link itself"),
        ("If-Match" = Option<String>, Header, description = "The entity tag of what is to be changed"),
    ),
    request_body = NewAttributes,
    responses((status = 200, body = Attributes), (status = "default", response = crate::openapi::Other)))]
pub(crate) async fn patch<D: Backend>(
    State(app): State<App<D>>,
    caller: Caller<D::Store>,
    params: Params,
    headers: HeaderMap,
    body: Body,
) -> Answer<Json<Attributes>> {
    let params = params.only(&["path", "follow"])?;
    caller.allow(Scope::Write)?;
    let conditions = Conditions::of(&headers)?;
    let new: NewAttributes = object(body, app.options().patience).await?;
    let (set, follow) = (new.set()?, follow(&params)?);
    if set == SetAttr::default() {
        return Err(Problem::bad_request("the body names no attribute"));
    }
    let location = caller.locate(params.required("path")?).await?;
    let change = async move || {
        let (files, who) = (&caller.files, &caller.who);
        let alone = files
            .conditional
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let there = files.fs.resolve(who, location.path(), follow).await?;
        conditions.allow_change(Some(&there))?;
        let attr = files.fs.setattr(who, there.ino, &set).await?;
        drop(alone);
        files.fs.store().sync().await?;
        Ok(attr)
    };
    let attr = app.work(change).await?;
    Ok(Json(Attributes::from(&attr)))
}
