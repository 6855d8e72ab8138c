//! `names_in THRESHOLD < texts`: the names in each text (texts end with a NUL): `text start end role confidence`, in bytes.

use std::io::Read as _;

fn main() -> std::io::Result<()> {
    let threshold = std::env::args().nth(1).and_then(|t| t.parse().ok()).unwrap_or(0.35);
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input)?;
    for (i, text) in input.split_terminator('\0').enumerate() {
        for name in awap_names::find(text, threshold) {
            println!("{i}\t{}\t{}\t{:?}\t{:.3}", name.start, name.end, name.role, name.confidence);
        }
    }
    Ok(())
}
