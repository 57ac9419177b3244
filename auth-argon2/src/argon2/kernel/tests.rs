//! Every kernel of this processor against the portable one, block by block.

use super::{Compress, Kernel, Kind};
use crate::argon2::block::Block;

/// `SplitMix64`: any block will do, as long as it is the same one every time.
struct Words(u64);

impl Words {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn block(&mut self) -> Block {
        let mut block = Block::new();
        block.0.fill_with(|| self.next());
        block
    }
}

fn run<const ONTO: bool>(kernel: Kernel, x: &Block, y: &Block, onto: &Block) -> (Block, u64) {
    let mut next = onto.clone();
    let ahead = |word| word;
    let told = match kernel.kind() {
        Kind::Portable(kernel) => kernel.compress::<ONTO, _>(x, y, &mut next, ahead),
        #[cfg(target_arch = "x86_64")]
        Kind::Avx2(kernel) => kernel.compress::<ONTO, _>(x, y, &mut next, ahead),
        #[cfg(target_arch = "x86_64")]
        Kind::Avx512(kernel) => kernel.compress::<ONTO, _>(x, y, &mut next, ahead),
    };
    (next, told)
}

#[test]
fn every_kernel_makes_the_portable_ones_blocks() {
    let mut words = Words(7);
    let rounds = if cfg!(miri) { 2 } else { 2048 };
    for _ in 0..rounds {
        let [x, y, onto] = [words.block(), words.block(), words.block()];
        for kernel in Kernel::available() {
            let (made, told) = run::<false>(kernel, &x, &y, &onto);
            let (expected, first) = run::<false>(Kernel::portable(), &x, &y, &onto);
            assert!(made.0 == expected.0, "{}", kernel.name());
            assert_eq!((told, first), (made.0[0], made.0[0]), "{}", kernel.name());

            let (made, told) = run::<true>(kernel, &x, &y, &onto);
            let (expected, _) = run::<true>(Kernel::portable(), &x, &y, &onto);
            assert!(made.0 == expected.0, "{}", kernel.name());
            assert_eq!(told, made.0[0], "{}", kernel.name());
        }
    }
}
