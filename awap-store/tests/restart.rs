//! A PostgreSQL server that crashes and comes back under load, and one that is only to be had over TLS.

#![allow(clippy::unwrap_used)] // A test that fails says so.

mod support;

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use awap_store::{Options, Store};
use serde_json::json;
use support::cluster::{Cluster, run};
use support::{PSEUDONYM_KEY, SEAL_KEY, ask, draft, runtime, text, tma};

fn options(url: &str) -> Options {
    let mut options = Options::new(url, SEAL_KEY, PSEUDONYM_KEY).unwrap();
    options.retry_after = Duration::from_millis(50);
    options
}

#[test]
fn every_accepted_tma_ends_once_whatever_the_server_does() {
    let Some(cluster) = Cluster::start("restarts of PostgreSQL", 5432, |_| ()) else { return };
    runtime().block_on(async {
        // Two hosts.
        let stores = [
            Store::open(options(&cluster.url())).await.unwrap(),
            Store::open(options(&cluster.url())).await.unwrap(),
        ];
        let (submitting, working) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicBool::new(true)));
        let submitters: Vec<_> =
            (0..3).map(|s| tokio::spawn(submit(stores[s % 2].clone(), s, submitting.clone()))).collect();
        let workers: Vec<_> = (0..4)
            .map(|w| tokio::spawn(work(stores[w % 2].clone(), format!("w{w}"), working.clone())))
            .collect();
        for mode in ["immediate", "fast", "immediate"] {
            tokio::time::sleep(Duration::from_millis(700)).await;
            cluster.stop(mode);
            tokio::time::sleep(Duration::from_millis(400)).await;
            cluster.resume();
        }
        tokio::time::sleep(Duration::from_millis(700)).await;
        submitting.store(false, Ordering::Relaxed);
        let (mut accepted, mut refusals) = (Vec::new(), 0);
        for submitter in submitters {
            let (ids, refused) = submitter.await.unwrap();
            accepted.extend(ids);
            refusals += refused;
        }
        assert!(accepted.len() > 10 && refusals > 0, "{} accepted, {refusals} refused", accepted.len());

        let start = Instant::now();
        loop {
            let stats = ask(&stores[0], "stats", json!({})).await;
            if stats["tmas"]["pending"] == 0 && stats["tmas"]["processing"] == 0 {
                break;
            }
            assert!(start.elapsed() < Duration::from_mins(1), "work is left undone: {stats}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        working.store(false, Ordering::Relaxed);
        for worker in workers {
            worker.await.unwrap();
        }
        let stats = ask(&stores[0], "stats", json!({})).await;
        let ended = stats["tmas"]["completed"].as_u64().unwrap() + stats["tmas"]["failed"].as_u64().unwrap();
        assert_eq!(ended, accepted.len() as u64, "none lost, and none taken in twice");
        let mut completed = 0;
        for id in &accepted {
            let opts = json!({"types": ["tma.completed", "tma.failed"]});
            let page =
                ask(&stores[1], "query_events", json!({"stream_id": format!("tma-{id}"), "opts": opts}))
                    .await;
            let ends = page["events"].as_array().unwrap();
            assert_eq!(ends.len(), 1, "{id} ended once");
            if ends[0]["type"] == "tma.completed" {
                ask(&stores[1], "get_feedback", json!({"tma_id": id})).await;
                completed += 1;
            }
        }
        assert!(completed > accepted.len() / 2, "{completed} of {} completed", accepted.len());
        assert_eq!(ask(&stores[1], "verify_events", json!({})).await["valid"], true);
    });
}

/// Hands TMAs in as a careful client does: again with the same key until there is an answer.
async fn submit(store: Store, submitter: usize, on: Arc<AtomicBool>) -> (Vec<String>, usize) {
    let (mut accepted, mut refused) = (Vec::new(), 0);
    let mut n = 0;
    while on.load(Ordering::Relaxed) {
        let request = json!({"tma": tma(n), "idempotency_key": format!("{submitter}-{n}")});
        loop {
            match store.command("create_tma", request.clone()).await {
                Ok(created) => {
                    accepted.push(text(&created["id"]));
                    break;
                }
                Err(error) => {
                    assert_eq!(error.code().as_str(), "unavailable", "{error} {:?}", error.details());
                    refused += 1;
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
        n += 1;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    (accepted, refused)
}

async fn work(store: Store, name: String, on: Arc<AtomicBool>) {
    while on.load(Ordering::Relaxed) {
        let claim = store.command("claim_job", json!({"worker": name, "lease_ms": 1500})).await;
        let job = match claim {
            Ok(mut answer) => answer["job"].take(),
            Err(error) => {
                assert_eq!(error.code().as_str(), "unavailable", "{error} {:?}", error.details());
                serde_json::Value::Null
            }
        };
        if job.is_null() {
            tokio::time::sleep(Duration::from_millis(30)).await;
            continue;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
        let done =
            json!({"job_id": job["job_id"], "worker": name, "content": {"text": "x"}, "feedback": draft()});
        // Once more where it may not have arrived. A lease that is lost by then is another's job.
        for _ in 0..20 {
            match store.command("complete_job", done.clone()).await {
                Err(error) if error.code().as_str() == "unavailable" => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                Err(error) => {
                    assert_eq!(error.code().as_str(), "conflict", "{error} {:?}", error.details());
                    break;
                }
                Ok(_) => break,
            }
        }
    }
}

/// A certificate for `localhost`, of an authority of its own.
fn certify(cluster: &Cluster) {
    let openssl = |arguments: &str| {
        run(Command::new("openssl").args(arguments.split(' ')).current_dir(cluster.path("data")));
    };
    openssl(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test-ca -keyout ca.key -out ca.pem",
    );
    openssl(
        "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost -keyout server.key -out server.csr",
    );
    std::fs::write(cluster.path("data").join("san"), "subjectAltName=DNS:localhost\n").unwrap();
    openssl(
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile san -out server.crt",
    );
    for file in ["server.key", "server.crt"] {
        cluster.own(&cluster.path("data").join(file));
    }
}

#[test]
fn tls_is_used_and_checked_as_the_url_says() {
    if Command::new("openssl").arg("version").output().is_err() {
        eprintln!("skipped: TLS (there is no openssl command to make a certificate with)");
        return;
    }
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let cluster = Cluster::start("TLS", port, |cluster| {
        certify(cluster);
        cluster.configure("listen_addresses = '127.0.0.1'\nssl = on\n");
        let rules = "local all all trust\nhostssl all all 127.0.0.1/32 trust\n";
        std::fs::write(cluster.path("data").join("pg_hba.conf"), rules).unwrap();
    });
    let Some(cluster) = cluster else { return };
    let ca = cluster.path("data").join("ca.pem").display().to_string();
    let authority = format!("&sslrootcert={ca}");
    runtime().block_on(async {
        for (host, query, works) in [
            ("localhost", "sslmode=disable".to_owned(), false),
            ("localhost", String::new(), true),
            ("localhost", "sslmode=require".to_owned(), true),
            ("localhost", format!("sslmode=verify-full{authority}"), true),
            ("127.0.0.1", format!("sslmode=verify-ca{authority}"), true),
            ("127.0.0.1", format!("sslmode=verify-full{authority}"), false),
            ("localhost", "sslmode=verify-full".to_owned(), false),
        ] {
            let url = format!("postgres://awap@{host}:{port}/awap?{query}");
            match Store::open(options(&url)).await {
                Ok(store) => {
                    assert!(works, "{host} {query}: it must not connect");
                    ask(&store, "health_check", json!({})).await;
                    store.close().await;
                }
                Err(error) => {
                    assert!(!works, "{host} {query}: {error} {:?}", error.details());
                    assert_eq!(error.code().as_str(), "not_configured", "{host} {query}: {error}");
                }
            }
        }
    });
}
