"""Rows of the grid of combinations: telling equal ones apart from others, and adding them up.

A row is one entry set with one choice of contract; its columns are the exits. In a single session
many entry sets trade the same entries, so that their rows are equal, and others do not trade.
"""

import numpy as np

from strategy.kernels.compiling import kernel

NO_ROW = -1  # of a set that did not trade
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio, odd
_SHIFT = np.uint64(29)


@kernel
def hash_rows(bits):  # (n_rows, n_columns), uint64, of float64
    """Return a 64-bit hash of each row; a row of others has the same with 1 in 2**64."""
    hashes = np.empty(bits.shape[0], np.uint64)
    for row in range(bits.shape[0]):
        digest = np.uint64(row * 0)
        for column in range(bits.shape[1]):
            digest = (digest ^ bits[row, column]) * _MULTIPLIER
            digest ^= digest >> _SHIFT
        hashes[row] = digest
    return hashes


@kernel
def hash_lists(offsets, values):  # (n_lists + 1,), of each list's values
    """Return a 64-bit hash of each list; a list of others has the same with 1 in 2**64."""
    hashes = np.empty(offsets.shape[0] - 1, np.uint64)
    for row in range(hashes.shape[0]):
        digest = np.uint64(row * 0)
        for place in range(offsets[row], offsets[row + 1]):
            digest = (digest ^ np.uint64(values[place] + 1)) * _MULTIPLIER
            digest ^= digest >> _SHIFT
        hashes[row] = digest
    return hashes


@kernel
def add_rows(
    row_of_set,  # (n_sets,), the row that a set has, NO_ROW without
    rows,  # (n_rows, n_columns)
    sums,  # in and out, (n_sets, n_columns)
):
    """Add to each set its row."""
    for index in range(row_of_set.shape[0]):
        row = row_of_set[index]
        if row >= 0:
            for column in range(rows.shape[1]):
                sums[index, column] += rows[row, column]


@kernel
def add_squared_rows(
    row_of_set,  # (n_sets,), the row that a set has, NO_ROW without
    rows,  # (n_rows, n_columns)
    sums,  # in and out, (n_sets, n_columns)
):
    """Add to each set the squares of its row."""
    for index in range(row_of_set.shape[0]):
        row = row_of_set[index]
        if row >= 0:
            for column in range(rows.shape[1]):
                sums[index, column] += rows[row, column] * rows[row, column]
