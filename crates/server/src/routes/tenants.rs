//! Tenants: what they use, and for administrators what they may.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Deserializer, Serialize};
use tarbox_fs::FilesystemInterface;
use tarbox_store::{Actor, Ino, Quota, Scope, SetAttr, Store, TenantState};
use utoipa::ToSchema;

use crate::app::{App, Backend};
use crate::auth::{Caller, Holder};
use crate::body::object;
use crate::json::{Amounts, Tenant};
use crate::params::Params;
use crate::problem::{Answer, Problem};

/// Tenants.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Tenants {
    tenants: Vec<Tenant>,
}

/// List tenants
///
/// All of them for an administrator, else the one that the key belongs to.
#[utoipa::path(get, path = "/tenants", tag = "tenants",
    responses((status = 200, body = Tenants), (status = "default", response = crate::openapi::Other)))]
pub(crate) async fn list<D: Backend>(
    State(app): State<App<D>>,
    holder: Holder,
    params: Params,
) -> Answer<Json<Tenants>> {
    params.only(&[])?;
    let state = app.clone();
    let list = async move || {
        let database = state.database();
        let all = match holder.key.scope >= Scope::Admin {
            true => database.tenants().await?,
            false => vec![database.tenant(&holder.key.tenant).await?],
        };
        let tenants = all.into_iter().map(Tenant::from).collect();
        Ok(Json(Tenants { tenants }))
    };
    app.work(list).await
}

/// What a tenant may use: a number, `null` for no limit; what is not there stays.
#[derive(Debug, Default, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limits {
    /// Bytes stored in all layers.
    #[serde(default, deserialize_with = "given")]
    bytes: Option<Option<u64>>,
    /// Inodes in the layer being written.
    #[serde(default, deserialize_with = "given")]
    inodes: Option<Option<u64>>,
    /// Layers.
    #[serde(default, deserialize_with = "given")]
    layers: Option<Option<u64>>,
    /// Records of the log.
    #[serde(default, deserialize_with = "given")]
    log_records: Option<Option<u64>>,
}

/// Tells `null` from what is not there.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<u64>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl Limits {
    fn over(&self, quota: Quota) -> Quota {
        Quota {
            bytes: self.bytes.unwrap_or(quota.bytes),
            inodes: self.inodes.unwrap_or(quota.inodes),
            layers: self.layers.unwrap_or(quota.layers),
            log_records: self.log_records.unwrap_or(quota.log_records),
        }
    }
}

/// A tenant to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTenant {
    /// 1 to 63 characters of a-z 0-9 - _ . beginning with a letter or digit.
    name: String,
    /// What it may use.
    #[serde(default)]
    #[schema(required = false)]
    quota: Limits,
    /// User and group that own its root directory; root if nothing is said.
    owner: Option<(u32, u32)>,
}

/// Make a tenant
#[utoipa::path(post, path = "/tenants", tag = "tenants",
    request_body = NewTenant,
    responses((status = 201, body = Tenant), (status = "default", response = crate::openapi::Other)))]
pub(crate) async fn create<D: Backend>(
    State(app): State<App<D>>,
    holder: Holder,
    params: Params,
    body: Body,
) -> Answer<(StatusCode, Json<Tenant>)> {
    params.only(&[])?;
    holder.allow(Scope::Admin)?;
    let new: NewTenant = object(body, app.options().patience).await?;
    let state = app.clone();
    let create = async move || {
        let database = state.database();
        let info = database
            .create_tenant(&new.name, new.quota.over(Quota::default()))
            .await?;
        if let Some((uid, gid)) = new.owner {
            let store = database.open_tenant(&new.name).await?;
            let root = Actor {
                uid: 0,
                gid: 0,
                agent: holder.who.actor.agent.clone(),
            };
            let set = SetAttr {
                uid: Some(uid),
                gid: Some(gid),
                ..SetAttr::default()
            };
            store.set_attr(&root, Ino::ROOT, &set).await?;
            store.sync().await?;
        }
        Ok((StatusCode::CREATED, Json(Tenant::from(info))))
    };
    app.work(create).await
}

/// Read a tenant
#[utoipa::path(get, path = "/tenants/{tenant}", tag = "tenants",
    params(("tenant" = String, Path, description = "The tenant")),
    responses((status = 200, body = Tenant), (status = "default", response = crate::openapi::Other)))]
pub(crate) async fn get<D: Backend>(
    State(app): State<App<D>>,
    holder: Holder,
    Path(tenant): Path<String>,
    params: Params,
) -> Answer<Json<Tenant>> {
    params.only(&[])?;
    own(&holder, &tenant)?;
    let state = app.clone();
    let get = async move || Ok(Json(Tenant::from(state.database().tenant(&tenant).await?)));
    app.work(get).await
}

/// What is to change about a tenant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TenantChange {
    /// What it may use.
    #[serde(default)]
    #[schema(required = false)]
    quota: Limits,
    /// `active` or `suspended`.
    state: Option<Standing>,
}

#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Standing {
    Active,
    Suspended,
}

/// Change a tenant
#[utoipa::path(patch, path = "/tenants/{tenant}", tag = "tenants",
    params(("tenant" = String, Path, description = "The tenant")),
    request_body = TenantChange,
    responses((status = 200, body = Tenant), (status = "default", response = crate::openapi::Other)))]
pub(crate) async fn change<D: Backend>(
    State(app): State<App<D>>,
    holder: Holder,
    Path(tenant): Path<String>,
    params: Params,
    body: Body,
) -> Answer<Json<Tenant>> {
    params.only(&[])?;
    holder.allow(Scope::Admin)?;
    let change: TenantChange = object(body, app.options().patience).await?;
    let state = app.clone();
    let make = async move || {
        let database = state.database();
        let info = database.tenant(&tenant).await?;
        let quota = change.quota.over(info.quota);
        if quota != info.quota {
            database.set_quota(&tenant, quota).await?;
        }
        match change.state {
            Some(Standing::Active) => database.set_state(&tenant, TenantState::Active).await?,
            Some(Standing::Suspended) => database.set_state(&tenant, TenantState::Suspended).await?,
            None => {}
        }
        Ok(Json(Tenant::from(database.tenant(&tenant).await?)))
    };
    app.work(make).await
}

/// Delete a tenant
///
/// With all its files, layers, log and keys, for ever.
#[utoipa::path(delete, path = "/tenants/{tenant}", tag = "tenants",
    params(
        ("tenant" = String, Path, description = "The tenant"),
        ("confirm" = String, Query, description = "The name of the tenant once more"),
    ),
    responses((status = 204, description = "Gone"), (status = "default", response = crate::openapi::Other)))]
pub(crate) async fn delete<D: Backend>(
    State(app): State<App<D>>,
    holder: Holder,
    Path(tenant): Path<String>,
    params: Params,
) -> Answer<StatusCode> {
    let params = params.only(&["confirm"])?;
    holder.allow(Scope::Admin)?;
    if params.bytes("confirm") != Some(tenant.as_bytes()) {
        return Err(Problem::bad_request(
            "confirm it: ?confirm= with the name of the tenant",
        ));
    }
    let state = app.clone();
    let delete = async move || {
        state.database().delete_tenant(&tenant).await?;
        state.opened().forget_if_gone(&tenant).await;
        Ok(StatusCode::NO_CONTENT)
    };
    app.work(delete).await
}

/// Whether a key may know of a tenant.
fn own(holder: &Holder, tenant: &str) -> Answer<()> {
    match holder.key.tenant == tenant || holder.key.scope >= Scope::Admin {
        true => Ok(()),
        false => Err(Problem::forbidden("it belongs to another tenant")),
    }
}

/// What a workspace uses, and what is left.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UsageOf {
    /// What it uses.
    usage: Amounts,
    /// What it may use.
    quota: Amounts,
    /// Bytes that are free, by the quota and the device.
    free_bytes: u64,
    /// Inodes that are free.
    free_inodes: u64,
}

/// Read usage and quota
#[utoipa::path(get, path = "/usage/{tenant}", tag = "tenants",
    params(("tenant" = String, Path, description = "The tenant")),
    responses((status = 200, body = UsageOf), (status = "default", response = crate::openapi::Other)))]
pub(crate) async fn usage<D: Backend>(
    State(app): State<App<D>>,
    caller: Caller<D::Store>,
    params: Params,
) -> Answer<Json<UsageOf>> {
    params.only(&[])?;
    caller.allow(Scope::Read)?;
    let ask = async move || {
        let fs = &caller.files.fs;
        let info = fs.store().tenant().await?;
        let space = fs.statfs().await?;
        Ok(Json(UsageOf {
            usage: info.usage.into(),
            quota: info.quota.into(),
            free_bytes: space.blocks_free.saturating_mul(u64::from(space.block_size)),
            free_inodes: space.files_free,
        }))
    };
    app.work(ask).await
}
