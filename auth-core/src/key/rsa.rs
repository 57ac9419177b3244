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
    let mut modulus = limbs(prime, 0);
    if let Some(least) = modulus.first_mut() {
        *least &= !1; // a prime is odd
    }
    let rest = remainder(d, &modulus);
    rest == limbs(exponent, modulus.len())
        && product(&rest, e, &modulus) == limbs(&[1], modulus.len())
}

/// 64 bits each, least significant first, and no fewer than `len`.
fn limbs(number: &[u8], len: usize) -> Zeroizing<Vec<u64>> {
    let mut limbs = Zeroizing::new(Vec::with_capacity(len.max(number.len() / 8 + 1)));
    for chunk in number.rchunks(8) {
        limbs.push(
            chunk
                .iter()
                .fold(0, |limb, byte| limb << 8 | u64::from(*byte)),
        );
    }
    let len = len.max(limbs.len());
    limbs.resize(len, 0);
    limbs
}

/// a mod m, bit by bit. How long this and [`product`] take depends on the
/// lengths only.
fn remainder(a: &[u8], m: &[u64]) -> Zeroizing<Vec<u64>> {
    let mut r = Zeroizing::new(vec![0; m.len()]);
    for bit in bits(a) {
        double(&mut r, bit, m);
    }
    r
}

/// a · b mod m, for a below m.
fn product(a: &[u64], b: &[u8], m: &[u64]) -> Zeroizing<Vec<u64>> {
    let mut r = Zeroizing::new(vec![0; m.len()]);
    for bit in bits(b) {
        double(&mut r, 0, m);
        add(&mut r, a, bit.wrapping_neg(), m);
    }
    r
}

/// r = 2r + bit mod m.
fn double(r: &mut [u64], bit: u64, m: &[u64]) {
    let mut carry = bit;
    for limb in r.iter_mut() {
        (*limb, carry) = (*limb << 1 | carry, *limb >> 63);
    }
    subtract_if_not_below(r, carry, m);
}

/// r = r + (other & mask) mod m.
fn add(r: &mut [u64], other: &[u64], mask: u64, m: &[u64]) {
    let mut carry = false;
    for (limb, other) in r.iter_mut().zip(other) {
        let (sum, over) = limb.overflowing_add(other & mask);
        let (sum, over_again) = sum.overflowing_add(u64::from(carry));
        (*limb, carry) = (sum, over | over_again);
    }
    subtract_if_not_below(r, u64::from(carry), m);
}

/// (carry ‖ r) − m, unless it is below zero.
fn subtract_if_not_below(r: &mut [u64], carry: u64, m: &[u64]) {
    let minus = |limb: u64, other: u64, borrow: bool| {
        let (limb, under) = limb.overflowing_sub(other);
        let (limb, under_again) = limb.overflowing_sub(u64::from(borrow));
        (limb, under | under_again)
    };
    let mut below = false;
    for (limb, m) in r.iter().zip(m) {
        (_, below) = minus(*limb, *m, below);
    }
    // All ones if m is taken off: there was a carry, or nothing was borrowed.
    let mask = (carry | u64::from(!below)).wrapping_neg();
    let mut borrow = false;
    for (limb, m) in r.iter_mut().zip(m) {
        (*limb, borrow) = minus(*limb, *m & mask, borrow);
    }
}

/// Most significant first.
fn bits(number: &[u8]) -> impl Iterator<Item = u64> {
    number
        .iter()
        .flat_map(|byte| (0..8).rev().map(move |at| u64::from(byte >> at & 1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value(number: &[u64]) -> u128 {
        number
            .iter()
            .rev()
            .fold(0, |value, limb| value << 64 | u128::from(*limb))
    }

    proptest! {
        #[test]
        fn a_remainder_is_that_of_arithmetic(a: u128, m in 1..u128::MAX, short in 1..u64::MAX) {
            let rest = remainder(&a.to_be_bytes(), &limbs(&m.to_be_bytes(), 0));
            prop_assert_eq!(value(&rest), a % m);
            let rest = remainder(&a.to_be_bytes(), &limbs(&short.to_be_bytes(), 0));
            prop_assert_eq!(value(&rest), a % u128::from(short));
        }

        #[test]
        fn a_product_is_that_of_arithmetic(a: u64, b: u64, m in 1..u64::MAX) {
            let m = limbs(&m.to_be_bytes(), 0);
            let product = product(&limbs(&(a % m[0]).to_be_bytes(), 0), &b.to_be_bytes(), &m);
            let wanted = u128::from(a) * u128::from(b) % u128::from(m[0]);
            prop_assert_eq!(value(&product), wanted);
        }

        /// Above 64 bits, by (m − 1)² ≡ 1.
        #[test]
        fn a_square_of_minus_one_is_one(m in 3..u128::MAX) {
            let less_one = (m - 1).to_be_bytes();
            let product = product(&limbs(&less_one, 0), &less_one, &limbs(&m.to_be_bytes(), 0));
            prop_assert_eq!(value(&product), 1);
        }
    }
}
