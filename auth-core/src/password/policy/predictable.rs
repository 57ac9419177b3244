//! Passwords that follow from their first characters.

/// Whether `folded`, in lower case, is a short piece said again and again, or a
/// few runs along the alphabet, the digits or a row of the keyboard. Like a
/// blocklist, only of what no list could hold; it asks for no kind of character.
pub(super) fn is_predictable(folded: &[char]) -> bool {
    repeats(folded) || runs(folded) < FEWEST_RUNS
}

/// A piece of at most [`LONGEST_PIECE`] characters, at least twice.
fn repeats(folded: &[char]) -> bool {
    (1..=LONGEST_PIECE)
        .filter(|piece| piece * 2 <= folded.len())
        .any(|piece| {
            folded
                .iter()
                .zip(&folded[piece..])
                .all(|(one, next)| one == next)
        })
}

/// In how few runs the text can be read from left to right: of one character, or
/// of neighbours in one direction. What is in no run is one by itself.
fn runs(folded: &[char]) -> usize {
    let mut runs = 0;
    let mut rest = folded;
    while !rest.is_empty() {
        let run = [0, 1, -1]
            .into_iter()
            .map(|step| run(rest, step))
            .max()
            .unwrap_or(1);
        rest = &rest[run..];
        runs += 1;
    }
    runs
}

/// How many characters follow one another by `step` places.
fn run(text: &[char], step: isize) -> usize {
    1 + text
        .windows(2)
        .take_while(|pair| follows(pair[0], pair[1], step))
        .count()
}

fn follows(one: char, next: char, step: isize) -> bool {
    if step == 0 {
        return one == next;
    }
    let (one, next) = if step < 0 { (next, one) } else { (one, next) };
    LINES.iter().any(|line| {
        line.chars()
            .zip(line.chars().skip(1))
            .any(|pair| pair == (one, next))
    })
}

/// The longest is still shorter than the least that a policy asks for.
const LONGEST_PIECE: usize = 4;

/// Fewer runs than this make no password.
const FEWEST_RUNS: usize = 4;

/// What fingers and memory run along.
const LINES: &[&str] = &[
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop[]",
    "asdfghjkl;'",
    "zxcvbnm,./",
    "qwertz",
    "azertyuiop",
    "qsdfghjklm",
    "wxcvbn",
    "!@#$%^&*()_+",
];
