//! The GGUF file: its header within bounds, and its tensors in one pass that also hashes the file.
//!
//! A model file comes from the internet and is not trusted: every count, length, dimension and offset is checked
//! against the file's size and against the bounds below before memory is set aside for it. (`candle`'s own reader
//! takes 32 bytes for each byte of a list, and divides by an alignment of zero.)

use std::collections::{HashMap, HashSet};
use std::io::{self, Read};

use awap_core::Result;
use candle_core::quantized::{GgmlDType, QuantizedType};
use sha2::{Digest, Sha256};

use super::refused;

/// Bytes of the header: metadata with the vocabulary, and the list of tensors.
const MAX_HEADER_BYTES: u64 = 64 << 20;
/// Entries of all lists together: a vocabulary of 262,144 has about a million.
const MAX_LIST_ITEMS: u64 = 4 << 20;
const MAX_ENTRIES: u64 = 4_096;
const MAX_TENSORS: u64 = 16_384;
const MAX_STRING_BYTES: u64 = 4 << 20;
const MAX_DIMENSIONS: u32 = 4;
const MAX_ALIGNMENT: u64 = 1 << 16;
const HASH_STEP: usize = 1 << 20;

/// A value of the metadata.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Integer(i64),
    Float(f64),
    Bool(bool),
    Text(String),
    Integers(Vec<i64>),
    Floats(Vec<f32>),
    Texts(Vec<String>),
}

/// Where a tensor lies and what it is.
#[derive(Debug, Clone)]
pub(crate) struct TensorInfo {
    name: String,
    dtype: GgmlDType,
    rows: usize,
    columns: usize,
    offset: u64,
    bytes: u64,
}

/// A tensor in memory, as quantized in the file: `rows` of `columns` values.
pub(crate) struct Tensor {
    pub(crate) data: Box<dyn QuantizedType>,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
}

/// What the header says.
pub(crate) struct Header {
    metadata: HashMap<String, Value>,
    tensors: Vec<TensorInfo>,
    data_start: u64,
    file_bytes: u64,
}

impl Header {
    /// Reads the header of a file of `file_bytes` bytes; `input` stands at its start.
    pub(crate) fn read<R: Read>(input: &mut Hashed<R>, file_bytes: u64) -> Result<Self> {
        let mut header = HeaderReader { input, end: file_bytes.min(MAX_HEADER_BYTES), items: 0, wide: true };
        if header.bytes()? != *b"GGUF" {
            return Err(refused("it is not a GGUF file"));
        }
        let version = header.u32()?;
        if !(1..=3).contains(&version) {
            return Err(refused("its GGUF version is not 1, 2 or 3 (or its bytes are big-endian)"));
        }
        header.wide = version > 1;
        let tensors = header.length("tensors", MAX_TENSORS)?;
        let entries = header.length("metadata entries", MAX_ENTRIES)?;
        let mut metadata = HashMap::new();
        for _ in 0..entries {
            let key = header.text()?;
            let kind = header.u32()?;
            let value = header.value(kind)?;
            if metadata.insert(key, value).is_some() {
                return Err(refused("a metadata key stands in it twice"));
            }
        }
        let mut infos = Vec::new();
        for _ in 0..tensors {
            infos.push(header.tensor()?);
        }
        let alignment = match metadata.get("general.alignment") {
            None => 32,
            Some(Value::Integer(alignment)) => u64::try_from(*alignment).unwrap_or(0),
            Some(_) => 0,
        };
        if !alignment.is_power_of_two() || alignment > MAX_ALIGNMENT {
            return Err(refused("its alignment is not a small power of two"));
        }
        let data_start = header.input.position().next_multiple_of(alignment);
        let mut read = Self { metadata, tensors: infos, data_start, file_bytes };
        read.check_layout()?;
        Ok(read)
    }

    /// Tensors lie within the file, one after the other: so together they are no larger than it.
    fn check_layout(&mut self) -> Result<()> {
        self.tensors.sort_by_key(|tensor| tensor.offset);
        let mut end = 0;
        let mut names = HashSet::new();
        for tensor in &self.tensors {
            if !names.insert(tensor.name.as_str()) {
                return Err(refused("a tensor's name stands in it twice"));
            }
            if tensor.offset < end {
                return Err(refused("two of its tensors overlap"));
            }
            end = tensor.offset.saturating_add(tensor.bytes);
        }
        if self.data_start.saturating_add(end) > self.file_bytes {
            return Err(refused("it is cut short: its tensors reach past its end"));
        }
        Ok(())
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        self.metadata.get(key)
    }

    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        match self.get(key) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn texts(&self, key: &str) -> Option<&[String]> {
        match self.get(key) {
            Some(Value::Texts(texts)) => Some(texts),
            _ => None,
        }
    }

    pub(crate) fn integers(&self, key: &str) -> Option<&[i64]> {
        match self.get(key) {
            Some(Value::Integers(integers)) => Some(integers),
            _ => None,
        }
    }

    pub(crate) fn floats(&self, key: &str) -> Option<&[f32]> {
        match self.get(key) {
            Some(Value::Floats(floats)) => Some(floats),
            _ => None,
        }
    }

    pub(crate) fn boolean(&self, key: &str) -> Option<bool> {
        match self.get(key) {
            Some(Value::Bool(value)) => Some(*value),
            _ => None,
        }
    }

    pub(crate) fn integer(&self, key: &str) -> Option<i64> {
        match self.get(key) {
            Some(Value::Integer(value)) => Some(*value),
            _ => None,
        }
    }

    pub(crate) fn float(&self, key: &str) -> Option<f64> {
        match self.get(key) {
            Some(Value::Float(value)) => Some(*value),
            Some(Value::Integer(value)) => Some(*value as f64),
            _ => None,
        }
    }

    /// Bytes of all tensors.
    pub(crate) fn tensor_bytes(&self) -> u64 {
        self.tensors.iter().map(|tensor| tensor.bytes).sum()
    }

    /// Bytes of the largest tensor.
    pub(crate) fn largest_tensor_bytes(&self) -> u64 {
        self.tensors.iter().map(|tensor| tensor.bytes).max().unwrap_or_default()
    }

    /// The quantization that most of the weights have, as GGUF names it.
    pub(crate) fn quantization(&self) -> &'static str {
        let mut bytes: HashMap<&'static str, u64> = HashMap::new();
        for tensor in &self.tensors {
            *bytes.entry(dtype_name(tensor.dtype)).or_default() += tensor.bytes;
        }
        bytes.into_iter().max_by_key(|(name, bytes)| (*bytes, *name)).map_or("none", |(name, _)| name)
    }

    /// Reads every tensor, and the rest of the file for its hash; `input` stands where [`Header::read`] left it.
    pub(crate) fn read_tensors<R: Read>(&self, input: &mut Hashed<R>) -> Result<HashMap<String, Tensor>> {
        let mut tensors = HashMap::new();
        for info in &self.tensors {
            input.skip_to(self.data_start + info.offset).map_err(unreadable)?;
            let mut raw = vec![0; info.bytes as usize];
            input.fill(&mut raw).map_err(unreadable)?;
            let data = info.dtype.from_data(raw.into());
            let tensor = Tensor { data, rows: info.rows, columns: info.columns };
            tensors.insert(info.name.clone(), tensor);
        }
        input.skip_to(self.file_bytes).map_err(unreadable)?;
        Ok(tensors)
    }
}

#[allow(clippy::needless_pass_by_value, reason = "as `map_err` hands it over")]
fn unreadable(error: io::Error) -> awap_core::Error {
    refused(&format!("it cannot be read ({})", error.kind()))
}

struct HeaderReader<'a, R> {
    input: &'a mut Hashed<R>,
    end: u64,
    items: u64,
    /// Lengths have eight bytes; in version 1 they have four.
    wide: bool,
}

impl<R: Read> HeaderReader<'_, R> {
    fn left(&self) -> u64 {
        self.end.saturating_sub(self.input.position())
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N]> {
        if self.left() < N as u64 {
            return Err(refused("it ends within its header, or its header is too large"));
        }
        let mut bytes = [0; N];
        self.input.fill(&mut bytes).map_err(unreadable)?;
        Ok(bytes)
    }

    fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.bytes()?))
    }

    fn u64(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.bytes()?))
    }

    fn length(&mut self, of: &str, most: u64) -> Result<u64> {
        let length = if self.wide { self.u64()? } else { u64::from(self.u32()?) };
        if length > most || length > self.left() {
            return Err(refused(&format!("it announces {length} {of}, more than can be")));
        }
        Ok(length)
    }

    fn text(&mut self) -> Result<String> {
        let length = self.length("bytes of text", MAX_STRING_BYTES)?;
        let mut bytes = vec![0; length as usize];
        self.input.fill(&mut bytes).map_err(unreadable)?;
        Ok(String::from_utf8(bytes)
            .unwrap_or_else(|bad| String::from_utf8_lossy(bad.as_bytes()).into_owned()))
    }

    fn integer(&mut self, kind: u32) -> Result<Option<i64>> {
        Ok(Some(match kind {
            0 => i64::from(u8::from_le_bytes(self.bytes()?)),
            1 => i64::from(i8::from_le_bytes(self.bytes()?)),
            2 => i64::from(u16::from_le_bytes(self.bytes()?)),
            3 => i64::from(i16::from_le_bytes(self.bytes()?)),
            4 => i64::from(self.u32()?),
            5 => i64::from(i32::from_le_bytes(self.bytes()?)),
            10 => i64::try_from(self.u64()?).unwrap_or(i64::MAX),
            11 => i64::from_le_bytes(self.bytes()?),
            _ => return Ok(None),
        }))
    }

    fn value(&mut self, kind: u32) -> Result<Value> {
        if let Some(integer) = self.integer(kind)? {
            return Ok(Value::Integer(integer));
        }
        Ok(match kind {
            6 => Value::Float(f64::from(f32::from_le_bytes(self.bytes()?))),
            7 => Value::Bool(self.bytes::<1>()? != [0]),
            8 => Value::Text(self.text()?),
            9 => return self.list(),
            12 => Value::Float(f64::from_le_bytes(self.bytes()?)),
            _ => return Err(refused("a metadata value has a type that GGUF does not know")),
        })
    }

    /// A list of numbers, truth values or texts; lists within lists mean nothing to any model that is read here.
    fn list(&mut self) -> Result<Value> {
        let kind = self.u32()?;
        let length = self.length("list items", MAX_LIST_ITEMS)?;
        self.items += length;
        if self.items > MAX_LIST_ITEMS {
            return Err(refused("its lists are too long"));
        }
        Ok(match kind {
            6 => Value::Floats(self.repeat(length, |header| Ok(f32::from_le_bytes(header.bytes()?)))?),
            7 => Value::Integers(self.repeat(length, |header| Ok(i64::from(header.bytes::<1>()?[0])))?),
            8 => Value::Texts(self.repeat(length, Self::text)?),
            12 => {
                Value::Floats(self.repeat(length, |header| Ok(f64::from_le_bytes(header.bytes()?) as f32))?)
            }
            9 => return Err(refused("a metadata list holds lists")),
            _ => Value::Integers(self.repeat(length, |header| {
                header
                    .integer(kind)?
                    .ok_or_else(|| refused("a metadata list has a type that GGUF does not know"))
            })?),
        })
    }

    fn repeat<T>(&mut self, length: u64, one: impl Fn(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        (0..length).map(|_| one(self)).collect()
    }

    fn tensor(&mut self) -> Result<TensorInfo> {
        let name = self.text()?;
        let dimensions = self.u32()?;
        if !(1..=MAX_DIMENSIONS).contains(&dimensions) {
            return Err(refused("a tensor has no dimension, or more than four"));
        }
        let too_large = || refused("a tensor is larger than can be");
        let (mut columns, mut rows) = (0, 1_u64);
        for dimension in 0..dimensions {
            let size = if self.wide { self.u64()? } else { u64::from(self.u32()?) };
            // The innermost dimension comes first in the file.
            if dimension == 0 {
                columns = size;
            } else {
                rows = rows.checked_mul(size).ok_or_else(too_large)?;
            }
        }
        let dtype = dtype(self.u32()?)?;
        let offset = self.u64()?;
        let block = dtype.block_size() as u64;
        if columns == 0 || rows == 0 || columns % block != 0 {
            return Err(refused("a tensor is empty, or its rows are not whole blocks"));
        }
        let bytes = (columns / block)
            .checked_mul(rows)
            .and_then(|blocks| blocks.checked_mul(dtype.type_size() as u64));
        let bytes = bytes.filter(|bytes| *bytes <= 1 << 40).ok_or_else(too_large)?;
        Ok(TensorInfo { name, dtype, rows: rows as usize, columns: columns as usize, offset, bytes })
    }
}

/// The quantizations that are read: those GGUF weights come in, less the IQ and ternary ones.
fn dtype(code: u32) -> Result<GgmlDType> {
    Ok(match code {
        0 => GgmlDType::F32,
        1 => GgmlDType::F16,
        2 => GgmlDType::Q4_0,
        3 => GgmlDType::Q4_1,
        6 => GgmlDType::Q5_0,
        7 => GgmlDType::Q5_1,
        8 => GgmlDType::Q8_0,
        10 => GgmlDType::Q2K,
        11 => GgmlDType::Q3K,
        12 => GgmlDType::Q4K,
        13 => GgmlDType::Q5K,
        14 => GgmlDType::Q6K,
        30 => GgmlDType::BF16,
        _ => {
            return Err(refused(&format!(
                "its quantization (type {code}) is not supported; take a file in Q4_K_M, Q5_K_M, Q6_K, Q8_0 or F16"
            )));
        }
    })
}

fn dtype_name(dtype: GgmlDType) -> &'static str {
    match dtype {
        GgmlDType::F32 => "F32",
        GgmlDType::F16 => "F16",
        GgmlDType::BF16 => "BF16",
        GgmlDType::Q4_0 => "Q4_0",
        GgmlDType::Q4_1 => "Q4_1",
        GgmlDType::Q5_0 => "Q5_0",
        GgmlDType::Q5_1 => "Q5_1",
        GgmlDType::Q8_0 => "Q8_0",
        GgmlDType::Q8_1 => "Q8_1",
        GgmlDType::Q2K => "Q2_K",
        GgmlDType::Q3K => "Q3_K",
        GgmlDType::Q4K => "Q4_K",
        GgmlDType::Q5K => "Q5_K",
        GgmlDType::Q6K => "Q6_K",
        GgmlDType::Q8K => "Q8_K",
    }
}

/// Reads forward and hashes what it reads.
pub(crate) struct Hashed<R> {
    input: R,
    hash: Sha256,
    position: u64,
}

impl<R: Read> Hashed<R> {
    pub(crate) fn new(input: R) -> Self {
        Self { input, hash: Sha256::new(), position: 0 }
    }

    fn position(&self) -> u64 {
        self.position
    }

    fn fill(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        for part in buffer.chunks_mut(HASH_STEP) {
            self.input.read_exact(part)?;
            // Hashed while it is in the processor's cache.
            self.hash.update(&*part);
            self.position += part.len() as u64;
        }
        Ok(())
    }

    fn skip_to(&mut self, position: u64) -> io::Result<()> {
        let mut buffer = vec![0; HASH_STEP.min(position.saturating_sub(self.position) as usize)];
        while self.position < position {
            let step = (position - self.position).min(buffer.len() as u64);
            self.fill(&mut buffer[..step as usize])?;
        }
        Ok(())
    }

    /// SHA-256 of all that was read, in hexadecimal.
    pub(crate) fn sha256(self) -> String {
        self.hash.finalize().iter().fold(String::with_capacity(64), |mut hex, byte| {
            use std::fmt::Write;
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}
