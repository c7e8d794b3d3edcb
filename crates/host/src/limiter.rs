//! Counting the memory that a program asks for.

use wasmtime::ResourceLimiter;

use crate::Limit;

/// What one element of a table costs the host, in bytes.
const ELEMENT: u64 = 16;
/// Elements in one table where no limit of memory is set: more than any real program has.
const ELEMENTS_MAX: usize = 10_000_000;
/// Instances, memories and tables of one component.
const OBJECTS_MAX: usize = 1_000;

/// Ends a program that wants more memory than it may have.
#[derive(Debug)]
pub(crate) struct Limiter {
    limit: Option<u64>,
    used: u64,
}

impl Limiter {
    pub(crate) fn new(limit: Option<u64>) -> Self {
        Self { limit, used: 0 }
    }

    fn grow(&mut self, bytes: u64) -> wasmtime::Result<bool> {
        let used = self.used.saturating_add(bytes);
        match self.limit {
            Some(limit) if used > limit => Err(Limit::Memory(limit).into()),
            _ => {
                self.used = used;
                Ok(true)
            }
        }
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        self.grow(desired.saturating_sub(current) as u64)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum)
            || (self.limit.is_none() && desired > ELEMENTS_MAX)
        {
            return Ok(false);
        }
        self.grow((desired.saturating_sub(current) as u64).saturating_mul(ELEMENT))
    }

    fn instances(&self) -> usize {
        OBJECTS_MAX
    }

    fn tables(&self) -> usize {
        OBJECTS_MAX
    }

    fn memories(&self) -> usize {
        OBJECTS_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_and_tables_count_together() {
        let mut limiter = Limiter::new(Some(1000));
        assert!(limiter.memory_growing(0, 600, None).unwrap());
        assert!(!limiter.memory_growing(600, 700, Some(650)).unwrap());
        assert!(limiter.table_growing(0, 25, None).unwrap());
        let error = limiter.memory_growing(600, 601, None).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Limit::Memory(1000)));
    }

    #[test]
    fn tables_are_bounded_without_a_limit() {
        let mut limiter = Limiter::new(None);
        assert!(!limiter.table_growing(0, usize::MAX, None).unwrap());
        assert!(limiter.memory_growing(0, usize::MAX, None).unwrap());
    }
}
