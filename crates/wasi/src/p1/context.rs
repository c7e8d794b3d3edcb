//! One program's view of the world.

use super::table::{Descriptor, Object, Table};
use super::{Empty, Errno, Input, Output, Result, Rights, System};
use crate::Dir;

/// How many descriptors a program may have open, unless the embedder says otherwise.
const DESCRIPTORS_MAX: usize = 4096;

/// What one preview-1 program has: descriptors, arguments, environment, and the embedder's clocks.
pub struct Context {
    pub(crate) table: Table,
    pub(crate) system: Box<dyn System>,
    /// Each with its closing NUL.
    pub(crate) args: Vec<Vec<u8>>,
    /// `NAME=value`, each with its closing NUL.
    pub(crate) env: Vec<Vec<u8>>,
    /// Where the buffers of a vectored write are gathered; kept between calls.
    pub(crate) scratch: Vec<u8>,
}

/// Puts a [`Context`] together.
pub struct Builder {
    context: Context,
    stdin: Box<dyn Input>,
    stdout: Box<dyn Output>,
    stderr: Box<dyn Output>,
    preopens: Vec<(Box<str>, Dir)>,
}

impl Context {
    /// Begins with nothing: no arguments, no environment, no directories, no input, and outputs that forget.
    pub fn builder(system: Box<dyn System>) -> Builder {
        Builder {
            context: Self {
                table: Table::new(DESCRIPTORS_MAX),
                system,
                args: Vec::new(),
                env: Vec::new(),
                scratch: Vec::new(),
            },
            stdin: Box::new(Empty),
            stdout: Box::new(Empty),
            stderr: Box::new(Empty),
            preopens: Vec::new(),
        }
    }

    /// A directory of the guest, with a right it must have.
    pub(crate) fn dir(&self, fd: u32, rights: Rights) -> Result<&Dir> {
        self.table.get(fd)?.dir(rights)
    }
}

impl Builder {
    /// Adds an argument. The first is the program's name.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<[u8]>) -> Self {
        self.context.args.push(terminated(arg.as_ref().to_vec()));
        self
    }

    /// Adds a variable of the environment.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        let variable = [name.as_ref(), b"=", value.as_ref()].concat();
        self.context.env.push(terminated(variable));
        self
    }

    /// Sets the standard input.
    #[must_use]
    pub fn stdin(mut self, input: impl Input + 'static) -> Self {
        self.stdin = Box::new(input);
        self
    }

    /// Sets the standard output.
    #[must_use]
    pub fn stdout(mut self, output: impl Output + 'static) -> Self {
        self.stdout = Box::new(output);
        self
    }

    /// Sets the standard error.
    #[must_use]
    pub fn stderr(mut self, output: impl Output + 'static) -> Self {
        self.stderr = Box::new(output);
        self
    }

    /// Lends a directory under a name; they get the descriptors from 3, in this order.
    #[must_use]
    pub fn preopen(mut self, name: impl Into<Box<str>>, dir: Dir) -> Self {
        self.preopens.push((name.into(), dir));
        self
    }

    /// How many descriptors may be open at once, those above included (4,096 by default). One more is `EMFILE`.
    #[must_use]
    pub fn max_descriptors(mut self, limit: usize) -> Self {
        self.context.table = Table::new(limit);
        self
    }

    /// The context.
    ///
    /// # Errors
    /// `EMFILE` if the standard streams and the directories are more than [`max_descriptors`](Self::max_descriptors).
    pub fn build(self) -> Result<Context> {
        let Self {
            mut context,
            stdin,
            stdout,
            stderr,
            preopens,
        } = self;
        let none = Rights::empty();
        let table = &mut context.table;
        table.insert(Descriptor::new(Object::Input(stdin), Rights::INPUT, none))?;
        table.insert(Descriptor::new(Object::Output(stdout), Rights::OUTPUT, none))?;
        table.insert(Descriptor::new(Object::Output(stderr), Rights::OUTPUT, none))?;
        for (name, dir) in preopens {
            let object = Object::Dir {
                dir,
                preopen: Some(name),
            };
            table.insert(Descriptor::new(object, Rights::DIRECTORY, Rights::all()))?;
        }
        Ok(context)
    }
}

/// With a NUL behind it; what follows a NUL inside would be invisible to the guest, so it goes.
fn terminated(mut text: Vec<u8>) -> Vec<u8> {
    if let Some(end) = text.iter().position(|b| *b == 0) {
        text.truncate(end);
    }
    text.push(0);
    text
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context")
            .field("args", &self.args.len())
            .field("env", &self.env.len())
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder")
            .field("context", &self.context)
            .field("preopens", &self.preopens)
            .finish_non_exhaustive()
    }
}

/// A number that a call answers as 32 bits.
pub(crate) fn size(value: usize) -> Result<u32> {
    u32::try_from(value).map_err(|_| Errno::Overflow.into())
}
