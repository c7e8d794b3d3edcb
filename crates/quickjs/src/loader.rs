//! ES modules: which file a specifier means, and what its source is, is decided by `js/internal/esm.js`.

use std::cell::RefCell;
use std::rc::Rc;

use rquickjs::loader::{ImportAttributes, Loader, Resolver};
use rquickjs::module::Declared;
use rquickjs::{Array, Ctx, Error, Function, Module, Object, Persistent, Result};

use crate::bytecode::{self, Compiler};

/// The JavaScript side of loading; empty until it has started.
#[derive(Clone, Default)]
pub(crate) struct Hooks(Rc<RefCell<Option<Both>>>);

struct Both {
    compiler: Compiler,
    resolve: Persistent<Function<'static>>,
    load: Persistent<Function<'static>>,
}

impl Hooks {
    pub(crate) fn set<'js>(&self, ctx: &Ctx<'js>, hooks: &Object<'js>, compiler: &Compiler) -> Result<()> {
        *self.0.borrow_mut() = Some(Both {
            compiler: compiler.clone(),
            resolve: Persistent::save(ctx, hooks.get::<_, Function<'js>>("resolve")?),
            load: Persistent::save(ctx, hooks.get::<_, Function<'js>>("load")?),
        });
        Ok(())
    }

    /// Lets go of the engine's values, before the engine ends.
    pub(crate) fn clear(&self) {
        self.0.borrow_mut().take();
    }

    fn compiler(&self) -> Result<Compiler> {
        let hooks = self.0.borrow();
        hooks
            .as_ref()
            .map(|both| both.compiler.clone())
            .ok_or(Error::Unknown)
    }

    fn get<'js>(
        &self,
        ctx: &Ctx<'js>,
        which: impl Fn(&Both) -> &Persistent<Function<'static>>,
    ) -> Result<Function<'js>> {
        let hooks = self.0.borrow();
        let both = hooks.as_ref().ok_or(Error::Unknown)?;
        which(both).clone().restore(ctx)
    }
}

impl Resolver for Hooks {
    fn resolve<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        base: &str,
        name: &str,
        attributes: Option<ImportAttributes<'js>>,
    ) -> Result<String> {
        let kind = attributes
            .map(|attributes| attributes.get_type())
            .transpose()?
            .flatten();
        self.get(ctx, |both| &both.resolve)?.call((base, name, kind))
    }
}

impl Loader for Hooks {
    /// The hook answers the source, and what becomes of `import.meta`.
    fn load<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        name: &str,
        attributes: Option<ImportAttributes<'js>>,
    ) -> Result<Module<'js, Declared>> {
        let kind = attributes
            .map(|attributes| attributes.get_type())
            .transpose()?
            .flatten();
        let loaded: Array<'js> = self.get(ctx, |both| &both.load)?.call((name, kind))?;
        let source: rquickjs::CString<'js> = loaded.get(0)?;
        let module = bytecode::module(&self.compiler()?, ctx, name, source.as_str())?;
        let meta = module.meta()?;
        let wanted: Object<'js> = loaded.get(1)?;
        for property in wanted.props::<String, rquickjs::Value<'js>>() {
            let (key, value) = property?;
            meta.set(key, value)?;
        }
        Ok(module)
    }
}
