//! The change feed: what empties the cache.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tarbox_protocol::{Answer, Batch, Call, Wire};
use tarbox_store::{LogQuery, LogRecord, Operation, Result, Seq};

use crate::cache::Cache;
use crate::calls;
use crate::client::Client;
use crate::retry;
use crate::stamps::Subject;
use crate::transport::Transport;

/// How long the server may wait for a change before it says that there was none.
const PATIENCE: Duration = Duration::from_secs(8);
/// How long a word from the server may be late before nothing cached is used any more.
const LATE: Duration = Duration::from_secs(4);
/// Records of one look.
const RECORDS: usize = 2_000;

/// Follows the feed of a tenant until nobody uses its stores any more.
pub(crate) async fn follow<T: Transport>(client: Weak<Client<T>>) {
    let mut failures = 0;
    loop {
        let Some(client) = client.upgrade() else { return };
        let transport = client.transport.clone();
        let looked = match client.cache.is_connected(client.now()) {
            true => look(&client).await,
            false => connect(&client).await,
        };
        let pause = match looked {
            Ok(()) => {
                failures = 0;
                continue;
            }
            Err(_) => {
                client.cache.disconnect();
                failures += 1;
                retry::pause(failures, None)
            }
        };
        drop(client);
        transport.pause(pause).await;
    }
}

/// Begins: from here on everything is told.
async fn connect<T: Transport>(client: &Arc<Client<T>>) -> Result<()> {
    let asked = client.now();
    let batch = Batch::new(vec![Call::LastSeq {}]);
    let last = client.send(batch, |told| calls::seq(told.one()?)).await?;
    client.cache.connect(last, asked + PATIENCE + LATE);
    Ok(())
}

/// Waits for records, and has the cache know of them.
async fn look<T: Transport>(client: &Arc<Client<T>>) -> Result<()> {
    let (asked, after) = (client.now(), *client.cache.applied().borrow());
    let query = LogQuery {
        after: Some(after),
        limit: RECORDS,
        ..LogQuery::default()
    };
    let patience_ms = PATIENCE.as_millis() as u32;
    let batch = Batch::new(vec![
        Call::Changed { after, patience_ms },
        Call::Log { query: Wire(query) },
    ]);
    let fed = client
        .send(batch, |mut told| {
            let records = told
                .answers
                .pop()
                .map(calls::records)
                .transpose()?
                .unwrap_or_default();
            let last = match told.answers.pop() {
                Some(Answer::Seq(last)) => last,
                _ => return Err(calls::unexpected()),
            };
            apply(&client.cache, &records, after, last, asked + PATIENCE + LATE);
            Ok(())
        })
        .await;
    Ok(fed?)
}

fn apply(cache: &Cache, records: &[LogRecord], after: Seq, last: Seq, until: Duration) {
    let numbered = records.iter().zip(after.0 + 1..);
    let is_whole = numbered.clone().all(|(record, seq)| record.seq.0 == seq);
    match records.last() {
        Some(record) if is_whole => {
            cache.apply(records.iter().flat_map(subjects), record.seq, until);
        }
        None if last <= after => cache.apply(std::iter::empty(), after, until),
        // Records were trimmed before they were told.
        _ => cache.connect(records.last().map_or(last, |record| record.seq), until),
    }
}

/// What a record makes out of date.
fn subjects(record: &LogRecord) -> impl Iterator<Item = Subject<'_>> {
    use Operation::*;
    let inode = (record.ino.0 != 0).then_some(Subject::Inode(record.ino));
    let found = match record.operation {
        // Refused operations changed nothing.
        _ if record.errno != 0 => [None, None, None],
        Create | Mkdir | Link | Unlink | Rmdir => [inode, Some(Subject::Name(last_name(&record.path))), None],
        Rename => {
            let from = record.from.as_deref().map(|path| Subject::Name(last_name(path)));
            // The inode itself is among all those whose attributes may have changed; its content has not.
            [
                Some(Subject::Attrs),
                Some(Subject::Name(last_name(&record.path))),
                from,
            ]
        }
        Write | Truncate | SetAttr | Xattr | Allocate => [inode, None, None],
        _ => [Some(Subject::All), None, None],
    };
    found.into_iter().flatten()
}

fn last_name(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
}
