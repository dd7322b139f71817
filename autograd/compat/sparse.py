"""`torch.sparse`: matrices by the elements that are not 0. All tensors are dense here: the zeros are stored as well."""

from __future__ import annotations

from typing import Any

from autograd import Tensor, as_tensor, mm, zeros

__all__ = ["FloatTensor", "dsmm", "mm", "sparse_coo_tensor", "spmm"]

spmm = dsmm = mm


def sparse_coo_tensor(
    indices: Any,
    values: Any,
    size: Any = None,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    check_invariants: Any = None,
    is_coalesced: Any = None,
) -> Tensor:
    """The dense tensor with `values` (n, *rest) at `indices` (dims, n), added up where an index repeats; else 0."""
    indices, values = as_tensor(indices), as_tensor(values, dtype, device)
    if size is None:
        size = (*(indices.max(dim=1).values + 1).tolist(), *values.shape[1:])
    made = zeros(size, dtype=values.dtype).index_put(tuple(indices), values, accumulate=True)
    return made.requires_grad_() if requires_grad else made


FloatTensor = sparse_coo_tensor  # torch's older name
