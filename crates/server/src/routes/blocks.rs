//! Blocks by their hash: who has content sends what the server lacks, and names the rest.

use std::collections::HashMap;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tarbox_store::Scope;
use utoipa::ToSchema;

use crate::answer::made;
use crate::app::{App, Backend};
use crate::auth::Caller;
use crate::blocks::{Hash, LIST_MAX, Place, Source, Sources, block_size, changed, hash, open_content};
use crate::body::object;
use crate::conditions::tag;
use crate::params::Params;
use crate::problem::{Answer, Problem};
use crate::text::Text;
use crate::upload::Incoming;

use super::content::upload;

/// Bytes of the line that a body begins with.
const LINE_MAX: usize = 8 << 20;
/// Missing blocks that an answer names.
const MISSING_MAX: usize = 4096;

/// The blocks of a file.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Blocks {
    /// Bytes of each block; the last of the file may be shorter.
    size: u32,
    /// The first byte of the first one.
    offset: u64,
    /// Bytes of the file.
    length: u64,
    /// Its entity tag.
    etag: String,
    /// Their hashes: to the end of the file, or as many as were asked for.
    blocks: Vec<Hash>,
}

/// List the blocks of a file
///
/// Hashes of its parts, each of the same size: by them two copies of a file find out where they differ.
#[utoipa::path(get, path = "/blocks/{tenant}", tag = "blocks",
    params(
        ("tenant" = String, Path, description = "The tenant"),
        ("path" = String, Query, description = "The path, as percent-encoded bytes"),
        ("layer" = Option<String>, Query, description = "Read a sealed layer: its name, tag or number"),
        ("size" = Option<u32>, Query, description = "Bytes of a block: 4 KiB to 4 MiB, 128 KiB if nothing is said"),
        ("offset" = Option<u64>, Query, description = "The byte to begin at; 0 if nothing is said"),
        ("count" = Option<u32>, Query, description = "Blocks to answer at most: to 65,536, which is the default"),
    ),
    responses(
        (status = 200, body = Blocks),
        (status = 404, response = crate::openapi::NoSuch),
        (status = "default", response = crate::openapi::Other),
    ))]
pub(crate) async fn list<D: Backend>(
    State(app): State<App<D>>,
    caller: Caller<D::Store>,
    params: Params,
) -> Answer<Json<Blocks>> {
    let params = params.only(&["path", "layer", "size", "offset", "count"])?;
    caller.allow(Scope::Read)?;
    let size = block_size(params.parsed("size")?)?;
    let offset: u64 = params.parsed("offset")?.unwrap_or(0);
    let count = params.parsed::<u32>("count")?.unwrap_or(LIST_MAX as u32);
    if !(1..=LIST_MAX as u32).contains(&count) {
        return Err(Problem::bad_request(format!("count is 1 to {LIST_MAX}")));
    }
    let location = caller
        .locate_in(params.text("layer")?, params.required("path")?)
        .await?;
    let (attr, file) = open_content(&app, &caller, &location).await?;
    let end = attr
        .size
        .min(offset.saturating_add(u64::from(count) * u64::from(size)));
    let hashes = hash(&app, &caller, &file, offset..end, size).await?;
    if file.attr().await?.version != attr.version {
        return Err(changed());
    }
    Ok(Json(Blocks {
        size,
        offset,
        length: attr.size,
        etag: tag(&attr),
        blocks: hashes.into_iter().map(|(hash, _)| hash).collect(),
    }))
}

/// Which blocks are asked for, and where they may be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    /// Bytes of a block: 4 KiB to 4 MiB, 128 KiB if nothing is said.
    size: Option<u32>,
    /// The files to look in: 16 at most.
    sources: Vec<Source>,
    /// The hashes: 12,000 or so have room in a request.
    blocks: Vec<Hash>,
}

/// What is not there.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Lacking {
    /// Those of the hashes that no block of the files has, in the order of the question.
    missing: Vec<Hash>,
}

/// Ask which blocks are missing
///
/// In files that are named: hashes are looked for nowhere else.
#[utoipa::path(post, path = "/blocks/{tenant}/have", tag = "blocks",
    params(("tenant" = String, Path, description = "The tenant")),
    request_body = Asked,
    responses((status = 200, body = Lacking), (status = "default", response = crate::openapi::Other)))]
pub(crate) async fn have<D: Backend>(
    State(app): State<App<D>>,
    caller: Caller<D::Store>,
    params: Params,
    body: Body,
) -> Answer<Json<Lacking>> {
    params.only(&[])?;
    caller.allow(Scope::Read)?;
    let asked: Asked = object(body, app.options().patience).await?;
    let size = block_size(asked.size)?;
    let sources = Sources::open(&app, &caller, &asked.sources, size).await?;
    sources.check().await?;
    let missing = asked
        .blocks
        .into_iter()
        .filter(|hash| sources.find(hash).is_none());
    Ok(Json(Lacking {
        missing: missing.collect(),
    }))
}

/// Read a block
///
/// Of a file that is named: a hash by itself opens nothing.
#[utoipa::path(get, path = "/blocks/{tenant}/{hash}", tag = "blocks",
    params(
        ("tenant" = String, Path, description = "The tenant"),
        ("hash" = Hash, Path, description = "The BLAKE3 hash of the block"),
        ("path" = String, Query, description = "The path of the file, as percent-encoded bytes"),
        ("layer" = Option<String>, Query, description = "Read a sealed layer: its name, tag or number"),
        ("size" = Option<u32>, Query, description = "Bytes of a block: 4 KiB to 4 MiB, 128 KiB if nothing is said"),
    ),
    responses(
        (status = 200, description = "The block", content_type = "application/octet-stream"),
        (status = 404, response = crate::openapi::NoSuch),
        (status = "default", response = crate::openapi::Other),
    ))]
pub(crate) async fn get<D: Backend>(
    State(app): State<App<D>>,
    caller: Caller<D::Store>,
    Path((_, wanted)): Path<(String, String)>,
    params: Params,
) -> Answer<Response> {
    let params = params.only(&["path", "layer", "size"])?;
    caller.allow(Scope::Read)?;
    let (wanted, size) = (Hash::parse(&wanted)?, block_size(params.parsed("size")?)?);
    let source = Source {
        path: Text(params.required("path")?.to_vec()),
        layer: params.text("layer")?.map(ToOwned::to_owned),
    };
    let sources = Sources::open(&app, &caller, &[source], size).await?;
    let Some(place) = sources.find(&wanted) else {
        return Err(Problem::new(
            StatusCode::NOT_FOUND,
            "NO_BLOCK",
            "the file has no such block",
        ));
    };
    let file = sources.file(place.file).clone();
    let read = async move || {
        let mut block = vec![0; place.len as usize];
        let len = file.read(place.offset, &mut block).await?;
        match Hash::of(&block[..len]) == wanted {
            true => Ok(block),
            false => Err(changed()),
        }
    };
    let block = app.work(read).await?;
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], block).into_response())
}

/// The blocks of a file that is written, in their order.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    /// Bytes of the blocks of the sources, and the most that one that is sent has; 128 KiB if nothing is said.
    size: Option<u32>,
    /// Files that blocks are taken from: 16 at most.
    #[serde(default)]
    sources: Vec<Source>,
    /// The blocks: 65,536 at most.
    blocks: Vec<Block>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
enum Block {
    /// One that a source has, or that was sent before.
    Named(Hash),
    /// One that comes behind the line.
    Sent {
        /// Its hash.
        hash: Hash,
        /// How many bytes.
        length: u32,
    },
}

/// A part of the file that is written.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    Sent(Hash, u32),
    /// Of a source.
    Taken(Place),
    /// Of this file, from a byte on so many.
    Again(u64, u64),
}

/// Write a file by its blocks
///
/// The body is one line of JSON that lists the blocks, then the bytes of those that are sent, one behind the other. All others are
/// taken from the sources. If any is missing the answer names them (409), and nothing has changed.
#[utoipa::path(put, path = "/blocks/{tenant}", tag = "blocks",
    params(
        ("tenant" = String, Path, description = "The tenant"),
        ("path" = String, Query, description = "The path, as percent-encoded bytes"),
        ("mode" = Option<String>, Query, description = "Permission bits of a new file, octal; 0666 less the umask 022"),
        ("durability" = Option<String>, Query, description = "`visible`: the answer does not wait for the device"),
        ("If-Match" = Option<String>, Header, description = "The entity tag of what is to be replaced"),
        ("If-None-Match" = Option<String>, Header, description = "`*`: only if nothing is there"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send again"),
    ),
    request_body(content = Manifest, content_type = "application/vnd.tarbox.blocks",
        description = "The list as one line of JSON, then the bytes"),
    responses(
        (status = 201, description = "Made"),
        (status = 204, description = "Replaced"),
        (status = 409, response = crate::openapi::Other),
        (status = 412, response = crate::openapi::Other),
        (status = 507, response = crate::openapi::Other),
        (status = "default", response = crate::openapi::Other),
    ))]
pub(crate) async fn put<D: Backend>(
    State(app): State<App<D>>,
    caller: Caller<D::Store>,
    params: Params,
    request: Request,
) -> Answer {
    let params = params.only(&["path", "mode", "durability"])?;
    let (upload, mut pieces) = upload(app.clone(), caller.clone(), &params, request).await?;
    let line = pieces.line(LINE_MAX).await?;
    let manifest: Manifest = serde_json::from_slice(&line)
        .map_err(|e| Problem::bad_request(format!("the first line is not as it should be: {e}")))?;
    drop(line);
    let size = block_size(manifest.size)?;
    upload.check().await?;
    let sources = Sources::open(&app, &caller, &manifest.sources, size).await?;
    let parts = plan(
        &manifest.blocks,
        size,
        |hash| sources.find(hash),
        app.options().upload_max,
    )?;
    let mut incoming = Incoming::new(upload);
    for part in parts {
        match part {
            Part::Sent(hash, length) => {
                let block = pieces.next(length as usize).await?;
                if block.len() < length as usize {
                    return Err(Problem::bad_request("the body ends before its last block"));
                }
                if Hash::of(&block) != hash {
                    return Err(Problem::new(
                        StatusCode::UNPROCESSABLE_ENTITY,
                        "WRONG_HASH",
                        "a block is not what its hash says",
                    )
                    .because(format!("the bytes sent for {hash} have another hash")));
                }
                incoming.push(block).await?;
            }
            Part::Taken(place) => {
                let file = sources.file(place.file);
                incoming.take(file, place.offset, place.len).await?;
            }
            Part::Again(from, len) => incoming.repeat(from, len).await?,
        }
    }
    if !pieces.is_over().await? {
        return Err(Problem::bad_request("the body goes on behind its last block"));
    }
    sources.check().await?;
    let changed = incoming.finish().await?;
    Ok(made(changed.is_new, &changed.attr).map(|()| Body::empty()))
}

/// What is to be done for a list of blocks. Neighbours that are neighbours in their source are one part.
fn plan(
    blocks: &[Block],
    size: u32,
    find: impl Fn(&Hash) -> Option<Place>,
    max: Option<u64>,
) -> Answer<Vec<Part>> {
    if blocks.len() > LIST_MAX {
        return Err(Problem::bad_request(format!("{LIST_MAX} blocks are the most")));
    }
    let mut parts: Vec<Part> = Vec::new();
    let mut sent: HashMap<Hash, (u64, u64)> = HashMap::new();
    let mut missing: Vec<Hash> = Vec::new();
    let mut end = 0u64;
    for block in blocks {
        let (part, len) = match block {
            Block::Sent { length, .. } if *length == 0 || *length > size => {
                return Err(Problem::bad_request(format!(
                    "a block that is sent has 1 to {size} bytes here"
                )));
            }
            Block::Sent { hash, length } => {
                let len = u64::from(*length);
                sent.entry(*hash).or_insert((end, len));
                (Part::Sent(*hash, *length), len)
            }
            Block::Named(hash) => match (sent.get(hash), find(hash)) {
                (Some(&(from, len)), _) => (Part::Again(from, len), len),
                (None, Some(place)) => (Part::Taken(place), place.len),
                (None, None) => {
                    missing.push(*hash);
                    continue;
                }
            },
        };
        end += len;
        match (parts.last_mut(), &part) {
            (Some(Part::Taken(last)), Part::Taken(next))
                if last.file == next.file && last.offset + last.len == next.offset =>
            {
                last.len += next.len;
            }
            _ => parts.push(part),
        }
    }
    if !missing.is_empty() {
        let mut named = std::collections::HashSet::new();
        missing.retain(|hash| named.insert(*hash));
        let first = missing.iter().take(MISSING_MAX).map(Hash::to_string);
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "MISSING",
            "blocks are missing",
        )
        .because(format!(
            "{} that are named are in none of the sources, and were not sent before; nothing was changed",
            missing.len()
        ))
        .missing(first.collect()));
    }
    match max.is_some_and(|max| end > max) {
        true => Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "TOO_LARGE",
            "the file is too large",
        )),
        false => Ok(parts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_one_part() {
        let hash = |n: u8| Hash::of(&[n]);
        let known = |wanted: &Hash| {
            (0..4u8).find(|n| hash(*n) == *wanted).map(|n| Place {
                file: 0,
                offset: u64::from(n) * 4096,
                len: 4096,
            })
        };
        let blocks = [
            Block::Named(hash(0)),
            Block::Named(hash(1)),
            Block::Sent {
                hash: hash(9),
                length: 7,
            },
            Block::Named(hash(2)),
            Block::Named(hash(1)),
            Block::Named(hash(9)),
        ];
        let place = |offset, len| Part::Taken(Place { file: 0, offset, len });
        assert_eq!(
            plan(&blocks, 4096, known, None).unwrap(),
            [
                place(0, 8192),
                Part::Sent(hash(9), 7),
                place(8192, 4096),
                place(4096, 4096),
                Part::Again(8192, 7),
            ]
        );
        assert_eq!(
            plan(&blocks, 4096, known, Some(100)).unwrap_err().code(),
            "TOO_LARGE"
        );
        // One that is sent later is not there yet.
        let early = [
            Block::Named(hash(9)),
            Block::Sent {
                hash: hash(9),
                length: 7,
            },
        ];
        assert_eq!(plan(&early, 4096, known, None).unwrap_err().code(), "MISSING");
        let long = [Block::Sent {
            hash: hash(9),
            length: 4097,
        }];
        assert_eq!(plan(&long, 4096, known, None).unwrap_err().code(), "BAD_REQUEST");
    }
}
