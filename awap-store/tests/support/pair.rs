//! Two databases: one of TMAs, and one that events are copied to.

use std::future::Future;

use awap_store::{Options, Store};

use super::{Base, Database, runtime};

/// Where TMAs and events are kept.
pub struct Pair {
    pub tmas: Base,
    pub events: Base,
}

impl Pair {
    pub fn options(&self) -> Options {
        let mut options = self.tmas.options();
        options.event_store_url = Some(self.events.url.clone());
        options
    }

    pub async fn store(&self) -> Store {
        let store = Store::open(self.options()).await.unwrap();
        store.event_store_ready().await.unwrap();
        store
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

pub fn on_pair<F: Future<Output = ()>>(name: &str, kinds: [Kind; 2], test: impl FnOnce(Pair) -> F) {
    // Dropped after the runtime that uses them.
    let mut databases = Vec::new();
    let mut base = |kind| {
        if kind == Kind::Postgres {
            let database = Database::create(name)?;
            let base = database.base();
            databases.push(database);
            return Some(base);
        }
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("awap.db").display());
        Some(Base { url, folder: Some(folder) })
    };
    let (Some(tmas), Some(events)) = (base(kinds[0]), base(kinds[1])) else { return };
    runtime().block_on(test(Pair { tmas, events }));
}

/// Declares tests that run on each pair of databases.
#[macro_export]
macro_rules! on_each_pair {
    ($($name:ident),* $(,)?) => { $(
        mod $name {
            use $crate::support::pair::{Kind::{Postgres, Sqlite}, on_pair};
            #[test]
            fn sqlite_to_sqlite() {
                on_pair(stringify!($name), [Sqlite, Sqlite], super::body::$name);
            }
            #[test]
            fn sqlite_to_postgres() {
                on_pair(stringify!($name), [Sqlite, Postgres], super::body::$name);
            }
            #[test]
            fn postgres_to_sqlite() {
                on_pair(stringify!($name), [Postgres, Sqlite], super::body::$name);
            }
            #[test]
            fn postgres_to_postgres() {
                on_pair(stringify!($name), [Postgres, Postgres], super::body::$name);
            }
        }
    )* };
}
