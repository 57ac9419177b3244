//! The schema that holds the store's tables.

use std::sync::Arc;

use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

/// A schema of the store's own, by a name that needs no care in SQL.
///
/// Statements are written for the schema `auth` and name it with every table,
/// so that nothing depends on the connection's `search_path`, which a pooler
/// between us and the server may have given to somebody else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Schema(Option<Arc<str>>);

const DEFAULT: &str = "auth";

/// What of the name a database has already given away: the server's own
/// schemas, and the one where the application's tables are.
const RESERVED: [&str; 2] = ["information_schema", "public"];

impl Schema {
    /// A name of `a-z`, `0-9` and `_`; `None` for any other.
    pub(super) fn new(name: &str) -> Option<Self> {
        let first = |c: char| c.is_ascii_lowercase() || c == '_';
        let fits = name.len() <= 63
            && name.starts_with(first)
            && name.chars().all(|c| first(c) || c.is_ascii_digit())
            && !name.starts_with("pg_")
            && !RESERVED.contains(&name);
        fits.then(|| Self((name != DEFAULT).then(|| name.into())))
    }

    pub(super) fn name(&self) -> &str {
        self.0.as_deref().unwrap_or(DEFAULT)
    }

    /// `sql`, written for the schema `auth`, for this one.
    pub(super) fn qualify(&self, sql: &'static str) -> SqlStr {
        match &self.0 {
            None => sql.into_sql_str(),
            // `new` has seen that the name is one, and quotes make it one even
            // where it is a word of SQL.
            Some(name) => {
                AssertSqlSafe(sql.replace("auth.", &format!("\"{name}\"."))).into_sql_str()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_name_of_its_own_is_a_schema() {
        for good in ["auth", "_a1", "order"] {
            assert_eq!(Schema::new(good).as_ref().map(Schema::name), Some(good));
        }
        let long = "a".repeat(64);
        for bad in [
            "",
            "1a",
            "A",
            "a b",
            "a\"; DROP",
            "a.b",
            "é",
            "a\0",
            "public",
            "pg_auth",
            &long,
        ] {
            assert_eq!(Schema::new(bad), None, "{bad}");
        }
    }

    #[test]
    fn every_table_of_a_statement_is_in_the_schema() {
        let schema = Schema::new("order").unwrap();
        let sql = schema.qualify("SELECT s.auth_time FROM auth.sessions s JOIN auth.users u");
        assert_eq!(
            sql.as_str(),
            r#"SELECT s.auth_time FROM "order".sessions s JOIN "order".users u"#
        );
    }
}
