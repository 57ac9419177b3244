//! Whether the numbers of a private RSA key belong together.

use pkcs1::RsaPrivateKeyRef;
use ring::rand::SystemRandom;
use ring::rsa::{KeyPairComponents, PublicKeyComponents};
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use zeroize::Zeroizing;

use super::error::KeyError;
use super::material::{Public, Rsa};

/// The public half of a private key of two primes (RFC 8017 §3.2), which must
/// be one that both libraries sign with: 2048, 3072 or 4096 bits, e ≥ 65537.
pub(super) fn check(key: &RsaPrivateKeyRef<'_>) -> Result<Public, KeyError> {
    let public = Public::rsa(key.modulus.as_bytes(), key.public_exponent.as_bytes())?;
    let Public::Rsa(Rsa { n, e }) = &public else {
        return Err(KeyError::WrongType);
    };
    let whole = n.first().is_some_and(|first| first & 0x80 != 0);
    if !whole || ![256, 384, 512].contains(&n.len()) {
        return Err(KeyError::RsaSize);
    }
    if e.len() < 3 {
        return Err(KeyError::RsaExponent);
    }
    let d = key.private_exponent.as_bytes();
    let components = KeyPairComponents {
        public_key: PublicKeyComponents { n, e },
        d,
        p: key.prime1.as_bytes(),
        q: key.prime2.as_bytes(),
        dP: key.exponent1.as_bytes(),
        dQ: key.exponent2.as_bytes(),
        qInv: key.coefficient.as_bytes(),
    };
    // pq = n, qInv·q ≡ 1 (mod p), and the sizes of all.
    let pair = RsaKeyPair::from_components(&components).map_err(|_| KeyError::Inconsistent)?;
    for (prime, exponent) in [(components.p, components.dP), (components.q, components.dQ)] {
        if !is_exponent_of(prime, exponent, d, e) {
            return Err(KeyError::Inconsistent);
        }
    }
    // Only with prime factors is what the exponents give a signature, and ring
    // hands out none that does not verify.
    let mut signature = vec![0; n.len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), b"", &mut signature)
        .map_err(|_| KeyError::Inconsistent)?;
    Ok(public)
}

/// Whether dP = d mod (p − 1), and e·dP ≡ 1 (mod p − 1).
fn is_exponent_of(prime: &[u8], exponent: &[u8], d: &[u8], e: &[u8]) -> bool {
    let mut less_one = Zeroizing::new(prime.to_vec());
    if let Some(last) = less_one.last_mut() {
        *last &= 0xfe; // a prime is odd
    }
    let modulus = limbs(&less_one, 0);
    let one = limbs(&[1], modulus.len());
    mul_mod(&[1], d, &modulus) == limbs(exponent, modulus.len())
        && mul_mod(exponent, e, &modulus) == one
}

/// 32 bits each, least significant first, and no fewer than `len`.
fn limbs(number: &[u8], len: usize) -> Zeroizing<Vec<u32>> {
    let mut limbs = Zeroizing::new(Vec::with_capacity(len.max(number.len() / 4 + 1)));
    for chunk in number.rchunks(4) {
        limbs.push(
            chunk
                .iter()
                .fold(0, |limb, byte| limb << 8 | u32::from(*byte)),
        );
    }
    let len = len.max(limbs.len());
    limbs.resize(len, 0);
    limbs
}

/// a · b mod m, bit by bit. How long it takes depends on the lengths only.
fn mul_mod(a: &[u8], b: &[u8], m: &[u32]) -> Zeroizing<Vec<u32>> {
    let mut reduced = Zeroizing::new(vec![0; m.len()]);
    for bit in bits(a) {
        double_and_add(&mut reduced, &[], bit, m);
    }
    let mut product = Zeroizing::new(vec![0; m.len()]);
    for bit in bits(b) {
        double_and_add(&mut product, &reduced, bit, m);
    }
    product
}

/// r = 2r + bit · addend mod m; without an addend it is 1.
fn double_and_add(r: &mut [u32], addend: &[u32], bit: u32, m: &[u32]) {
    let mut carry = 0;
    for limb in r.iter_mut() {
        (*limb, carry) = (*limb << 1 | carry, *limb >> 31);
    }
    subtract_if_not_below(r, carry, m);
    let mut carry = if addend.is_empty() { bit } else { 0 };
    let addend = addend.iter().map(|limb| limb & bit.wrapping_neg());
    for (limb, add) in r.iter_mut().zip(addend.chain(std::iter::repeat(0))) {
        let (sum, over) = limb.overflowing_add(add);
        let (sum, over_again) = sum.overflowing_add(carry);
        (*limb, carry) = (sum, u32::from(over | over_again));
    }
    subtract_if_not_below(r, carry, m);
}

/// (carry ‖ r) − m, unless it is below zero.
fn subtract_if_not_below(r: &mut [u32], carry: u32, m: &[u32]) {
    let minus = |limb: u32, other: u32, borrow: bool| {
        let (limb, under) = limb.overflowing_sub(other);
        let (limb, under_again) = limb.overflowing_sub(u32::from(borrow));
        (limb, under | under_again)
    };
    let below = r
        .iter()
        .zip(m)
        .fold(false, |borrow, (limb, m)| minus(*limb, *m, borrow).1);
    // All ones if m is taken off: there was a carry, or nothing was borrowed.
    let mask = (carry | u32::from(!below)).wrapping_neg();
    let mut borrow = false;
    for (limb, m) in r.iter_mut().zip(m) {
        (*limb, borrow) = minus(*limb, *m & mask, borrow);
    }
}

/// Most significant first.
fn bits(number: &[u8]) -> impl Iterator<Item = u32> {
    number
        .iter()
        .flat_map(|byte| (0..8).rev().map(move |at| u32::from(byte >> at & 1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value(number: &[u32]) -> u128 {
        number
            .iter()
            .rev()
            .fold(0, |value, limb| value << 32 | u128::from(*limb))
    }

    proptest! {
        #[test]
        fn a_product_is_reduced_as_by_arithmetic(a: u64, b: u64, m in 1..u64::MAX) {
            let product = mul_mod(&a.to_be_bytes(), &b.to_be_bytes(), &limbs(&m.to_be_bytes(), 0));
            let wanted = u128::from(a) * u128::from(b) % u128::from(m);
            prop_assert_eq!(value(&product), wanted);
        }

        #[test]
        fn a_long_number_is_reduced_as_by_arithmetic(a: u128, m in 1..u64::MAX) {
            let rest = mul_mod(&[1], &a.to_be_bytes(), &limbs(&m.to_be_bytes(), 0));
            prop_assert_eq!(value(&rest), a % u128::from(m));
        }
    }
}
