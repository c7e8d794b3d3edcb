//! `poll_oneoff`, clocks and random numbers.

use std::time::Duration;

use tarbox_wasi::p1::{self, Errno, Failure, Input};

use crate::guest::{CREAT, Guest, ROOT, builder};

fn clock(userdata: u64, clock: u32, timeout: u64, flags: u16) -> [u8; 48] {
    let mut raw = [0; 48];
    raw[..8].copy_from_slice(&userdata.to_le_bytes());
    raw[16..20].copy_from_slice(&clock.to_le_bytes());
    raw[24..32].copy_from_slice(&timeout.to_le_bytes());
    raw[40..42].copy_from_slice(&flags.to_le_bytes());
    raw
}

fn fd(userdata: u64, kind: u8, fd: u32) -> [u8; 48] {
    let mut raw = [0; 48];
    raw[..8].copy_from_slice(&userdata.to_le_bytes());
    raw[8] = kind;
    raw[16..20].copy_from_slice(&fd.to_le_bytes());
    raw
}

/// User data, error, type and bytes of each event.
fn poll(guest: &mut Guest, subscriptions: &[[u8; 48]]) -> Result<Vec<(u64, u16, u8, u64)>, Failure> {
    let (subs, _) = guest.put(subscriptions.concat());
    let (events, _) = guest.put(vec![0; 32 * subscriptions.len()]);
    guest.raw(|c, m| c.poll_oneoff(m, subs, events, subscriptions.len() as u32, 8))?;
    let event = |i| {
        let at = events + 32 * i;
        let error = guest.u32_at(at + 8);
        (
            guest.u64_at(at),
            error as u16,
            (error >> 16) as u8,
            guest.u64_at(at + 16),
        )
    };
    Ok((0..guest.u32_at(8)).map(event).collect())
}

#[test]
fn time_passes_to_the_earliest() {
    let mut guest = Guest::new();
    let events = poll(
        &mut guest,
        &[clock(1, 1, 500, 0), clock(2, 1, 200, 0), clock(3, 0, 200, 0)],
    );
    assert_eq!(events, Ok(vec![(2, 0, 0, 0), (3, 0, 0, 0)]));
    guest.call(|c, m| c.clock_time_get(m, 1, 0, 16)).unwrap();
    assert_eq!(guest.u64_at(16), 200);
    assert_eq!(
        poll(&mut guest, &[clock(4, 1, 150, 1)]),
        Ok(vec![(4, 0, 0, 0)]),
        "a moment that has passed"
    );
    assert_eq!(poll(&mut guest, &[clock(5, 1, 300, 1)]), Ok(vec![(5, 0, 0, 0)]));
    guest.call(|c, m| c.clock_time_get(m, 1, 0, 16)).unwrap();
    assert_eq!(guest.u64_at(16), 300);
}

#[test]
fn files_are_always_ready_and_tell_how_much() {
    let mut guest = Guest::new();
    guest.file("f", b"12345");
    let file = guest.open("f", CREAT, true).unwrap();
    guest.seek(file, 2, 0).unwrap();
    let events = poll(
        &mut guest,
        &[clock(1, 1, 9, 0), fd(2, 1, file), fd(3, 2, file), fd(4, 2, 1)],
    );
    assert_eq!(events, Ok(vec![(2, 0, 1, 3), (3, 0, 2, 1), (4, 0, 2, 1)]));
}

#[test]
fn what_is_wrong_is_told_in_the_event() {
    let mut guest = Guest::new();
    let badf = Errno::Badf as u16;
    let events = poll(
        &mut guest,
        &[
            fd(1, 1, 99),
            fd(2, 1, ROOT),
            fd(3, 2, 0),
            clock(4, 2, 0, 0),
            clock(5, 9, 0, 0),
        ],
    );
    let inval = Errno::Inval as u16;
    assert_eq!(
        events,
        Ok(vec![
            (1, badf, 1, 0),
            (2, badf, 1, 0),
            (3, badf, 2, 0),
            (4, badf, 0, 0),
            (5, inval, 0, 0)
        ])
    );
    assert_eq!(poll(&mut guest, &[]), Err(Failure::Errno(Errno::Inval)));
    assert_eq!(
        poll(&mut guest, &[fd(1, 3, 0)]),
        Err(Failure::Errno(Errno::Inval))
    );
}

/// Input that comes after some waiting.
struct Later(u32);

impl Input for Later {
    fn read(&mut self, buffer: &mut [u8]) -> p1::Result<usize> {
        buffer[0] = b'!';
        Ok(1)
    }

    fn wait(&mut self, timeout: Option<Duration>) -> p1::Result<bool> {
        if timeout != Some(Duration::ZERO) {
            self.0 = self.0.saturating_sub(1);
        }
        Ok(self.0 == 0)
    }
}

#[test]
fn input_is_waited_for() {
    let mut guest = Guest::of(builder().stdin(Later(1)));
    assert_eq!(poll(&mut guest, &[fd(7, 1, 0)]), Ok(vec![(7, 0, 1, 1)]));
    let mut guest = Guest::of(builder().stdin(Later(2)));
    let events = poll(&mut guest, &[fd(7, 1, 0), clock(8, 1, 100, 0)]);
    assert_eq!(events, Ok(vec![(8, 0, 0, 0)]), "the time came first");
    guest.call(|c, m| c.fd_fdstat_set_flags(m, 0, 4)).unwrap();
    assert_eq!(guest.read(0, 1), Err(Errno::Again));
    guest.call(|c, m| c.fd_fdstat_set_flags(m, 0, 0)).unwrap();
    assert_eq!(guest.read(0, 1), Ok(b"!".to_vec()));
}

#[test]
fn an_embedder_can_interrupt_a_wait() {
    let mut guest = Guest::of(builder().stdin(Later(9)));
    let rights = guest.call(|c, m| c.fd_fdstat_set_rights(m, 0, 2, 0));
    assert_eq!(rights, Ok(()));
    assert_eq!(
        poll(&mut guest, &[fd(7, 1, 0)]),
        Ok(vec![(7, Errno::Notcapable as u16, 1, 0)])
    );
    assert_eq!(
        poll(&mut guest, &[clock(1, 1, u64::MAX, 0)]).map(|events| events.len()),
        Ok(1)
    );
}

#[test]
fn clocks_and_random_numbers() {
    let mut guest = Guest::new();
    assert_eq!(guest.call(|c, m| c.clock_res_get(m, 0, 16)), Ok(()));
    assert_eq!(guest.u64_at(16), 1);
    assert_eq!(guest.call(|c, m| c.clock_time_get(m, 2, 0, 16)), Err(Errno::Badf));
    assert_eq!(
        guest.call(|c, m| c.clock_time_get(m, 4, 0, 16)),
        Err(Errno::Inval)
    );
    guest.call(|c, m| c.random_get(m, 4096, 1000)).unwrap();
    assert_eq!(&guest.memory[4095..4098], [0, 7, 7]);
    assert_eq!(guest.memory[5095..5097], [7, 0]);
}
