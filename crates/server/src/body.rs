//! Bodies of requests, as they come.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use http_body_util::BodyExt as _;
use serde::de::DeserializeOwned;

use crate::problem::{Answer, Problem};

/// Bytes of a body that is an object.
const OBJECT_MAX: usize = 1 << 20;

/// A body, in pieces of a size that suits the database.
pub(crate) struct Pieces {
    body: Body,
    left: Bytes,
    patience: Duration,
    /// Bytes that may still come.
    room: u64,
    over: bool,
}

impl Pieces {
    /// The pieces of a body of at most `max` bytes, whose client may send nothing for so long.
    pub(crate) fn new(body: Body, patience: Duration, max: Option<u64>) -> Self {
        Self {
            body,
            left: Bytes::new(),
            patience,
            room: max.unwrap_or(u64::MAX),
            over: false,
        }
    }

    /// The next piece: `size` bytes, or fewer at the end; none behind it.
    pub(crate) async fn next(&mut self, size: usize) -> Answer<Vec<u8>> {
        let mut piece = Vec::new();
        while piece.len() < size {
            if self.left.is_empty() && !self.fill().await? {
                break;
            }
            let part = self.left.split_to(self.left.len().min(size - piece.len()));
            piece.extend_from_slice(&part);
        }
        Ok(piece)
    }

    /// What comes before the end of a line, which goes; or all that comes.
    ///
    /// # Errors
    /// `TOO_LARGE` if that is more than `max` bytes.
    pub(crate) async fn line(&mut self, max: usize) -> Answer<Vec<u8>> {
        let mut line = Vec::new();
        while !self.left.is_empty() || self.fill().await? {
            let end = self.left.iter().position(|byte| *byte == b'\n');
            let part = self.left.split_to(end.unwrap_or(self.left.len()));
            if line.len() + part.len() > max {
                return Err(too_large());
            }
            line.extend_from_slice(&part);
            if end.is_some() {
                let _end = self.left.split_to(1);
                break;
            }
        }
        Ok(line)
    }

    /// Whether nothing more comes.
    pub(crate) async fn is_over(&mut self) -> Answer<bool> {
        Ok(self.left.is_empty() && !self.fill().await?)
    }

    /// Waits for more; `false` at the end.
    async fn fill(&mut self) -> Answer<bool> {
        while !self.over && self.left.is_empty() {
            let frame = tokio::time::timeout(self.patience, self.body.frame())
                .await
                .map_err(|_| {
                    Problem::new(
                        StatusCode::REQUEST_TIMEOUT,
                        "TIMEOUT",
                        "the body did not come in time",
                    )
                })?;
            match frame {
                None => self.over = true,
                Some(Ok(frame)) => self.left = frame.into_data().unwrap_or_default(),
                Some(Err(_)) => return Err(Problem::bad_request("the body broke off")),
            }
            self.room = self
                .room
                .checked_sub(self.left.len() as u64)
                .ok_or_else(too_large)?;
        }
        Ok(!self.left.is_empty())
    }
}

fn too_large() -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "TOO_LARGE",
        "the body is too large",
    )
}

/// Reads a body that is an object.
pub(crate) async fn object<T: DeserializeOwned>(body: Body, patience: Duration) -> Answer<T> {
    let mut pieces = Pieces::new(body, patience, Some(OBJECT_MAX as u64));
    let bytes = pieces.next(OBJECT_MAX).await?;
    if !pieces.is_over().await? {
        return Err(too_large());
    }
    serde_json::from_slice(&bytes)
        .map_err(|e| Problem::bad_request(format!("the body is not as it should be: {e}")))
}
