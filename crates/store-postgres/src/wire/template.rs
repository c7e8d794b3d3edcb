//! Statements by their text, made once, and what is bound to them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio_postgres::types::Type;

use super::value::Value;

static NEXT: AtomicUsize = AtomicUsize::new(0);

/// A statement with the types of its parameters: so it can be sent without asking the server first.
#[derive(Debug)]
pub(crate) struct Template {
    /// What tells it from all others of this process.
    pub(crate) id: usize,
    pub(crate) sql: String,
    pub(crate) types: Vec<Type>,
}

impl Template {
    /// The number of statements that are not prepared.
    pub(crate) const ONCE: usize = usize::MAX;

    /// One that is not sent again.
    pub(crate) fn once(sql: impl Into<String>, types: Vec<Type>) -> Self {
        Self {
            id: Self::ONCE,
            sql: sql.into(),
            types,
        }
    }

    pub(crate) fn new(sql: impl Into<String>, types: Vec<Type>) -> Self {
        Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            sql: sql.into(),
            types,
        }
    }
}

/// A statement with its parameters.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) template: Arc<Template>,
    pub(crate) values: Vec<Value>,
}

/// The statements of an engine, by name and number of rows.
#[derive(Debug, Default)]
pub(crate) struct Templates(Mutex<HashMap<(&'static str, usize), Arc<Template>>>);

impl Templates {
    /// The statement of this name for so many rows, made the first time.
    pub(crate) fn get(
        &self,
        name: &'static str,
        rows: usize,
        make: impl FnOnce() -> Template,
    ) -> Arc<Template> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry((name, rows))
            .or_insert_with(|| Arc::new(make()))
            .clone()
    }
}
