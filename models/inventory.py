"""Every parameter of a GPT, matrix by matrix, from its config alone: no weight is allocated."""

from __future__ import annotations

import math
from argparse import ArgumentParser
from typing import NamedTuple

from models.config import PRESETS, GPTConfig


class Row(NamedTuple):
    """One parameter: its name in the state_dict and its shape."""

    name: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)


def _linear(name: str, rows: int, columns: int, bias: bool) -> list[Row]:
    return [Row(f"{name}.weight", (rows, columns))] + ([Row(f"{name}.bias", (rows,))] if bias else [])


def _norm(name: str, config: GPTConfig) -> list[Row]:
    if config.norm == "none":
        return []
    weight, bias = Row(f"{name}.weight", (config.n_embd,)), Row(f"{name}.bias", (config.n_embd,))
    return [weight, bias] if config.norm == "layer" and config.bias else [weight]


def _block(name: str, config: GPTConfig) -> list[Row]:
    C, hidden, bias = config.n_embd, config.hidden, config.bias
    gate = _linear(f"{name}.mlp.c_gate", hidden, C, bias) if config.activation == "swiglu" else []
    return [
        *_norm(f"{name}.ln_1", config),
        *_linear(f"{name}.attn.c_attn", 3 * C, C, bias),
        *_linear(f"{name}.attn.c_proj", C, C, bias),
        *_norm(f"{name}.ln_2", config),
        *gate,
        *_linear(f"{name}.mlp.c_fc", hidden, C, bias),
        *_linear(f"{name}.mlp.c_proj", C, hidden, bias),
    ]


def inventory(config: GPTConfig) -> list[Row]:
    """The parameters in the order of `named_parameters()`; a tied output matrix is not counted twice."""
    C, V = config.n_embd, config.vocab_size
    return [
        Row("transformer.wte.weight", (V, C)),
        *([Row("transformer.wpe.weight", (config.block_size, C))] if config.position == "learned" else []),
        *(row for i in range(config.n_layer) for row in _block(f"transformer.h.{i}", config)),
        *(_norm("transformer.ln_f", config) if config.norm_first else []),
        *([] if config.tie else [Row("lm_head.weight", (V, C))]),
    ]


def parameter_count(config: GPTConfig) -> int:
    """How many numbers the model learns."""
    return sum(row.size for row in inventory(config))


def table(config: GPTConfig) -> str:
    """The inventory for people: one line a matrix, the layers together, the total last."""
    rows = inventory(config)
    first = "transformer.h.0."
    count = {row: config.n_layer if row.name.startswith(first) else 1 for row in rows}
    shown = [row for row in rows if count[row] > 1 or row.name.startswith(first) or ".h." not in row.name]
    cells = [_cells(row, count[row]) for row in shown]
    total = parameter_count(config)
    cells.append(("total", "", "", f"{total:,}"))
    widths = [max(len(cell[i]) for cell in cells) for i in range(4)]
    return "\n".join(_line(cell, widths) for cell in cells)


def _cells(row: Row, layers: int) -> tuple[str, str, str, str]:
    name = row.name.replace(".h.0.", ".h.*.")
    return (
        name,
        " x ".join(f"{n:,}" for n in row.shape),
        f"{layers} layers" if layers > 1 else "",
        f"{row.size * layers:,}",
    )


def _line(cell: tuple[str, ...], widths: list[int]) -> str:
    name, shape, layers, size = cell
    return f"{name:<{widths[0]}}  {shape:>{widths[1]}}  {layers:>{widths[2]}}  {size:>{widths[3]}}"


def main(arguments: list[str] | None = None) -> None:
    """Print the inventory of a preset: `python -m models.inventory gpt2`."""
    parser = ArgumentParser(prog="python -m models.inventory", description="The parameters of a GPT, matrix by matrix.")
    parser.add_argument("preset", nargs="?", default="gpt2", choices=PRESETS, help="which GPT; gpt2 without one")
    print(table(GPTConfig.preset(parser.parse_args(arguments).preset)))


if __name__ == "__main__":
    main()
