//! Commits: first the log, then memory.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::state::State;
use crate::batch::Batch;
use crate::bytes::{put_slice, put_varint};
use crate::error::{Error, ErrorKind, Result};
use crate::log::{Entry, Op, TxMark, encode};
use crate::options::{Committed, Durability};
use crate::property::{Owner, changes, decode, tx_key, tx_order_key, tx_orders};
use crate::record::{Pair, Record};
use crate::stats::Transaction;
use crate::term::{read, write};
use crate::tree::get;
use crate::{MAX_PROPERTIES_LEN, MAX_TERM_LEN};

/// Records to merge for every one written: more than a record is merged on its way to the deepest level.
const MERGES_PER_WRITE: usize = 16;

/// Records of data that one commit makes, by key.
type Changes = BTreeMap<Vec<u8>, Pair>;

/// What a commit changes besides facts.
#[derive(Default)]
struct Plan {
    data: Changes,
    /// A transaction id to remember as long as the graph is open.
    unstored: Option<Pair>,
    forgets_unstored: bool,
    stores_transaction: bool,
}

impl Plan {
    fn put(&mut self, record: Pair) {
        self.data.insert(record.key.clone(), record);
    }
}

impl State {
    pub(super) fn commit(&mut self, batch: &Batch, durability: Durability) -> Result<Committed> {
        self.check_writable()?;
        self.check_ops(&batch.ops)?;
        if let Some(tx) = &batch.tx {
            if tx.id.len() > MAX_TERM_LEN || tx.session.len() > MAX_TERM_LEN {
                return Err(Error::from(ErrorKind::TooLarge {
                    what: "a transaction id",
                    limit: MAX_TERM_LEN as u64,
                }));
            }
            if self.knows(tx)? {
                return Ok(Committed::Duplicate);
            }
        }
        self.make_room()?;
        let plan = self.plan(&batch.ops, batch.tx.as_ref())?;
        self.write_log(&batch.ops, batch.tx.as_ref(), durability)?;
        self.apply(&batch.ops, plan);
        self.after_write(batch.len());
        Ok(Committed::Applied(self.sequence))
    }

    fn check_ops(&self, ops: &[Op]) -> Result<()> {
        let next = read(&self.terms).next_id();
        let highest = |ids: &[u32]| ids.iter().copied().max().unwrap_or(0);
        for op in ops {
            let highest = match op {
                Op::Add(facts) | Op::Delete(facts) => highest(facts.as_flattened()),
                Op::Edge(edge, _) => highest(edge),
                Op::Node(id, _) => *id,
                Op::ForgetTx(_) => continue,
            };
            let is_known = match op {
                // Facts name terms; properties may be set for any id that could be one.
                Op::Add(facts) => highest < next || facts.is_empty(),
                _ => highest <= crate::MAX_TERM_ID,
            };
            if !is_known {
                return Err(Error::from(ErrorKind::UnknownTerm { id: highest }));
            }
            if let Op::Node(_, Some(bytes)) | Op::Edge(_, Some(bytes)) = op
                && bytes.len() > MAX_PROPERTIES_LEN
            {
                return Err(Error::from(ErrorKind::TooLarge {
                    what: "a set of properties",
                    limit: MAX_PROPERTIES_LEN as u64,
                }));
            }
        }
        Ok(())
    }

    /// Whether a batch of that transaction id was committed.
    fn knows(&self, tx: &TxMark) -> Result<bool> {
        if self.transactions.contains_key(&tx.id) {
            return Ok(true);
        }
        let stored = self.data_view().get(&Pair::probe(&tx_key(&tx.id)))?;
        Ok(stored.is_some())
    }

    /// Replaces a log that cannot be trusted, and empties memory that an earlier flush could not.
    fn make_room(&mut self) -> Result<()> {
        let suspect = self.log.as_ref().is_some_and(|log| log.suspect);
        if suspect || self.memtable_size() > 2 * self.options.memtable_bytes {
            self.flush_memtable()?;
        }
        Ok(())
    }

    fn write_log(&mut self, ops: &[Op], tx: Option<&TxMark>, durability: Durability) -> Result<()> {
        let Some(log) = &mut self.log else {
            return Err(ErrorKind::ReadOnly.into());
        };
        let terms = read(&self.terms);
        let (sequence, first) = (self.sequence + 1, self.logged_terms);
        let new = (first..terms.next_id()).map(|id| terms.get(id).unwrap_or_default());
        log.append(|out| encode(out, sequence, first, new, ops, tx));
        match durability {
            Durability::Gathered if !log.is_full() => (),
            Durability::Gathered | Durability::Written => log.write()?,
            Durability::Synced => log.sync()?,
        }
        self.logged_terms = terms.next_id();
        Ok(())
    }

    /// Reads what the changes depend on, and decides what they do to the data. Nothing is changed yet, so that
    /// an unreadable table fails the commit before it is in the log.
    fn plan(&self, ops: &[Op], tx: Option<&TxMark>) -> Result<Plan> {
        let mut plan = Plan::default();
        for op in ops {
            match op {
                Op::Add(_) | Op::Delete(_) => (),
                Op::Node(id, bytes) => {
                    self.set_properties(Owner::Node(*id), bytes.as_ref(), &mut plan.data)?
                }
                Op::Edge(edge, bytes) => {
                    self.set_properties(Owner::Edge(*edge), bytes.as_ref(), &mut plan.data)?;
                }
                Op::ForgetTx(kept) => self.forget(*kept, &mut plan)?,
            }
        }
        if let Some(tx) = tx {
            self.remember(tx, &mut plan)?;
        }
        Ok(plan)
    }

    /// Makes the changes in memory. They are in the log.
    fn apply(&mut self, ops: &[Op], plan: Plan) {
        self.sequence += 1;
        for op in ops {
            match op {
                Op::Add(facts) => self.facts.extend(facts, false),
                Op::Delete(facts) => self.facts.extend(facts, true),
                _ => (),
            }
        }
        if plan.forgets_unstored {
            self.transactions.clear();
        }
        if let Some(record) = plan.unstored {
            self.transactions.insert(record.key.clone(), record);
        }
        self.remembered += u64::from(plan.stores_transaction);
        let records: Vec<Pair> = plan.data.into_values().collect();
        self.data_bytes += records.iter().map(Record::size).sum::<usize>();
        self.data.push(records);
    }

    /// What is stored under a key, before the commit under way.
    pub(super) fn stored_data(&self, key: &[u8]) -> Result<Option<Pair>> {
        let levels = &self.tables.pairs[super::state::DATA];
        let runs = self.data.newest_first();
        get(crate::space::Space::Data, runs, levels, &Pair::probe(key))
    }

    fn set_properties(&self, owner: Owner, bytes: Option<&Vec<u8>>, data: &mut Changes) -> Result<()> {
        let key = owner.key();
        let before = match data.get(&key) {
            Some(record) => Some(record.clone()).filter(|record| !record.dead),
            None => self.stored_data(&key)?,
        };
        // What does not decode has no keys in the index that could be found again.
        let old = before
            .and_then(|record| decode(&record.value))
            .unwrap_or_default();
        let new = bytes.map(|bytes| (decode(bytes).unwrap_or_default(), bytes.clone()));
        let new = new
            .as_ref()
            .map(|(properties, bytes)| (properties, bytes.clone()));
        for record in changes(owner, &old, new) {
            data.insert(record.key.clone(), record);
        }
        Ok(())
    }

    fn remember(&self, tx: &TxMark, plan: &mut Plan) -> Result<()> {
        let sequence = self.sequence + 1;
        let mut value = Vec::new();
        put_varint(&mut value, sequence);
        put_varint(&mut value, tx.time_ms);
        put_slice(&mut value, &tx.session);
        value.extend_from_slice(&tx.id);
        let kept = self.options.remember_transactions;
        if kept == 0 {
            plan.unstored = Some(Pair::new(tx.id.clone(), value));
            return Ok(());
        }
        // Counting is a scan, so it is not done for every commit.
        if (self.remembered + 1).is_multiple_of(kept.div_ceil(4)) {
            self.forget(kept - 1, plan)?;
        }
        plan.put(Pair::new(tx_key(&tx.id), value));
        plan.put(Pair::new(tx_order_key(sequence), tx.id.clone()));
        plan.stores_transaction = true;
        Ok(())
    }

    /// Forgets the oldest of the stored transaction ids.
    fn forget(&self, kept: u64, plan: &mut Plan) -> Result<()> {
        plan.forgets_unstored |= kept == 0;
        let (from, to) = tx_orders();
        let mut ids = Vec::new();
        let mut scan = self.data_view().merge(&from, &to)?;
        while scan.advance_live()? && !scan.record().order(&to).is_gt() {
            ids.push((scan.record().key.clone(), scan.record().value.clone()));
        }
        let excess = (ids.len() as u64).saturating_sub(kept);
        for (order, id) in ids.into_iter().take(excess as usize) {
            plan.put(Pair::dead(order));
            plan.put(Pair::dead(tx_key(&id)));
        }
        Ok(())
    }

    /// Everything that is known of the remembered transaction ids, oldest first.
    pub(super) fn transactions(&self) -> Result<Vec<Transaction>> {
        let mut found = Vec::new();
        let (from, to) = tx_orders();
        let mut scan = self.data_view().merge(&from, &to)?;
        while scan.advance_live()? && !scan.record().order(&to).is_gt() {
            found.extend(self.stored_data(&tx_key(&scan.record().value))?);
        }
        found.extend(self.transactions.values().cloned());
        let malformed = || Error::corrupt("the transaction ids", 0, "one does not decode");
        let parsed = found
            .iter()
            .map(|record| Transaction::parse(&record.value).ok_or_else(malformed));
        let mut all = parsed.collect::<Result<Vec<_>>>()?;
        all.sort_by_key(|transaction| transaction.sequence);
        Ok(all)
    }

    pub(super) fn forget_transactions(&mut self, kept: u64) -> Result<()> {
        let mut batch = Batch::new();
        batch.ops.push(Op::ForgetTx(kept));
        self.commit(&batch, Durability::Written).map(drop)
    }

    /// Makes the changes of a record of the log, at open.
    pub(super) fn replay(&mut self, entry: &Entry<'_>) -> Option<Result<()>> {
        if entry.sequence != self.sequence + 1 {
            return None;
        }
        if !entry.terms.is_empty() {
            let mut terms = write(&self.terms);
            for (id, term) in (u64::from(entry.first_term)..).zip(&entry.terms) {
                // After a repair without a manifest, tables may hold terms that are also in the log.
                match id.cmp(&u64::from(terms.next_id())) {
                    Ordering::Less => (),
                    Ordering::Equal if id > u64::from(crate::MAX_TERM_ID) => return None,
                    Ordering::Equal => drop(terms.find_or_add(term, crate::buffer::term_hash(term))),
                    Ordering::Greater => return None,
                }
            }
            self.logged_terms = terms.next_id();
        }
        let plan = self.plan(&entry.ops, entry.tx.as_ref());
        Some(plan.map(|plan| self.apply(&entry.ops, plan)))
    }

    /// Flushes and compacts as far as the writes ask for it. The commit has succeeded, so a failure here shows
    /// at the next one, or at a flush.
    fn after_write(&mut self, records: usize) {
        let log_is_long = self
            .log
            .as_ref()
            .is_some_and(|log| log.len() > self.options.log_bytes);
        if self.memtable_size() > self.options.memtable_bytes || log_is_long {
            self.flush_memtable().ok();
        }
        if !self.compaction_failed && self.maintain(records * MERGES_PER_WRITE).is_err() {
            self.compaction_failed = true;
        }
    }

    pub(super) fn sync(&mut self) -> Result<()> {
        self.check_writable()?;
        let suspect = self.log.as_ref().is_some_and(|log| log.suspect);
        match &mut self.log {
            Some(log) if !suspect => log.sync(),
            _ => self.flush_memtable(),
        }
    }
}
