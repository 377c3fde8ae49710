//! The closed table, row by row.
