//! One suite, two databases: each test runs on an SQLite file and on a PostgreSQL database of its own.

#![allow(dead_code, unreachable_pub)] // Each test program uses some of it.
#![allow(clippy::unwrap_used, clippy::panic)] // Its functions are not tests, but are called by nothing else.

pub mod cluster;
pub mod gate;
pub mod moodle;
pub mod pair;
#[cfg(feature = "server")]
pub mod process;

use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use awap_store::{Options, Store};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

pub const SEAL_KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
pub const PSEUDONYM_KEY: &str = "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100";

/// A database that is gone after the test.
pub struct Base {
    pub url: String,
    folder: Option<tempfile::TempDir>,
}

impl Base {
    pub fn options(&self) -> Options {
        let mut options = Options::new(&self.url, SEAL_KEY, PSEUDONYM_KEY).unwrap();
        options.retry_after = Duration::from_millis(200);
        options
    }

    pub async fn store(&self) -> Store {
        Store::open(self.options()).await.unwrap()
    }

    /// The folder of an SQLite database.
    pub fn folder(&self) -> Option<&std::path::Path> {
        self.folder.as_ref().map(tempfile::TempDir::path)
    }
}

pub fn on_sqlite<F: Future<Output = ()>>(test: impl FnOnce(Base) -> F) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("awap.db").display());
    runtime().block_on(test(Base { url, folder: Some(folder) }));
}

pub fn on_postgres<F: Future<Output = ()>>(name: &str, test: impl FnOnce(Base) -> F) {
    let Some(database) = Database::create(name) else { return };
    runtime().block_on(test(database.base()));
}

/// A database of the PostgreSQL that the tests were given. It is dropped with this, also where the test fails.
pub struct Database {
    admin: String,
    name: String,
}

impl Database {
    /// `None`, with a message, where no PostgreSQL was given.
    pub fn create(test: &str) -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let Ok(admin) = std::env::var("AWAP_TEST_POSTGRES_URL") else {
            eprintln!("skipped: {test} on PostgreSQL (AWAP_TEST_POSTGRES_URL is not set)");
            return None;
        };
        let name = format!("awap_test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        runtime().block_on(administer(&admin, format!("CREATE DATABASE {name}")));
        Some(Self { admin, name })
    }

    pub fn base(&self) -> Base {
        Base { url: with_database(&self.admin, &self.name), folder: None }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        runtime().block_on(administer(&self.admin, format!("DROP DATABASE {} WITH (FORCE)", self.name)));
    }
}

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

async fn administer(url: &str, statement: String) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    connection.execute(AssertSqlSafe(statement)).await.unwrap();
    connection.close().await.unwrap();
}

/// `url` with another database: `postgres://user@host/name?options`.
fn with_database(url: &str, database: &str) -> String {
    let (base, query) = url.split_once('?').map_or((url, ""), |(base, query)| (base, query));
    let slash = base.rfind('/').unwrap();
    format!("{}/{database}?{query}", &base[..slash])
}

/// Declares tests that run on both databases.
#[macro_export]
macro_rules! on_each_database {
    ($($name:ident),* $(,)?) => { $(
        mod $name {
            #[test]
            fn sqlite() {
                $crate::support::on_sqlite(super::body::$name);
            }
            #[test]
            fn postgres() {
                $crate::support::on_postgres(stringify!($name), super::body::$name);
            }
        }
    )* };
}

/// A TMA of a made-up student.
pub fn tma(n: usize) -> Value {
    json!({
        "assignment_id": "TX101-26J-TMA01",
        "course_id": "TX101-26J",
        "student_id": format!("Q{n:07}"),
        "student": {
            "name": "Wilhelmina Zzyzxon",
            "given_name": "Wilhelmina",
            "family_name": "Zzyzxon",
            "email": "w.zzyzxon@students.example.org",
            "username": "wz4242",
            "aliases": ["Mina Zed"],
            "moodle_user_id": 424_242_424,
        },
        "content": {
            "text": "By Wilhelmina Zzyzxon. Photosynthesis stores light.",
            "attachments": [{"filename": "zzyzxon_tma01.txt", "data_base64": "V2lsaGVsbWluYQ=="}],
        },
        "rubric": {"rubric_id": "r1", "module_code": "TX101"},
    })
}

/// Runs a command; its answer.
pub async fn ask(store: &Store, command: &str, data: Value) -> Value {
    match store.command(command, data).await {
        Ok(answer) => answer,
        Err(error) => panic!("{command}: {error} {:?}", error.details()),
    }
}

/// Runs a command that must fail; the code, and the path or message.
pub async fn refused(store: &Store, command: &str, data: Value) -> (String, String) {
    match store.command(command, data).await {
        Ok(answer) => panic!("{command} answered {answer}"),
        Err(error) => {
            let path = error.details().get("path").and_then(Value::as_str);
            (error.code().to_string(), path.unwrap_or(error.message()).to_owned())
        }
    }
}

/// A draft as the engine makes it.
pub fn draft() -> Value {
    json!({
        "grade": 71.5,
        "feedback_text": "You explain well.",
        "strengths": ["Clear"],
        "improvements": ["Cite", "Conclude"],
        "marking_criteria": {"schema": "awap:feedback/1", "criteria": [{"score": 7.0, "weight": 1e-7}]},
    })
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Runs a statement behind the store's back.
pub async fn execute(base: &Base, statement: impl Into<String>) {
    let statement = AssertSqlSafe(statement.into());
    if base.folder().is_some() {
        let mut connection = sqlx::SqliteConnection::connect(&base.url).await.unwrap();
        connection.execute(statement).await.unwrap();
        connection.close().await.unwrap();
    } else {
        let mut connection = PgConnection::connect(&base.url).await.unwrap();
        connection.execute(statement).await.unwrap();
        connection.close().await.unwrap();
    }
}

/// Runs a statement made of parts behind the store's back.
pub async fn execute_made(base: &Base, statement: String) {
    let statement = AssertSqlSafe(statement);
    if base.folder().is_some() {
        let mut connection = sqlx::SqliteConnection::connect(&base.url).await.unwrap();
        connection.execute(statement).await.unwrap();
    } else {
        let mut connection = PgConnection::connect(&base.url).await.unwrap();
        connection.execute(statement).await.unwrap();
    }
}

/// The rows of a query of each database's own, whose one column is text.
pub async fn texts(base: &Base, sqlite: &'static str, postgres: &'static str) -> Vec<String> {
    if base.folder().is_some() {
        let mut connection = sqlx::SqliteConnection::connect(&base.url).await.unwrap();
        sqlx::query_scalar(sqlite).fetch_all(&mut connection).await.unwrap()
    } else {
        let mut connection = PgConnection::connect(&base.url).await.unwrap();
        sqlx::query_scalar(postgres).fetch_all(&mut connection).await.unwrap()
    }
}

/// Runs a statement of each database's own on one id.
pub async fn execute_with(base: &Base, sqlite: impl Into<String>, postgres: impl Into<String>, id: &str) {
    let changed = if base.folder().is_some() {
        let mut connection = sqlx::SqliteConnection::connect(&base.url).await.unwrap();
        let query = sqlx::query(AssertSqlSafe(sqlite.into())).bind(id);
        query.execute(&mut connection).await.unwrap().rows_affected()
    } else {
        let mut connection = PgConnection::connect(&base.url).await.unwrap();
        let query = sqlx::query(AssertSqlSafe(postgres.into())).bind(id);
        query.execute(&mut connection).await.unwrap().rows_affected()
    };
    assert_eq!(changed, 1);
}

/// Takes the TMA in and completes it, as the only one at work; its id and its student's pseudonym.
pub async fn completed(store: &Store, n: usize) -> (Value, String) {
    let created = ask(store, "create_tma", json!({"tma": tma(n)})).await;
    let job = ask(store, "claim_job", json!({"worker": "w", "lease_ms": 60_000})).await["job"].take();
    assert_eq!(job["tma_id"], created["id"]);
    ask(
        store,
        "complete_job",
        json!({"job_id": job["job_id"], "worker": "w", "content": {"text": "Made by [STUDENT]."},
            "feedback": draft()}),
    )
    .await;
    (created["id"].clone(), text(&created["student_id"]))
}

/// The one number that a query answers.
pub async fn count(base: &Base, query: &'static str) -> i64 {
    if base.folder().is_some() {
        let mut connection = sqlx::SqliteConnection::connect(&base.url).await.unwrap();
        sqlx::query_scalar(query).fetch_one(&mut connection).await.unwrap()
    } else {
        let mut connection = PgConnection::connect(&base.url).await.unwrap();
        sqlx::query_scalar(query).fetch_one(&mut connection).await.unwrap()
    }
}

/// Every byte that the database keeps: SQLite's files, every row of every table of PostgreSQL as text.
pub async fn dump(base: &Base) -> Vec<u8> {
    let mut dump = Vec::new();
    if let Some(folder) = base.folder() {
        for entry in std::fs::read_dir(folder).unwrap() {
            dump.extend(std::fs::read(entry.unwrap().path()).unwrap());
        }
        return dump;
    }
    let mut connection = PgConnection::connect(&base.url).await.unwrap();
    let tables: Vec<String> =
        sqlx::query_scalar("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")
            .fetch_all(&mut connection)
            .await
            .unwrap();
    for table in tables {
        let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(format!("SELECT t::text FROM {table} t")))
            .fetch_all(&mut connection)
            .await
            .unwrap();
        dump.extend(rows.concat().into_bytes());
        if ["tma_originals", "vault", "tma_origins", "moodle_submissions"].contains(&table.as_str()) {
            // A row's text has bytes in hexadecimal, where no name would be seen.
            let sealed: Vec<Vec<u8>> = sqlx::query_scalar(AssertSqlSafe(format!(
                "SELECT sealed FROM {table} WHERE sealed IS NOT NULL"
            )))
            .fetch_all(&mut connection)
            .await
            .unwrap();
            dump.extend(sealed.concat());
        }
    }
    dump
}
