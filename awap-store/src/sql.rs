//! Values in and out of SQL, in each dialect's own types.
//!
//! Statements are written once, with `$1` placeholders, which both databases read. What differs is the type of a
//! value: a UUID, a time, JSON and a list are types of PostgreSQL's own and text on SQLite.

use std::convert::identity;

use serde_json::Value;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::types::Json;
use sqlx::{Postgres, Row as _, Sqlite};
use time::PrimitiveDateTime;
use uuid::Uuid;

use awap_core::Result;

use crate::Timestamp;
use crate::fault;

/// A value for a placeholder. `None` is NULL, of that type.
#[derive(Debug, Clone)]
pub(crate) enum Arg {
    Text(Option<String>),
    Int(Option<i64>),
    Float(Option<f64>),
    Bytes(Option<Vec<u8>>),
    Uuid(Option<Uuid>),
    Time(Option<Timestamp>),
    Json(Option<Value>),
    List(Option<Vec<String>>),
}

/// The values of a statement's placeholders, in order.
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::sql::Arg::from($value)),*] };
}
pub(crate) use args;

/// A text may hold U+0000, which PostgreSQL cannot keep. A space takes its place, on both databases alike: it is of one
/// byte too, so that byte offsets into the text still hold.
macro_rules! into_arg {
    ($($type:ty => $variant:ident, $convert:expr);* $(;)?) => { $(
        impl From<$type> for Arg {
            fn from(value: $type) -> Self {
                Self::$variant(Some($convert(value)))
            }
        }
        impl From<Option<$type>> for Arg {
            fn from(value: Option<$type>) -> Self {
                Self::$variant(value.map($convert))
            }
        }
    )* };
}
into_arg! {
    i64 => Int, identity;
    f64 => Float, identity;
    Vec<u8> => Bytes, identity;
    Uuid => Uuid, identity;
    Timestamp => Time, identity;
    String => Text, without_nul;
    &str => Text, |text: &str| without_nul(text.to_owned());
    Vec<String> => List, |list: Vec<String>| list.into_iter().map(without_nul).collect();
    Value => Json, json_without_nul;
}

fn without_nul(text: String) -> String {
    if text.contains('\0') { text.replace('\0', " ") } else { text }
}

fn json_without_nul(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(without_nul(text)),
        Value::Array(list) => list.into_iter().map(json_without_nul).collect(),
        Value::Object(map) => {
            map.into_iter().map(|(key, value)| (without_nul(key), json_without_nul(value))).collect()
        }
        other => other,
    }
}

pub(crate) fn bind_sqlite(
    mut query: Query<'_, Sqlite, SqliteArguments>,
    args: Vec<Arg>,
) -> Query<'_, Sqlite, SqliteArguments> {
    for arg in args {
        query = match arg {
            Arg::Text(v) => query.bind(v),
            Arg::Int(v) => query.bind(v),
            Arg::Float(v) => query.bind(v),
            Arg::Bytes(v) => query.bind(v),
            Arg::Uuid(v) => query.bind(v.map(|v| v.to_string())),
            Arg::Time(v) => query.bind(v.map(|v| v.to_string())),
            Arg::Json(v) => query.bind(v.map(|v| v.to_string())),
            Arg::List(v) => query.bind(v.map(|v| Value::from(v).to_string())),
        };
    }
    query
}

pub(crate) fn bind_postgres(
    mut query: Query<'_, Postgres, PgArguments>,
    args: Vec<Arg>,
) -> Query<'_, Postgres, PgArguments> {
    for arg in args {
        query = match arg {
            Arg::Text(v) => query.bind(v),
            Arg::Int(v) => query.bind(v),
            Arg::Float(v) => query.bind(v),
            Arg::Bytes(v) => query.bind(v),
            Arg::Uuid(v) => query.bind(v),
            Arg::Time(v) => query.bind(v.map(Timestamp::primitive)),
            Arg::Json(v) => query.bind(v.map(Json)),
            Arg::List(v) => query.bind(v),
        };
    }
    query
}

/// A row of either database.
#[derive(Debug)]
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    /// The value of a column.
    pub(crate) fn get<T: Column>(&self, column: &str) -> Result<T> {
        match self {
            Self::Sqlite(row) => T::from_sqlite(row, column),
            Self::Postgres(row) => T::from_postgres(row, column),
        }
    }
}

/// A type that a column can be read as.
pub(crate) trait Column: Sized {
    fn from_sqlite(row: &SqliteRow, column: &str) -> Result<Self>;
    fn from_postgres(row: &PgRow, column: &str) -> Result<Self>;
}

/// Both dialects have these types themselves.
macro_rules! plain_columns {
    ($($type:ty),*) => { $(
        impl Column for $type {
            fn from_sqlite(row: &SqliteRow, column: &str) -> Result<Self> {
                row.try_get(column).map_err(fault::from_sqlx)
            }
            fn from_postgres(row: &PgRow, column: &str) -> Result<Self> {
                row.try_get(column).map_err(fault::from_sqlx)
            }
        }
        impl Column for Option<$type> {
            fn from_sqlite(row: &SqliteRow, column: &str) -> Result<Self> {
                row.try_get(column).map_err(fault::from_sqlx)
            }
            fn from_postgres(row: &PgRow, column: &str) -> Result<Self> {
                row.try_get(column).map_err(fault::from_sqlx)
            }
        }
    )* };
}
plain_columns!(String, i64, f64, Vec<u8>);

/// Types that SQLite has as text.
macro_rules! text_columns {
    ($($type:ty, $read:expr, $native:ty, $convert:expr);* $(;)?) => { $(
        impl Column for Option<$type> {
            fn from_sqlite(row: &SqliteRow, column: &str) -> Result<Self> {
                let Some(text) = Option::<String>::from_sqlite(row, column)? else { return Ok(None) };
                $read(&text).map(Some).ok_or_else(|| unreadable(column))
            }
            fn from_postgres(row: &PgRow, column: &str) -> Result<Self> {
                let value: Option<$native> = row.try_get(column).map_err(fault::from_sqlx)?;
                Ok(value.map($convert))
            }
        }
        impl Column for $type {
            fn from_sqlite(row: &SqliteRow, column: &str) -> Result<Self> {
                Option::<$type>::from_sqlite(row, column)?.ok_or_else(|| unreadable(column))
            }
            fn from_postgres(row: &PgRow, column: &str) -> Result<Self> {
                Option::<$type>::from_postgres(row, column)?.ok_or_else(|| unreadable(column))
            }
        }
    )* };
}
text_columns! {
    Uuid, |text: &str| Uuid::parse_str(text).ok(), Uuid, identity;
    Timestamp, Timestamp::parse, PrimitiveDateTime, Timestamp::from_primitive;
    Value, |text: &str| serde_json::from_str(text).ok(), Json<Value>, |json: Json<Value>| json.0;
    Vec<String>, |text: &str| serde_json::from_str(text).ok(), Vec<String>, identity;
}

fn unreadable(column: &str) -> awap_core::Error {
    fault::internal("A row of the database cannot be read.").with("column", column)
}

/// A statement made of fixed parts and of placeholders for values, as many as there turn out to be.
#[derive(Debug)]
pub(crate) struct Builder {
    sql: String,
    args: Vec<Arg>,
    conditions: usize,
}

impl Builder {
    pub(crate) fn new(sql: &'static str) -> Self {
        Self { sql: sql.to_owned(), args: Vec::new(), conditions: 0 }
    }

    /// Adds a fixed part.
    pub(crate) fn push(&mut self, sql: &'static str) -> &mut Self {
        self.sql.push_str(sql);
        self
    }

    /// Adds a value.
    pub(crate) fn value(&mut self, value: impl Into<Arg>) -> &mut Self {
        self.args.push(value.into());
        self.sql.push('$');
        self.sql.push_str(&self.args.len().to_string());
        self
    }

    /// Starts a condition of the `WHERE` clause; all of them must hold.
    pub(crate) fn condition(&mut self, sql: &'static str) -> &mut Self {
        self.sql.push_str(if self.conditions == 0 { " WHERE " } else { " AND " });
        self.conditions += 1;
        self.push(sql)
    }

    pub(crate) fn finish(self) -> (String, Vec<Arg>) {
        (self.sql, self.args)
    }
}
