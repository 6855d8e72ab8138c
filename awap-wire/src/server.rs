//! The server: a thread that reads, the pool that works, a thread that writes.

use std::io::{self, BufWriter, Read, Write};
use std::sync::Arc;
use std::thread::Builder;
use std::time::{Duration, Instant};

use awap_core::protocol::{Request, response_json};
use awap_core::{Error, ErrorCode, Limits, Result};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::flight::{Flight, Seat};
use crate::framing::{Frame, Frames, Framing};
use crate::{Config, Handler, Pool};

/// How long after the last deadline answers may still wait to be taken, once the input has ended.
const DRAIN: Duration = Duration::from_secs(5);

/// Serves requests from `input` to `output` until `input` ends, finishes what is in flight, and returns.
///
/// # Errors
///
/// Where `input` cannot be read or `output` cannot be written any more (`BrokenPipe` when the client has gone), and
/// `TimedOut` where the input has ended and nobody takes the answers.
pub fn serve(
    input: impl Read + Send + 'static,
    output: impl Write + Send + 'static,
    handler: impl Handler,
    config: &Config,
) -> io::Result<()> {
    let pool = Arc::new(Pool::new(handler, config.jobs)?);
    let flight = Flight::new(config.in_flight, config.in_flight_bytes);
    // Unbounded, and yet bounded: every answer in it holds a seat.
    let (answers, to_write) = unbounded();
    let (events, happened) = bounded(2);

    let written = events.clone();
    Builder::new().name("awap-writer".into()).spawn(move || {
        let result = write_all(output, &to_write);
        drop(to_write);
        let _ = written.send(Event::OutputEnded(result));
    })?;
    let reader = Reader {
        pool: Arc::clone(&pool),
        flight: Arc::clone(&flight),
        answers,
        config: config.clone(),
        last_deadline: Instant::now(),
    };
    Builder::new().name("awap-reader".into()).spawn(move || {
        let _ = events.send(reader.run(input));
    })?;

    let result = wait(&happened);
    flight.close();
    pool.cancel_all();
    result
}

enum Event {
    /// All has been read; the last deadline given.
    InputEnded(io::Result<()>, Instant),
    /// All has been written, or nothing more can be.
    OutputEnded(io::Result<()>),
}

fn wait(happened: &Receiver<Event>) -> io::Result<()> {
    let gone = || io::Error::other("a thread of the server ended");
    match happened.recv().map_err(|_| gone())? {
        Event::OutputEnded(result) => result,
        // The writer ends by itself when the reader and every request in flight have let go of its channel.
        Event::InputEnded(read, last_deadline) => match happened.recv_deadline(last_deadline + DRAIN) {
            Ok(Event::OutputEnded(written)) => written.and(read),
            Ok(Event::InputEnded(..)) | Err(RecvTimeoutError::Disconnected) => Err(gone()),
            Err(RecvTimeoutError::Timeout) => Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "the input has ended and nobody takes the answers",
            )),
        },
    }
}

/// An answer on its way out, and its request's place in flight.
struct Answer {
    framing: Framing,
    body: Vec<u8>,
    seat: Seat,
}

fn write_all(output: impl Write, answers: &Receiver<Answer>) -> io::Result<()> {
    let mut output = BufWriter::with_capacity(64 << 10, output);
    let mut flushed = Vec::new();
    while let Ok(answer) = answers.recv() {
        let mut next = Some(answer);
        // Answers that are there already go out together; seats are given back once their answers are out.
        while let Some(answer) = next {
            answer.framing.write(&mut output, &answer.body)?;
            flushed.push(answer.seat);
            next = answers.try_recv().ok();
        }
        output.flush()?;
        flushed.clear();
    }
    Ok(())
}

struct Reader {
    pool: Arc<Pool>,
    flight: Arc<Flight>,
    answers: Sender<Answer>,
    config: Config,
    last_deadline: Instant,
}

impl Reader {
    fn run(mut self, input: impl Read) -> Event {
        let mut frames = Frames::new(input, self.config.request_bytes);
        let result = loop {
            match frames.next() {
                Ok(Some((framing, frame))) => {
                    if !self.take(framing, &frame) {
                        break Ok(());
                    }
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        Event::InputEnded(result, self.last_deadline)
    }

    /// Hands one request to the pool, or answers it; false once nobody takes answers any more.
    fn take(&mut self, framing: Framing, frame: &Frame<'_>) -> bool {
        let (size, request) = match frame {
            Frame::Request(bytes) => {
                (bytes.len(), Request::from_json(bytes).map_err(|bad| (bad.request_id, bad.error)))
            }
            Frame::TooLong => (
                0,
                Err((
                    RawValue::NULL.to_owned(),
                    Limits::exceeded("request_bytes", self.config.request_bytes),
                )),
            ),
            Frame::Truncated => (0, Err((RawValue::NULL.to_owned(), truncated()))),
        };
        let Some(seat) = self.flight.board(size) else { return false };
        let responder = |id| Responder { framing, id, seat, answers: self.answers.clone() };
        match request {
            Err((id, error)) => responder(id).send(&Err(error)),
            Ok(Request { request_id, command, data, timeout_ms }) => {
                let timeout = timeout_ms.map_or(self.config.timeout, Duration::from_millis);
                let timeout = timeout.min(self.config.max_timeout);
                self.last_deadline = self.last_deadline.max(Instant::now() + timeout);
                let responder = responder(request_id);
                self.pool.submit(command, data, timeout, move |result| responder.send(&result));
            }
        }
        true
    }
}

fn truncated() -> Error {
    Error::new(ErrorCode::InvalidRequest, "The input ended within a request.")
}

/// Writes the answer to one request.
struct Responder {
    framing: Framing,
    id: Box<RawValue>,
    seat: Seat,
    answers: Sender<Answer>,
}

impl Responder {
    fn send(self, result: &Result<Value>) {
        let body = response_json(&self.id, result);
        // Refused only once the output is gone, and with it whoever asked.
        let _ = self.answers.send(Answer { framing: self.framing, body, seat: self.seat });
    }
}
