//! A PostgreSQL cluster of one test's own, to be stopped, started and configured.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub struct Cluster {
    folder: tempfile::TempDir,
    bin: PathBuf,
    /// PostgreSQL does not run as root: then it runs as user `postgres`.
    as_postgres: bool,
    port: u16,
}

impl Cluster {
    /// Makes a cluster and starts it. `None`, with a message, where no PostgreSQL was given to the tests.
    ///
    /// Unlike the one that the other tests share, its commits are on disk, so that it may be crashed.
    pub fn start(test: &str, port: u16, configure: impl FnOnce(&Cluster)) -> Option<Self> {
        let Some(bin) = std::env::var_os("AWAP_TEST_POSTGRES_BIN") else {
            eprintln!("skipped: {test} (AWAP_TEST_POSTGRES_BIN is not set; scripts/with-postgres sets it)");
            return None;
        };
        let as_postgres = run(Command::new("id").arg("-u")).trim() == "0";
        // A short path: a socket's name holds 107 bytes at most.
        let folder = tempfile::Builder::new().prefix("awap-pg.").tempdir_in("/tmp").unwrap();
        let cluster = Self { folder, bin: bin.into(), as_postgres, port };
        cluster.own(cluster.folder.path());
        let data = cluster.data();
        cluster.server(
            "initdb",
            &["-D", &data, "-U", "awap", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
        );
        let folder = cluster.folder.path().display();
        cluster.configure(&format!(
            "listen_addresses = ''\nport = {port}\nunix_socket_directories = '{folder}'\nmax_connections = 50\n"
        ));
        configure(&cluster);
        cluster.resume();
        cluster
            .server("createdb", &["-h", &folder.to_string(), "-p", &port.to_string(), "-U", "awap", "awap"]);
        Some(cluster)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn data(&self) -> String {
        self.path("data").display().to_string()
    }

    /// Adds lines to `postgresql.conf`.
    pub fn configure(&self, lines: &str) {
        use std::io::Write as _;
        let file = self.path("data").join("postgresql.conf");
        std::fs::OpenOptions::new().append(true).open(file).unwrap().write_all(lines.as_bytes()).unwrap();
    }

    /// Gives a file to the server's user.
    pub fn own(&self, path: &Path) {
        if self.as_postgres {
            run(Command::new("chown").arg("postgres").arg(path));
        }
    }

    /// The database, over the socket.
    pub fn url(&self) -> String {
        format!("postgres://awap@localhost:{}/awap?host={}", self.port, self.folder.path().display())
    }

    pub fn resume(&self) {
        self.server(
            "pg_ctl",
            &["-D", &self.data(), "-l", &format!("{}/server.log", self.data()), "-w", "-t", "60", "start"],
        );
    }

    /// `immediate` is a crash, `fast` an orderly stop that ends all sessions.
    pub fn stop(&self, mode: &str) {
        self.server("pg_ctl", &["-D", &self.data(), "-m", mode, "-w", "-t", "60", "stop"]);
    }

    fn command(&self, program: &str) -> Command {
        let program = self.bin.join(program);
        let mut command = if self.as_postgres {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        // The server's user may not be allowed where we are; and the server must not hold a pipe of ours.
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    fn server(&self, program: &str, arguments: &[&str]) {
        let log = std::env::temp_dir()
            .join(format!("{}.log", self.folder.path().file_name().unwrap().to_string_lossy()));
        let out = std::fs::File::create(&log).unwrap();
        let mut command = self.command(program);
        let status = command.args(arguments).stdout(out.try_clone().unwrap()).stderr(out).status().unwrap();
        let said = std::fs::read_to_string(&log).unwrap_or_default();
        let _ = std::fs::remove_file(&log);
        assert!(status.success(), "{program} {arguments:?}: {said}");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // It may be stopped already.
        let mut command = self.command("pg_ctl");
        command.args(["-D", &self.data(), "-m", "immediate", "-w", "stop"]);
        let _ = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

/// Runs a command that must succeed; what it wrote.
pub fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
