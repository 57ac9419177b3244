//! How much work a hash is.

/// Memory, passes and lanes that Argon2 has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    m_kib: u32,
    t: u32,
    p: u32,
}

impl Cost {
    /// `m_kib` KiB, `t` passes, `p` lanes.
    ///
    /// # Errors
    /// [`Error::Cost`]: Argon2 needs at least one pass, one to 2²⁴ − 1 lanes, and
    /// 8 KiB for each (RFC 9106 §3.1).
    pub const fn new(m_kib: u32, t: u32, p: u32) -> Result<Self, Error> {
        if t == 0 || p == 0 || p > MAX_LANES || m_kib / 8 < p {
            return Err(Error::Cost);
        }
        Ok(Self { m_kib, t, p })
    }

    /// How many blocks it fills: as many KiB as asked for, rounded down to a
    /// multiple of 4 for each lane.
    pub const fn blocks(self) -> usize {
        self.segment_blocks() * SLICES * self.lanes()
    }

    pub(crate) const fn m_kib(self) -> u32 {
        self.m_kib
    }

    pub(crate) const fn t(self) -> u32 {
        self.t
    }

    pub(crate) const fn p(self) -> u32 {
        self.p
    }

    pub(crate) const fn lanes(self) -> usize {
        self.p as usize
    }

    pub(crate) const fn lane_blocks(self) -> usize {
        self.segment_blocks() * SLICES
    }

    pub(crate) const fn segment_blocks(self) -> usize {
        self.m_kib as usize / (SLICES * self.lanes())
    }
}

/// Why nothing was hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No such memory, passes or lanes.
    #[error("Argon2 has no such cost parameters")]
    Cost,
    /// Fewer blocks than the parameters ask for.
    #[error("the memory is smaller than the cost parameters ask for")]
    Memory,
    /// A salt of fewer than 8 bytes.
    #[error("the salt is shorter than 8 bytes")]
    Salt,
    /// A tag of fewer than 4 bytes, or 4 GiB.
    #[error("the tag is shorter than 4 bytes or too long")]
    Tag,
    /// An input of 4 GiB.
    #[error("an input is too long")]
    Input,
}

/// Vertical slices of the memory (RFC 9106 §3.4).
pub(crate) const SLICES: usize = 4;
const MAX_LANES: u32 = (1 << 24) - 1;
