//! Writing a JSON object, member by member, into one text.

use serde_json::Value;
use uuid::Uuid;

use super::scan::end_of_run;

/// An object whose members are written one after the other.
pub(super) struct ObjectText {
    text: Vec<u8>,
}

/// The name of a member as it is written, with its colon.
#[derive(Clone, Copy)]
pub(super) struct Name(pub(super) &'static str);

/// The [`Name`] of a member that needs no escaping.
macro_rules! name {
    ($name:literal) => {
        $crate::jwt::write::Name(concat!("\"", $name, "\":"))
    };
}
pub(super) use name;

impl ObjectText {
    /// Begins an object of about `capacity` bytes.
    pub(super) fn new(capacity: usize) -> Self {
        let mut text = Vec::with_capacity(capacity);
        text.push(b'{');
        Self { text }
    }

    /// Any text.
    pub(super) fn string(mut self, name: Name, value: &str) -> Self {
        self.text.extend_from_slice(name.0.as_bytes());
        self.quoted(value);
        self.next()
    }

    /// What [`string_text`] made of a text.
    pub(super) fn written(mut self, name: Name, value: &str) -> Self {
        self.text.extend_from_slice(name.0.as_bytes());
        self.text.extend_from_slice(value.as_bytes());
        self.next()
    }

    /// What `write` appends, within quotes; it needs no escaping.
    pub(super) fn plain(mut self, name: Name, write: impl FnOnce(&mut Vec<u8>)) -> Self {
        self.text.extend_from_slice(name.0.as_bytes());
        self.text.push(b'"');
        write(&mut self.text);
        self.text.push(b'"');
        self.next()
    }

    /// Words with a space between each two; they need no escaping.
    pub(super) fn words<'a>(self, name: Name, words: impl Iterator<Item = &'a str>) -> Self {
        self.plain(name, |text| {
            for (place, word) in words.enumerate() {
                if place > 0 {
                    text.push(b' ');
                }
                text.extend_from_slice(word.as_bytes());
            }
        })
    }

    /// A UUID in its canonical form.
    pub(super) fn uuid(self, name: Name, uuid: &Uuid) -> Self {
        let mut buffer = Uuid::encode_buffer();
        let uuid = uuid.as_hyphenated().encode_lower(&mut buffer);
        self.plain(name, |text| text.extend_from_slice(uuid.as_bytes()))
    }

    /// A number.
    pub(super) fn integer(mut self, name: Name, value: i64) -> Self {
        self.text.extend_from_slice(name.0.as_bytes());
        push_integer(&mut self.text, value);
        self.next()
    }

    /// An array of strings; nothing at all if it would be empty.
    pub(super) fn strings(mut self, name: Name, values: &[String]) -> Self {
        if values.is_empty() {
            return self;
        }
        self.text.extend_from_slice(name.0.as_bytes());
        for (place, value) in values.iter().enumerate() {
            self.text.push(if place == 0 { b'[' } else { b',' });
            self.quoted(value);
        }
        self.text.push(b']');
        self.next()
    }

    /// Any value under any name.
    pub(super) fn value(mut self, name: &str, value: &Value) -> Self {
        self.quoted(name);
        self.text.push(b':');
        push_json(&mut self.text, value);
        self.next()
    }

    /// The text, in UTF-8.
    pub(super) fn end(mut self) -> Vec<u8> {
        self.text.pop_if(|last| *last == b',');
        self.text.push(b'}');
        self.text
    }

    fn next(mut self) -> Self {
        self.text.push(b',');
        self
    }

    fn quoted(&mut self, value: &str) {
        if end_of_run(value.as_bytes(), 0) < value.len() {
            return push_json(&mut self.text, &Value::from(value));
        }
        self.text.push(b'"');
        self.text.extend_from_slice(value.as_bytes());
        self.text.push(b'"');
    }
}

/// A text as it is written in JSON.
pub(super) fn string_text(value: &str) -> String {
    Value::from(value).to_string()
}

fn push_json(text: &mut Vec<u8>, value: &Value) {
    // Writing a value to memory does not fail.
    let _ = serde_json::to_writer(text, value);
}

/// Decimal digits, two at a time, without the detour over a formatter.
fn push_integer(text: &mut Vec<u8>, value: i64) {
    let mut digits = [0; 20];
    let mut rest = value.unsigned_abs();
    let mut start = digits.len();
    for pair in digits.as_chunks_mut::<2>().0.iter_mut().rev() {
        let [two, ..] = (rest % 100).to_le_bytes();
        *pair = [b'0' + two / 10, b'0' + two % 10];
        rest /= 100;
        start -= if two < 10 && rest == 0 { 1 } else { 2 };
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        text.push(b'-');
    }
    text.extend_from_slice(digits.get(start..).unwrap_or_default());
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
                .string(name!("text"), &text)
                .written(name!("written"), &string_text(&text))
                .strings(name!("strings"), &strings)
                .strings(name!("none"), &[])
                .integer(name!("number"), number)
                .plain(name!("plain"), |text| push_integer(text, number))
                .words(name!("words"), ["a", "b:c"].into_iter())
                .uuid(name!("uuid"), &Uuid::from_u128(7))
                .value(&name, &json!([number, text]))
                .end();
            let wanted = json!({
                "text": text, "written": text, "words": "a b:c", "strings": strings, "number": number,
                "plain": number.to_string(), "uuid": "00000000-0000-0000-0000-000000000007",
                name: [number, text],
            });
            prop_assert_eq!(serde_json::from_slice::<Value>(&object).unwrap(), wanted);
        }
    }

    #[test]
    fn the_ends_of_the_integers_are_written() {
        for number in [0, 9, 10, 99, 100, 101, -1, -10, i64::MIN, i64::MAX] {
            let mut text = Vec::new();
            push_integer(&mut text, number);
            assert_eq!(text, number.to_string().as_bytes());
        }
    }

    #[test]
    fn an_object_may_have_no_member() {
        assert_eq!(ObjectText::new(2).end(), b"{}");
    }
}
