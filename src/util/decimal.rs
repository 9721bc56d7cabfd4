//! Numbers as decimal text in a buffer, without the machinery of `fmt`, for lines that are printed for each event.

/// Digits of the largest number.
const MAX_DIGITS: usize = 20;

/// Appends a number.
pub fn push(number: u64, out: &mut Vec<u8>) {
    let (mut digits, mut begin, mut rest) = ([b'0'; MAX_DIGITS], MAX_DIGITS, number);
    for (at, digit) in digits.iter_mut().enumerate().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
        begin = at;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(begin..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::push;

    #[test]
    fn numbers_are_printed_as_fmt_prints_them() {
        let powers = (0..20).map(|power| 10_u64.pow(power));
        let near = powers.flat_map(|power| [power - 1, power, power + 1]);
        for number in near.chain([u64::MAX, u64::MAX - 1, u64::from(u32::MAX)]) {
            let mut out = b"x".to_vec();
            push(number, &mut out);
            assert_eq!(out, format!("x{number}").into_bytes());
        }
    }
}
