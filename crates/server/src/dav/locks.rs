//! Locks of WebDAV: of one tenant, in this server's memory, until they time out.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use dav_server::davpath::DavPath;
use dav_server::ls::{DavLock, DavLockSystem, LsFuture};
use xmltree::Element;

/// Locks of a tenant at once.
const LOCKS_MAX: usize = 512;
/// The longest life of a lock that is not refreshed.
const LIFE_MAX: Duration = Duration::from_secs(600);

/// The locks of one tenant. A clone is the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Locks(Arc<Mutex<Vec<DavLock>>>);

/// Who wants to change something, and the locks that they say they have.
struct Claim<'a> {
    /// Without one, whose a lock is does not matter.
    principal: Option<&'a str>,
    tokens: &'a [String],
}

impl Locks {
    /// Those that still hold.
    fn all(&self) -> MutexGuard<'_, Vec<DavLock>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = SystemTime::now();
        all.retain(|lock| lock.timeout_at.is_none_or(|end| now < end));
        all
    }
}

/// A path without the slash at its end; the root is empty.
fn trimmed(path: &DavPath) -> &[u8] {
    let bytes = path.as_bytes();
    bytes.strip_suffix(b"/").unwrap_or(bytes)
}

fn is_below(path: &[u8], top: &[u8]) -> bool {
    path.strip_prefix(top).is_some_and(|rest| rest.starts_with(b"/"))
}

/// Whether a lock holds for what is at a path.
fn covers(lock: &DavLock, path: &[u8]) -> bool {
    let locked = trimmed(&lock.path);
    locked == path || lock.deep && is_below(path, locked)
}

impl Claim<'_> {
    fn has(&self, lock: &DavLock) -> bool {
        self.tokens.contains(&lock.token)
            && (self.principal.is_none() || self.principal == lock.principal.as_deref())
    }

    /// The lock that is in the way of a change at a path, and with `deep` below it.
    fn in_the_way<'l>(&self, locks: &'l [DavLock], path: &[u8], deep: bool) -> Option<&'l DavLock> {
        let here = || locks.iter().filter(|lock| covers(lock, path));
        let exclusive = here().find(|lock| !lock.shared && !self.has(lock));
        // Of those who share a lock each may change something.
        let shared = || {
            here()
                .find(|lock| lock.shared)
                .filter(|_| !here().any(|lock| self.has(lock)))
        };
        let below = || {
            let below = locks
                .iter()
                .filter(|lock| deep && is_below(trimmed(&lock.path), path));
            below.into_iter().find(|lock| !self.has(lock))
        };
        exclusive.or_else(shared).or_else(below)
    }
}

fn ready<'a, T: Send + 'a>(value: T) -> LsFuture<'a, T> {
    Box::pin(std::future::ready(value))
}

fn life(asked: Option<Duration>) -> Duration {
    asked.map_or(LIFE_MAX, |asked| asked.min(LIFE_MAX))
}

impl DavLockSystem for Locks {
    fn lock(
        &'_ self,
        path: &DavPath,
        principal: Option<&str>,
        owner: Option<&Element>,
        timeout: Option<Duration>,
        shared: bool,
        deep: bool,
    ) -> LsFuture<'_, Result<DavLock, DavLock>> {
        let mut all = self.all();
        let at = trimmed(path);
        let conflict = all.iter().find(|lock| {
            let meets = covers(lock, at) || deep && is_below(trimmed(&lock.path), at);
            meets && !(shared && lock.shared)
        });
        let full = all.first().filter(|_| all.len() >= LOCKS_MAX);
        if let Some(lock) = conflict.or(full) {
            return ready(Err(lock.clone()));
        }
        let timeout = life(timeout);
        let lock = DavLock {
            token: token(),
            path: Box::new(path.clone()),
            principal: principal.map(ToOwned::to_owned),
            owner: owner.map(|owner| Box::new(owner.clone())),
            timeout_at: Some(SystemTime::now() + timeout),
            timeout: Some(timeout),
            shared,
            deep,
        };
        all.push(lock.clone());
        ready(Ok(lock))
    }

    fn unlock(&'_ self, path: &DavPath, token: &str) -> LsFuture<'_, Result<(), ()>> {
        let mut all = self.all();
        let found = all
            .iter()
            .position(|lock| lock.token == token && covers(lock, trimmed(path)));
        ready(found.map(|at| drop(all.remove(at))).ok_or(()))
    }

    fn refresh(
        &'_ self,
        path: &DavPath,
        token: &str,
        timeout: Option<Duration>,
    ) -> LsFuture<'_, Result<DavLock, ()>> {
        let mut all = self.all();
        let found = all
            .iter_mut()
            .find(|lock| lock.token == token && covers(lock, trimmed(path)));
        ready(found.ok_or(()).map(|lock| {
            let timeout = life(timeout);
            lock.timeout = Some(timeout);
            lock.timeout_at = Some(SystemTime::now() + timeout);
            lock.clone()
        }))
    }

    fn check(
        &'_ self,
        path: &DavPath,
        principal: Option<&str>,
        ignore_principal: bool,
        deep: bool,
        submitted_tokens: &[String],
    ) -> LsFuture<'_, Result<(), DavLock>> {
        let claim = Claim {
            principal: principal.filter(|_| !ignore_principal),
            tokens: submitted_tokens,
        };
        let all = self.all();
        ready(match claim.in_the_way(&all, trimmed(path), deep) {
            Some(lock) => Err(lock.clone()),
            None => Ok(()),
        })
    }

    fn discover(&'_ self, path: &DavPath) -> LsFuture<'_, Vec<DavLock>> {
        let all = self.all();
        let here = all.iter().filter(|lock| covers(lock, trimmed(path)));
        ready(here.cloned().collect())
    }

    fn delete(&'_ self, path: &DavPath) -> LsFuture<'_, Result<(), ()>> {
        let at = trimmed(path);
        self.all().retain(|lock| {
            let locked = trimmed(&lock.path);
            locked != at && !is_below(locked, at)
        });
        ready(Ok(()))
    }
}

/// A name that no other lock has, anywhere.
fn token() -> String {
    let mut random = [0; 16];
    // Without random bytes tokens could be guessed, but they are no secret: a lock is its key's.
    let _ = getrandom::fill(&mut random);
    random[6] = random[6] & 0x0f | 0x40;
    random[8] = random[8] & 0x3f | 0x80;
    let mut text = "urn:uuid:".to_owned();
    for (at, byte) in random.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> DavPath {
        DavPath::new(text).unwrap()
    }

    fn lock(locks: &Locks, at: &str, who: &str, shared: bool, deep: bool) -> Result<DavLock, DavLock> {
        pollster::block_on(locks.lock(&path(at), Some(who), None, None, shared, deep))
    }

    fn may(locks: &Locks, at: &str, who: &str, deep: bool, tokens: &[String]) -> bool {
        pollster::block_on(locks.check(&path(at), Some(who), false, deep, tokens)).is_ok()
    }

    #[test]
    fn a_lock_keeps_others_out() {
        let locks = Locks::default();
        let held = lock(&locks, "/d", "a", false, true).unwrap();
        assert!(lock(&locks, "/d/f", "b", false, false).is_err());
        assert!(lock(&locks, "/", "b", false, true).is_err());
        assert!(lock(&locks, "/dd", "b", false, false).is_ok());
        let token = [held.token.clone()];
        assert!(may(&locks, "/d/f", "a", false, &token));
        assert!(!may(&locks, "/d/f", "b", false, &token), "it is somebody else's");
        assert!(!may(&locks, "/d/f", "a", false, &[]));
        assert!(!may(&locks, "/", "a", true, &[]));
        assert!(may(&locks, "/", "a", false, &[]));
        pollster::block_on(locks.unlock(&path("/d/f"), &held.token)).unwrap();
        assert!(may(&locks, "/d/f", "b", false, &[]));
    }

    #[test]
    fn a_shared_lock_is_shared() {
        let locks = Locks::default();
        let one = lock(&locks, "/f", "a", true, false).unwrap();
        lock(&locks, "/f", "b", true, false).unwrap();
        assert!(lock(&locks, "/f", "c", false, false).is_err());
        assert!(may(&locks, "/f", "a", false, &[one.token]));
        assert!(!may(&locks, "/f", "c", false, &[]));
    }

    #[test]
    fn locks_end_and_are_bounded() {
        let locks = Locks::default();
        let brief = Some(Duration::ZERO);
        pollster::block_on(locks.lock(&path("/f"), None, None, brief, false, false)).unwrap();
        assert!(lock(&locks, "/f", "b", false, false).is_ok());
        for number in 1..LOCKS_MAX {
            lock(&locks, &format!("/n{number}"), "a", false, false).unwrap();
        }
        assert!(lock(&locks, "/more", "a", false, false).is_err());
        pollster::block_on(locks.delete(&path("/"))).unwrap();
        assert!(lock(&locks, "/more", "a", false, false).is_ok());
    }
}
