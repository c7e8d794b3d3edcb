//! Waiting for time to pass and for input.

use std::time::Duration;

use super::table::Object;
use super::{Clock, Context, Errno, Failure, Memory, Result, Rights};

/// Sizes of a subscription and an event in guest memory.
const SUBSCRIPTION: u32 = 48;
const EVENT: u32 = 32;
/// `eventtype`.
const CLOCK: u8 = 0;
const FD_READ: u8 = 1;
const FD_WRITE: u8 = 2;
/// `subclockflags`: the timeout is a moment, not a duration.
const ABSOLUTE: u16 = 1;
/// `eventrwflags`: nothing more will come.
const HANGUP: u16 = 1;

/// What the guest waits for.
#[derive(Debug, Clone, Copy)]
struct Subscription {
    userdata: u64,
    kind: u8,
    wish: Wish,
}

#[derive(Debug, Clone, Copy)]
enum Wish {
    /// This much time from now.
    Time(Duration),
    Read(u32),
    Write(u32),
    /// It asks for what does not exist, and is told at once.
    Wrong(Errno),
}

/// Whether what is waited for came to be.
enum State {
    Waiting,
    Ready { bytes: u64, flags: u16 },
    Failed(Errno),
}

impl Context {
    /// Waits until at least one of the subscriptions is fulfilled, and tells which are.
    ///
    /// # Errors
    /// `EINVAL` without any subscription. What is wrong with one of them is told in its event.
    pub fn poll_oneoff(
        &mut self,
        memory: &mut Memory<'_>,
        subscriptions: u32,
        events: u32,
        count: u32,
        happened: u32,
    ) -> Result {
        if count == 0 {
            return Err(Errno::Inval.into());
        }
        memory.bytes(subscriptions, count.saturating_mul(SUBSCRIPTION))?;
        memory.bytes(events, count.saturating_mul(EVENT))?;
        let wishes: Vec<_> = (0..count)
            .map(|index| self.subscription(memory, subscriptions + index * SUBSCRIPTION))
            .collect::<Result<_>>()?;
        let mut written = self.collect(memory, &wishes, events, Duration::ZERO)?;
        if written == 0 {
            let shortest = wishes.iter().filter_map(Subscription::time).min();
            self.wait(&wishes, shortest)?;
            written = self.collect(memory, &wishes, events, shortest.unwrap_or(Duration::MAX))?;
        }
        memory.write_u32(happened, written)
    }

    fn subscription(&mut self, memory: &Memory<'_>, address: u32) -> Result<Subscription> {
        let raw: [u8; SUBSCRIPTION as usize] = memory.read(address, 8)?;
        let number = |at: usize| u64::from_le_bytes(raw[at..at + 8].try_into().expect("eight bytes"));
        let kind = raw[8];
        let descriptor = number(16) as u32;
        let wish = match kind {
            CLOCK => match self.time_left(number(16) as u32, number(24), number(40) as u16) {
                Ok(time) => Wish::Time(time),
                Err(Failure::Errno(errno)) => Wish::Wrong(errno),
                Err(failure) => return Err(failure),
            },
            FD_READ => Wish::Read(descriptor),
            FD_WRITE => Wish::Write(descriptor),
            _ => return Err(Errno::Inval.into()),
        };
        Ok(Subscription {
            userdata: number(0),
            kind,
            wish,
        })
    }

    fn time_left(&mut self, clock: u32, timeout: u64, flags: u16) -> Result<Duration> {
        let clock = Clock::decode(clock)?;
        if flags & !ABSOLUTE != 0 {
            return Err(Errno::Inval.into());
        }
        let nanos = match flags {
            ABSOLUTE => timeout.saturating_sub(self.system.now(clock)),
            _ => timeout,
        };
        Ok(Duration::from_nanos(nanos))
    }

    /// Writes an event for each subscription that is fulfilled once `passed` is over.
    fn collect(
        &mut self,
        memory: &mut Memory<'_>,
        wishes: &[Subscription],
        events: u32,
        passed: Duration,
    ) -> Result<u32> {
        let mut written = 0;
        for subscription in wishes {
            let (errno, bytes, flags) = match self.state(subscription.wish, passed)? {
                State::Waiting => continue,
                State::Ready { bytes, flags } => (0, bytes, flags),
                State::Failed(errno) => (errno as u16, 0, 0),
            };
            let mut raw = [0; EVENT as usize];
            raw[..8].copy_from_slice(&subscription.userdata.to_le_bytes());
            raw[8..10].copy_from_slice(&errno.to_le_bytes());
            raw[10] = subscription.kind;
            raw[16..24].copy_from_slice(&bytes.to_le_bytes());
            raw[24..26].copy_from_slice(&flags.to_le_bytes());
            memory.write(events + written * EVENT, 8, raw)?;
            written += 1;
        }
        Ok(written)
    }

    fn state(&mut self, wish: Wish, passed: Duration) -> Result<State> {
        let ready = |bytes| Ok(State::Ready { bytes, flags: 0 });
        let fd = match wish {
            Wish::Time(time) if time <= passed => return ready(0),
            Wish::Time(_) => return Ok(State::Waiting),
            Wish::Wrong(errno) => return Ok(State::Failed(errno)),
            Wish::Read(fd) | Wish::Write(fd) => fd,
        };
        let Ok(descriptor) = self.table.get_mut(fd) else {
            return Ok(State::Failed(Errno::Badf));
        };
        if descriptor.require(Rights::POLL_FD_READWRITE).is_err()
            && !matches!(descriptor.object, Object::Dir { .. })
        {
            return Ok(State::Failed(Errno::Notcapable));
        }
        match (&mut descriptor.object, wish) {
            (Object::Input(input), Wish::Read(_)) => match input.wait(Some(Duration::ZERO))? {
                true => ready(1),
                false => Ok(State::Waiting),
            },
            (Object::File { file, position }, Wish::Read(_)) => {
                let bytes = file.stat().map_or(0, |attr| attr.size.saturating_sub(*position));
                let flags = if bytes == 0 { HANGUP } else { 0 };
                Ok(State::Ready { bytes, flags })
            }
            (Object::File { .. } | Object::Output(_), Wish::Write(_)) => ready(1),
            _ => Ok(State::Failed(Errno::Badf)),
        }
    }

    /// Waits for the input if that is asked for, and for time in any case.
    fn wait(&mut self, wishes: &[Subscription], shortest: Option<Duration>) -> Result {
        for subscription in wishes {
            if let Wish::Read(fd) = subscription.wish
                && let Object::Input(input) = &mut self.table.get_mut(fd)?.object
            {
                input.wait(shortest)?;
                return Ok(());
            }
        }
        self.system.sleep(shortest.unwrap_or(Duration::MAX))
    }
}

impl Subscription {
    fn time(&self) -> Option<Duration> {
        match self.wish {
            Wish::Time(time) => Some(time),
            _ => None,
        }
    }
}
