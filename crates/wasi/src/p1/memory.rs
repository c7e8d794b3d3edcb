//! The guest's linear memory.

use super::{Errno, Failure, Fault, Result};

/// The longest path that is looked at, in bytes.
const PATH_MAX: u32 = 4096;
/// The most buffers of one vectored read or write.
const VECTOR_MAX: u32 = 1024;

/// The linear memory of a guest during one call. Addresses are the guest's; everything is checked.
#[derive(Debug)]
pub struct Memory<'m>(&'m mut [u8]);

/// A buffer of a vectored read or write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) address: u32,
    pub(crate) len: u32,
}

impl<'m> Memory<'m> {
    /// The memory, all of it.
    pub fn new(bytes: &'m mut [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn bytes(&self, address: u32, len: u32) -> Result<&[u8], Fault> {
        let range = self.range(address, u64::from(len))?;
        Ok(&self.0[range])
    }

    pub(crate) fn bytes_mut(&mut self, address: u32, len: u32) -> Result<&mut [u8], Fault> {
        let range = self.range(address, u64::from(len))?;
        Ok(&mut self.0[range])
    }

    /// A path the guest passed: `EILSEQ` if it is not UTF-8.
    pub(crate) fn path(&self, address: u32, len: u32) -> Result<&[u8]> {
        let bytes = self.bytes(address, len)?;
        if len > PATH_MAX {
            return Err(Errno::Nametoolong.into());
        }
        match std::str::from_utf8(bytes) {
            Ok(path) => Ok(path.as_bytes()),
            Err(_) => Err(Errno::Ilseq.into()),
        }
    }

    /// How many buffers of a vector there are; `EINVAL` for more than 1,024, which POSIX calls `IOV_MAX`.
    pub(crate) fn vector(&self, address: u32, count: u32) -> Result<Vector> {
        self.aligned(address, 4)?;
        self.range(address, u64::from(count) * 8)?;
        if count > VECTOR_MAX {
            return Err(Errno::Inval.into());
        }
        Ok(Vector { address, count })
    }

    pub(crate) fn read<const N: usize>(&self, address: u32, align: u32) -> Result<[u8; N], Fault> {
        self.aligned(address, align)?;
        let range = self.range(address, N as u64)?;
        Ok(self.0[range].try_into().expect("the range has N bytes"))
    }

    pub(crate) fn write<const N: usize>(
        &mut self,
        address: u32,
        align: u32,
        value: [u8; N],
    ) -> Result<(), Fault> {
        self.aligned(address, align)?;
        let range = self.range(address, N as u64)?;
        self.0[range].copy_from_slice(&value);
        Ok(())
    }

    pub(crate) fn write_u32(&mut self, address: u32, value: u32) -> Result {
        Ok(self.write(address, 4, value.to_le_bytes())?)
    }

    pub(crate) fn write_u64(&mut self, address: u32, value: u64) -> Result {
        Ok(self.write(address, 8, value.to_le_bytes())?)
    }

    fn aligned(&self, address: u32, align: u32) -> Result<(), Fault> {
        if address.is_multiple_of(align) {
            Ok(())
        } else {
            Err(Fault::Misaligned { address, align })
        }
    }

    fn range(&self, address: u32, len: u64) -> Result<std::ops::Range<usize>, Fault> {
        let end = u64::from(address) + len;
        let outside = Fault::Outside {
            address,
            len,
            memory: self.0.len() as u64,
        };
        match usize::try_from(end) {
            Ok(end) if end <= self.0.len() => Ok(address as usize..end),
            _ => Err(outside),
        }
    }
}

/// The buffers of a vectored read or write, in guest memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Vector {
    address: u32,
    count: u32,
}

impl Vector {
    pub(crate) fn count(self) -> u32 {
        self.count
    }

    /// A buffer. The guest's memory is read anew: what is read into an earlier buffer may lie over the vector itself.
    pub(crate) fn segment(self, memory: &Memory<'_>, index: u32) -> Result<Segment> {
        let raw: [u8; 8] = memory.read(self.address + index * 8, 4)?;
        let [a, b, c, d, e, f, g, h] = raw;
        Ok(Segment {
            address: u32::from_le_bytes([a, b, c, d]),
            len: u32::from_le_bytes([e, f, g, h]),
        })
    }

    /// The bytes of all buffers together: `EINVAL` if they are more than a call can answer.
    pub(crate) fn total(self, memory: &Memory<'_>) -> Result<u32> {
        let mut total: u32 = 0;
        for index in 0..self.count {
            let segment = self.segment(memory, index)?;
            total = total
                .checked_add(segment.len)
                .ok_or(Failure::Errno(Errno::Inval))?;
        }
        Ok(total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked_to_the_last_byte() {
        let mut bytes = [0; 16];
        let mut memory = Memory::new(&mut bytes);
        assert!(memory.write_u64(8, 7).is_ok());
        assert!(matches!(
            memory.write_u64(16, 7),
            Err(Failure::Fault(Fault::Outside { address: 16, .. }))
        ));
        assert!(matches!(
            memory.write_u64(4, 7),
            Err(Failure::Fault(Fault::Misaligned { align: 8, .. }))
        ));
        assert!(memory.bytes(16, 0).is_ok());
        assert!(memory.bytes(17, 0).is_err());
        assert!(memory.bytes(u32::MAX, u32::MAX).is_err());
    }

    #[test]
    fn a_vector_is_bounded() {
        let mut bytes = vec![0xff; 16 * 1024];
        let memory = Memory::new(&mut bytes);
        assert!(matches!(
            memory.vector(0, 1025),
            Err(Failure::Errno(Errno::Inval))
        ));
        assert!(matches!(memory.vector(0, u32::MAX), Err(Failure::Fault(_))));
        let vector = memory.vector(0, 2).unwrap();
        assert!(matches!(vector.total(&memory), Err(Failure::Errno(Errno::Inval))));
    }
}
