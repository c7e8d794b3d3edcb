//! The operations of a store, for clients that have the file system on their side: `POST /api/v1/tenants/{tenant}/ops`.

use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::{Extension, Router};
use tarbox_store::Scope;

use crate::app::{App, Backend};
use crate::auth::{self, Caller};

/// The route, for those whose key is known.
pub(crate) fn routes<D: Backend>(app: &App<D>) -> Router<App<D>> {
    app.ops()
        .router()
        .layer(middleware::from_fn(introduce::<D>))
        .layer(middleware::from_fn_with_state(app.clone(), auth::identify::<D>))
        .with_state(())
}

/// Says whose key it is to the operations. The rules of permissions are applied by the client: only a key that they do not bind will do.
async fn introduce<D: Backend>(
    Extension(caller): Extension<Caller<D::Store>>,
    mut request: Request,
    next: Next,
) -> Response {
    let key = &caller.key;
    request.extensions_mut().insert(tarbox_ops_server::Caller {
        tenant: caller.tenant.to_string(),
        key: Some(key.id.as_str().into()),
        whole_tenant: !caller.is_confined() && key.uid == 0,
        may_write: key.scope >= Scope::Write,
        may_change_layers: key.scope >= Scope::Layers,
    });
    next.run(request).await
}
