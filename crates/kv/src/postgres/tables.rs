//! The tables of a store and the statements that use them: what lakeFS servers on the same database
//! have and expect (format.md §1.3).

use std::fmt::Write as _;

use tokio_postgres::Client;

/// Hash partitions of the table. Part of the format: rows of an existing table are spread over
/// exactly this many.
const PARTITIONS: u32 = 100;

/// Every statement, for one table.
#[derive(Debug)]
pub(super) struct Statements {
    pub(super) get: String,
    pub(super) set: String,
    pub(super) set_if_absent: String,
    pub(super) set_if_exists: String,
    pub(super) set_if_value: String,
    pub(super) delete: String,
    pub(super) scan: String,
    pub(super) scan_after: String,
    pub(super) set_many: String,
    pub(super) delete_many: String,
    pub(super) set_and_delete_many: String,
    pub(super) clear: String,
}

impl Statements {
    pub(super) fn for_table(table: &str) -> Self {
        let t = quoted(table);
        let upsert = "ON CONFLICT (partition_key, key) DO UPDATE SET value = EXCLUDED.value";
        let set_many = format!(
            "INSERT INTO {t} (partition_key, key, value) \
             SELECT $1, u.key, u.value FROM unnest($2::bytea[], $3::bytea[]) AS u (key, value) \
             {upsert}"
        );
        let address = "partition_key = $1 AND key = $2";
        let page = "ORDER BY key LIMIT $3";
        Self {
            get: format!("SELECT value FROM {t} WHERE {address}"),
            set: format!(
                "INSERT INTO {t} (partition_key, key, value) VALUES ($1, $2, $3) {upsert}"
            ),
            set_if_absent: format!(
                "INSERT INTO {t} (partition_key, key, value) VALUES ($1, $2, $3) \
                 ON CONFLICT DO NOTHING"
            ),
            set_if_exists: format!("UPDATE {t} SET value = $3 WHERE {address}"),
            set_if_value: format!("UPDATE {t} SET value = $3 WHERE {address} AND value = $4"),
            delete: format!("DELETE FROM {t} WHERE {address}"),
            scan: format!(
                "SELECT key, value FROM {t} WHERE partition_key = $1 AND key >= $2 {page}"
            ),
            scan_after: format!(
                "SELECT key, value FROM {t} WHERE partition_key = $1 AND key > $2 {page}"
            ),
            delete_many: format!("DELETE FROM {t} WHERE partition_key = $1 AND key = ANY ($2)"),
            set_and_delete_many: format!(
                "WITH gone AS (DELETE FROM {t} WHERE partition_key = $1 AND key = ANY ($4)) \
                 {set_many}"
            ),
            set_many,
            clear: format!("DELETE FROM {t} WHERE partition_key = $1"),
        }
    }
}

/// Creates what is missing of the table, its partitions and its view, under the lock that every
/// server takes for it. A database that has everything is only read, so that a role without the
/// right to create suffices.
pub(super) async fn create(client: &Client, table: &str) -> Result<(), tokio_postgres::Error> {
    if is_complete(client, table).await? {
        return Ok(());
    }
    let lock = i64::from(lock_id(table));
    client
        .execute("SELECT pg_advisory_lock($1)", &[&lock])
        .await?;
    let created = client.batch_execute(&creation(table)).await;
    // The connection is closed after a failure, which releases the lock too.
    client
        .execute("SELECT pg_advisory_unlock($1)", &[&lock])
        .await?;
    created
}

async fn is_complete(client: &Client, table: &str) -> Result<bool, tokio_postgres::Error> {
    let row = client
        .query_one(
            "SELECT to_regclass($2) IS NOT NULL AND \
             (SELECT count(*) FROM pg_inherits WHERE inhparent = to_regclass($1)) = $3",
            &[
                &quoted(table),
                &quoted(&format!("{table}_v")),
                &i64::from(PARTITIONS),
            ],
        )
        .await?;
    row.try_get(0)
}

fn creation(table: &str) -> String {
    let t = quoted(table);
    let view = quoted(&format!("{table}_v"));
    let mut sql = format!(
        "CREATE TABLE IF NOT EXISTS {t} (\
         partition_key BYTEA NOT NULL, key BYTEA NOT NULL, value BYTEA NOT NULL, \
         PRIMARY KEY (partition_key, key)) PARTITION BY HASH (partition_key);\n"
    );
    for remainder in 0..PARTITIONS {
        let part = quoted(&format!("{table}_{remainder}"));
        // Writing to a string cannot fail.
        let _: std::fmt::Result = writeln!(
            sql,
            "CREATE TABLE IF NOT EXISTS {part} PARTITION OF {t} \
             FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER {remainder});"
        );
    }
    let _: std::fmt::Result = writeln!(
        sql,
        "CREATE OR REPLACE VIEW {view} AS SELECT ENCODE(partition_key, 'escape') AS partition_key, \
         ENCODE(key, 'escape') AS key, value FROM {t};"
    );
    sql
}

/// The advisory lock of a table: FNV-1a of `lakefs:` and its name.
fn lock_id(table: &str) -> u32 {
    let name = b"lakefs:".iter().chain(table.as_bytes());
    name.fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}

/// A name as an identifier.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_of_the_default_table_is_the_one_every_server_takes() {
        assert_eq!(lock_id("kv"), 4_109_714_936);
    }

    #[test]
    fn names_are_quoted() {
        assert_eq!(quoted("a\"; DROP"), "\"a\"\"; DROP\"");
    }
}
