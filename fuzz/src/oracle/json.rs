//! One JSON object by `serde_json`, its members as they are written.

use std::collections::HashSet;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Judged, No};

/// The deepest nesting that is read.
const MAX_DEPTH: usize = 64;

/// An object in which no name stands twice.
pub struct Object<'a> {
    members: Vec<(String, &'a RawValue)>,
    /// All of it.
    pub value: Value,
}

impl<'a> Object<'a> {
    /// Reads exactly one object.
    ///
    /// # Errors
    /// [`No`] if it is none, names repeat, or it is nested too deeply.
    pub fn read(json: &'a [u8]) -> Judged<Self> {
        let value = serde_json::from_slice(json).map_err(|error| {
            if error.to_string().starts_with("number out of range") {
                No::Unsure
            } else {
                No::Reject
            }
        })?;
        let Members(members) = serde_json::from_slice(json).map_err(|_| No::Reject)?;
        let names: HashSet<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
        if names.len() == members.len() && depth(json) <= MAX_DEPTH {
            Ok(Self { members, value })
        } else {
            Err(No::Reject)
        }
    }

    /// Whether a member has this name.
    pub fn has(&self, name: &str) -> bool {
        self.raw(name).is_some()
    }

    /// A member as it is written.
    pub fn raw(&self, name: &str) -> Option<&'a str> {
        let member = self.members.iter().find(|(known, _)| known == name);
        member.map(|(_, value)| value.get())
    }

    /// A member that must be a string if it is there.
    ///
    /// # Errors
    /// [`No::Reject`] if it is something else.
    pub fn string(&self, name: &str) -> Judged<Option<String>> {
        let Some(raw) = self.raw(name) else {
            return Ok(None);
        };
        serde_json::from_str(raw).map(Some).map_err(|_| No::Reject)
    }
}

/// The members of an object, however often a name stands there.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Every;

        impl<'de> Visitor<'de> for Every {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Every)
    }
}

/// How deeply a text is nested that is known to be JSON.
fn depth(json: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth -= 1,
            _ => {}
        }
    }
    deepest
}
