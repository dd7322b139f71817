"""Every parameter of a GPT, matrix by matrix; the model is built, but no weight is allocated."""

from __future__ import annotations

import math
from argparse import ArgumentParser
from typing import NamedTuple

from models.config import PRESETS, GPTConfig
from models.gpt import GPT
from nn import init


class Row(NamedTuple):
    """One parameter: its name in the state_dict and its shape."""

    name: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """The number of its elements."""
        return math.prod(self.shape)


def inventory(config: GPTConfig) -> list[Row]:
    """The parameters in the order of `named_parameters()`, where a tied output matrix is not counted twice."""
    with init.empty_weights():
        model = GPT(config)
    return [Row(name, tuple(parameter.shape)) for name, parameter in model.named_parameters()]


def parameter_count(config: GPTConfig) -> int:
    """The number of all trained elements."""
    return sum(row.size for row in inventory(config))


def table(config: GPTConfig) -> str:
    """The inventory as text: one line a matrix, those of all layers on one line, the total last."""
    rows = inventory(config)
    cells = []
    for row in rows:
        first = ".h.0." in row.name
        if first or ".h." not in row.name:
            layers = config.n_layer if first else 1
            shape, size = " x ".join(f"{n:,}" for n in row.shape), row.size * layers
            note = f"{layers} layers" if layers > 1 else ""
            cells.append((row.name.replace(".h.0.", ".h.*."), shape, note, f"{size:,}"))
    cells.append(("total", "", "", f"{sum(row.size for row in rows):,}"))
    widths = [max(map(len, column)) for column in zip(*cells)]
    return "\n".join(
        f"{name:<{widths[0]}}  {shape:>{widths[1]}}  {layers:>{widths[2]}}  {size:>{widths[3]}}"
        for name, shape, layers, size in cells
    )


def main(arguments: list[str] | None = None) -> None:
    """Print the inventory of a preset: `python -m models.inventory gpt2`."""
    parser = ArgumentParser(prog="python -m models.inventory", description="The parameters of a GPT, matrix by matrix.")
    parser.add_argument("preset", nargs="?", default="gpt2", choices=PRESETS, help="which GPT; gpt2 without one")
    print(table(GPTConfig.preset(parser.parse_args(arguments).preset)))


if __name__ == "__main__":
    main()
