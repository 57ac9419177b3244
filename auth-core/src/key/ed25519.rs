//! Which Ed25519 public keys are taken (RFC 8032 §5.1).

/// Refuses y ≥ p, which has a second spelling, and the points of small order,
/// for which signatures can be made without a private key.
pub(super) fn is_allowed(mut point: [u8; 32]) -> bool {
    const P: [u8; 32] = {
        let mut p = [0xff; 32];
        p[0] = 0xed;
        p[31] = 0x7f;
        p
    };
    const MINUS_ONE: [u8; 32] = {
        let mut y = P;
        y[0] = 0xec;
        y
    };
    const ONE: [u8; 32] = {
        let mut y = [0; 32];
        y[0] = 1;
        y
    };
    /// The points of order 8.
    const EIGHTH: [[u8; 32]; 2] = [
        [
            0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10,
            0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77,
            0x92, 0xac, 0x03, 0x7a,
        ],
        [
            0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef,
            0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88,
            0x6d, 0x53, 0xfc, 0x05,
        ],
    ];
    point[31] &= 0x7f;
    let canonical = point.iter().rev().lt(P.iter().rev());
    canonical && ![[0; 32], ONE, MINUS_ONE, EIGHTH[0], EIGHTH[1]].contains(&point)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every spelling of a y below 2²⁵⁵, with both signs.
    fn spellings(y: [u8; 32]) -> [[u8; 32]; 2] {
        let mut other = y;
        other[31] |= 0x80;
        [y, other]
    }

    /// p + n, for n < 19: what is left of 2²⁵⁵ above p.
    fn above_p(n: u8) -> [u8; 32] {
        let mut y = [0xff; 32];
        (y[0], y[31]) = (0xed + n, 0x7f);
        y
    }

    #[test]
    fn c07_the_eight_points_of_small_order_are_refused() {
        let small = |n: u8| {
            let mut y = [0; 32];
            y[0] = n;
            y
        };
        // y = 1 (order 1), −1 (order 2), 0 (order 4, two) and two of order 8,
        // two points each; for 1 and −1 the second sign is no canonical one.
        let eighth = |text: &str| -> [u8; 32] {
            let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
            std::array::from_fn(|at| byte(2 * at))
        };
        let mut minus_one = above_p(0);
        minus_one[0] -= 1;
        for y in [
            small(0),
            small(1),
            minus_one,
            eighth("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
            eighth("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
        ] {
            for point in spellings(y) {
                assert!(!is_allowed(point), "{point:x?}");
            }
        }
    }

    #[test]
    fn c07_every_y_that_is_not_below_p_is_refused() {
        for n in 0..19 {
            for point in spellings(above_p(n)) {
                assert!(!is_allowed(point), "{point:x?}");
            }
        }
        // The greatest one that is: p − 2.
        let mut below = above_p(0);
        below[0] -= 2;
        assert!(is_allowed(below));
    }
}
