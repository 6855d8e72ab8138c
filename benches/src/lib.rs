//! Loads the fixture TMAs as requests, for the benches.

use std::fs;
use std::io;
use std::path::Path;

use base64::Engine as _;
use serde_json::{Value, json};

/// A fixture TMA as a host would send it.
#[derive(Debug, Clone)]
pub struct Fixture {
    /// Its folder's name.
    pub name: String,
    /// The extension of its document.
    pub format: String,
    /// The bytes of its document.
    pub bytes: usize,
    /// The `data` of an `anonymize_student` request.
    pub request: Value,
}

/// All fixture TMAs, by name.
pub fn fixtures() -> io::Result<Vec<Fixture>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
    let mut folders: Vec<_> = fs::read_dir(root.join("tmas"))?.collect::<Result<_, _>>()?;
    folders.sort_by_key(fs::DirEntry::file_name);
    folders.iter().map(|folder| load(&root, &folder.path())).collect()
}

fn load(root: &Path, folder: &Path) -> io::Result<Fixture> {
    let tma: Value = serde_json::from_slice(&fs::read(folder.join("tma.json"))?)?;
    let file = tma["file"].as_str().unwrap_or_default();
    let rubric = tma["rubric"].as_str().unwrap_or_default();
    let bytes = fs::read(folder.join(file))?;
    let rubric = fs::read_to_string(root.join("rubrics").join(rubric))?;
    let request = json!({
        "tma_id": folder.file_name().and_then(|n| n.to_str()),
        "assignment_id": tma["assignment_id"],
        "course_id": tma["course_id"],
        "student_id": tma["student_id"],
        "student": tma["student"],
        "content": {"attachments": [{
            "filename": file,
            "data_base64": base64::engine::general_purpose::STANDARD.encode(&bytes),
        }]},
        "rubric": rubric,
    });
    Ok(Fixture {
        name: folder.file_name().and_then(|n| n.to_str()).unwrap_or_default().to_owned(),
        format: Path::new(file).extension().and_then(|e| e.to_str()).unwrap_or_default().to_owned(),
        bytes: bytes.len(),
        request,
    })
}
