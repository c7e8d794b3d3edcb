//! What one order lost, the others know.

use super::{Lost, Repaired};
use crate::batch::Batch;
use crate::buffer::Order;
use crate::error::Result;
use crate::graph::Graph;
use crate::options::Durability;
use crate::record::{Fact, Record};
use crate::scan::Scan;
use crate::snapshot::Snapshot;

/// Changes made at once.
const CHUNK: usize = 10_000;

/// Makes the three orders agree. An order decides about a fact unless it may have lost it; where none decides,
/// the fact is kept.
pub(super) fn orders(graph: &Graph, lost: &Lost, repaired: &mut Repaired) -> Result<()> {
    if lost.facts.iter().all(Vec::is_empty) {
        return Ok(());
    }
    let snapshot = graph.snapshot();
    let mut batch = Batch::new();
    for order in Order::ALL {
        for fact in Scan::whole(&snapshot.facts[order as usize])? {
            let fact = fact?;
            if !Order::ALL.iter().any(|&order| may_have_lost(lost, order, fact)) {
                continue;
            }
            match judge(&snapshot, lost, fact)? {
                Verdict::Agreed => (),
                Verdict::Add => {
                    repaired.facts_restored += 1;
                    batch.add(fact);
                }
                Verdict::Delete => {
                    repaired.facts_removed += 1;
                    batch.delete(fact);
                }
            }
            if batch.len() == CHUNK {
                graph.commit(&batch, Durability::Written)?;
                batch.clear();
            }
        }
        // What is decided now needs no second decision from the next order.
        graph.commit(&batch, Durability::Written)?;
        batch.clear();
    }
    Ok(())
}

enum Verdict {
    Agreed,
    Add,
    Delete,
}

fn judge(snapshot: &Snapshot, lost: &Lost, fact: [u32; 3]) -> Result<Verdict> {
    let has = |order: Order| -> Result<bool> {
        let key = Fact::new(order.key(fact), false);
        Ok(snapshot.facts[order as usize].get(&key)?.is_some())
    };
    let present = [has(Order::Spo)?, has(Order::Pos)?, has(Order::Osp)?];
    let decider = Order::ALL
        .into_iter()
        .find(|&order| !may_have_lost(lost, order, fact));
    let is_there = decider.is_none_or(|order| present[order as usize]);
    Ok(match is_there {
        true if present == [true; 3] => Verdict::Agreed,
        true => Verdict::Add,
        false if present == [false; 3] => Verdict::Agreed,
        false => Verdict::Delete,
    })
}

fn may_have_lost(lost: &Lost, order: Order, fact: [u32; 3]) -> bool {
    let key = Fact::new(order.key(fact), false);
    lost.facts[order as usize]
        .iter()
        .any(|(from, to)| !key.order(from).is_lt() && !key.order(to).is_gt())
}

/// Ids without a term, after a flush. Terms are counted, not ids: a damaged manifest may claim any number of those.
pub(super) fn count_lost_terms(graph: &Graph) -> Result<u64> {
    let there = graph.count_stored_terms()?;
    Ok(u64::from(graph.term_count()).saturating_sub(there))
}
