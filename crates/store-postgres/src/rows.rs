//! Loading the rows that operations ask for.

use std::time::Instant;

use tarbox_store::{Error, ErrorKind, Result};
use tarbox_store_core::{Found, Want};
use tokio_postgres::Row;

use crate::seat::Seat;
use crate::session::{Shared, gone};
use crate::sql;
use crate::wire::Step;

/// How often rows are loaded again because others committed meanwhile.
const TRIES: usize = 16;

/// Loads rows, none older than what is known of the tenant.
pub(crate) async fn load(shared: &Shared, seat: &Seat, wants: &[Want]) -> Result<Vec<Found>> {
    for _ in 0..TRIES {
        if let Some(found) = try_load(shared, seat, wants).await? {
            return Ok(found);
        }
    }
    Err(Error::new(ErrorKind::Busy).because("other processes change the tenant without pause; try again"))
}

/// Loads rows; `None` if they are older than what is known already.
async fn try_load(shared: &Shared, seat: &Seat, wants: &[Want]) -> Result<Option<Vec<Found>>> {
    let sql = shared.sql(seat.id);
    let plan = sql::plan(sql, wants);
    let asks_for_tenant = wants.contains(&Want::Tenant);
    let at = Instant::now();
    let observed = |rows: &[Row]| {
        let row = rows.first().map(sql::decode_tenant).transpose()?;
        if let Some(seen) = &row {
            seat.observe(seen, at, shared.session);
        }
        Ok::<_, Error>(row)
    };
    // While the lease is held nobody else commits.
    if seat.is_sure() && !asks_for_tenant && plan.steps.len() == 1 {
        let answers = shared.pool.fly(&plan.steps).await?;
        return plan.finish(sql, wants, &answers, None).map(Some);
    }
    // The tenant's row last: as long as it tells of no commit but those that are known, there was none before either, and all
    // rows are of one moment.
    if let Some(known) = seat.known() {
        let mut steps = plan.steps.clone();
        steps.push(shared.row_of(seat.id));
        let answers = shared.pool.fly(&steps).await?;
        let (last, rows) = answers.split_last().ok_or_else(gone)?;
        match observed(last)? {
            Some(seen) if seen.commits == known && seat.is_current(&seen) => {
                return plan.finish(sql, wants, rows, Some(&seen)).map(Some);
            }
            _ => {}
        }
    }
    let mut steps = vec![
        Step::Plain("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"),
        shared.row_of(seat.id),
    ];
    steps.extend(plan.steps.iter().cloned());
    steps.push(Step::Plain("COMMIT"));
    let answers = shared.pool.fly(&steps).await?;
    let row = observed(&answers[1])?;
    if row.as_ref().is_some_and(|seen| !seat.is_current(seen)) {
        return Ok(None);
    }
    plan.finish(sql, wants, &answers[2..answers.len() - 1], row.as_ref())
        .map(Some)
}
