"""The rows, a file a family."""

from benchmarks.rows import mlp, small_op
from benchmarks.timing import Row

ROWS: list[Row] = [*small_op.ROWS, *mlp.ROWS]
