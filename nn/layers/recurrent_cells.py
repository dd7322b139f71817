"""Cells: one step of a recurrent layer."""

from __future__ import annotations

from typing import Any

from autograd import Tensor, ops, zeros
from autograd.errors import ShapeError
from nn.layers.recurrent import fill_uniform, mode_of, run_direction
from nn.module import Module
from nn.parameter import Parameter

__all__ = ["GRUCell", "LSTMCell", "RNNCell", "RNNCellBase"]

State = tuple[Tensor, ...]  # h, and c for LSTM
_WEIGHTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


class RNNCellBase(Module):
    """One step of a layer in one direction, with the parameters weight_ih, weight_hh, bias_ih and bias_hh."""

    mode: str

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool, num_chunks: int, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        rows = num_chunks * hidden_size
        self.weight_ih = Parameter.empty(rows, input_size, device=device, dtype=dtype)
        self.weight_hh = Parameter.empty(rows, hidden_size, device=device, dtype=dtype)
        self.register_parameter("bias_ih", Parameter.empty(rows, device=device, dtype=dtype) if bias else None)
        self.register_parameter("bias_hh", Parameter.empty(rows, device=device, dtype=dtype) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Initialise all parameters uniform in +-1 / sqrt(hidden_size)."""
        fill_uniform(self, self.hidden_size)

    def forward(self, input: Tensor, hx: Any = None) -> Any:
        """input (B, C) and h (B, H) (zeros) to the next h; both may come without B."""
        return self._step(input, None if hx is None else (hx,), 1)[0]

    def _step(self, input: Tensor, hx: Any, parts: int) -> State:
        """The next state, of so many parts; input (B, C) and hx (B, H), or both without B."""
        name, batch = type(self).__name__, tuple(input.shape[:-1])
        if input.ndim not in (1, 2):
            raise ShapeError(f"{name}: Expected input to be 1D or 2D, got {input.ndim}D instead")
        if input.shape[-1] != self.input_size:
            raise ShapeError(
                f"{name}: input has inconsistent input_size: got {input.shape[-1]} expected {self.input_size}"
            )
        state = [zeros(*batch, self.hidden_size, dtype=input.dtype)] * parts if hx is None else list(hx)
        for given in state:
            if tuple(given.shape) != (*batch, self.hidden_size):
                raise ShapeError(
                    f"{name}: Expected hx of size {(*batch, self.hidden_size)}, beside an input {tuple(input.shape)}, "
                    f"got {tuple(given.shape)}"
                )
        x, *state = [t if batch else t.unsqueeze(0) for t in (input, *state)]
        weights = {name: w for name in _WEIGHTS if (w := getattr(self, name)) is not None}
        _, *state = run_direction(self.mode, x, state, weights, (len(x),), False)
        return tuple(s if batch else s.squeeze(0) for s in state)

    def extra_repr(self) -> str:
        settings = "" if self.bias else f", bias={self.bias}"
        if getattr(self, "nonlinearity", "tanh") != "tanh":
            settings += f", nonlinearity={self.nonlinearity}"
        return f"{self.input_size}, {self.hidden_size}{settings}"


class RNNCell(RNNCellBase):
    """One step of RNN."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity, self.mode = nonlinearity, mode_of(nonlinearity)


class _GatedCell(RNNCellBase):
    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, ops.CELLS[self.mode].sums, device, dtype)


class LSTMCell(_GatedCell):
    """One step of LSTM."""

    mode = "LSTM"

    def forward(self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> State:
        """input (B, C) and (h, c), each (B, H) (zeros), to the next (h, c); all may come without B."""
        return self._step(input, hx, 2)


class GRUCell(_GatedCell):
    """One step of GRU."""

    mode = "GRU"
