"""Recurrent layers: the recurrence is `ops.recurrent_layer`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from autograd import Tensor, cat, ops, stack, zeros
from autograd.errors import ShapeError, warn
from nn import functional as F
from nn import init
from nn.functional.dropout import check_probability
from nn.module import Module
from nn.parameter import Parameter
from nn.utils.rnn import PackedSequence

__all__ = ["GRU", "LSTM", "RNN", "RNNBase"]
_MODES = {"tanh": "RNN_TANH", "relu": "RNN_RELU"}


def mode_of(nonlinearity: str) -> str:
    """The mode of an RNN with this function."""
    if nonlinearity not in _MODES:
        raise ValueError(f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'.")
    return _MODES[nonlinearity]


def fill_uniform(module: Module, hidden_size: int) -> None:
    """Initialise all parameters uniform in +-1 / sqrt(hidden_size)."""
    bound = 1 / math.sqrt(hidden_size) if hidden_size else 0.0
    for parameter in module.parameters():
        init.uniform_(parameter, -bound, bound)


def run_direction(
    mode: str, x: Tensor, state: Sequence[Tensor], weights: dict[str, Tensor], sizes: tuple[int, ...], reverse: bool
) -> list[Tensor]:
    """The outputs of one direction of a layer, in the rows of x (N, C), and the state after the last step."""
    h, c = state if len(state) == 2 else (*state, None)
    bias, hidden_bias = weights.get("bias_ih"), weights.get("bias_hh")
    if bias is not None and hidden_bias is not None and mode != "GRU":
        bias, hidden_bias = bias + hidden_bias, None
    x = F.linear(x, weights["weight_ih"], bias)
    how = {"kind": mode, "batch_sizes": sizes, "reverse": reverse}
    if "weight_hr" in weights:
        return list(ops.unrolled(x, h, c, weights["weight_hh"], hidden_bias, weights["weight_hr"], **how))
    out = ops.recurrent_layer(x, h, c, weights["weight_hh"], hidden_bias, **how)
    return list(out.split([len(x), *[sizes[0]] * len(state)]))


class RNNBase(Module):
    """Layers of a recurrent network, each in one direction or in two, over sequences that may be packed.

    Direction d of layer l has the parameters weight_ih_l{l}, weight_hh_l{l}, bias_ih_l{l}, bias_hh_l{l} and (with
    proj_size) weight_hr_l{l}, with the suffix _reverse for d = 1.
    """

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        check_probability(dropout)
        for name, size in {"input_size": input_size, "hidden_size": hidden_size, "num_layers": num_layers}.items():
            if not isinstance(size, int):
                raise TypeError(f"{name} should be of type int, got: {type(size).__name__}")
            if size <= 0:
                raise ValueError(f"{name} must be greater than zero")
        if proj_size and mode != "LSTM":
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        if not 0 <= proj_size < hidden_size:
            raise ValueError(f"proj_size must be smaller than hidden_size and not negative, got {proj_size}")
        if dropout > 0 and num_layers == 1:
            warn(
                "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects "
                f"num_layers greater than 1, but got dropout={dropout} and num_layers={num_layers}",
            )
        self.mode, self.input_size, self.hidden_size, self.num_layers = mode, input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout = bias, batch_first, dropout
        self.bidirectional, self.proj_size = bidirectional, proj_size
        sums, output_size, directions = ops.CELLS[mode].sums * hidden_size, proj_size or hidden_size, 1 + bidirectional
        self._all_weights: list[list[str]] = []
        for layer in range(num_layers):
            width = output_size * directions if layer else input_size
            shapes: dict[str, tuple[int, ...]] = {"weight_ih": (sums, width), "weight_hh": (sums, output_size)}
            shapes |= {"bias_ih": (sums,), "bias_hh": (sums,)} if bias else {}
            shapes |= {"weight_hr": (proj_size, hidden_size)} if proj_size else {}
            for suffix in ("", "_reverse")[:directions]:
                self._all_weights.append([f"{name}_l{layer}{suffix}" for name in shapes])
                for name, shape in zip(self._all_weights[-1], shapes.values(), strict=True):
                    self.register_parameter(name, Parameter.empty(*shape, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Initialise all parameters uniform in +-1 / sqrt(hidden_size)."""
        fill_uniform(self, self.hidden_size)

    def flatten_parameters(self) -> None:
        """Nothing: in PyTorch it makes the weights one block of memory for cuDNN."""

    @property
    def all_weights(self) -> list[list[Tensor]]:
        """The parameters of each direction of each layer."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    @property
    def _flat_weights(self) -> list[Tensor]:
        """All parameters in a list, or what takes their place."""
        return [getattr(self, name) for name in self._flat_weights_names]

    @_flat_weights.setter
    def _flat_weights(self, weights: list[Tensor]) -> None:
        for name, weight in zip(self._flat_weights_names, weights, strict=True):
            setattr(self, name, weight)

    @property
    def _flat_weights_names(self) -> list[str]:
        """The names of all parameters, which programs read to initialise them."""
        return [name for names in self._all_weights for name in names]

    def _initial(self, hx: Any, batch: int, batched: bool, x: Tensor) -> list[Tensor]:
        """The state before the first step: for each of its tensors, (layers directions, B, H)."""
        layers = len(self._all_weights)
        sizes = [self.proj_size or self.hidden_size, *([self.hidden_size] if self.mode == "LSTM" else [])]
        if hx is None:
            return [zeros(layers, batch, size, dtype=x.dtype) for size in sizes]
        state = list(hx) if self.mode == "LSTM" else [hx]
        for name, given, size in zip(("h_0", "c_0")[: len(sizes)], state, sizes, strict=True):
            expected = (layers, batch, size) if batched else (layers, size)
            if tuple(given.shape) != expected:
                raise ShapeError(f"{type(self).__name__}: Expected {name} of size {expected}, got {list(given.shape)}")
        return state if batched else [s.unsqueeze(1) for s in state]

    def forward(self, input: Tensor | PackedSequence, hx: Any = None) -> tuple[Any, Any]:
        """The outputs of the last layer at every step, and the state (layers directions, B, H) of all after the last.

        input (T, B, C), (B, T, C) with `batch_first`, (T, C) for one sequence, or packed; so are the outputs. The
        state is h, and (h, c) for LSTM, as is `hx` before the first step (zeros); for one sequence it has no B.
        """
        if isinstance(input, PackedSequence):
            data, batch_sizes, order, back = input
            x, state = self._over(data, hx, tuple(batch_sizes.tolist()), order=order, back=back)
            return PackedSequence(x, batch_sizes, order, back), state
        if input.ndim not in (2, 3):
            raise ShapeError(f"{type(self).__name__}: Expected input to be 2D or 3D, got {input.ndim}D instead")
        batched = input.ndim == 3
        x = input if batched else input.unsqueeze(1)
        x = x.transpose(0, 1) if batched and self.batch_first else x
        steps, batch = x.shape[:2]
        if not steps:
            raise ShapeError("Expected sequence length to be larger than 0 in RNN")
        x, state = self._over(x.flatten(0, 1), hx, (batch,) * steps, batched)
        if not batched:
            return x, state
        x = x.reshape(steps, batch, x.shape[-1])
        return x.transpose(0, 1) if self.batch_first else x, state

    def _over(
        self,
        x: Tensor,
        hx: Any,
        sizes: tuple[int, ...],
        batched: bool = True,
        order: Tensor | None = None,
        back: Tensor | None = None,
    ) -> tuple[Tensor, Any]:
        """The outputs and the state for the rows x (N, C) of steps of these sizes.

        `order` sorts the sequences of hx as those of x are sorted, and `back` is the inverse.
        """
        if x.shape[-1] != self.input_size:
            raise ShapeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {x.shape[-1]}"
            )
        if x.dtype != (dtype := getattr(self, self._all_weights[0][0]).dtype):
            raise ValueError(
                f"RNN input dtype ({x.dtype}) does not match weight dtype ({dtype}). "
                f"Convert input: input.to({dtype}), or convert model: model.to({x.dtype})"
            )
        state = self._initial(hx, sizes[0], batched, x)
        state = state if order is None else [s.index_select(1, order) for s in state]
        x, state = self._layers(x, state, sizes)
        state = state if back is None else [s.index_select(1, back) for s in state]
        state = state if batched else [s.squeeze(1) for s in state]
        return x, tuple(state) if self.mode == "LSTM" else state[0]

    def _layers(self, x: Tensor, state: list[Tensor], sizes: tuple[int, ...]) -> tuple[Tensor, list[Tensor]]:
        """The rows x (N, C) through all layers, and the state of all after the last step."""
        outs: list[Tensor] = []
        finals: list[list[Tensor]] = []
        for i, names in enumerate(self._all_weights):
            weights = {name.partition("_l")[0]: getattr(self, name) for name in names}
            reverse = self.bidirectional and i % 2 == 1
            out, *final = run_direction(self.mode, x, [s[i] for s in state], weights, sizes, reverse)
            outs.append(out)
            finals.append(final[: len(state)])
            if reverse or not self.bidirectional:
                x, outs = cat(outs, -1) if reverse else out, []
                if i < len(self._all_weights) - 1:
                    x = F.dropout(x, self.dropout, self.training)
        return x, [stack(parts) for parts in zip(*finals, strict=True)]

    def extra_repr(self) -> str:
        shown = {"proj_size": 0, "num_layers": 1, "bias": True, "batch_first": False, "dropout": 0}
        shown["bidirectional"] = False
        settings = [f", {name}={value}" for name, usual in shown.items() if (value := getattr(self, name)) != usual]
        return f"{self.input_size}, {self.hidden_size}{''.join(settings)}"


class RNN(RNNBase):
    """h = f(W_ih x + b_ih + W_hh h + b_hh) at each step, where f is tanh or relu (Elman 1990).

    The fourth argument is `nonlinearity`; the others are those of RNNBase.
    """

    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1, *args: Any, **kwargs: Any) -> None:
        nonlinearity = args[0] if args else kwargs.pop("nonlinearity", "tanh")
        super().__init__(mode_of(nonlinearity), input_size, hidden_size, num_layers, *args[1:], **kwargs)
        self.nonlinearity = nonlinearity


class LSTM(RNNBase):
    """Long short-term memory: c = f c + i g, h = o tanh(c) at each step (Gers et al. 2000; proj_size: Sak et al. 2014).

    The rows of the weights are those of the gates i, f, g, o. The arguments are those of RNNBase.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__("LSTM", *args, **kwargs)


class GRU(RNNBase):
    """Gated recurrent units: h = (1 - z) n + z h at each step (Cho et al. 2014), with PyTorch's place of r, within n.

    The rows of the weights are those of r, z, n. The arguments are those of RNNBase.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__("GRU", *args, **kwargs)
