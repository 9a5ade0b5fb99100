//! Sharing a data key among key groups, so that a number of them must come together: Shamir's scheme byte by byte over
//! GF(2⁸) with the polynomial of AES. A share is the values at one point, and behind them the point.

use rand::Rng;
use zeroize::Zeroizing;

/// A share, wiped when it is let go.
pub(crate) type Share = Zeroizing<Vec<u8>>;

/// Splits a secret into `shares`, of which `threshold` bring it back.
pub(crate) fn split(secret: &[u8], shares: u8, threshold: u8) -> Vec<Share> {
    let polynomials: Vec<Zeroizing<Vec<u8>>> = secret
        .iter()
        .map(|byte| {
            let mut coefficients = Zeroizing::new(vec![0; threshold.into()]);
            rand::rng().fill_bytes(&mut coefficients);
            coefficients[0] = *byte;
            coefficients
        })
        .collect();
    let at = |point: u8| {
        let value = |polynomial: &Zeroizing<Vec<u8>>| {
            polynomial.iter().rev().fold(0, |sum, coefficient| multiply(sum, point) ^ coefficient)
        };
        Zeroizing::new(polynomials.iter().map(value).chain([point]).collect())
    };
    (1..=shares).map(at).collect()
}

/// Brings the secret back from shares; `None` if they do not belong together.
pub(crate) fn combine(shares: &[Share]) -> Option<Zeroizing<Vec<u8>>> {
    let length = shares.first()?.len().checked_sub(1)?;
    if shares.iter().any(|share| share.len() != length + 1) {
        return None;
    }
    let points: Vec<u8> = shares.iter().map(|share| share[length]).collect();
    if points.contains(&0) || (1..points.len()).any(|place| points[..place].contains(&points[place])) {
        return None;
    }
    let mut secret = Zeroizing::new(vec![0; length]);
    for (share, point) in shares.iter().zip(&points) {
        let weight = points
            .iter()
            .filter(|other| *other != point)
            .fold(1, |weight, other| multiply(weight, multiply(*other, inverse(other ^ point))));
        for (byte, value) in secret.iter_mut().zip(share.iter()) {
            *byte ^= multiply(weight, *value);
        }
    }
    Some(secret)
}

/// The product, in a time that does not depend on the factors.
fn multiply(mut a: u8, b: u8) -> u8 {
    let mut product = 0;
    for bit in 0..8 {
        product ^= a & (b >> bit & 1).wrapping_neg();
        a = (a << 1) ^ (0x1b & (a >> 7).wrapping_neg());
    }
    product
}

/// The number by which it multiplies to 1: its 254th power.
fn inverse(a: u8) -> u8 {
    (1..8)
        .fold((1, a), |(product, power), _| {
            let square = multiply(power, power);
            (multiply(product, square), square)
        })
        .0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_but_zero_has_an_inverse() {
        assert!((1..=255).all(|number| multiply(number, inverse(number)) == 1));
    }

    #[test]
    fn as_many_shares_as_the_threshold_bring_the_secret_back_and_fewer_do_not() {
        let secret = b"thirty-two bytes of a data key..";
        let shares = split(secret, 5, 3);
        for chosen in [[0, 1, 2], [4, 2, 0], [1, 3, 4]] {
            let chosen: Vec<Share> = chosen.iter().map(|place| shares[*place].clone()).collect();
            assert_eq!(combine(&chosen).unwrap().as_slice(), secret);
        }
        assert_ne!(combine(&shares[..2]).unwrap().as_slice(), secret);
    }

    #[test]
    fn shares_that_do_not_belong_together_are_refused() {
        let shares = split(b"secret", 3, 2);
        assert!(combine(&[shares[0].clone(), shares[0].clone()]).is_none());
        assert!(combine(&[shares[0].clone(), Share::new(vec![1, 2])]).is_none());
        assert!(combine(&[]).is_none());
    }
}
