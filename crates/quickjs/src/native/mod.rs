//! What the JavaScript side calls.
//!
//! Everything is a function of one object that only our own JavaScript sees. Nothing is passed as text that has to be parsed: numbers
//! are numbers, bytes are bytes, and an operation of the file system answers a negative number (Linux's errno) where it fails.

mod buffer;
mod codec;
mod digest;
mod encodings;
mod engine;
mod files;
mod inflate;
mod links;
mod network;
mod output;
mod processes;
#[cfg_attr(target_family = "wasm", path = "no_sqlite.rs")]
mod sqlite;
mod stat;
mod system;
mod url;
mod watch;

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use rquickjs::runtime::RejectionTracker;
use rquickjs::{Ctx, FromJs, Object, Result, Value};

use crate::bytecode::{Bytecode, Compiler};
use crate::death::uncatchable;
use crate::host::Host;
use crate::limits::{Limits, Watch};
use crate::network::{Bell, Network};
use crate::world::World;

/// What all native functions share.
pub(crate) struct Shared {
    pub(crate) world: RefCell<World>,
    pub(crate) watch: Rc<Watch>,
    pub(crate) host: RefCell<Host>,
    pub(crate) compiler: Compiler,
    #[cfg(not(target_family = "wasm"))]
    pub(crate) databases: crate::sqlite::Databases,
    /// Where requests go, if anywhere, and what tells that something has come.
    pub(crate) network: Option<Arc<dyn Network>>,
    pub(crate) bell: Arc<Bell>,
    /// As they were in the beginning.
    pub(crate) limits: Limits,
    /// In how many other engines it is.
    pub(crate) depth: u32,
    /// Memory that reads go through.
    scratch: RefCell<Vec<u8>>,
    /// Tells JavaScript of rejected promises; on its way to the runtime.
    pub(crate) rejections: Cell<Option<RejectionTracker>>,
}

impl Shared {
    pub(crate) fn new(
        world: World,
        watch: Rc<Watch>,
        host: Host,
        network: Option<Arc<dyn Network>>,
        (limits, depth): (Limits, u32),
        bytecode: Option<&Bytecode>,
    ) -> Rc<Self> {
        Rc::new(Self {
            compiler: Compiler::new(bytecode, &watch),
            world: RefCell::new(world),
            watch,
            host: RefCell::new(host),
            #[cfg(not(target_family = "wasm"))]
            databases: Default::default(),
            network,
            bell: Arc::default(),
            limits,
            depth,
            scratch: RefCell::default(),
            rejections: Cell::default(),
        })
    }

    /// # Errors
    /// What cannot be caught, once the script is to be ended.
    pub(crate) fn alive(&self, ctx: &Ctx<'_>) -> Result<()> {
        match self.watch.is_dead() {
            true => Err(uncatchable(ctx, "the script was ended")),
            false => Ok(()),
        }
    }
}

/// Makes the object.
pub(crate) fn object<'js>(ctx: &Ctx<'js>, shared: &Rc<Shared>) -> Result<Object<'js>> {
    let native = Object::new(ctx.clone())?;
    buffer::install(ctx, &native)?;
    codec::install(ctx, &native)?;
    digest::install(ctx, &native)?;
    engine::install(ctx, &native, shared)?;
    files::install(ctx, &native, shared)?;
    inflate::install(ctx, &native)?;
    links::install(ctx, &native, shared)?;
    network::install(ctx, &native, shared)?;
    output::install(ctx, &native, shared)?;
    processes::install(ctx, &native, shared)?;
    sqlite::install(ctx, &native, shared)?;
    stat::install(ctx, &native, shared)?;
    system::install(ctx, &native, shared)?;
    url::install(ctx, &native)?;
    watch::install(ctx, &native, shared)?;
    Ok(native)
}

/// Text or bytes that were passed: a path, the content of a file.
pub(crate) enum Data<'js> {
    Text(rquickjs::CString<'js>),
    Bytes(crate::bytes::Bytes<'js>),
}

impl<'js> FromJs<'js> for Data<'js> {
    fn from_js(ctx: &Ctx<'js>, value: Value<'js>) -> Result<Self> {
        match value.try_into_string() {
            Ok(text) => Ok(Self::Text(text.to_cstring()?)),
            Err(value) => Ok(Self::Bytes(FromJs::from_js(ctx, value)?)),
        }
    }
}

impl Data<'_> {
    /// Lends the bytes. A lone surrogate of a text becomes U+FFFD.
    pub(crate) fn with<R>(&self, f: impl FnOnce(&[u8]) -> R) -> R {
        match self {
            Self::Text(text) => match codec::well_formed(text.as_str().as_bytes()) {
                Cow::Borrowed(bytes) => f(bytes),
                Cow::Owned(bytes) => f(&bytes),
            },
            Self::Bytes(bytes) => bytes.with(f),
        }
    }

    pub(crate) fn to_vec(&self) -> Vec<u8> {
        self.with(<[u8]>::to_vec)
    }
}

/// Defines native functions: each closure as it is, under its name.
macro_rules! functions {
    ($ctx:expr, $native:expr, { $($name:literal => $function:expr),* $(,)? }) => {
        $( $native.set($name, rquickjs::Function::new($ctx.clone(), $function)?.with_name($name)?)?; )*
    };
}
pub(crate) use functions;

/// The answer of an operation of the file system: what `ok` makes of it, or a negative errno.
pub(crate) fn answer<T>(result: tarbox_store::Result<T>, ok: impl FnOnce(T) -> i32) -> i32 {
    match result {
        Ok(value) => ok(value),
        Err(error) => -error.kind().errno(),
    }
}
