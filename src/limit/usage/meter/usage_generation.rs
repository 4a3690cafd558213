//! Generations of usage: one that grows, and frozen ones that are sent.

use std::collections::VecDeque;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::usage_journal::{JournalFile, UsageJournal};
use super::usage_table::{SumKey, UsageTable};
use crate::limit::usage::batch::UsageBatch;
use crate::limits;

/// The generation that grows, and the frozen batches before it.
#[derive(Debug)]
pub(super) struct Generations {
    node: String,
    boot: u128,
    journal: Option<UsageJournal>,
    current: Mutex<Generation>,
    frozen: Mutex<Frozen>,
}

#[derive(Debug)]
struct Generation {
    number: u64,
    table: UsageTable,
    file: Option<JournalFile>,
}

#[derive(Debug)]
struct Frozen {
    /// The oldest first. The first one is sent until the store has it.
    waiting: VecDeque<Arc<FrozenBatch>>,
    /// The table of the next generation, which knows the keys of the one before the last.
    spare: UsageTable,
}

/// A batch that stays the same until the store has taken it.
#[derive(Debug)]
pub(super) struct FrozenBatch {
    pub(super) batch: UsageBatch,
    file: Option<PathBuf>,
}

/// What became of an addition.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    pub(super) is_saturated: bool,
    /// There is a journal, and the addition is not in it.
    pub(super) is_unwritten: bool,
}

impl Generations {
    /// Starts with the batches of former starts, and the file of the first generation.
    pub(super) fn new(
        (node, boot): (String, u128),
        journal: Option<(UsageJournal, JournalFile)>,
        recovered: Vec<(UsageBatch, PathBuf)>,
    ) -> Self {
        let (journal, file) = journal.unzip();
        let waiting = recovered.into_iter().map(|(batch, path)| {
            let file = Some(path);
            Arc::new(FrozenBatch { batch, file })
        });
        Self {
            node,
            boot,
            journal,
            current: Mutex::new(Generation {
                number: FIRST,
                table: UsageTable::with_limit(limits::METER_KEYS),
                file,
            }),
            frozen: Mutex::new(Frozen {
                waiting: waiting.collect(),
                spare: UsageTable::with_limit(limits::METER_KEYS),
            }),
        }
    }

    /// Adds an amount to the generation that grows.
    pub(super) fn add(&self, key: SumKey<'_>, amount: u64) -> Counted {
        let mut current = lock(&self.current);
        let added = current.table.add(key, amount);
        let Generation { table, file, .. } = &mut *current;
        // The key of the sum: that of the overflow row, if it is there.
        let is_written = match (file, table.key_at(added.place)) {
            (Some(file), Some(key)) => file.append(key, amount),
            _ => self.journal.is_none(),
        };
        Counted {
            is_saturated: added.is_saturated,
            is_unwritten: !is_written,
        }
    }

    /// Returns the number of rows that the store does not have.
    pub(super) fn pending(&self) -> usize {
        let frozen = lock(&self.frozen)
            .waiting
            .iter()
            .map(|frozen| frozen.batch.rows.len())
            .sum::<usize>();
        frozen + lock(&self.current).table.active()
    }

    /// Returns the batch to send: the oldest frozen one, or the generation that grew, which is frozen
    /// for it if `may_freeze` is true.
    pub(super) fn next(&self, may_freeze: &mut bool) -> Option<Arc<FrozenBatch>> {
        let mut frozen = lock(&self.frozen);
        if let Some(oldest) = frozen.waiting.front() {
            return Some(Arc::clone(oldest));
        }
        if !std::mem::take(may_freeze) || lock(&self.current).table.active() == 0 {
            return None;
        }
        let batch = Arc::new(self.freeze(&mut frozen));
        frozen.waiting.push_back(Arc::clone(&batch));
        Some(batch)
    }

    fn freeze(&self, frozen: &mut Frozen) -> FrozenBatch {
        let number = lock(&self.current).number + 1;
        let journal = self.journal.as_ref();
        // Created before additions wait. Without one they are counted as unwritten.
        let file = journal.and_then(|journal| journal.begin(&self.node, self.boot, number).ok());
        let mut next = Generation {
            number,
            table: std::mem::replace(&mut frozen.spare, UsageTable::with_limit(0)),
            file,
        };
        // Only this exchange is done while additions wait.
        std::mem::swap(&mut *lock(&self.current), &mut next);
        let rows = next.table.drain();
        frozen.spare = next.table;
        FrozenBatch {
            batch: UsageBatch::new(&*self.node, self.boot, next.number, rows),
            file: next.file.map(JournalFile::into_path),
        }
    }

    /// Forgets a batch that the store has.
    pub(super) fn sent(&self, sent: &Arc<FrozenBatch>) {
        let mut frozen = lock(&self.frozen);
        if frozen
            .waiting
            .front()
            .is_some_and(|first| Arc::ptr_eq(first, sent))
        {
            frozen.waiting.pop_front();
        }
        drop(frozen);
        if let Some(path) = &sent.file {
            // A file that remains is sent again by the next start, and counts once.
            let _ = fs::remove_file(path);
        }
    }
}

/// The number of the first batch.
pub(super) const FIRST: u64 = 1;

// Nothing under these locks panics between two parts of a change.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
