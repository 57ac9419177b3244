//! Events as others read them: CloudEvents 1.0, structured mode, as JSON.

use serde::Serialize;
use serde_json::value::RawValue;

use super::Event;
use crate::time::Timestamp;

/// The attributes, under CloudEvents' own names; `tenant` and `sequence` are
/// extensions (the latter a documented one: text, in order as it is compared).
#[derive(Serialize)]
struct CloudEvent<'e> {
    specversion: &'static str,
    id: String,
    source: &'e str,
    #[serde(rename = "type")]
    kind: &'e str,
    subject: &'e str,
    time: String,
    datacontenttype: &'static str,
    tenant: String,
    sequence: String,
    data: &'e RawValue,
}

impl Event {
    /// The media type of [`to_json`](Self::to_json).
    pub const MEDIA_TYPE: &'static str = "application/cloudevents+json";

    /// The event in CloudEvents' JSON format, with `data` as it was stored.
    ///
    /// # Errors
    /// If `data` is no JSON, which no store of ours takes.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(&CloudEvent {
            specversion: "1.0",
            id: self.id.to_string(),
            source: &self.source,
            kind: self.kind.as_str(),
            subject: &self.subject,
            time: rfc3339(self.time),
            datacontenttype: "application/json",
            tenant: self.tenant.to_string(),
            sequence: format!("{:020}", self.sequence),
            data: serde_json::from_str(&self.data)?,
        })
    }
}

/// RFC 3339 in UTC, with microseconds. A year beyond 9999, which that notation
/// does not have, is cut to the last moment that it has.
fn rfc3339(time: Timestamp) -> String {
    const DAY: i64 = 86_400;
    const FIRST: i64 = -62_167_219_200;
    const LAST: i64 = 253_402_300_799;
    let seconds = time.unix_seconds().clamp(FIRST, LAST);
    let micros = time.unix_micros().rem_euclid(1_000_000);
    let (days, of_day) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z")
}

/// Year, month and day of a day counted from 1970-01-01 (Howard Hinnant's
/// `civil_from_days`): years begin in March, so that leap days come last.
const fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::EventKind;
    use crate::id::{EventId, TenantId};

    #[test]
    fn times_are_written_as_others_write_them() {
        // From `date --utc --date @… --rfc-3339=seconds`.
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00"),
            (-1, "1969-12-31T23:59:59"),
            (951_782_399, "2000-02-28T23:59:59"),
            (951_782_400, "2000-02-29T00:00:00"),
            (1_800_000_000, "2027-01-15T08:00:00"),
            (4_107_542_400, "2100-03-01T00:00:00"),
            (253_402_300_799, "9999-12-31T23:59:59"),
            (i64::MAX, "9999-12-31T23:59:59"),
        ] {
            let written = rfc3339(Timestamp::from_unix_seconds(seconds));
            assert!(written.starts_with(text), "{written}");
        }
        let late = Timestamp::from_unix_micros(1_800_000_000_000_042);
        assert_eq!(rfc3339(late), "2027-01-15T08:00:00.000042Z");
    }

    #[test]
    fn an_event_has_the_attributes_of_a_cloud_event() {
        let id = EventId::from_uuid(uuid::Uuid::from_u128(7));
        let event = Event::stored(
            id,
            TenantId::DEFAULT,
            "https://auth.example.com".to_owned(),
            EventKind::new("auth.user.created").unwrap(),
            "sub\"ject".to_owned(),
            Timestamp::from_unix_seconds(0),
            9,
            r#"{"a": 1.10}"#.to_owned(),
        );
        assert_eq!(
            event.to_json().unwrap(),
            r#"{"specversion":"1.0","id":"00000000-0000-0000-0000-000000000007","source":"https://auth.example.com","type":"auth.user.created","subject":"sub\"ject","time":"1970-01-01T00:00:00.000000Z","datacontenttype":"application/json","tenant":"00000000-0000-0000-0000-000000000000","sequence":"00000000000000000009","data":{"a": 1.10}}"#
        );
    }
}
