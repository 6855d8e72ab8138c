//! Calls back when a deadline passes: one thread for any number of deadlines.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// A deadline that is being watched; the number tells apart two at the same instant.
pub(crate) type Watch = (Instant, u64);

/// Deadlines, each with what it belongs to.
#[derive(Debug)]
pub(crate) struct Watchdog<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

#[derive(Debug)]
struct State<T> {
    watched: BTreeMap<Watch, T>,
    /// When the thread wakes by itself: only an earlier deadline needs to wake it.
    wakes_at: Option<Instant>,
    next: u64,
    closed: bool,
}

impl<T: Send + 'static> Watchdog<T> {
    /// Starts the thread, which calls `passed` for each deadline that passes before it is taken back.
    pub(crate) fn start(passed: impl Fn(T) + Send + 'static) -> io::Result<Arc<Self>> {
        let state = State { watched: BTreeMap::new(), wakes_at: None, next: 0, closed: false };
        let dog = Arc::new(Self { state: Mutex::new(state), changed: Condvar::new() });
        let thread = Arc::clone(&dog);
        std::thread::Builder::new().name("awap-watchdog".into()).spawn(move || thread.run(&passed))?;
        Ok(dog)
    }

    /// Watches one deadline.
    pub(crate) fn watch(&self, at: Instant, what: T) -> Watch {
        let mut state = self.lock();
        let watch = (at, state.next);
        state.next += 1;
        state.watched.insert(watch, what);
        if state.wakes_at.is_none_or(|wakes| at < wakes) {
            state.wakes_at = Some(at);
            self.changed.notify_one();
        }
        watch
    }

    /// Takes a deadline back; `None` where it has passed.
    pub(crate) fn unwatch(&self, watch: Watch) -> Option<T> {
        self.lock().watched.remove(&watch)
    }

    /// Ends the thread; what is still watched is given back.
    pub(crate) fn close(&self) -> Vec<T> {
        let mut state = self.lock();
        state.closed = true;
        self.changed.notify_one();
        std::mem::take(&mut state.watched).into_values().collect()
    }

    fn run(&self, passed: &impl Fn(T)) {
        let mut state = self.lock();
        while !state.closed {
            let now = Instant::now();
            match state.watched.first_key_value().map(|(watch, _)| watch.0) {
                Some(at) if at <= now => {
                    if let Some((_, what)) = state.watched.pop_first() {
                        drop(state);
                        passed(what);
                        state = self.lock();
                    }
                }
                Some(at) => {
                    state.wakes_at = Some(at);
                    let wait = self.changed.wait_timeout(state, at - now);
                    state = wait.unwrap_or_else(PoisonError::into_inner).0;
                }
                None => {
                    state.wakes_at = None;
                    state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Duration;

    #[test]
    fn calls_in_order_of_deadline_and_not_for_those_taken_back() {
        let (tx, rx) = mpsc::channel();
        let dog = Watchdog::start(move |name: &str| tx.send(name).expect("open")).expect("a thread");
        let now = Instant::now();
        dog.watch(now + Duration::from_millis(60), "third");
        let back = dog.watch(now + Duration::from_millis(50), "taken back");
        dog.watch(now + Duration::from_millis(40), "second");
        dog.watch(now + Duration::from_millis(20), "first");
        dog.watch(now + Duration::from_hours(1), "never");
        assert_eq!(dog.unwatch(back), Some("taken back"));
        let called: Vec<_> =
            (0..3).map(|_| rx.recv_timeout(Duration::from_secs(5)).expect("called")).collect();
        assert_eq!(called, ["first", "second", "third"]);
        assert_eq!(dog.unwatch(back), None);
        assert_eq!(dog.close(), ["never"]);
    }
}
