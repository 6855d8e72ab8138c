//! A gate before PostgreSQL's socket, to take the database away and give it back.

use std::path::PathBuf;

use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;

/// Stands before the server's socket, and can be taken away.
pub struct Gate {
    folder: tempfile::TempDir,
    server: PathBuf,
    connections: JoinSet<()>,
}

const SOCKET: &str = ".s.PGSQL.5432";

impl Gate {
    pub fn before(url: &str) -> (Self, String) {
        let folder = tempfile::tempdir().unwrap();
        let (base, query) = url.split_once('?').unwrap();
        let host = query.split('&').find_map(|part| part.strip_prefix("host=")).unwrap();
        let gated = format!("{base}?host={}", folder.path().display());
        let server = PathBuf::from(host).join(SOCKET);
        (Self { folder, server, connections: JoinSet::new() }, gated)
    }

    pub fn open(&mut self) {
        let socket = self.folder.path().join(SOCKET);
        let _ = std::fs::remove_file(&socket);
        let listener = UnixListener::bind(socket).unwrap();
        let server = self.server.clone();
        self.connections.spawn(async move {
            let mut passing = JoinSet::new();
            while let Ok((mut client, _)) = listener.accept().await {
                let server = server.clone();
                passing.spawn(async move {
                    if let Ok(mut server) = UnixStream::connect(server).await {
                        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                    }
                });
            }
        });
    }

    /// Cuts every connection and lets none in: as after a crash, the socket is there, and refuses.
    pub async fn close(&mut self) {
        self.connections.shutdown().await;
    }
}
