//! A server, replicas, users at all of them, and what goes wrong.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex};

use pollster::block_on;
use tarbox_store::*;
use tarbox_sync::{MEMORY, Options, Replica, Report};
use tarbox_test_engine::Server;

use crate::faulty::{Fate, Faulty};
use crate::site::Site;

const PATHS: [&str; 12] = [
    "a", "b", "c.txt", "d", "e", "d/a", "d/b", "d/e", "e/a", "e/d", "d/e/a", "e/d/b",
];

/// Numbers that a seed gives (SplitMix64).
#[derive(Debug, Clone)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// So many times of a thousand.
    fn happens(&mut self, per_mille: usize) -> bool {
        self.below(1000) < per_mille
    }
}

/// What all seeds together met, so that a test that tests nothing is noticed.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    rounds: u64,
    failed: u64,
    repeated: u64,
    conflicts: u64,
    crashes: u64,
    restored: u64,
    written: u64,
    gone: u64,
}

impl Totals {
    pub(crate) fn add(&mut self, other: &Self) {
        self.rounds += other.rounds;
        self.failed += other.failed;
        self.repeated += other.repeated;
        self.conflicts += other.conflicts;
        self.crashes += other.crashes;
        self.restored += other.restored;
        self.written += other.written;
        self.gone += other.gone;
    }

    pub(crate) fn check(&self) {
        let all = [
            self.rounds,
            self.failed,
            self.repeated,
            self.conflicts,
            self.crashes,
            self.restored,
            self.gone,
        ];
        assert!(all.iter().all(|n| *n > 10), "{self:?}");
        assert!(self.written > 2 * self.gone / 3, "{self:?}");
    }
}

/// How often what happens, of a thousand. Each seed has only some kinds of trouble, so that none hides another.
#[derive(Debug, Clone, Copy)]
struct Rates {
    user: usize,
    lost: usize,
    nested: usize,
    crash: usize,
    restore: usize,
}

struct World {
    random: Random,
    rates: Rates,
    server: Site,
    replicas: Vec<Site>,
    names: Vec<u64>,
    /// Contents that somebody wrote, and those that somebody replaced or removed who had seen them.
    written: BTreeSet<Vec<u8>>,
    gone: BTreeSet<Vec<u8>>,
    tokens: u64,
    backup: Option<Server>,
    totals: Totals,
    is_loud: bool,
    /// Whether there are files of which only what changed is copied.
    has_large: bool,
}

type Shared = Arc<Mutex<World>>;

impl World {
    fn new(seed: u64, is_loud: bool) -> Self {
        let mut random = Random(seed.wrapping_mul(0xD134_2543_DE82_EF95));
        let mut some = |most: usize| {
            if random.happens(500) {
                random.below(most)
            } else {
                0
            }
        };
        let rates = Rates {
            user: some(60),
            lost: some(30),
            nested: some(10),
            crash: some(300),
            restore: some(100),
        };
        let clock = Arc::new(AtomicI64::new(1_000_000_000_000));
        let count = 1 + random.below(4);
        Self {
            rates,
            server: Site::new(&clock),
            replicas: (0..count).map(|_| Site::new(&clock)).collect(),
            names: (0..count).map(|_| random.next()).collect(),
            random,
            written: BTreeSet::new(),
            gone: BTreeSet::new(),
            tokens: 0,
            backup: None,
            totals: Totals::default(),
            is_loud,
            has_large: seed % 5 == 3,
        }
    }

    fn say(&self, what: impl Fn() -> String) {
        if self.is_loud {
            println!("{}", what());
        }
    }

    fn any_site(&mut self) -> (usize, Site) {
        let at = self.random.below(self.replicas.len() + 1);
        let site = self.replicas.get(at).unwrap_or(&self.server);
        (at, site.clone())
    }

    /// Somebody does something somewhere.
    fn user(&mut self) {
        let (at, site) = self.any_site();
        let before = site.copies();
        let mut path = PATHS[self.random.below(PATHS.len())].to_owned();
        let there: Vec<String> = site.seen().into_keys().collect();
        // Mostly of what is there.
        if !there.is_empty() && self.random.happens(600) {
            path = there[self.random.below(there.len())]
                .trim_start_matches('/')
                .to_owned();
        }
        if self.has_large
            && let Some(large) = there
                .iter()
                .map(|path| &path[1..])
                .find(|path| site.is_large(path))
            && self.random.happens(400)
        {
            path = large.to_owned();
        }
        let path = &path[..];
        let other = PATHS[self.random.below(PATHS.len())];
        self.tokens += 1;
        let mut content = format!("the content {} of site {at}", self.tokens).into_bytes();
        if self.random.happens(if self.has_large { 500 } else { 100 }) {
            let len = 1 + self.random.below(300_000) + if self.has_large { 600_000 } else { 0 };
            content.resize(content.len() + len, b'.');
        }
        let mode = 0o600 + self.random.below(0o200) as u32;
        let (what, done) = match self.random.below(20) {
            0..=3 if self.has_large && site.is_large(path) => {
                let at = self.random.below(1_000_000) as u64;
                ("poke", site.poke(path, at, &content[..20]))
            }
            0..=4 => ("write", site.write(path, &content)),
            5 | 6 => ("save", site.save(path, &content)),
            7..=9 => ("mkdir", site.mkdir(path)),
            10..=12 => ("rename", site.rename(path, other)),
            13..=15 => ("remove", site.remove(path)),
            16 => ("chmod", site.chmod(path, mode)),
            17 => ("xattr", site.set_xattr(path, &content[..20])),
            18 => ("link", site.link(path, other)),
            _ => ("symlink", site.symlink(path, &content[..10])),
        };
        if self.random.happens(300) {
            block_on(site.store.sync()).unwrap();
        }
        let after = site.copies();
        if done.is_some() {
            self.say(|| format!("  {at}: {what} {path} {other} ({})", self.tokens));
        }
        // A file with the same content as another is another that somebody may replace.
        let fewer =
            |(content, count): &(&Vec<u8>, &usize)| after.get(*content).is_none_or(|now| now < *count);
        self.gone
            .extend(before.iter().filter(fewer).map(|(content, _)| content.clone()));
        self.written
            .extend(after.into_keys().filter(|content| !before.contains_key(content)));
    }

    /// What is nowhere any more because a machine lost it is nobody's fault.
    fn lose(&mut self, before: BTreeSet<Vec<u8>>) {
        let mut kept = self.server.contents();
        for replica in &self.replicas {
            kept.extend(replica.contents());
        }
        for content in before {
            if !kept.contains(&content) {
                self.written.remove(&content);
            }
        }
    }

    fn crash(&mut self) {
        let (at, site) = self.any_site();
        let before = site.contents();
        let kept = self.random.below(site.at_risk() + 1);
        self.say(|| format!("  {at}: crash, {kept} commits are kept"));
        match self.replicas.get_mut(at) {
            Some(replica) => replica.crash(kept),
            None => self.server.crash(kept),
        }
        self.totals.crashes += 1;
        self.lose(before);
    }

    fn restore(&mut self) {
        match self.backup.take() {
            None => self.backup = Some(self.server.backup()),
            Some(backup) => {
                self.say(|| "  the server is restored from a backup".into());
                let before = self.server.contents();
                self.server.restore(&backup);
                self.lose(before);
            }
        }
    }

    /// What happens at one call of a round.
    fn happen(&mut self) -> (Fate, bool) {
        if self.random.happens(self.rates.user) {
            self.user();
        }
        let is_nested = self.random.happens(self.rates.nested);
        let fate = match self.random.happens(self.rates.lost) {
            false => Fate::Passes,
            true if self.random.happens(500) => Fate::IsLost,
            true => Fate::AnswerIsLost,
        };
        (fate, is_nested)
    }
}

/// One round of a replica, in which things happen, or nothing but the round.
fn round(world: &Shared, at: usize, is_calm: bool) -> Result<Report> {
    let (local, remote, name) = {
        let world = world.lock().unwrap();
        (
            world.replicas[at].store.clone(),
            world.server.store.clone(),
            world.names[at],
        )
    };
    let decide = {
        let world = world.clone();
        Arc::new(move || {
            if is_calm {
                return Fate::Passes;
            }
            let (fate, is_nested) = world.lock().unwrap().happen();
            if is_nested {
                let other = {
                    let mut world = world.lock().unwrap();
                    let count = world.replicas.len();
                    world.random.below(count)
                };
                if other != at {
                    let _ = round(&world, other, true);
                }
            }
            fate
        })
    };
    let options = Options {
        actor: Actor {
            uid: 0,
            gid: 0,
            agent: "sync".into(),
        },
        random: name,
        now: || Timestamp(0),
        memory: [0, 40, MEMORY][(name % 3) as usize],
    };
    let local = Faulty::new(local, decide.clone());
    let remote = Faulty::new(remote, decide);
    let done = block_on(async {
        let mut replica = Replica::open(local, remote, &options).await?;
        replica.round(&|_| ()).await
    });
    let mut world = world.lock().unwrap();
    world.totals.rounds += 1;
    match &done {
        Ok(report) => {
            world.totals.repeated += report.repeated;
            world.totals.conflicts += report.conflicts.len() as u64;
            world.totals.restored += u64::from(report.restored);
            world.say(|| format!("{at}: round: {report:?}"));
        }
        Err(e) => {
            world.totals.failed += 1;
            world.say(|| format!("{at}: round failed: {e:?}"));
        }
    }
    done
}

/// Says which seed it was if anything fails.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("this was TARBOX_SYNC_SEED={}", self.0);
        }
    }
}

pub(crate) fn run(seed: u64, is_loud: bool) -> Totals {
    let _seed = Seed(seed);
    let world: Shared = Arc::new(Mutex::new(World::new(seed, is_loud)));
    let (turns, count) = {
        let mut world = world.lock().unwrap();
        (5 + world.random.below(25), world.replicas.len())
    };
    for _ in 0..turns {
        let next = {
            let mut world = world.lock().unwrap();
            let (crash, restore) = (world.rates.crash, world.rates.restore);
            if world.random.happens(crash) {
                world.crash();
            }
            if world.random.happens(restore) {
                world.restore();
            }
            match world.random.below(3) {
                0 => Some(world.random.below(count)),
                _ => {
                    for _ in 0..=world.random.below(5) {
                        world.user();
                    }
                    None
                }
            }
        };
        if let Some(at) = next {
            let _ = round(&world, at, false);
        }
    }
    meet(&world, count);
    let mut world = world.lock().unwrap();
    world.totals.written = world.written.len() as u64;
    world.totals.gone = world.gone.len() as u64;
    std::mem::take(&mut world.totals)
}

/// Everybody meets, without trouble; then all has to be as it should.
fn meet(world: &Shared, count: usize) {
    world.lock().unwrap().say(|| "all meet".into());
    for _ in 0..2 {
        for at in 0..count {
            round(world, at, true).unwrap();
        }
    }
    let world_now = world.lock().unwrap();
    let seen = world_now.server.seen();
    for (at, replica) in world_now.replicas.iter().enumerate() {
        assert_eq!(replica.seen(), seen, "replica {at} is not in step");
        replica.check();
    }
    world_now.server.check();
    let kept = world_now.server.contents();
    for content in world_now.written.difference(&world_now.gone) {
        let text = String::from_utf8_lossy(&content[..content.len().min(40)]);
        assert!(kept.contains(content), "lost: {text}");
    }
    assert!(
        !seen.keys().any(|path| path.contains("parked")),
        "{:?}",
        seen.keys()
    );
    drop(world_now);
    for at in 0..count {
        let report = round(world, at, true).unwrap();
        assert_eq!(
            (report.pulled, report.pushed, report.bytes_pulled),
            (0, 0, 0),
            "nothing is left to do"
        );
    }
}
