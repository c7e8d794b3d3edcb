//! The server itself.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use tarbox_store::Scope;
use utoipa::ToSchema;

use crate::app::{App, Backend};
use crate::auth::Holder;
use crate::params::Params;
use crate::problem::Answer;

/// What the server is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Version {
    name: &'static str,
    version: &'static str,
    api: &'static str,
}

/// Read the version
#[utoipa::path(get, path = "/system/version", tag = "system",
    responses((status = 200, body = Version), (status = "default", response = crate::openapi::Other)))]
#[expect(clippy::extra_unused_type_parameters, reason = "all routes are named alike")]
pub(crate) async fn version<D: Backend>(holder: Holder, params: Params) -> Answer<Json<Version>> {
    params.only(&[])?;
    holder.allow(Scope::Read)?;
    Ok(Json(Version {
        name: "tarbox",
        version: env!("CARGO_PKG_VERSION"),
        api: "v1",
    }))
}

/// What the server can do, and what the key may.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Capabilities {
    /// The tenant that the key belongs to.
    tenant: String,
    /// `read`, `write`, `layers` or `admin`.
    scope: &'static str,
    /// The directory that the key is confined to.
    path: crate::text::Text,
    /// The user and group that the key acts as.
    user: (u32, u32),
    /// Bytes that one `PATCH` or call writes at most.
    write_max: u64,
    /// Bytes that one upload brings at most; without a number the quota decides.
    upload_max: Option<u64>,
    /// Entries of a page at most.
    page_max: u64,
    /// What there is beside files.
    features: &'static [&'static str],
}

/// Read what is possible
#[utoipa::path(get, path = "/system/capabilities", tag = "system",
    responses((status = 200, body = Capabilities), (status = "default", response = crate::openapi::Other)))]
pub(crate) async fn capabilities<D: Backend>(
    State(app): State<App<D>>,
    holder: Holder,
    params: Params,
) -> Answer<Json<Capabilities>> {
    params.only(&[])?;
    let key = &holder.key;
    Ok(Json(Capabilities {
        tenant: key.tenant.clone(),
        scope: key.scope.word(),
        path: key.path.clone().into(),
        user: (key.uid, key.gid),
        write_max: 16 << 20,
        upload_max: app.options().upload_max,
        page_max: 10_000,
        features: &[
            "archive",
            "audit",
            "blocks",
            "idempotency-key",
            "layers",
            "links",
            "watch",
            "xattrs",
        ],
    }))
}

/// What a garbage collection did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Collected {
    inodes: u64,
    log_records: u64,
    segments: u64,
    bytes_freed: u64,
}

/// Collect garbage
#[utoipa::path(post, path = "/system/gc", tag = "system",
    responses((status = 200, body = Collected), (status = "default", response = crate::openapi::Other)))]
pub(crate) async fn gc<D: Backend>(
    State(app): State<App<D>>,
    holder: Holder,
    params: Params,
) -> Answer<Json<Collected>> {
    params.only(&[])?;
    holder.allow(Scope::Admin)?;
    let state = app.clone();
    let collect = async move || {
        let report = state.database().gc().await?;
        Ok(Json(Collected {
            inodes: report.inodes,
            log_records: report.log_records,
            segments: report.segments,
            bytes_freed: report.bytes_freed,
        }))
    };
    app.work(collect).await
}

/// What a check found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Checked {
    tenants: u64,
    inodes: u64,
    entries: u64,
    blocks: u64,
    bytes: u64,
    problems: Vec<Found>,
}

/// One broken invariant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Found {
    tenant: String,
    invariant: &'static str,
    what: String,
}

/// Check the database
///
/// Nothing is repaired.
#[utoipa::path(post, path = "/system/fsck", tag = "system",
    responses((status = 200, body = Checked), (status = "default", response = crate::openapi::Other)))]
pub(crate) async fn fsck<D: Backend>(
    State(app): State<App<D>>,
    holder: Holder,
    params: Params,
) -> Answer<Json<Checked>> {
    params.only(&[])?;
    holder.allow(Scope::Admin)?;
    let state = app.clone();
    let check = async move || {
        let report = state.database().fsck(false, &|_, _| {}).await?;
        let problems = report.problems.into_iter().map(|problem| Found {
            tenant: problem.tenant,
            invariant: problem.invariant,
            what: problem.what,
        });
        Ok(Json(Checked {
            tenants: report.tenants,
            inodes: report.inodes,
            entries: report.entries,
            blocks: report.blocks,
            bytes: report.bytes,
            problems: problems.collect(),
        }))
    };
    app.work(check).await
}
