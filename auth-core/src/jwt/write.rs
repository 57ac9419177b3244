//! Writing a JSON object, member by member, into one text.

use std::fmt::{Display, Write};

use super::scan::end_of_run;

/// An object whose members are written one after the other.
pub(super) struct ObjectText {
    text: String,
}

impl ObjectText {
    /// Begins an object of about `capacity` bytes.
    pub(super) fn new(capacity: usize) -> Self {
        let mut text = String::with_capacity(capacity);
        text.push('{');
        Self { text }
    }

    pub(super) fn string(mut self, name: &str, value: &str) -> Self {
        self.name(name);
        self.quoted(value);
        self
    }

    /// A value whose text needs no escaping within quotes.
    pub(super) fn plain(mut self, name: &str, value: impl Display) -> Self {
        self.name(name);
        self.text.push('"');
        self.write(value);
        self.text.push('"');
        self
    }

    /// A value whose text is its JSON.
    pub(super) fn value(mut self, name: &str, value: impl Display) -> Self {
        self.name(name);
        self.write(value);
        self
    }

    /// An array of strings; nothing at all if it would be empty.
    pub(super) fn strings(mut self, name: &str, values: &[String]) -> Self {
        if values.is_empty() {
            return self;
        }
        self.name(name);
        for (place, value) in values.iter().enumerate() {
            self.text.push(if place == 0 { '[' } else { ',' });
            self.quoted(value);
        }
        self.text.push(']');
        self
    }

    /// The text.
    pub(super) fn end(mut self) -> String {
        self.text.push('}');
        self.text
    }

    fn name(&mut self, name: &str) {
        if self.text.len() > 1 {
            self.text.push(',');
        }
        self.quoted(name);
        self.text.push(':');
    }

    fn quoted(&mut self, value: &str) {
        if end_of_run(value.as_bytes(), 0) < value.len() {
            return self.write(serde_json::Value::from(value));
        }
        self.text.push('"');
        self.text.push_str(value);
        self.text.push('"');
    }

    fn write(&mut self, value: impl Display) {
        // Writing to a `String` does not fail.
        let _ = write!(self.text, "{value}");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_what_serde_json_reads(
            name in ".{0,20}",
            text in ".{0,20}",
            strings in prop::collection::vec(".{0,9}", 1..4),
            number in any::<i64>(),
        ) {
            let name = format!("own {name}");
            let object = ObjectText::new(0)
                .string(&name, &text)
                .strings("strings", &strings)
                .strings("none", &[])
                .value("number", number)
                .plain("plain", number)
                .end();
            let wanted = json!({
                name: text, "strings": strings, "number": number, "plain": number.to_string(),
            });
            prop_assert_eq!(serde_json::from_str::<Value>(&object).unwrap(), wanted);
        }
    }

    #[test]
    fn an_object_may_have_no_member() {
        assert_eq!(ObjectText::new(2).end(), "{}");
    }
}
