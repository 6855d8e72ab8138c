//! The server as a process: stdin and stdout, and never outliving the parent.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::thread::Builder;

use crate::{Config, Handler, serve};

/// [`serve`] over stdin and stdout, for a process whose parent is the client.
///
/// The process never outlives its parent: on Linux the kernel ends it with the parent (`PR_SET_PDEATHSIG`), and
/// everywhere it ends as soon as nobody reads its stdout any more, even where every worker hangs.
///
/// # Errors
///
/// Those of [`serve`], less `BrokenPipe`: a client that has gone is an end like another.
pub fn serve_stdio(handler: impl Handler, config: &Config) -> io::Result<()> {
    log_panics_without_payload();
    die_with_parent();
    // Files of their own: the standard library's stdin reads 8 KiB at a time and its stdout looks for line ends.
    let input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    end_with_client()?;
    match serve(input, output, handler, config) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Logs where a panic was and not what it said: its message may quote what the student wrote.
pub fn log_panics_without_payload() {
    std::panic::set_hook(Box::new(|panic| {
        let thread = std::thread::current();
        let thread = thread.name().unwrap_or("unnamed").to_owned();
        let at = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(thread, at, "A panic.");
    }));
}

#[cfg(target_os = "linux")]
fn die_with_parent() {
    // SAFETY: prctl with PR_SET_PDEATHSIG takes a signal number and touches no memory of ours.
    #[allow(unsafe_code)]
    let result = unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as libc::c_ulong) };
    if result != 0 {
        tracing::warn!("The kernel will not end this process with its parent; the end of stdin will.");
    }
}

#[cfg(not(target_os = "linux"))]
fn die_with_parent() {}

/// Ends the process once nobody can read its answers.
///
/// A write would fail then too, but a worker that hangs writes nothing, and a reader that waits for room reads no end.
fn end_with_client() -> io::Result<()> {
    let stdout = libc::STDOUT_FILENO;
    Builder::new().name("awap-client".into()).spawn(move || {
        // With no events asked for, poll reports only errors and hang-ups: it sleeps until the last reader has gone.
        let mut poll = libc::pollfd { fd: stdout, events: 0, revents: 0 };
        loop {
            // SAFETY: `poll` points to one pollfd that lives across the call, and the count says one.
            #[allow(unsafe_code)]
            let ready = unsafe { libc::poll(&raw mut poll, 1, -1) };
            if ready > 0 {
                tracing::info!("Nobody reads the answers any more; ending.");
                std::process::exit(0);
            }
            if ready < 0 && io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
                return;
            }
        }
    })?;
    Ok(())
}
