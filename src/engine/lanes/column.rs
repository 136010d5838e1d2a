//! A column: one number for each row of a block.

use std::ops::{Deref, DerefMut};

/// Generations that are drawn together. A whole number of vector registers of any width, and
/// few enough that the columns of a scenario stay in the nearest cache.
pub(super) const ROWS: usize = 512;

/// One number for each row, where vector registers like it.
#[derive(Debug, Clone)]
#[repr(align(64))]
pub(super) struct Column<T>([T; ROWS]);

impl<T: Copy> Column<T> {
    pub(super) fn new(value: T) -> Self {
        Self([value; ROWS])
    }
}

impl<T> Deref for Column<T> {
    type Target = [T; ROWS];
    fn deref(&self) -> &[T; ROWS] {
        &self.0
    }
}

impl<T> DerefMut for Column<T> {
    fn deref_mut(&mut self) -> &mut [T; ROWS] {
        &mut self.0
    }
}

/// So many columns of zeros.
pub(super) fn columns<T: Copy + Default>(number: usize) -> Vec<Column<T>> {
    vec![Column::new(T::default()); number]
}
