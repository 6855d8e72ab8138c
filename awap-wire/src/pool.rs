//! The pool of workers: every job is answered exactly once, by its worker or, at its deadline, by the watchdog.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use awap_core::{Deadline, Error, ErrorCode, Result};
use crossbeam_channel::{Receiver, Sender, unbounded};
use serde_json::Value;

use crate::Handler;
use crate::watchdog::Watchdog;

/// Stack of a worker. Documents nest; the limits on depth are chosen to fit in a fraction of this.
const STACK_BYTES: usize = 16 << 20;

/// How nice (setpriority(2)) a worker is to threads that it gives way to.
#[cfg(target_os = "linux")]
const NICENESS: libc::c_int = 10;

/// Workers stuck past a deadline that others stand in for. Past it, jobs wait for a worker and time out in the queue.
const MAX_STUCK: usize = 32;

/// Threads that work on requests, and the watchdog over their deadlines.
pub struct Pool {
    jobs: Option<Sender<Arc<Job>>>,
    watchdog: Arc<Watchdog<Arc<Job>>>,
}

type Reply = Box<dyn FnOnce(Result<Value>) + Send>;

struct Job {
    deadline: Deadline,
    state: Mutex<JobState>,
}

struct JobState {
    /// Command and data, until a worker takes them.
    work: Option<(String, Value)>,
    /// Whoever takes this answers.
    reply: Option<Reply>,
    running: bool,
}

struct Workers {
    handler: Box<dyn Handler>,
    jobs: Receiver<Arc<Job>>,
    count: Mutex<Count>,
    wanted: usize,
    give_way: bool,
}

/// Threads alive, and how many of them are stuck past a deadline.
struct Count {
    alive: usize,
    stuck: usize,
}

impl Pool {
    /// Starts `threads` workers (at least one).
    pub fn new(handler: impl Handler, threads: usize) -> io::Result<Self> {
        Self::start(handler, threads, false)
    }

    /// Starts `threads` workers (at least one) that give way to the other threads of the process where there are more of
    /// both than processors: for a process whose own work must not wait for ours, as the BEAM's schedulers must not.
    /// On systems other than Linux they are as any.
    pub fn giving_way(handler: impl Handler, threads: usize) -> io::Result<Self> {
        Self::start(handler, threads, true)
    }

    fn start(handler: impl Handler, threads: usize, give_way: bool) -> io::Result<Self> {
        let (sender, receiver) = unbounded();
        let wanted = threads.max(1);
        let workers = Arc::new(Workers {
            handler: Box::new(handler),
            jobs: receiver,
            count: Mutex::new(Count { alive: 0, stuck: 0 }),
            wanted,
            give_way,
        });
        for _ in 0..wanted {
            workers.start(&mut workers.count())?;
        }
        let watched: Weak<Workers> = Arc::downgrade(&workers);
        let watchdog = Watchdog::start(move |job: Arc<Job>| match watched.upgrade() {
            Some(workers) => workers.deadline_passed(&job),
            None => {
                job.time_out();
            }
        })?;
        Ok(Self { jobs: Some(sender), watchdog })
    }

    /// Queues one command. `reply` is called exactly once, from a thread of the pool, within `timeout` from now: with
    /// the result, with `internal` where the handler panicked, or with `timeout`. A result later than that is dropped.
    pub fn submit(
        &self,
        command: String,
        data: Value,
        timeout: Duration,
        reply: impl FnOnce(Result<Value>) + Send + 'static,
    ) {
        let deadline = Deadline::after(timeout);
        let watchdog = Arc::clone(&self.watchdog);
        let at = deadline.instant();
        let job = Arc::new(Job {
            deadline,
            state: Mutex::new(JobState { work: Some((command, data)), reply: None, running: false }),
        });
        let watch = at.map(|at| self.watchdog.watch(at, Arc::clone(&job)));
        let reply: Reply = Box::new(move |result| {
            if let Some(watch) = watch {
                watchdog.unwatch(watch);
            }
            reply(result);
        });
        job.lock().reply = Some(reply);
        // A deadline of no time at all may have passed before the reply was there to be called.
        if job.deadline.check().is_err() {
            job.time_out();
        } else if let Some(jobs) = &self.jobs {
            // The receiver lives as long as any worker, and workers outlive the sender.
            let _ = jobs.send(job);
        }
    }

    /// Tells all work in progress to stop at its next look at the deadline.
    pub fn cancel_all(&self) {
        for job in self.watchdog.close() {
            job.time_out();
        }
    }
}

impl Drop for Pool {
    /// Lets the workers end once the queue is empty; does not wait for them.
    fn drop(&mut self) {
        self.jobs = None;
        self.cancel_all();
    }
}

impl Job {
    fn lock(&self) -> MutexGuard<'_, JobState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers `timeout` unless an answer was given; true where a worker is busy with the job.
    fn time_out(&self) -> bool {
        let mut state = self.lock();
        let Some(reply) = state.reply.take() else { return false };
        let running = state.running;
        state.work = None;
        drop(state);
        self.deadline.cancel();
        reply(Err(Deadline::passed()));
        running
    }
}

impl Workers {
    fn count(&self) -> MutexGuard<'_, Count> {
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start(self: &Arc<Self>, count: &mut Count) -> io::Result<()> {
        let workers = Arc::clone(self);
        std::thread::Builder::new()
            .name("awap-worker".into())
            .stack_size(STACK_BYTES)
            .spawn(move || workers.work())?;
        count.alive += 1;
        Ok(())
    }

    fn work(&self) {
        if self.give_way {
            give_way();
        }
        while let Ok(job) = self.jobs.recv() {
            let work = {
                let mut state = job.lock();
                state.running = true;
                state.work.take()
            };
            // Timed out while it waited.
            let Some((command, data)) = work else { continue };
            let result = self.run(&command, data, &job.deadline);
            let reply = job.lock().reply.take();
            if let Some(reply) = reply {
                if catch_unwind(AssertUnwindSafe(|| reply(result))).is_err() {
                    tracing::error!(command, "An answer could not be handed on.");
                }
            } else {
                tracing::warn!(command, "A request ended after its deadline; its result is dropped.");
                drop(result);
                if self.was_replaced() {
                    return;
                }
            }
        }
    }

    fn run(&self, command: &str, data: Value, deadline: &Deadline) -> Result<Value> {
        catch_unwind(AssertUnwindSafe(|| self.handler.handle(command, data, deadline))).unwrap_or_else(
            |payload| {
                // Dropping a payload may itself panic, and what it says may quote the student.
                std::mem::forget(payload);
                tracing::error!(command, "A request panicked; it is answered “internal”.");
                Err(Error::new(
                    ErrorCode::Internal,
                    "A fault in AWAP ended this request; the log says where. Other requests are not affected.",
                ))
            },
        )
    }

    /// Answers `timeout`, and where a worker is still busy with the job starts another in its place.
    fn deadline_passed(self: &Arc<Self>, job: &Job) {
        // Held across both, so that the late worker counts itself out only after it was counted as stuck.
        let mut count = self.count();
        if !job.time_out() {
            return;
        }
        count.stuck += 1;
        let wanting = count.alive - count.stuck < self.wanted && count.stuck <= MAX_STUCK;
        if wanting && let Err(error) = self.start(&mut count) {
            tracing::error!(%error, "No thread could be started for one that is stuck.");
        }
    }

    /// A late worker is back: true where another took its place, and it must end.
    fn was_replaced(&self) -> bool {
        let mut count = self.count();
        // A job that `cancel_all` ended was answered without its worker being counted as stuck: none took its place.
        if count.stuck == 0 {
            return false;
        }
        count.stuck -= 1;
        let surplus = count.alive - count.stuck > self.wanted;
        if surplus {
            count.alive -= 1;
        }
        surplus
    }
}

/// Lets the calling thread run after others that want to. Where the system refuses, it runs as any.
#[cfg(target_os = "linux")]
fn give_way() {
    // SAFETY: setpriority takes numbers and touches no memory of ours; 0 is the calling thread, as Linux has a priority for each.
    #[allow(unsafe_code)]
    let result = unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, NICENESS) };
    if result != 0 {
        tracing::warn!("The system gives the workers no lower priority.");
    }
}

#[cfg(not(target_os = "linux"))]
fn give_way() {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Instant;

    /// `sleep`: sleeps on for `data` milliseconds, whatever its deadline. `wait`: until its deadline. `panic`: does.
    struct Misbehaving;

    impl Handler for Misbehaving {
        fn handle(&self, command: &str, data: Value, deadline: &Deadline) -> Result<Value> {
            match command {
                "sleep" => std::thread::sleep(Duration::from_millis(data.as_u64().unwrap_or(0))),
                "wait" => loop {
                    deadline.check()?;
                    std::thread::sleep(Duration::from_millis(1));
                },
                "panic" => panic!("with {data}"),
                _ => {}
            }
            Ok(data)
        }
    }

    struct Calls {
        pool: Pool,
        answers: mpsc::Receiver<Result<Value>>,
        sender: mpsc::Sender<Result<Value>>,
    }

    impl Calls {
        fn new(threads: usize) -> Self {
            let (sender, answers) = mpsc::channel();
            Self { pool: Pool::new(Misbehaving, threads).expect("threads"), answers, sender }
        }

        fn call(&self, command: &str, data: u64, timeout_ms: u64) {
            let sender = self.sender.clone();
            let reply = move |answer| sender.send(answer).expect("the test listens");
            self.pool.submit(command.into(), data.into(), Duration::from_millis(timeout_ms), reply);
        }

        fn answer(&self) -> Result<Value, &'static str> {
            let answer = self.answers.recv_timeout(Duration::from_secs(20)).expect("an answer");
            answer.map_err(|error| error.code().as_str())
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn workers_give_way_to_the_other_threads_of_the_process() {
        // After the name, which may hold spaces, and 16 more fields comes the niceness (proc_pid_stat(5)).
        struct Niceness;
        impl Handler for Niceness {
            fn handle(&self, _command: &str, _data: Value, _deadline: &Deadline) -> Result<Value> {
                let stat = std::fs::read_to_string("/proc/thread-self/stat").expect("a thread has a line");
                let (_, fields) = stat.rsplit_once(") ").expect("a name");
                Ok(fields.split(' ').nth(16).and_then(|nice| nice.parse::<i64>().ok()).into())
            }
        }
        let niceness = |pool: &Pool| {
            let (sender, answer) = mpsc::channel();
            let reply = move |result| sender.send(result).expect("the test listens");
            pool.submit("any".into(), Value::Null, Duration::from_secs(20), reply);
            answer.recv().expect("an answer").expect("a number").as_i64().expect("a number")
        };
        let usual = niceness(&Pool::new(Niceness, 1).expect("threads"));
        let yielding = niceness(&Pool::giving_way(Niceness, 1).expect("threads"));
        assert_eq!(yielding, i64::from(NICENESS).max(usual), "usual is {usual}");
    }

    #[test]
    fn a_panic_is_one_requests_own() {
        let calls = Calls::new(1);
        calls.call("panic", 1, 5_000);
        assert_eq!(calls.answer(), Err("internal"));
        calls.call("echo", 2, 5_000);
        assert_eq!(calls.answer(), Ok(2.into()));
    }

    #[test]
    fn an_answer_comes_at_the_deadline_though_the_worker_is_busy() {
        let calls = Calls::new(1);
        let start = Instant::now();
        calls.call("sleep", 1_500, 30);
        assert_eq!(calls.answer(), Err("timeout"));
        assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
        calls.call("echo", 3, 5_000);
        assert_eq!(calls.answer(), Ok(3.into()), "another thread stands in");
        assert!(start.elapsed() < Duration::from_millis(1_400));
        assert!(calls.answers.recv_timeout(Duration::from_millis(1_600)).is_err(), "answered twice");
    }

    #[test]
    fn stuck_workers_are_replaced_up_to_a_bound_and_then_requests_time_out_in_the_queue() {
        let calls = Calls::new(2);
        for _ in 0..MAX_STUCK + 10 {
            calls.call("sleep", 3_000, 20);
        }
        for _ in 0..MAX_STUCK + 10 {
            assert_eq!(calls.answer(), Err("timeout"));
        }
        std::thread::sleep(Duration::from_millis(3_500));
        calls.call("echo", 4, 5_000);
        assert_eq!(calls.answer(), Ok(4.into()), "the pool is whole again");
    }

    #[test]
    fn work_that_looks_at_its_deadline_ends_there() {
        let calls = Calls::new(1);
        for _ in 0..20 {
            calls.call("wait", 0, 10);
        }
        for _ in 0..20 {
            assert_eq!(calls.answer(), Err("timeout"));
        }
        calls.call("echo", 5, 5_000);
        assert_eq!(calls.answer(), Ok(5.into()));
    }

    #[test]
    fn no_time_at_all_is_a_timeout() {
        let calls = Calls::new(1);
        for _ in 0..100 {
            calls.call("echo", 0, 0);
            assert_eq!(calls.answer(), Err("timeout"));
        }
    }

    #[test]
    fn cancelling_answers_all() {
        let calls = Calls::new(1);
        for _ in 0..5 {
            calls.call("wait", 0, 60_000);
        }
        calls.pool.cancel_all();
        for _ in 0..5 {
            assert_eq!(calls.answer(), Err("timeout"));
        }
    }

    #[test]
    fn a_worker_whose_job_is_cancelled_goes_on_to_the_next() {
        struct Telling(mpsc::Sender<()>);
        impl Handler for Telling {
            fn handle(&self, command: &str, data: Value, deadline: &Deadline) -> Result<Value> {
                self.0.send(()).expect("the test listens");
                Misbehaving.handle(command, data, deadline)
            }
        }
        let (begun, begins) = mpsc::channel();
        let (sender, answers) = mpsc::channel();
        let calls = Calls { pool: Pool::new(Telling(begun), 1).expect("threads"), answers, sender };
        calls.call("wait", 0, 60_000);
        begins.recv().expect("the job begins");
        calls.pool.cancel_all();
        assert_eq!(calls.answer(), Err("timeout"));
        calls.call("echo", 6, 60_000);
        assert_eq!(calls.answer(), Ok(6.into()));
    }
}
