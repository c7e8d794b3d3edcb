//! Compression in the formats of zlib.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

use flate2::Compression;
use flate2::write::{DeflateDecoder, DeflateEncoder, GzEncoder, MultiGzDecoder, ZlibDecoder, ZlibEncoder};
use rquickjs::prelude::MutFn;
use rquickjs::{Ctx, Function, IntoJs, Object, Result, TypedArray, Value};

use super::functions;
use crate::bytes::Bytes;

/// Where coders put what they make.
#[derive(Clone, Default)]
struct Output(Rc<RefCell<Vec<u8>>>);

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(super) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    functions!(ctx, native, {
        // A function `(bytes, what)` that answers what has come out so far (`what`: 0 go on, 1 flush, 2 the end), or the message of an
        // error; null for an unknown format.
        "coder" => |ctx: Ctx<'js>, format: String, level: i32| {
            let output = Output::default();
            let Some(mut coder) = coder(&format, level, output.clone()) else {
                return Ok(Value::new_null(ctx));
            };
            let code = move |ctx: Ctx<'js>, piece: Bytes<'js>, what: i32| {
                let coded = piece.with(|bytes| coder.write_all(bytes)).and_then(|()| match what {
                    0 => Ok(()),
                    1 => coder.flush(),
                    _ => coder.finish(),
                });
                let made = output.0.take();
                match coded {
                    Ok(()) => TypedArray::new_copy(ctx.clone(), made)?.into_js(&ctx),
                    Err(error) => error.to_string().into_js(&ctx),
                }
            };
            Function::new(ctx.clone(), MutFn::new(code))?.into_js(&ctx)
        },
        "crc32" => |bytes: Bytes<'js>, start: u32| {
            let mut crc = crc32fast::Hasher::new_with_initial(start);
            bytes.with(|bytes| crc.update(bytes));
            f64::from(crc.finalize())
        },
    });
    Ok(())
}

/// A coder of any kind.
trait Coder: Write {
    fn finish(&mut self) -> io::Result<()>;
}

macro_rules! coders {
    ($($coder:ident),*) => {$(
        impl Coder for $coder<Output> {
            fn finish(&mut self) -> io::Result<()> {
                self.try_finish()
            }
        }
    )*};
}
coders!(
    DeflateDecoder,
    DeflateEncoder,
    GzEncoder,
    MultiGzDecoder,
    ZlibDecoder,
    ZlibEncoder
);

fn coder(format: &str, level: i32, output: Output) -> Option<Box<dyn Coder>> {
    let level = u32::try_from(level).map_or(Compression::default(), |level| Compression::new(level.min(9)));
    Some(match format {
        "gzip" => Box::new(GzEncoder::new(output, level)),
        "gunzip" => Box::new(MultiGzDecoder::new(output)),
        "deflate" => Box::new(ZlibEncoder::new(output, level)),
        "inflate" => Box::new(ZlibDecoder::new(output)),
        "deflateRaw" => Box::new(DeflateEncoder::new(output, level)),
        "inflateRaw" => Box::new(DeflateDecoder::new(output)),
        _ => return None,
    })
}
