//! One history.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tarbox_store::conformance::bytes;
use tarbox_store::*;
use tarbox_store_core::Settings;
use tarbox_test_engine::{MemoryDatabase, MemoryEngine, MemoryStore, Server, Sight, pause};

use crate::executor::{Executor, Step};
use crate::faults::{Faults, Random, Rates};
use crate::history::{Change, entry};
use crate::world::{Told, World, is_of_the_device};

/// Steps after which a history that does not end is stuck.
const STEPS_MAX: u64 = 400_000;
/// Steps with faults.
const STEPS: u64 = 3_000;
/// What a client asks for.
const REQUESTS: u64 = 16;

type Shared = Rc<RefCell<World>>;

/// What all parts of a history use.
#[derive(Clone)]
struct Scene {
    world: Shared,
    faults: Arc<Faults>,
    clock: Arc<AtomicI64>,
    sight: Sight,
    cache_bytes: u64,
}

/// Runs the history of a seed, and answers all of it.
///
/// # Panics
/// If anything happens that must not.
pub(crate) fn run(seed: u64) -> String {
    let mut random = Random::new(seed);
    let rates = Rates::draw(&mut random);
    let faults = Arc::new(Faults::new(Random::new(random.next()), rates));
    let server = Server::new();
    let sight = match random.below(2) {
        0 => Sight::All,
        _ => Sight::Looked,
    };
    let clock = Arc::new(AtomicI64::new(1));
    let calm = Arc::new(Faults::new(Random::new(0), rates));
    calm.end();
    let first = open(&server, sight, &calm, &clock, 1 << 20);
    pollster::block_on(first.create_tenant("t", Quota::default())).unwrap();
    drop(first);
    let tenant = server.tenants()[0];
    let scene = Scene {
        world: Rc::new(RefCell::new(World::new(
            server,
            tenant,
            Timestamp(1),
            sight == Sight::All,
        ))),
        faults: faults.clone(),
        clock,
        sight,
        cache_bytes: [1 << 20, 8 << 10][random.below(2) as usize],
    };
    let mut executor = Executor::default();
    let count = 1 + random.below(3);
    for _ in 0..count {
        begin(&scene, &mut executor, &mut random);
    }
    let mut steps = 0;
    loop {
        steps += 1;
        assert!(steps < STEPS_MAX, "the history does not end");
        scene.clock.fetch_add(1_000, Ordering::Relaxed);
        match steps {
            STEPS => faults.end(),
            ..STEPS => disturb(&scene, &mut executor, &mut random, rates),
            _ => {}
        }
        match executor.step(&mut random, |process| faults.is_paused(process)) {
            Step::Done => scene.world.borrow_mut().look(),
            Step::Paused => {
                let all: Vec<u32> = scene.world.borrow().processes.keys().copied().collect();
                let one = all[random.below(all.len() as u64) as usize];
                faults.go_on(one);
            }
            Step::Over => break,
        }
    }
    faults.end();
    finish(&scene, &mut random);
    scene.world.borrow().digest()
}

fn open(
    server: &Server,
    sight: Sight,
    faults: &Arc<Faults>,
    clock: &Arc<AtomicI64>,
    cache_bytes: u64,
) -> MemoryDatabase {
    let clock = clock.clone();
    let settings = Settings {
        cache_bytes,
        listing_max: 1_000,
        clock: Arc::new(move || Timestamp(clock.load(Ordering::Relaxed))),
        background: false,
    };
    let engine = MemoryEngine::with(server, sight, faults.clone());
    MemoryDatabase::new(engine, &settings).unwrap()
}

/// Begins a process with its clients.
fn begin(scene: &Scene, executor: &mut Executor, random: &mut Random) {
    let server = scene.world.borrow().server.clone();
    let database = open(
        &server,
        scene.sight,
        &scene.faults,
        &scene.clock,
        scene.cache_bytes,
    );
    let process = database.core().engine().process();
    scene.world.borrow_mut().begin(process, database.clone());
    let clients = 1 + random.below(2);
    let left = Rc::new(RefCell::new(clients));
    for _ in 0..clients {
        let client = Client {
            scene: scene.clone(),
            process,
            random: Random::new(random.next()),
            told: Told::default(),
            layers: 0,
        };
        let (database, left) = (database.clone(), left.clone());
        executor.spawn(process, async move {
            client.work(&database).await;
            *left.borrow_mut() -= 1;
        });
    }
    // What elsewhere a thread does: nothing stays uncommitted for long.
    let mut own = Random::new(random.next());
    let tenant = scene.world.borrow().tenant;
    executor.spawn(process, async move {
        let store = database.core().open(tenant);
        loop {
            let is_left = *left.borrow() == 0;
            pause(5 + own.below(60) as u32).await;
            let _again_later = database.core().commit().await;
            // What is gone with the last of its users is committed, too, before anybody else gets the lease.
            let pending = store.performance().await.map_or(0, |now| now.pending);
            if is_left && pending == 0 {
                break;
            }
        }
    });
}

/// Something may happen to a process or to the server.
fn disturb(scene: &Scene, executor: &mut Executor, random: &mut Random, rates: Rates) {
    let all: Vec<u32> = scene.world.borrow().processes.keys().copied().collect();
    let Some(one) = all.get(random.below(all.len().max(1) as u64) as usize).copied() else {
        return;
    };
    if random.happens(rates.pause) {
        scene.faults.pause(one);
    }
    if random.happens(30) {
        scene.faults.go_on(one);
    }
    if random.happens(rates.kill) {
        scene.faults.go_on(one);
        // It is dead before anything of it goes, so that nothing is done at its end.
        scene.world.borrow_mut().server.kill(one);
        executor.kill(one);
        scene.world.borrow_mut().end(one);
        begin(scene, executor, random);
    }
    if random.happens(rates.crash) {
        let mut world = scene.world.borrow_mut();
        let at_risk = world.server.at_risk() as u64;
        world.crash(random.below(at_risk + 1) as usize);
    }
}

/// Everybody syncs and lets go, and then everything is as it has to be.
fn finish(scene: &Scene, random: &mut Random) {
    let all: Vec<u32> = scene.world.borrow().processes.keys().copied().collect();
    let mut executor = Executor::default();
    for process in all.iter().copied() {
        let (database, held) = {
            let world = scene.world.borrow();
            let known = &world.processes[&process];
            (known.database.clone(), known.holds.clone())
        };
        executor.spawn(process, async move {
            // Whoever was to be told of a loss was told, or is now.
            let _told = database.core().sync().await;
            let store = database.open_tenant("t").await.unwrap();
            store.sync().await.unwrap();
            for (ino, count) in held {
                for _ in 0..count {
                    store.release(ino).await.unwrap();
                }
            }
            store.sync().await.unwrap();
        });
    }
    while executor.step(random, |_| false) == Step::Done {
        scene.world.borrow_mut().look();
    }
    for process in all {
        scene.world.borrow_mut().end(process);
    }
    let mut world = scene.world.borrow_mut();
    world.look();
    world.check_durable();
    let last = open(&world.server, scene.sight, &scene.faults, &scene.clock, 1 << 20);
    let store: MemoryStore = pollster::block_on(last.open_tenant("t")).unwrap();
    pollster::block_on(store.gc()).unwrap();
    let report = pollster::block_on(last.fsck(false, &|_, _| {})).unwrap();
    assert!(report.problems.is_empty(), "{:#?}", report.problems);
    let latest = world.latest();
    assert_eq!(
        pollster::block_on(tree(&store, View::Current)).unwrap(),
        latest.files.tree(),
        "the head"
    );
    for (layer, files) in latest.layers.iter() {
        let seen = pollster::block_on(tree(&store, View::Layer(*layer))).unwrap();
        assert_eq!(seen, files.tree(), "layer {layer}");
    }
    let named = latest
        .files
        .inodes
        .values()
        .filter(|inode| inode.nlink > 0)
        .count();
    let usage = pollster::block_on(store.tenant()).unwrap().usage;
    assert_eq!(
        usage.inodes, named as u64,
        "what has no name and no holder is gone"
    );
}

/// Somebody who works with a tenant's files.
struct Client {
    scene: Scene,
    process: u32,
    random: Random,
    /// When it was last told that changes are lost.
    told: Told,
    layers: u64,
}

impl Client {
    async fn work(mut self, database: &MemoryDatabase) {
        let mut store = None;
        for _ in 0..100 {
            match database.open_tenant("t").await {
                Ok(opened) => {
                    store = Some(opened);
                    break;
                }
                Err(error) => assert!(is_of_the_device(&error), "{error}"),
            }
        }
        let Some(store) = store else { return };
        self.told = {
            let mut world = self.scene.world.borrow_mut();
            // What was lost before the handle was there is told to others.
            world.look();
            Told {
                moment: world.moment(),
                answered: 0,
            }
        };
        for _ in 0..REQUESTS {
            match self.random.below(20) {
                0..10 => self.change(&store).await,
                10..14 => self.read(&store).await,
                14 | 15 => self.commit(&store, true).await,
                16 => self.commit(&store, false).await,
                17 => self.hold(&store).await,
                18 => self.release(&store).await,
                _ => self.look_back(&store).await,
            }
            let rest = self.random.below(4) as u32;
            pause(rest).await;
        }
        self.commit(&store, true).await;
    }

    fn start(&self) -> crate::world::Start {
        self.scene.world.borrow_mut().start(self.process)
    }

    fn name(&mut self) -> Vec<u8> {
        vec![b'a' + self.random.below(5) as u8]
    }

    /// Any inode there is.
    fn ino(&mut self) -> Ino {
        let world = self.scene.world.borrow();
        let all: Vec<Ino> = world.latest().files.inodes.keys().copied().collect();
        match self.random.below(12) {
            // One that somebody is about to make, perhaps.
            0 => Ino(all.len() as u64 + 2),
            _ => all[self.random.below(all.len() as u64) as usize],
        }
    }

    /// Mostly a directory.
    fn dir(&mut self) -> Ino {
        let world = self.scene.world.borrow();
        let inodes = world.latest().files.inodes.iter();
        let dirs: Vec<Ino> = inodes
            .filter(|(_, inode)| inode.kind == FileKind::Directory)
            .map(|(ino, _)| *ino)
            .collect();
        match self.random.below(2) {
            0 => Ino::ROOT,
            _ => dirs[self.random.below(dirs.len() as u64) as usize],
        }
    }

    async fn change(&mut self, store: &MemoryStore) {
        let change = match self.random.below(16) {
            0..4 => Change::Create(self.dir(), self.name(), FileKind::File),
            4 => Change::Create(self.dir(), self.name(), FileKind::Directory),
            5 => Change::Link(self.ino(), self.dir(), self.name()),
            6 | 7 => Change::Unlink(self.dir(), self.name(), self.random.below(4) == 0),
            8 | 9 => match ((self.dir(), self.name()), (self.dir(), self.name())) {
                (from, to) if from != to => Change::Rename(from, to),
                (_, (dir, name)) => Change::Unlink(dir, name, false),
            },
            10..13 => {
                let at = (self.random.below(2) == 0).then(|| self.random.below(3_000));
                let len = [10, 700, 3_000][self.random.below(3) as usize];
                // Few seeds, so that blocks are shared.
                Change::Write(self.ino(), at, bytes(self.random.below(3), len))
            }
            13 => Change::Mode(self.ino(), self.random.below(0o1000) as u32),
            14 => Change::SetXattr(self.ino(), self.name(), bytes(1, 20)),
            _ => match self.random.below(3) {
                0 => {
                    self.layers += 1;
                    Change::Checkpoint(format!("{}.{:x}", self.layers, self.random.next()))
                }
                _ => Change::RemoveXattr(self.ino(), self.name()),
            },
        };
        let start = self.start();
        let id = self.scene.world.borrow_mut().ask(self.process, change.clone());
        let by = Actor {
            uid: 0,
            gid: 0,
            agent: id.to_string().into(),
        };
        let result = change.ask(store, &by).await;
        let now = Timestamp(self.scene.clock.load(Ordering::Relaxed));
        self.scene.world.borrow_mut().answer(&start, id, &result, now);
    }

    async fn read(&mut self, store: &MemoryStore) {
        let start = self.start();
        match self.random.below(3) {
            0 => {
                let (dir, name) = (self.dir(), self.name());
                let found = store.lookup(View::Current, dir, &name).await.map(|attr| attr.ino);
                self.saw(&start, &format!("lookup of {name:?} in {dir}"), found, |files| {
                    Some(entry(files, dir, &name))
                });
            }
            1 => {
                let ino = self.ino();
                let found = store.attr(View::Current, ino).await;
                let found = found.map(|attr| (attr.nlink, attr.size));
                self.saw_inode(&start, &format!("attributes of {ino}"), ino, found, |files| {
                    let inode = files.inodes.get(&ino).ok_or(ErrorKind::NotFound)?;
                    let size = match inode.kind {
                        FileKind::Directory => 32 * inode.entries.len(),
                        _ => inode.data.len(),
                    };
                    Ok((inode.nlink, size as u64))
                });
            }
            _ => {
                let ino = self.ino();
                let mut buffer = vec![0; 8_000];
                let read = store
                    .read(View::Current, ino, 0, &mut buffer, Access::Quiet)
                    .await;
                let read = read.map(|len| buffer[..len].to_vec());
                self.saw_inode(&start, &format!("content of {ino}"), ino, read, |files| {
                    let inode = files.file(ino)?;
                    Ok(inode.data[..inode.data.len().min(8_000)].to_vec())
                });
            }
        }
    }

    /// Checks what a client saw of an inode, which may be gone if it has no name, unless it is held.
    fn saw_inode<T: PartialEq + std::fmt::Debug>(
        &self,
        start: &crate::world::Start,
        what: &str,
        ino: Ino,
        found: Result<T>,
        expected: impl Fn(&crate::reference::Files) -> std::result::Result<T, ErrorKind>,
    ) {
        let is_held = self.scene.world.borrow().processes[&self.process]
            .holds
            .contains_key(&ino);
        let is_gone = matches!(&found, Err(error) if error.kind() == ErrorKind::NotFound);
        self.saw(start, what, found, |files| {
            let is_nameless = files.inodes.get(&ino).is_some_and(|inode| inode.nlink == 0);
            match is_gone && is_nameless && !is_held {
                true => None,
                false => Some(expected(files)),
            }
        });
    }

    /// Checks what a client saw; `None` is a state that explains anything.
    fn saw<T: PartialEq + std::fmt::Debug>(
        &self,
        start: &crate::world::Start,
        what: &str,
        found: Result<T>,
        expected: impl Fn(&crate::reference::Files) -> Option<std::result::Result<T, ErrorKind>>,
    ) {
        let found = match found {
            Ok(found) => Ok(found),
            Err(error) if is_of_the_device(&error) => return,
            Err(error) => Err(error.kind()),
        };
        let is_fresh = matches!(found, Err(ErrorKind::NotFound));
        let what = format!("{what}: {:?}", found.as_ref().map(|_| "found"));
        let mut world = self.scene.world.borrow_mut();
        crate::tell!("{}: {} sees {what}", world.moment(), self.process);
        world.explain(start, is_fresh, &what, |state| {
            expected(&state.files).is_none_or(|expected| expected == found)
        });
    }

    async fn commit(&mut self, store: &MemoryStore, is_durable: bool) {
        let start = self.start();
        let result = match is_durable {
            true => store.sync().await,
            false => store.flush().await,
        };
        let mut world = self.scene.world.borrow_mut();
        crate::tell!(
            "{}: {} commits (durably: {is_durable}): {result:?}",
            world.moment(),
            self.process
        );
        match result {
            Ok(()) => world.committed(&start, self.told, is_durable),
            Err(error) => {
                assert!(is_of_the_device(&error), "{error}");
                world.look();
                if error.to_string().contains("are lost") {
                    self.told = Told {
                        moment: world.moment(),
                        answered: world.answered(self.process),
                    };
                }
            }
        }
    }

    async fn hold(&mut self, store: &MemoryStore) {
        let (start, ino) = (self.start(), self.ino());
        let held = store.hold(ino).await;
        if held.is_ok() {
            let mut world = self.scene.world.borrow_mut();
            let process = world.processes.get_mut(&self.process).unwrap();
            *process.holds.entry(ino).or_default() += 1;
        }
        self.saw(&start, &format!("hold of {ino}"), held, |files| {
            match files.inodes.get(&ino).map(|inode| inode.nlink) {
                None => Some(Err(ErrorKind::NotFound)),
                Some(0) => None,
                Some(_) => Some(Ok(())),
            }
        });
    }

    async fn release(&mut self, store: &MemoryStore) {
        let ino = {
            let mut world = self.scene.world.borrow_mut();
            let holds = &mut world.processes.get_mut(&self.process).unwrap().holds;
            let Some(ino) = holds.keys().next().copied() else {
                return;
            };
            match holds.get_mut(&ino) {
                Some(count) if *count > 1 => *count -= 1,
                _ => drop(holds.remove(&ino)),
            }
            ino
        };
        if let Err(error) = store.release(ino).await {
            assert!(
                is_of_the_device(&error) || error.kind() == ErrorKind::NotFound,
                "{error}"
            );
        }
    }

    /// Reads what never changes: a sealed layer.
    async fn look_back(&mut self, store: &MemoryStore) {
        let layers: Vec<LayerId> = self
            .scene
            .world
            .borrow()
            .latest()
            .layers
            .keys()
            .copied()
            .collect();
        if layers.is_empty() {
            return;
        }
        let layer = layers[self.random.below(layers.len() as u64) as usize];
        let (start, name) = (self.start(), self.name());
        let found = store.lookup(View::Layer(layer), Ino::ROOT, &name).await;
        let found = match found.map(|attr| attr.ino) {
            Err(error) if is_of_the_device(&error) => return,
            found => found.map_err(|error| error.kind()),
        };
        let what = format!("{name:?} in layer {layer}: {found:?}");
        self.scene
            .world
            .borrow_mut()
            .explain(&start, false, &what, |state| {
                // One that is not sealed in this state is the one being written.
                let files = state.layers.get(&layer).unwrap_or(&state.files);
                entry(files, Ino::ROOT, &name) == found
            });
    }
}

/// Everything in a view. The reference knows no versions.
async fn tree(store: &MemoryStore, view: View) -> tarbox_store::Result<tarbox_store::conformance::Tree> {
    let mut tree = tarbox_store::conformance::tree(store, view).await?;
    for node in tree.values_mut() {
        node.attr.version = Seq(0);
    }
    Ok(tree)
}
