//! What every connection of the store's own is limited by, as the server sees it
//! while it works for us.

use std::time::Duration;

use auth_store::{PgStore, TenantStore};

use super::support::{fresh, run, value};

const WITNESS: &str = "
    CREATE TABLE {s}.seen (name text, setting text);
    CREATE FUNCTION {s}.look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO {s}.seen SELECT s.name, s.setting FROM pg_settings s WHERE s.name IN
            ('application_name', 'idle_in_transaction_session_timeout', 'lock_timeout', 'statement_timeout',
             'transaction_isolation');
        RETURN new;
    END $$;
    CREATE TRIGGER look BEFORE INSERT ON {s}.tenants FOR EACH ROW EXECUTE FUNCTION {s}.look()";

const SEEN: &str = "SELECT string_agg(name || ' ' || setting, ', ' ORDER BY name) FROM {s}.seen";

#[tokio::test(flavor = "multi_thread")]
async fn our_connections_have_limits_and_a_name() {
    let place = fresh().await;
    let mut beside = place.beside().await;
    run(&mut beside, &place.schema, WITNESS).await;
    let builder = || {
        PgStore::builder(&place.url)
            .with_schema(place.schema.as_str())
            .with_statement_timeout(Duration::from_secs(3))
    };
    let limits = "idle_in_transaction_session_timeout 10000, lock_timeout 1500, statement_timeout 3000, \
                  transaction_isolation read committed";
    let named = format!("{}?application_name=orders", place.url);
    let ways = [
        ("auth", builder()),
        // The same in a transaction that is ours and a connection that is not.
        ("auth", builder().through_pooler(&place.url)),
        ("orders", builder().through_pooler(&named)),
    ];
    for (name, way) in ways {
        let store = way.connect().await.unwrap();
        let tenant = auth_core::TenantId::from_uuid(uuid::Uuid::from_u128(7));
        store.create_tenant(tenant).await.unwrap();
        let seen: String = value(&mut beside, &place.schema, SEEN).await;
        assert_eq!(seen, format!("application_name {name}, {limits}"));
        let clear = "DELETE FROM {s}.tenants WHERE id::text LIKE '%7'; DELETE FROM {s}.seen";
        run(&mut beside, &place.schema, clear).await;
    }
}
