//! Linear algebra for ridge regression: a symmetric matrix, its Cholesky factor, and what solves it.

/// A symmetric matrix by its lower triangle, row by row.
#[derive(Debug, Clone)]
pub(super) struct Symmetric {
    n: usize,
    lower: Vec<f64>,
}

impl Symmetric {
    /// The matrix whose lower triangle is `value(row, column)`, asked row by row.
    pub(super) fn of(n: usize, mut value: impl FnMut(usize, usize) -> f64) -> Self {
        let mut lower = Vec::with_capacity(n * (n + 1) / 2);
        for row in 0..n {
            lower.extend((0..=row).map(|column| value(row, column)));
        }
        Self { n, lower }
    }

    fn at(row: usize, column: usize) -> usize {
        let (row, column) = if row < column { (column, row) } else { (row, column) };
        row * (row + 1) / 2 + column
    }

    pub(super) fn get(&self, row: usize, column: usize) -> f64 {
        self.lower[Self::at(row, column)]
    }

    /// The rows and columns of `picked`, in that order.
    pub(super) fn select(&self, picked: &[usize]) -> Self {
        Self::of(picked.len(), |row, column| self.get(picked[row], picked[column]))
    }

    /// Solves `(self + ridge·1) x = b`; the matrix must be positive semidefinite, `ridge` positive.
    pub(super) fn solve(&self, ridge: f64, b: &[f64]) -> Vec<f64> {
        self.cholesky(ridge).back(b)
    }

    fn cholesky(&self, ridge: f64) -> Factor {
        let n = self.n;
        let mut rows: Vec<Vec<f64>> = Vec::with_capacity(n);
        for i in 0..n {
            let mut row: Vec<f64> = self.lower[i * (i + 1) / 2..=i * (i + 1) / 2 + i].to_vec();
            row[i] += ridge;
            for j in 0..i {
                let other = &rows[j];
                let dot = dot(&row[..j], &other[..j]);
                row[j] = (row[j] - dot) / other[j];
            }
            let own = dot(&row[..i], &row[..i]);
            // Rounding may leave a diagonal a hair below nothing.
            row[i] = (row[i] - own).max(1e-12).sqrt();
            rows.push(row);
        }
        Factor { rows }
    }
}

/// In eight sums of their own, which the processor adds up side by side; the order is fixed, and so is the result.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let ((a_chunks, a_rest), (b_chunks, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    for (x, y) in a_chunks.iter().zip(b_chunks) {
        for (sum, (x, y)) in sums.iter_mut().zip(x.iter().zip(y)) {
            *sum += x * y;
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum();
    sums.iter().sum::<f64>() + rest
}

struct Factor {
    rows: Vec<Vec<f64>>,
}

impl Factor {
    fn back(&self, b: &[f64]) -> Vec<f64> {
        let mut x = b.to_vec();
        for (i, row) in self.rows.iter().enumerate() {
            let known = dot(&row[..i], &x[..i]);
            x[i] = (x[i] - known) / row[i];
        }
        for i in (0..self.rows.len()).rev() {
            let row = &self.rows[i];
            x[i] /= row[i];
            let value = x[i];
            for (earlier, factor) in x[..i].iter_mut().zip(&row[..i]) {
                *earlier -= value * factor;
            }
        }
        x
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_solved_fits() {
        let lower = [[4.0, 0.0, 0.0], [1.0, 3.0, 0.0], [0.5, 0.25, 2.0]];
        let matrix = Symmetric::of(3, |i, j| lower[i][j]);
        let want = [1.0, -2.0, 3.0];
        let b: Vec<f64> = (0..3)
            .map(|i| (0..3).map(|j| (matrix.get(i, j) + if i == j { 0.5 } else { 0.0 }) * want[j]).sum())
            .collect();
        let got = matrix.solve(0.5, &b);
        assert!(got.iter().zip(want).all(|(g, w)| (g - w).abs() < 1e-9), "{got:?}");
    }
}
