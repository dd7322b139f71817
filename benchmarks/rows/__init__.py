"""The rows, a file a family."""

from benchmarks.rows import cnn, generation, gpt, growth, imports, lstm, memory, mlp, moons, names, small_op
from benchmarks.timing import Row

FAMILIES = (gpt, mlp, cnn, generation, memory, moons, names, small_op, imports, growth, lstm)
ROWS: list[Row] = [row for family in FAMILIES for row in family.ROWS]
