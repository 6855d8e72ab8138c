//! What the process does beside answering: it copies events, and tells where they end.

use std::time::Duration;

use awap_core::ErrorCode;
use awap_store::{ChainPlace, Store};

/// How often the log says where the chain of events ends.
const TELL_EVERY: Duration = Duration::from_hours(1);
/// The rest before the forwarder is started again after a fault of its own.
const REST: Duration = Duration::from_secs(1);

/// Copies events to the event store as long as the process lives.
pub(crate) async fn forward(store: Store) {
    while store.has_event_store() {
        let forwarder = store.clone();
        // A task of its own: a panic ends that alone.
        let _ended = tokio::spawn(async move { forwarder.keep_forwarding().await }).await;
        tracing::error!("The forwarder of events ended; it is started again.");
        tokio::time::sleep(REST).await;
    }
}

/// Writes the end of the chain to the log, now and then, unless nothing was added: a log that is kept on another machine
/// then shows a past that was changed with all that the database holds.
pub(crate) async fn tell_end(store: Store) {
    let mut told: Option<ChainPlace> = None;
    loop {
        match store.event_store_status().await {
            Ok(status) if told.as_ref() != Some(&status.head) => {
                tracing::info!(
                    global_position = status.head.global_position,
                    hash = %status.head.hash_hex(),
                    "The chain of events ends here."
                );
                if !status.authentic {
                    tracing::error!(
                        "The end of the chain of events was not written by this store: verify_events says more."
                    );
                }
                told = Some(status.head);
            }
            // Away, or its tables are not there yet: soon again.
            Err(error) if error.code() == ErrorCode::Unavailable => {
                tokio::time::sleep(REST * 10).await;
                continue;
            }
            _ => {}
        }
        tokio::time::sleep(TELL_EVERY).await;
    }
}
