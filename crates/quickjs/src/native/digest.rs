//! Hashes, keyed hashes, and keys from passwords.

use digest::{DynDigest, KeyInit, Mac};
use rquickjs::prelude::{MutFn, Opt};
use rquickjs::{Ctx, Function, IntoJs, Object, Result, TypedArray, Value};

use super::functions;
use crate::bytes::Bytes;

pub(super) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    functions!(ctx, native, {
        // A function that takes pieces, and answers the hash when it is called with nothing; null for an unknown name.
        "hash" => |ctx: Ctx<'js>, name: String| match hash(&name) {
            None => Ok(Value::new_null(ctx)),
            Some(mut state) => {
                let update = move |ctx: Ctx<'js>, piece: Opt<Bytes<'js>>| match piece.0 {
                    Some(piece) => {
                        piece.with(|bytes| state.update(bytes));
                        Ok(Value::new_undefined(ctx))
                    }
                    None => TypedArray::new_copy(ctx.clone(), state.finalize_reset())?.into_js(&ctx),
                };
                Function::new(ctx.clone(), MutFn::new(update))?.into_js(&ctx)
            }
        },
        "hmac" => |ctx: Ctx<'js>, name: String, key: Bytes<'js>| match key.with(|key| keyed(&name, key)) {
            None => Ok(Value::new_null(ctx)),
            Some(mut state) => {
                let update = move |ctx: Ctx<'js>, piece: Opt<Bytes<'js>>| match piece.0 {
                    Some(piece) => {
                        piece.with(|bytes| state.update(bytes));
                        Ok(Value::new_undefined(ctx))
                    }
                    None => TypedArray::new_copy(ctx.clone(), state.finish())?.into_js(&ctx),
                };
                Function::new(ctx.clone(), MutFn::new(update))?.into_js(&ctx)
            }
        },
    });
    Ok(())
}

fn hash(name: &str) -> Option<Box<dyn DynDigest>> {
    Some(match name {
        "md5" => Box::new(<md5::Md5 as Default>::default()),
        "sha1" => Box::new(<sha1::Sha1 as Default>::default()),
        "sha224" => Box::new(<sha2::Sha224 as Default>::default()),
        "sha256" => Box::new(<sha2::Sha256 as Default>::default()),
        "sha384" => Box::new(<sha2::Sha384 as Default>::default()),
        "sha512" => Box::new(<sha2::Sha512 as Default>::default()),
        _ => return None,
    })
}

/// A keyed hash of any kind.
trait Keyed {
    fn update(&mut self, bytes: &[u8]);
    fn finish(&mut self) -> Vec<u8>;
}

impl<M: Mac + Clone> Keyed for M {
    fn update(&mut self, bytes: &[u8]) {
        Mac::update(self, bytes);
    }
    fn finish(&mut self) -> Vec<u8> {
        self.clone().finalize().into_bytes().to_vec()
    }
}

fn keyed(name: &str, key: &[u8]) -> Option<Box<dyn Keyed>> {
    fn of<M: Mac + KeyInit + Clone + 'static>(key: &[u8]) -> Option<Box<dyn Keyed>> {
        let state = <M as KeyInit>::new_from_slice(key).ok()?;
        Some(Box::new(state))
    }
    match name {
        "md5" => of::<hmac::Hmac<md5::Md5>>(key),
        "sha1" => of::<hmac::Hmac<sha1::Sha1>>(key),
        "sha224" => of::<hmac::Hmac<sha2::Sha224>>(key),
        "sha256" => of::<hmac::Hmac<sha2::Sha256>>(key),
        "sha384" => of::<hmac::Hmac<sha2::Sha384>>(key),
        "sha512" => of::<hmac::Hmac<sha2::Sha512>>(key),
        _ => None,
    }
}
