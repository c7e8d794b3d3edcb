//! Layers: the history of a workspace.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tarbox_store::{LaterLayers, LayerId, Scope, Store};
use utoipa::ToSchema;

use crate::app::{App, Backend};
use crate::auth::Caller;
use crate::body::object;
use crate::json::{Difference, Layer, Layers};
use crate::params::Params;
use crate::problem::{Answer, Problem};

/// List layers
#[utoipa::path(get, path = "/layers/{tenant}", tag = "layers",
    params(("tenant" = String, Path, description = "The tenant")),
    responses((status = 200, body = Layers), (status = "default", response = crate::openapi::Other)))]
pub(crate) async fn list<D: Backend>(caller: Caller<D::Store>, params: Params) -> Answer<Json<Layers>> {
    params.only(&[])?;
    caller.allow(Scope::Read)?;
    let layers = caller.files.fs.store().layers().await?;
    Ok(Json(layers.into()))
}

/// A checkpoint to take.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Checkpoint {
    /// The name of the layer that is sealed.
    name: String,
    /// What is to be said of it.
    description: Option<String>,
    /// From a past layer on: removes the later ones for ever. Without it that is refused.
    #[serde(default)]
    discard_later: bool,
}

/// Take a checkpoint
#[utoipa::path(post, path = "/layers/{tenant}", tag = "layers",
    params(
        ("tenant" = String, Path, description = "The tenant"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send again"),
    ),
    request_body = Checkpoint,
    responses((status = 201, body = Layer), (status = "default", response = crate::openapi::Other)))]
pub(crate) async fn checkpoint<D: Backend>(
    State(app): State<App<D>>,
    caller: Caller<D::Store>,
    params: Params,
    body: Body,
) -> Answer<(StatusCode, Json<Layer>)> {
    params.only(&[])?;
    caller.allow_all(Scope::Layers)?;
    let new: Checkpoint = object(body, app.options().patience).await?;
    let later = match new.discard_later {
        true => LaterLayers::Discard,
        false => LaterLayers::Keep,
    };
    let checkpoint = async move || {
        let store = caller.files.fs.store();
        let actor = &caller.who.actor;
        let layer = store
            .checkpoint(actor, &new.name, new.description.as_deref(), later)
            .await?;
        store.sync().await?;
        Ok((StatusCode::CREATED, Json(Layer::from(layer))))
    };
    app.work(checkpoint).await
}

/// Read a layer
///
/// By its name, tag or number. One that is called `current`, `diff`, `squash` or `tags` is found by its number.
#[utoipa::path(get, path = "/layers/{tenant}/{layer}", tag = "layers",
    params(
        ("tenant" = String, Path, description = "The tenant"),
        ("layer" = String, Path, description = "Its name, tag or number"),
    ),
    responses((status = 200, body = Layer), (status = "default", response = crate::openapi::Other)))]
pub(crate) async fn get<D: Backend>(
    caller: Caller<D::Store>,
    Path((_, layer)): Path<(String, String)>,
    params: Params,
) -> Answer<Json<Layer>> {
    params.only(&[])?;
    caller.allow(Scope::Read)?;
    Ok(Json(caller.files.fs.store().find_layer(&layer).await?.into()))
}

/// Drop a layer
///
/// Its state is forgotten; its changes become part of the next layer.
#[utoipa::path(delete, path = "/layers/{tenant}/{layer}", tag = "layers",
    params(
        ("tenant" = String, Path, description = "The tenant"),
        ("layer" = String, Path, description = "Its name, tag or number"),
    ),
    responses((status = 204, description = "Dropped"), (status = "default", response = crate::openapi::Other)))]
pub(crate) async fn drop_layer<D: Backend>(
    State(app): State<App<D>>,
    caller: Caller<D::Store>,
    Path((_, layer)): Path<(String, String)>,
    params: Params,
) -> Answer<StatusCode> {
    params.only(&[])?;
    caller.allow_all(Scope::Layers)?;
    let drop = async move || {
        let store = caller.files.fs.store();
        let layer = store.find_layer(&layer).await?;
        store.drop_layer(&caller.who.actor, layer.id).await?;
        store.sync().await?;
        Ok(StatusCode::NO_CONTENT)
    };
    app.work(drop).await
}

/// Where a workspace stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CurrentLayer)]
pub(crate) struct Standing {
    /// The layer in view.
    current: u64,
    /// The layer being written; files can be changed only while both are the same.
    head: u64,
}

/// Read the current layer
#[utoipa::path(get, path = "/layers/{tenant}/current", tag = "layers",
    params(("tenant" = String, Path, description = "The tenant")),
    responses((status = 200, body = Standing), (status = "default", response = crate::openapi::Other)))]
pub(crate) async fn current<D: Backend>(caller: Caller<D::Store>, params: Params) -> Answer<Json<Standing>> {
    params.only(&[])?;
    caller.allow(Scope::Read)?;
    let position = caller.files.fs.store().position().await?;
    Ok(Json(Standing {
        current: position.current.0,
        head: position.head.0,
    }))
}

/// A layer, by its name, tag or number.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Named {
    /// `head` is the layer being written.
    layer: String,
}

/// Switch to a layer
#[utoipa::path(put, path = "/layers/{tenant}/current", tag = "layers",
    params(("tenant" = String, Path, description = "The tenant")),
    request_body = Named,
    responses((status = 200, body = Standing), (status = "default", response = crate::openapi::Other)))]
pub(crate) async fn switch<D: Backend>(
    State(app): State<App<D>>,
    caller: Caller<D::Store>,
    params: Params,
    body: Body,
) -> Answer<Json<Standing>> {
    params.only(&[])?;
    caller.allow_all(Scope::Layers)?;
    let to: Named = object(body, app.options().patience).await?;
    let switch = async move || {
        let store = caller.files.fs.store();
        let layer = store.find_layer(&to.layer).await?;
        store.switch(&caller.who.actor, layer.id).await?;
        store.sync().await?;
        let position = store.position().await?;
        Ok(Json(Standing {
            current: position.current.0,
            head: position.head.0,
        }))
    };
    app.work(switch).await
}

/// What differs between two layers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Differences {
    /// In the order of paths.
    changes: Vec<Difference>,
}

/// Compare two layers
///
/// Without `to` with the layer being written; without `from` as well that with the layer before it.
#[utoipa::path(get, path = "/layers/{tenant}/diff", tag = "layers",
    params(
        ("tenant" = String, Path, description = "The tenant"),
        ("from" = Option<String>, Query, description = "The earlier layer"),
        ("to" = Option<String>, Query, description = "The later layer"),
    ),
    responses((status = 200, body = Differences), (status = "default", response = crate::openapi::Other)))]
pub(crate) async fn diff<D: Backend>(
    State(app): State<App<D>>,
    caller: Caller<D::Store>,
    params: Params,
) -> Answer<Json<Differences>> {
    let params = params.only(&["from", "to"])?;
    caller.allow(Scope::Read)?;
    let text = |name| Ok::<_, Problem>(params.text(name)?.map(ToOwned::to_owned));
    let (from, to) = (text("from")?, text("to")?);
    let compare = async move || {
        let store = caller.files.fs.store();
        let to = store.find_layer(to.as_deref().unwrap_or("head")).await?.id;
        let from = match &from {
            Some(from) => store.find_layer(from).await?.id,
            None => before(store, to).await?,
        };
        let changes = store.diff(from, to).await?;
        let shown = changes.iter().filter_map(|change| {
            let from = change.from.as_deref();
            // What came from outside, or went there, is told with the path that is known.
            match (
                caller.shown(&change.path),
                from.and_then(|path| caller.shown(path)),
            ) {
                (Some(path), from) => Some(Difference::of(change, path, from)),
                (None, Some(path)) => Some(Difference::of(change, path, None)),
                (None, None) => None,
            }
        });
        Ok(Json(Differences {
            changes: shown.collect(),
        }))
    };
    app.work(compare).await
}

async fn before<S: Store>(store: &S, layer: LayerId) -> Answer<LayerId> {
    let layers = store.layers().await?;
    let before = layers.iter().rev().find(|other| other.id < layer);
    before.map(|layer| layer.id).ok_or_else(|| {
        Problem::from(tarbox_store::ErrorKind::NotFound).because("no layer is before this one")
    })
}

/// Layers to make one of.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Squash {
    /// The first of them.
    first: String,
    /// The last of them, whose name stays.
    last: String,
}

/// Squash layers
#[utoipa::path(post, path = "/layers/{tenant}/squash", tag = "layers",
    params(
        ("tenant" = String, Path, description = "The tenant"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send again"),
    ),
    request_body = Squash,
    responses((status = 204, description = "Squashed"), (status = "default", response = crate::openapi::Other)))]
pub(crate) async fn squash<D: Backend>(
    State(app): State<App<D>>,
    caller: Caller<D::Store>,
    params: Params,
    body: Body,
) -> Answer<StatusCode> {
    params.only(&[])?;
    caller.allow_all(Scope::Layers)?;
    let range: Squash = object(body, app.options().patience).await?;
    let squash = async move || {
        let store = caller.files.fs.store();
        let (first, last) = (
            store.find_layer(&range.first).await?,
            store.find_layer(&range.last).await?,
        );
        store.squash(&caller.who.actor, first.id, last.id).await?;
        store.sync().await?;
        Ok(StatusCode::NO_CONTENT)
    };
    app.work(squash).await
}

/// Set a tag
#[utoipa::path(put, path = "/layers/{tenant}/tags/{tag}", tag = "layers",
    params(
        ("tenant" = String, Path, description = "The tenant"),
        ("tag" = String, Path, description = "The tag"),
    ),
    request_body = Named,
    responses((status = 204, description = "Set"), (status = "default", response = crate::openapi::Other)))]
pub(crate) async fn tag<D: Backend>(
    State(app): State<App<D>>,
    caller: Caller<D::Store>,
    Path((_, tag)): Path<(String, String)>,
    params: Params,
    body: Body,
) -> Answer<StatusCode> {
    params.only(&[])?;
    let to: Named = object(body, app.options().patience).await?;
    set_tag(app, caller, tag, Some(to.layer)).await
}

/// Remove a tag
#[utoipa::path(delete, path = "/layers/{tenant}/tags/{tag}", tag = "layers",
    params(
        ("tenant" = String, Path, description = "The tenant"),
        ("tag" = String, Path, description = "The tag"),
    ),
    responses((status = 204, description = "Removed"), (status = "default", response = crate::openapi::Other)))]
pub(crate) async fn untag<D: Backend>(
    State(app): State<App<D>>,
    caller: Caller<D::Store>,
    Path((_, tag)): Path<(String, String)>,
    params: Params,
) -> Answer<StatusCode> {
    params.only(&[])?;
    set_tag(app, caller, tag, None).await
}

async fn set_tag<D: Backend>(
    app: App<D>,
    caller: Caller<D::Store>,
    tag: String,
    layer: Option<String>,
) -> Answer<StatusCode> {
    caller.allow_all(Scope::Layers)?;
    let set = async move || {
        let store = caller.files.fs.store();
        let layer = match &layer {
            Some(layer) => Some(store.find_layer(layer).await?.id),
            None => None,
        };
        store.tag(&caller.who.actor, &tag, layer).await?;
        store.sync().await?;
        Ok(StatusCode::NO_CONTENT)
    };
    app.work(set).await
}
