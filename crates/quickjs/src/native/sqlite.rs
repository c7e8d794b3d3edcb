//! Databases, for `js/sqlite.js`: a connection and a statement are objects of functions, which own them.

use std::rc::Rc;
use std::time::Duration;

use libsqlite3_sys as ffi;
use rquickjs::{Array, BigInt, Ctx, Exception, IntoJs, Object, Result, String as Text, TypedArray, Value};

use super::{Shared, functions};
use crate::bytes::Bytes;
use crate::sqlite::{Access, Bound, Column, Connection, Failure, Function, SAFE, Statement, too_large};

pub(super) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>, shared: &Rc<Shared>) -> Result<()> {
    let opens = Rc::clone(shared);
    functions!(ctx, native, {
        // An absolute path or `:memory:`; the time in milliseconds to wait for another process.
        "sqliteOpen" => move |ctx: Ctx<'js>, path: String, read_only: bool, patience: f64| {
            opens.alive(&ctx)?;
            let patience = Duration::try_from_secs_f64(patience / 1000.0).unwrap_or(Duration::MAX);
            let access = Access { read_only, patience };
            let opened = opens.databases.open(&opens.world.borrow(), &opens.watch, &path, access);
            opens.alive(&ctx)?;
            connection(&ctx, &opens, opened.map_err(|failure| thrown(&ctx, &failure))?)
        },
    });
    Ok(())
}

/// An error of SQLite as Node.js has it.
fn thrown(ctx: &Ctx<'_>, failure: &Failure) -> rquickjs::Error {
    let exception = match Exception::from_message(ctx.clone(), &failure.message) {
        Ok(exception) => exception,
        Err(error) => return error,
    };
    let object = exception.into_object();
    let told = object
        .set("code", "ERR_SQLITE_ERROR")
        .and_then(|()| object.set("errcode", failure.code))
        .and_then(|()| object.set("errstr", failure.text()));
    match told {
        Ok(()) => ctx.throw(object.into_value()),
        Err(error) => error,
    }
}

/// What a call of SQLite has come to: a limit that was reached goes first, then what a function of the script has thrown.
fn told<T>(ctx: &Ctx<'_>, shared: &Shared, result: std::result::Result<T, Failure>) -> Result<T> {
    shared.watch.look();
    shared.alive(ctx)?;
    result.map_err(|failure| match ctx.has_exception() {
        true => rquickjs::Error::Exception,
        false => thrown(ctx, &failure),
    })
}

fn connection<'js>(ctx: &Ctx<'js>, shared: &Rc<Shared>, connection: Rc<Connection>) -> Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    let s = || (Rc::clone(shared), Rc::clone(&connection));
    let (runs, compiles, defines, counts, asks, finds, sets) = (s(), s(), s(), s(), s(), s(), s());
    let closes = Rc::clone(&connection);
    functions!(ctx, object, {
        "exec" => move |ctx: Ctx<'js>, functions: Array<'js>, sql: String| {
            runs.0.alive(&ctx)?;
            let ran = runs.1.execute(&ctx, &functions, &sql);
            told(&ctx, &runs.0, ran)
        },
        // Null if the text has no statement.
        "prepare" => move |ctx: Ctx<'js>, sql: String| {
            compiles.0.alive(&ctx)?;
            let prepared = compiles.1.prepare(&sql);
            match told(&ctx, &compiles.0, prepared)? {
                Some(prepared) => Ok::<_, rquickjs::Error>(statement(&ctx, &compiles.0, prepared)?.into_value()),
                None => Ok(Value::new_null(ctx)),
            }
        },
        "define" => move |ctx: Ctx<'js>, name: String, index: usize, arguments: i32, big: bool, flags: i32| {
            let function = Function { index, arguments, big };
            let defined = defines.1.create_function(&name, function, flags);
            told(&ctx, &defines.0, defined)
        },
        // Rows that the last statement has changed, and the last key that was given.
        "changes" => move |ctx: Ctx<'js>| {
            let (rows, key) = told(&ctx, &counts.0, counts.1.changes())?;
            let pair = Array::new(ctx.clone())?;
            pair.set(0, BigInt::from_i64(ctx.clone(), rows)?)?;
            pair.set(1, BigInt::from_i64(ctx.clone(), key)?)?;
            Ok::<_, rquickjs::Error>(pair)
        },
        "isTransaction" => move |ctx: Ctx<'js>| told(&ctx, &asks.0, asks.1.is_in_transaction()),
        "location" => move |ctx: Ctx<'js>, schema: String| told(&ctx, &finds.0, finds.1.location(&schema)),
        "configure" => move |ctx: Ctx<'js>, name: String, on: bool| {
            let settings: &[i32] = match name.as_str() {
                "foreignKeys" => &[ffi::SQLITE_DBCONFIG_ENABLE_FKEY],
                "doubleQuotes" => &[ffi::SQLITE_DBCONFIG_DQS_DML, ffi::SQLITE_DBCONFIG_DQS_DDL],
                "defensive" => &[ffi::SQLITE_DBCONFIG_DEFENSIVE],
                _ => &[],
            };
            let set = settings.iter().try_for_each(|setting| sets.1.configure(*setting, on));
            told(&ctx, &sets.0, set)
        },
        // False while a function runs inside one of its statements: it is not closed then.
        "close" => move || {
            let can = !closes.is_busy();
            if can {
                closes.close();
            }
            can
        },
    });
    Ok(object)
}

fn statement<'js>(ctx: &Ctx<'js>, shared: &Rc<Shared>, statement: Rc<Statement>) -> Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    object.set("names", told(ctx, shared, statement.parameters())?)?;
    let s = || (Rc::clone(shared), Rc::clone(&statement));
    let (binds, steps, resets, clears, lists, expands) = (s(), s(), s(), s(), s(), s());
    let asks = Rc::clone(&statement);
    functions!(ctx, object, {
        "isEnded" => move || asks.is_ended(),
        // False for a value of a kind that SQLite does not have.
        "bind" => move |ctx: Ctx<'js>, index: i32, value: Value<'js>| {
            match bind(&ctx, &binds.1, index, value)? {
                Some(bound) => told(&ctx, &binds.0, bound).map(|()| true),
                None => Ok(false),
            }
        },
        // Up to so many further rows, as objects or arrays; fewer at the end.
        "step" => move |ctx: Ctx<'js>, functions: Array<'js>, most: f64, arrays: bool, big: bool| {
            steps.0.alive(&ctx)?;
            let found = rows(&ctx, &steps, (&functions, most as u64), (arrays, big));
            steps.1.connection().recount();
            found
        },
        "reset" => move |ctx: Ctx<'js>| told(&ctx, &resets.0, resets.1.reset()),
        "clear" => move |ctx: Ctx<'js>| told(&ctx, &clears.0, clears.1.clear()),
        "columns" => move |ctx: Ctx<'js>| {
            let columns = told(&ctx, &lists.0, lists.1.columns())?;
            Ok::<_, rquickjs::Error>(columns.into_iter().map(Vec::from).collect::<Vec<_>>())
        },
        "expanded" => move |ctx: Ctx<'js>| told(&ctx, &expands.0, expands.1.expanded()),
    });
    Ok(object)
}

type Bind = std::result::Result<(), Failure>;

fn bind<'js>(ctx: &Ctx<'js>, statement: &Statement, index: i32, value: Value<'js>) -> Result<Option<Bind>> {
    if value.is_null() {
        return Ok(Some(statement.bind(index, &Bound::Null)));
    }
    if let Some(number) = value.as_number() {
        return Ok(Some(statement.bind(index, &Bound::Real(number))));
    }
    if let Some(text) = value.as_string() {
        let text = text.clone().to_cstring()?;
        let bytes = super::codec::well_formed(text.as_str().as_bytes());
        return Ok(Some(statement.bind(index, &Bound::Text(&bytes))));
    }
    if let Some(number) = value.as_big_int() {
        let number = number.clone().to_i64()?;
        return Ok(Some(statement.bind(index, &Bound::Integer(number))));
    }
    match <Bytes<'js> as rquickjs::FromJs<'js>>::from_js(ctx, value) {
        Ok(bytes) => Ok(Some(
            bytes.with(|bytes| statement.bind(index, &Bound::Blob(bytes))),
        )),
        Err(_) => {
            ctx.catch();
            Ok(None)
        }
    }
}

fn rows<'js>(
    ctx: &Ctx<'js>,
    (shared, statement): &(Rc<Shared>, Rc<Statement>),
    (functions, most): (&Array<'js>, u64),
    (arrays, big): (bool, bool),
) -> Result<Array<'js>> {
    let found = Array::new(ctx.clone())?;
    let mut keys = Vec::new();
    let mut count = 0;
    while count < most && told(ctx, shared, statement.step(ctx, functions))? {
        if keys.is_empty() {
            for name in told(ctx, shared, statement.names())? {
                keys.push(Text::from_str(ctx.clone(), &name)?);
            }
        }
        let row: Value<'js> = if arrays {
            let row = Array::new(ctx.clone())?;
            for at in 0..keys.len() {
                row.set(at, column(ctx, shared, statement, (at, big))?)?;
            }
            row.into_value()
        } else {
            let row = Object::new(ctx.clone())?;
            row.set_prototype(None)?;
            for (at, key) in keys.iter().enumerate() {
                row.set(key.clone(), column(ctx, shared, statement, (at, big))?)?;
            }
            row.into_value()
        };
        found.set(count as usize, row)?;
        count += 1;
    }
    Ok(found)
}

fn column<'js>(
    ctx: &Ctx<'js>,
    shared: &Shared,
    statement: &Statement,
    (at, big): (usize, bool),
) -> Result<Value<'js>> {
    let value = statement.value(at, |column| match column {
        Column::Null => Ok(Value::new_null(ctx.clone())),
        Column::Real(number) => number.into_js(ctx),
        Column::Integer(number) if big => BigInt::from_i64(ctx.clone(), number)?.into_js(ctx),
        Column::Integer(number) if (-SAFE..=SAFE).contains(&number) => (number as f64).into_js(ctx),
        Column::Integer(number) => Err(too_large(ctx, number)),
        Column::Text(bytes) => Text::from_str(ctx.clone(), &String::from_utf8_lossy(bytes))?.into_js(ctx),
        Column::Blob(bytes) => TypedArray::new_copy(ctx.clone(), bytes)?.into_js(ctx),
    });
    told(ctx, shared, value)?
}
