//! Lists of names in one column, as netstrings: `5:admin,6:editor,`. No name,
//! whatever is in it, can pass for two.

use std::fmt::Write;

/// The text that keeps `names`.
pub(super) fn encode(names: &[String]) -> String {
    names.iter().fold(String::new(), |mut text, name| {
        // Writing to a string does not fail.
        let _ = write!(text, "{}:{name},", name.len());
        text
    })
}

/// The names in `text`; `None` if it is not what [`encode`] wrote.
pub(super) fn decode(mut text: &str) -> Option<Vec<String>> {
    let mut names = Vec::new();
    while !text.is_empty() {
        let (len, rest) = text.split_once(':')?;
        let (name, rest) = rest.split_at_checked(len.parse().ok()?)?;
        text = rest.strip_prefix(',')?;
        names.push(name.to_owned());
    }
    Some(names)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_was_not_encoded_is_not_read() {
        for bad in [
            "admin", "5:admin", "4:admin,", "6:admin,", "-1:,", ":,", "1:é,",
        ] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_list_is_read_back(names: Vec<String>) {
            prop_assert_eq!(decode(&encode(&names)), Some(names));
        }
    }
}
