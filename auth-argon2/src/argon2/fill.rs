//! The order in which blocks are made, and what each is made of.

use zeroize::Zeroizing;

use super::Variant;
use super::block::{Block, WORDS};
use super::cost::{Cost, Error, SLICES};
use super::kernel::{Compress, Kernel, Kind};

/// RFC 9106 §3.2, steps 5 and 6.
pub(crate) fn fill(
    kernel: Kernel,
    variant: Variant,
    cost: Cost,
    memory: &mut [Block],
) -> Result<(), Error> {
    match kernel.kind() {
        Kind::Portable(kernel) => fill_with(kernel, variant, cost, memory),
        #[cfg(target_arch = "x86_64")]
        Kind::Avx2(kernel) => fill_with(kernel, variant, cost, memory),
        #[cfg(target_arch = "x86_64")]
        Kind::Avx512(kernel) => fill_with(kernel, variant, cost, memory),
    }
}

fn fill_with(
    kernel: impl Compress,
    variant: Variant,
    cost: Cost,
    memory: &mut [Block],
) -> Result<(), Error> {
    for pass in 0..cost.t() {
        for slice in 0..SLICES {
            for lane in 0..cost.lanes() {
                let at = Segment {
                    cost,
                    pass,
                    slice,
                    lane,
                };
                let by_position = match variant {
                    Variant::D => false,
                    Variant::I => true,
                    Variant::Id => pass == 0 && slice < SLICES / 2,
                };
                match (by_position, pass) {
                    (true, 0) => {
                        let addresses = Addresses::new(kernel, &at, variant);
                        at.fill::<false>(kernel, memory, Some(addresses))?;
                    }
                    (true, _) => {
                        let addresses = Addresses::new(kernel, &at, variant);
                        at.fill::<true>(kernel, memory, Some(addresses))?;
                    }
                    (false, 0) => at.fill::<false>(kernel, memory, None)?,
                    (false, _) => at.fill::<true>(kernel, memory, None)?,
                }
            }
        }
    }
    Ok(())
}

/// Where one lane crosses one slice.
struct Segment {
    cost: Cost,
    pass: u32,
    slice: usize,
    lane: usize,
}

impl Segment {
    /// Makes the segment's blocks. While one is made, the next one's reference
    /// is already on its way from memory.
    fn fill<const ONTO: bool>(
        &self,
        kernel: impl Compress,
        memory: &mut [Block],
        mut addresses: Option<Addresses>,
    ) -> Result<(), Error> {
        let length = self.cost.segment_blocks();
        let lane_start = self.lane * self.cost.lane_blocks();
        let start = lane_start + self.slice * length;
        // The first two blocks of a lane were there before the first pass.
        let first = if self.pass == 0 && self.slice == 0 {
            2
        } else {
            0
        };
        let mut previous = match start + first {
            at if at == lane_start => at + self.cost.lane_blocks() - 1,
            at => at - 1,
        };
        let word = match &mut addresses {
            Some(addresses) => addresses.word(kernel, first),
            None => memory.get(previous).ok_or(Error::Memory)?.0[0],
        };
        let mut reference = self.reference(first, word);
        let base = memory.as_ptr();
        for index in first..length {
            let now = start + index;
            // The three are never the same: a reference is neither the block
            // that is made nor the one before it.
            let [before, other, next] = memory
                .get_disjoint_mut([previous, reference, now])
                .map_err(|_| Error::Memory)?;
            reference = kernel.compress::<ONTO, _>(before, other, next, |word| {
                if index + 1 == length {
                    return 0;
                }
                let word = match &mut addresses {
                    Some(addresses) => addresses.word(kernel, index + 1),
                    None => word,
                };
                let reference = self.reference(index + 1, word);
                kernel.prefetch(base.wrapping_add(reference));
                reference
            });
            previous = now;
        }
        Ok(())
    }

    /// The block that block `index` of the segment is made with, by `word`:
    /// RFC 9106 §3.4.2.
    #[inline]
    fn reference(&self, index: usize, word: u64) -> usize {
        let (segment, lane_blocks) = (self.cost.segment_blocks(), self.cost.lane_blocks());
        let (low, high) = (word & u64::from(u32::MAX), word >> 32);
        let lane = if self.cost.lanes() == 1 || (self.pass == 0 && self.slice == 0) {
            self.lane
        } else {
            // Less than the number of lanes, which is an usize.
            #[allow(clippy::cast_possible_truncation, reason = "below the lanes")]
            let lane = (high % u64::from(self.cost.p())) as usize;
            lane
        };
        // All that is finished: of other lanes, no block of this slice.
        let finished = if self.pass == 0 {
            self.slice * segment
        } else {
            lane_blocks - segment
        };
        let area = if lane == self.lane {
            finished + index - 1
        } else {
            finished - usize::from(index == 0)
        };
        let area = area as u64;
        let back = (area * ((low * low) >> 32)) >> 32;
        #[allow(clippy::cast_possible_truncation, reason = "below the area's size")]
        let position = (area - 1 - back) as usize;
        let oldest = if self.pass == 0 || self.slice == SLICES - 1 {
            0
        } else {
            (self.slice + 1) * segment
        };
        let position = oldest + position;
        let position = if position < lane_blocks {
            position
        } else {
            position - lane_blocks
        };
        lane * lane_blocks + position
    }
}

/// The words that the position alone decides: RFC 9106 §3.4.1.2.
struct Addresses {
    input: Zeroizing<Block>,
    words: Zeroizing<Block>,
}

impl Addresses {
    fn new(kernel: impl Compress, at: &Segment, variant: Variant) -> Self {
        let mut input = Block::new();
        for (word, value) in input.0.iter_mut().zip([
            u64::from(at.pass),
            at.lane as u64,
            at.slice as u64,
            at.cost.blocks() as u64,
            u64::from(at.cost.t()),
            variant as u64,
        ]) {
            *word = value;
        }
        let mut addresses = Self {
            input: Zeroizing::new(input),
            words: Zeroizing::new(Block::new()),
        };
        addresses.turn(kernel);
        addresses
    }

    /// The word of block `index`; they are asked for in order.
    #[inline]
    fn word(&mut self, kernel: impl Compress, index: usize) -> u64 {
        if index != 0 && index.is_multiple_of(WORDS) {
            self.turn(kernel);
        }
        self.words.0[index % WORDS]
    }

    #[cold]
    fn turn(&mut self, kernel: impl Compress) {
        let zero = Block::new();
        self.input.0[6] += 1;
        let mut once = Block::new();
        kernel.compress::<false, _>(&zero, &self.input, &mut once, |_| ());
        kernel.compress::<false, _>(&zero, &once, &mut self.words, |_| ());
    }
}
