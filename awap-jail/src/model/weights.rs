//! A model's weights as they lie in the file: quantized, and multiplied so.

use std::collections::HashMap;

use awap_core::{Error, ErrorCode, Result};
use candle_core::CpuStorage;

use super::gguf::Tensor;
use super::refused;

/// A matrix of `rows` outputs by `columns` inputs.
///
/// `candle`'s own `QMatMul` keeps a second, repacked copy of K-quantized weights on processors that it has faster kernels
/// for: more than a container of 2 GiB has to give. So the kernels are called on the weights as they are.
pub(crate) struct Matrix(Tensor);

impl Matrix {
    pub(crate) fn rows(&self) -> usize {
        self.0.rows
    }

    /// Each of `x`'s rows (of as many values as there are columns) times the matrix.
    pub(crate) fn forward(&self, x: &[f32]) -> Result<Vec<f32>> {
        let count = x.len() / self.0.columns;
        let mut out = vec![0.0; count * self.0.rows];
        self.0.data.matmul_t((count, self.0.columns, self.0.rows), x, &mut out).map_err(failed)?;
        Ok(out)
    }

    /// The rows with these numbers, as floats.
    pub(crate) fn rows_of(&self, numbers: &[u32]) -> Result<Vec<f32>> {
        let rows = self.0.data.embedding(numbers, self.0.rows, self.0.columns).map_err(failed)?;
        floats(rows)
    }
}

/// What an operation of `candle`'s failed with; the sizes were checked, so it is a fault of ours.
#[allow(clippy::needless_pass_by_value, reason = "as `map_err` hands it over")]
pub(crate) fn failed(error: candle_core::Error) -> Error {
    tracing::error!(%error, "A tensor operation failed.");
    Error::new(ErrorCode::Internal, "The model could not be run; the log says where.")
}

fn floats(storage: CpuStorage) -> Result<Vec<f32>> {
    match storage {
        CpuStorage::F32(values) => Ok(values),
        _ => Err(refused("a tensor is not of the type that was expected")),
    }
}

/// The tensors of a file, taken out one by one; each is asked for by name and size.
pub(crate) struct Weights(HashMap<String, Tensor>);

impl Weights {
    pub(crate) fn new(tensors: HashMap<String, Tensor>) -> Self {
        Self(tensors)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Outputs of the matrix called `name`.
    pub(crate) fn rows(&self, name: &str) -> Option<usize> {
        self.0.get(name).map(|tensor| tensor.rows)
    }

    pub(crate) fn matrix(&mut self, name: &str, rows: usize, columns: usize) -> Result<Matrix> {
        let tensor = self.0.remove(name).ok_or_else(|| refused(&format!("it lacks the tensor “{name}”")))?;
        if (tensor.rows, tensor.columns) != (rows, columns) {
            return Err(refused(&format!(
                "its tensor “{name}” is {} by {}, where {rows} by {columns} is needed",
                tensor.rows, tensor.columns
            )));
        }
        Ok(Matrix(tensor))
    }

    /// A short list of numbers, as floats.
    pub(crate) fn vector(&mut self, name: &str, length: usize) -> Result<Vec<f32>> {
        let matrix = self.matrix(name, 1, length)?;
        floats(matrix.0.data.dequantize(length).map_err(failed)?)
    }

    pub(crate) fn vector_if_there(&mut self, name: &str, length: usize) -> Result<Option<Vec<f32>>> {
        if self.has(name) { self.vector(name, length).map(Some) } else { Ok(None) }
    }
}
