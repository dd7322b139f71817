"""Sequences of several lengths as one tensor: padded to the longest, or packed without padding."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial, partialmethod
from typing import Any, NamedTuple, Self

import numpy as np

from autograd import Tensor, as_tensor, cat, dtypes, full, stack
from autograd.errors import ShapeError
from nn.functional import pad

__all__ = ["PackedSequence", "invert_permutation", "pack_padded_sequence", "pack_sequence", "pad_packed_sequence"]
__all__ += ["pad_sequence", "unpack_sequence", "unpad_sequence"]


class _Packed(NamedTuple):
    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(_Packed):
    """Sequences, the longest first, as the rows of step 0, then those of step 1, and so on.

    Step t has rows for the first batch_sizes[t] sequences. The one at position i was at sorted_indices[i] in the batch
    that the user gave, and goes back by unsorted_indices. The casts `double()`, `long()` and so on are those of `data`.
    """

    def __new__(
        cls,
        data: Tensor,
        batch_sizes: Tensor,
        sorted_indices: Tensor | None = None,
        unsorted_indices: Tensor | None = None,
    ) -> Self:
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """The same with `data` cast by `Tensor.to`; this one, where that changes nothing."""
        data = self.data.to(*args, **kwargs)
        return self if data is self.data else type(self)(data, *self[1:])

    def cpu(self) -> Self:
        """This one: all tensors are on the CPU."""
        return self

    double, float, half = map(partial(partialmethod, to), (dtypes.float64, dtypes.float32, dtypes.float16))
    long, int, short = map(partial(partialmethod, to), (dtypes.int64, dtypes.int32, dtypes.int16))
    char, byte = map(partial(partialmethod, to), (dtypes.int8, dtypes.uint8))


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """The indices that bring what `permutation` has reordered back."""
    return None if permutation is None else as_tensor(np.argsort(permutation.array))


def pack_padded_sequence(
    input: Tensor, lengths: Tensor | Sequence[int], batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Pack a padded batch (T, B, ...), or (B, T, ...) with `batch_first`, of sequences of these lengths.

    With `enforce_sorted` the longest must come first; without, the sequences are sorted.
    """
    sizes = np.asarray(getattr(lengths, "array", lengths)).astype(np.int64)
    T, B = input.shape[:2][::-1] if batch_first else input.shape[:2]
    if sizes.shape != (B,):
        raise ShapeError(f"Expected `len(lengths)` to be equal to batch_size, but got {sizes.size} (batch_size={B})")
    if not B or sizes.min() <= 0:
        raise RuntimeError(f"Length of all samples has to be greater than 0, but got the lengths {sizes.tolist()}")
    if sizes.max() > T:
        raise ShapeError(f"pack_padded_sequence: length {sizes.max()} is more than the {T} steps of {input.shape}")
    order = np.arange(B) if enforce_sorted else np.argsort(-sizes, kind="stable")
    sizes = sizes[order]
    if (np.diff(sizes) > 0).any():
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass "
            "`enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to sort them"
        )
    time = np.arange(sizes[0])[:, None]
    there = time < sizes
    rows = (order * T + time if batch_first else time * B + order)[there]
    data = input.flatten(0, 1).index_select(0, as_tensor(rows))
    return PackedSequence(data, as_tensor(there.sum(1)), None if enforce_sorted else as_tensor(order))


def pad_packed_sequence(
    sequence: PackedSequence, batch_first: bool = False, padding_value: float = 0.0, total_length: int | None = None
) -> tuple[Tensor, Tensor]:
    """The padded batch (T, B, ...), or (B, T, ...) with `batch_first`, and the lengths, in the order before sorting.

    T is the length of the longest sequence, or `total_length`.
    """
    data, batch_sizes, _, unsorted = sequence
    sizes = batch_sizes.array
    T = len(sizes) if total_length is None else total_length
    if T < len(sizes):
        raise ValueError(
            "Expected total_length to be at least the length of the longest sequence in input, but got "
            f"total_length={T} and max sequence length being {len(sizes)}"
        )
    there = np.arange(sizes[0]) < np.pad(sizes, (0, T - len(sizes)))[:, None]
    rows = np.full(there.shape, len(data))  # the row of padding, which is put behind the data
    rows[there] = np.arange(len(data))
    if unsorted is not None:
        rows, there = rows[:, unsorted.array], there[:, unsorted.array]
    rows = rows.T if batch_first else rows
    padding = full((1, *data.shape[1:]), padding_value, dtype=data.dtype)
    padded = cat([data, padding]).index_select(0, as_tensor(rows.reshape(-1)))
    return padded.reshape(*rows.shape, *data.shape[1:]), as_tensor(there.sum(0))


def pad_sequence(
    sequences: Tensor | Iterable[Tensor],
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> Tensor:
    """Tensors (T_i, ...) stacked to (T, B, ...), or (B, T, ...) with `batch_first`, each padded to the longest."""
    if padding_side not in ("left", "right"):
        raise ValueError(f'padding_side must be "left" or "right", got {padding_side!r}')
    if not isinstance(sequences, Iterable):
        raise RuntimeError(f"pad_sequence: expected a list of tensors, got {type(sequences).__name__}")
    tensors = list(sequences)
    T = max((len(s) for s in tensors), default=0)

    def padded(s: Tensor) -> Tensor:
        missing = T - len(s)
        around = (missing, 0) if padding_side == "left" else (0, missing)
        return pad(s, (0, 0) * (s.ndim - 1) + around, value=padding_value)

    return stack([padded(s) for s in tensors], 0 if batch_first else 1)


def unpad_sequence(padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False) -> list[Tensor]:
    """The sequences of a padded batch, each as long as it is."""
    rows = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    return [row[:length] for row, length in zip(rows, lengths.tolist(), strict=True)]


def pack_sequence(sequences: Iterable[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Pack tensors (T_i, ...)."""
    tensors = list(sequences)
    return pack_padded_sequence(pad_sequence(tensors), [len(s) for s in tensors], enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The sequences that were packed."""
    return unpad_sequence(*pad_packed_sequence(packed_sequences))
