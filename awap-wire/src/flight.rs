//! The bound on requests in flight: who wants to bring one more waits until there is room.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Counts requests in flight and their bytes.
#[derive(Debug)]
pub(crate) struct Flight {
    max_requests: usize,
    max_bytes: usize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    requests: usize,
    bytes: usize,
    closed: bool,
}

/// The place of one request in flight; given back when dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    flight: Arc<Flight>,
    bytes: usize,
}

impl Flight {
    pub(crate) fn new(max_requests: usize, max_bytes: usize) -> Arc<Self> {
        Arc::new(Self {
            max_requests: max_requests.max(1),
            max_bytes,
            state: Mutex::default(),
            changed: Condvar::new(),
        })
    }

    /// Waits for room for a request of `bytes`; `None` once nobody takes answers any more.
    pub(crate) fn board(self: &Arc<Self>, bytes: usize) -> Option<Seat> {
        let full = |state: &mut State| {
            let room = state.requests < self.max_requests
                && (state.requests == 0 || state.bytes.saturating_add(bytes) <= self.max_bytes);
            !room && !state.closed
        };
        let mut state = self.changed.wait_while(self.lock(), full).unwrap_or_else(PoisonError::into_inner);
        if state.closed {
            return None;
        }
        state.requests += 1;
        state.bytes += bytes;
        Some(Seat { flight: Arc::clone(self), bytes })
    }

    /// Lets nobody in any more.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut state = self.flight.lock();
        state.requests -= 1;
        state.bytes -= self.bytes;
        drop(state);
        self.flight.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Duration;

    #[test]
    fn bounds_by_number_and_by_bytes_and_always_lets_one_in() {
        let flight = Flight::new(2, 100);
        let huge = flight.board(1_000).expect("one alone");
        let waits = |bytes: usize| {
            let (tx, rx) = mpsc::channel();
            let other = Arc::clone(&flight);
            std::thread::spawn(move || tx.send(other.board(bytes)));
            rx
        };
        let second = waits(1);
        assert!(second.recv_timeout(Duration::from_millis(30)).is_err(), "no room for bytes");
        drop(huge);
        let second = second.recv_timeout(Duration::from_secs(5)).expect("room now");
        let third = flight.board(99).expect("within both bounds");
        let fourth = waits(0);
        assert!(fourth.recv_timeout(Duration::from_millis(30)).is_err(), "no room for a third");
        flight.close();
        assert!(fourth.recv_timeout(Duration::from_secs(5)).expect("answered").is_none());
        drop((second, third));
        let state = flight.lock();
        assert_eq!((state.requests, state.bytes), (0, 0));
    }
}
