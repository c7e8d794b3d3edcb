//! A directory as a page.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use axum::response::{Html, IntoResponse as _, Response};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::reload;

/// Lists a directory: directories first, by name.
pub(crate) async fn of(directory: &Path, url_path: &str, reload: bool) -> io::Result<Response> {
    let mut entries = Vec::new();
    let mut reading = tokio::fs::read_dir(directory).await?;
    while let Some(entry) = reading.next_entry().await? {
        let is_directory = entry.path().is_dir();
        let size = entry.metadata().await.map_or(0, |meta| meta.len());
        entries.push((
            !is_directory,
            entry.file_name().to_string_lossy().into_owned(),
            size,
        ));
    }
    entries.sort_unstable();
    let title = escape(&percent_decode_str(url_path).decode_utf8_lossy());
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title}</title><style>:root{{color-scheme:light dark}}body{{font:16px system-ui;margin:2rem auto;max-width:50rem;\
         padding:0 1rem}}td{{padding:.15rem 1rem .15rem 0}}td+td{{text-align:right;font-variant-numeric:tabular-nums;\
         opacity:.7}}</style><h1>{title}</h1><table>"
    );
    if url_path != "/" {
        page += "<tr><td><a href=\"../\">../</a><td>";
    }
    for (is_file, name, size) in entries {
        let slash = if is_file { "" } else { "/" };
        let size = if is_file {
            format!("{size} B")
        } else {
            String::new()
        };
        let link = utf8_percent_encode(&name, NON_ALPHANUMERIC);
        let _ = write!(
            page,
            "<tr><td><a href=\"{link}{slash}\">{}{slash}</a><td>{size}",
            escape(&name)
        );
    }
    page += "</table>";
    Ok(if reload {
        reload::page(page.into_bytes())
    } else {
        Html(page).into_response()
    })
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}
