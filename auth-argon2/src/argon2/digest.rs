//! The beginning and the end, which are BLAKE2b.

use blake2::digest::block_api::{Buffer, UpdateCore, VariableOutputCore};
use blake2::digest::{Digest, Output};
use blake2::{Blake2b512, Blake2bVarCore};
use zeroize::{Zeroize, Zeroizing};

use super::block::{BYTES, Block};
use super::cost::{Cost, Error};
use super::{Input, Variant};

/// Checks the lengths, and fills the first two blocks of each lane: RFC 9106
/// §3.2, steps 1 to 4.
pub(crate) fn begin(
    variant: Variant,
    cost: Cost,
    input: &Input<'_>,
    tag_bytes: usize,
    memory: &mut [Block],
) -> Result<(), Error> {
    if input.salt.len() < MIN_SALT_BYTES {
        return Err(Error::Salt);
    }
    if tag_bytes < MIN_TAG_BYTES {
        return Err(Error::Tag);
    }
    let tag_bytes = u32::try_from(tag_bytes).map_err(|_| Error::Tag)?;
    let mut digest = Blake2b512::new();
    for number in [
        cost.p(),
        tag_bytes,
        cost.m_kib(),
        cost.t(),
        VERSION,
        variant as u32,
    ] {
        digest.update(number.to_le_bytes());
    }
    for field in [input.password, input.salt, input.secret, input.data] {
        let bytes = u32::try_from(field.len()).map_err(|_| Error::Input)?;
        digest.update(bytes.to_le_bytes());
        digest.update(field);
    }
    let mut h0 = digest.finalize();
    let mut bytes = Zeroizing::new([0; BYTES]);
    for (lane, blocks) in (0_u32..).zip(memory.chunks_exact_mut(cost.lane_blocks())) {
        for (column, block) in (0_u32..).zip(&mut blocks[..2]) {
            let parts: [&[u8]; 3] = [&h0, &column.to_le_bytes(), &lane.to_le_bytes()];
            long(&parts, &mut *bytes)?;
            *block = Block::from_bytes(&bytes);
        }
    }
    h0.zeroize();
    Ok(())
}

/// The tag: RFC 9106 §3.2, steps 7 and 8.
pub(crate) fn end(cost: Cost, memory: &[Block], tag: &mut [u8]) -> Result<(), Error> {
    let mut sum = Zeroizing::new(Block::new());
    for last in memory
        .chunks_exact(cost.lane_blocks())
        .filter_map(<[_]>::last)
    {
        for (sum, word) in sum.0.iter_mut().zip(&last.0) {
            *sum ^= word;
        }
    }
    long(&[&*Zeroizing::new(sum.to_bytes())], tag)
}

/// H′ of RFC 9106 §3.3.
fn long(parts: &[&[u8]], out: &mut [u8]) -> Result<(), Error> {
    let bytes = u32::try_from(out.len()).map_err(|_| Error::Tag)?;
    if out.len() <= 64 {
        return short(&bytes.to_le_bytes(), parts, out);
    }
    let mut digest = Blake2b512::new();
    digest.update(bytes.to_le_bytes());
    for part in parts {
        digest.update(part);
    }
    let mut v: Output<Blake2b512> = digest.finalize();
    let mut rest = out;
    while rest.len() > 64 {
        let (half, after) = rest.split_at_mut(32);
        half.copy_from_slice(&v[..32]);
        rest = after;
        if rest.len() > 64 {
            v = Blake2b512::digest(v);
        }
    }
    let last = short(&v, &[], rest);
    v.zeroize();
    last
}

/// BLAKE2b with a tag of 1 to 64 bytes.
fn short(first: &[u8], rest: &[&[u8]], out: &mut [u8]) -> Result<(), Error> {
    let mut core = Blake2bVarCore::new(out.len()).map_err(|_| Error::Tag)?;
    let mut buffer = Buffer::<Blake2bVarCore>::default();
    for part in [first].iter().chain(rest) {
        buffer.digest_blocks(part, |blocks| core.update_blocks(blocks));
    }
    let mut full = Output::<Blake2bVarCore>::default();
    core.finalize_variable_core(&mut buffer, &mut full);
    for (out, byte) in out.iter_mut().zip(&full) {
        *out = *byte;
    }
    full.zeroize();
    Ok(())
}

const VERSION: u32 = 0x13;
const MIN_SALT_BYTES: usize = 8;
const MIN_TAG_BYTES: usize = 4;
