"""The rows, a file a family."""

from benchmarks.rows import (
    cnn,
    generation,
    gpt,
    growth,
    imports,
    lstm,
    memory,
    mlp,
    moons,
    names,
    pretrained,
    small_op,
    tokenizer,
)
from benchmarks.timing import Row

FAMILIES = (gpt, mlp, cnn, generation, memory, moons, names, small_op, imports, growth, lstm, tokenizer, pretrained)
ROWS: list[Row] = [row for family in FAMILIES for row in family.ROWS]
