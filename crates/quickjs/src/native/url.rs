//! URLs, as the standard has them.

use rquickjs::{Array, Ctx, IntoJs, Object, Result, Value};
use url::{Url, quirks};

use super::functions;

pub(super) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    functions!(ctx, native, {
        // The parts of a URL; null if it is none.
        "urlParse" => |ctx: Ctx<'js>, text: String, base: Option<String>| {
            let base = match base.map(|base| Url::parse(&base)) {
                Some(Err(_)) => return Ok(Value::new_null(ctx)),
                Some(Ok(base)) => Some(base),
                None => None,
            };
            match Url::options().base_url(base.as_ref()).parse(&text) {
                Ok(url) => parts(&ctx, &url),
                Err(_) => Ok(Value::new_null(ctx)),
            }
        },
        // The parts of a URL with one of them set; null if it was refused.
        "urlSet" => |ctx: Ctx<'js>, text: String, part: String, value: String| {
            let Ok(mut url) = Url::parse(&text) else {
                return Ok(Value::new_null(ctx));
            };
            let set = match part.as_str() {
                "protocol" => quirks::set_protocol(&mut url, &value),
                "username" => quirks::set_username(&mut url, &value),
                "password" => quirks::set_password(&mut url, &value),
                "host" => quirks::set_host(&mut url, &value),
                "hostname" => quirks::set_hostname(&mut url, &value),
                "port" => quirks::set_port(&mut url, &value),
                "pathname" => {
                    quirks::set_pathname(&mut url, &value);
                    Ok(())
                }
                "search" => {
                    quirks::set_search(&mut url, &value);
                    Ok(())
                }
                _ => {
                    quirks::set_hash(&mut url, &value);
                    Ok(())
                }
            };
            match set {
                Ok(()) => parts(&ctx, &url),
                Err(()) => Ok(Value::new_null(ctx)),
            }
        },
        "domainToASCII" => |domain: String| quirks::domain_to_ascii(&domain),
        "domainToUnicode" => |domain: String| quirks::domain_to_unicode(&domain),
    });
    Ok(())
}

fn parts<'js>(ctx: &Ctx<'js>, url: &Url) -> Result<Value<'js>> {
    let all = Array::new(ctx.clone())?;
    let parts = [
        quirks::href(url),
        quirks::protocol(url),
        quirks::username(url),
        quirks::password(url),
        quirks::host(url),
        quirks::hostname(url),
        quirks::port(url),
        quirks::pathname(url),
        quirks::search(url),
        quirks::hash(url),
    ];
    for (index, part) in parts.into_iter().enumerate() {
        all.set(index, part)?;
    }
    // The serialized origin; opaque ones are `null`.
    all.set(parts.len(), quirks::origin(url))?;
    all.into_js(ctx)
}
