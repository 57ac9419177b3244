//! Writing a JSON object, member by member, into one text.

use std::fmt::Write;

use serde_json::Value;
use uuid::Uuid;

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

    /// Any text.
    pub(super) fn string(mut self, name: &str, value: &str) -> Self {
        self.name(name);
        self.quoted(value);
        self
    }

    /// What `write` appends, within quotes; it needs no escaping.
    pub(super) fn plain(mut self, name: &str, write: impl FnOnce(&mut String)) -> Self {
        self.name(name);
        self.text.push('"');
        write(&mut self.text);
        self.text.push('"');
        self
    }

    /// A UUID in its canonical form.
    pub(super) fn uuid(self, name: &str, uuid: &Uuid) -> Self {
        let mut buffer = Uuid::encode_buffer();
        let uuid = uuid.as_hyphenated().encode_lower(&mut buffer);
        self.plain(name, |text| text.push_str(uuid))
    }

    /// A number.
    pub(super) fn integer(mut self, name: &str, value: i64) -> Self {
        self.name(name);
        push_integer(&mut self.text, value);
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

    /// Any value.
    pub(super) fn value(mut self, name: &str, value: &Value) -> Self {
        self.name(name);
        self.json(value);
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
            return self.json(&Value::from(value));
        }
        self.text.push('"');
        self.text.push_str(value);
        self.text.push('"');
    }

    fn json(&mut self, value: &Value) {
        // Writing to a `String` does not fail.
        let _ = write!(self.text, "{value}");
    }
}

/// Decimal digits, without the detour over a formatter.
fn push_integer(text: &mut String, value: i64) {
    let mut digits = [0; 20];
    let mut rest = value.unsigned_abs();
    let mut len = 0;
    for digit in &mut digits {
        *digit = b'0' + (rest % 10).to_le_bytes()[0];
        rest /= 10;
        len += 1;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        text.push('-');
    }
    text.extend(
        digits
            .iter()
            .take(len)
            .rev()
            .map(|digit| char::from(*digit)),
    );
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

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
                .integer("number", number)
                .plain("plain", |text| push_integer(text, number))
                .value("any", &json!([number, text]))
                .uuid("uuid", &Uuid::from_u128(7))
                .end();
            let wanted = json!({
                name: text, "strings": strings, "number": number, "plain": number.to_string(),
                "any": [number, text], "uuid": "00000000-0000-0000-0000-000000000007",
            });
            prop_assert_eq!(serde_json::from_str::<Value>(&object).unwrap(), wanted);
        }
    }

    #[test]
    fn the_ends_of_the_integers_are_written() {
        for number in [0, 9, 10, -1, i64::MIN, i64::MAX] {
            let mut text = String::new();
            push_integer(&mut text, number);
            assert_eq!(text, number.to_string());
        }
    }

    #[test]
    fn an_object_may_have_no_member() {
        assert_eq!(ObjectText::new(2).end(), "{}");
    }
}
