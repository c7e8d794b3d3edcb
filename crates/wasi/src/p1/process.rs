//! Arguments, environment, the end, random numbers, and sockets, of which there are none.

use super::context::size;
use super::{Context, Errno, Failure, Memory, Result};

/// Random bytes are made in pieces of this size, so that a huge request can be interrupted.
const RANDOM_PIECE: u32 = 256 * 1024;

impl Context {
    /// Writes the arguments, each with a NUL, and their addresses.
    ///
    /// # Errors
    /// None but a fault.
    pub fn args_get(&mut self, memory: &mut Memory<'_>, argv: u32, argv_buf: u32) -> Result {
        write_strings(memory, &self.args, argv, argv_buf)
    }

    /// Tells how many arguments there are, and how many bytes they take.
    ///
    /// # Errors
    /// None but a fault.
    pub fn args_sizes_get(&mut self, memory: &mut Memory<'_>, argc: u32, argv_buf_size: u32) -> Result {
        write_sizes(memory, &self.args, argc, argv_buf_size)
    }

    /// Writes the environment as `args_get` does the arguments.
    ///
    /// # Errors
    /// None but a fault.
    pub fn environ_get(&mut self, memory: &mut Memory<'_>, environ: u32, environ_buf: u32) -> Result {
        write_strings(memory, &self.env, environ, environ_buf)
    }

    /// Tells how many variables there are, and how many bytes they take.
    ///
    /// # Errors
    /// None but a fault.
    pub fn environ_sizes_get(
        &mut self,
        memory: &mut Memory<'_>,
        environc: u32,
        environ_buf_size: u32,
    ) -> Result {
        write_sizes(memory, &self.env, environc, environ_buf_size)
    }

    /// Ends the program: always [`Failure::Exit`].
    ///
    /// # Errors
    /// That one.
    pub fn proc_exit(&mut self, _: &mut Memory<'_>, status: u32) -> Result {
        Err(Failure::Exit(status))
    }

    /// Signals do not exist.
    ///
    /// # Errors
    /// `ENOTSUP`.
    pub fn proc_raise(&mut self, _: &mut Memory<'_>, _signal: u32) -> Result {
        Err(Errno::Notsup.into())
    }

    /// Lets others run.
    ///
    /// # Errors
    /// None.
    pub fn sched_yield(&mut self, _: &mut Memory<'_>) -> Result {
        self.system.yield_now();
        Ok(())
    }

    /// Fills a buffer with random bytes.
    ///
    /// # Errors
    /// `EIO` if there are none.
    pub fn random_get(&mut self, memory: &mut Memory<'_>, buffer: u32, len: u32) -> Result {
        let bytes = memory.bytes_mut(buffer, len)?;
        for piece in bytes.chunks_mut(RANDOM_PIECE as usize) {
            self.system.random(piece)?;
        }
        Ok(())
    }

    /// There are no sockets.
    ///
    /// # Errors
    /// `EBADF`; `ENOTSOCK` for a descriptor that is open.
    pub fn sock_accept(&mut self, _: &mut Memory<'_>, fd: u32, _flags: u32, _accepted: u32) -> Result {
        self.not_a_socket(fd)
    }

    /// There are no sockets.
    ///
    /// # Errors
    /// As `sock_accept`.
    #[expect(clippy::too_many_arguments, reason = "the interface has them")]
    pub fn sock_recv(
        &mut self,
        _: &mut Memory<'_>,
        fd: u32,
        _iovs: u32,
        _iovs_len: u32,
        _flags: u32,
        _len: u32,
        _out_flags: u32,
    ) -> Result {
        self.not_a_socket(fd)
    }

    /// There are no sockets.
    ///
    /// # Errors
    /// As `sock_accept`.
    pub fn sock_send(
        &mut self,
        _: &mut Memory<'_>,
        fd: u32,
        _iovs: u32,
        _iovs_len: u32,
        _flags: u32,
        _len: u32,
    ) -> Result {
        self.not_a_socket(fd)
    }

    /// There are no sockets.
    ///
    /// # Errors
    /// As `sock_accept`.
    pub fn sock_shutdown(&mut self, _: &mut Memory<'_>, fd: u32, _how: u32) -> Result {
        self.not_a_socket(fd)
    }

    fn not_a_socket(&self, fd: u32) -> Result {
        self.table.get(fd)?;
        Err(Errno::Notsock.into())
    }
}

fn write_strings(memory: &mut Memory<'_>, strings: &[Vec<u8>], mut pointers: u32, mut bytes: u32) -> Result {
    for string in strings {
        let len = size(string.len())?;
        memory.write_u32(pointers, bytes)?;
        memory.bytes_mut(bytes, len)?.copy_from_slice(string);
        pointers = pointers.wrapping_add(4);
        bytes = bytes.wrapping_add(len);
    }
    Ok(())
}

fn write_sizes(memory: &mut Memory<'_>, strings: &[Vec<u8>], count: u32, bytes: u32) -> Result {
    memory.write_u32(count, size(strings.len())?)?;
    memory.write_u32(bytes, size(strings.iter().map(Vec::len).sum())?)
}
