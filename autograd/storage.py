"""Where the elements of a tensor lie: the CPU's memory, and how they are laid out in it."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from autograd import dtypes
from autograd.base import TensorBase, wrap
from autograd.ops.complaints import explained
from autograd.versions import last_change, memory_of


class UntypedStorage:
    """The bytes of a tensor's memory, which is that of its views, too."""

    def __init__(self, memory: np.ndarray) -> None:
        self.memory = memory

    @classmethod
    def from_file(cls, filename: Any, shared: bool = False, nbytes: int | None = None) -> UntypedStorage:
        """The first bytes of a file, which are read when they are used; changes go into the file if it is shared."""
        return cls(np.memmap(filename, np.uint8, "r+" if shared else "c", shape=nbytes))

    def untyped(self) -> UntypedStorage:
        """Itself."""
        return self

    def __getitem__(self, part: slice) -> UntypedStorage:
        return UntypedStorage(self.memory[part])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.memory, dtype, copy=copy)

    def data_ptr(self) -> int:
        """Its address."""
        return self.memory.ctypes.data

    def nbytes(self) -> int:
        """Its size in bytes."""
        return self.memory.nbytes

    size = __len__ = nbytes


class Storage(TensorBase):
    """What a tensor says of its memory."""

    itemsize = property(lambda self: self.array.itemsize, doc="The bytes of one element.")
    nbytes = property(lambda self: self.array.nbytes, doc="The bytes of all elements.")
    device = property(lambda self: dtypes.device.current, doc="Where it is: the CPU.")
    is_cuda = is_mps = is_xpu = is_meta = property(lambda self: False, doc="Never: there is no such device here.")
    is_sparse = is_quantized = property(lambda self: False, doc="Never: there is no such layout here.")
    to_dense = to_sparse = coalesce = lambda self, *args: self  # there is one layout, which holds the zeros as well
    layout = "torch.strided"
    is_cpu = property(lambda self: True, doc="Always.")
    _version = property(lambda self: last_change(self.array), doc="When its memory was last changed in place.")

    def _is_view(self) -> bool:
        return self._base is not None

    def indices(self: Any) -> Any:
        """Where its elements are not 0, (dims, n): what a sparse tensor stores beside its `values`."""
        return self.nonzero().t()

    def values(self: Any) -> Any:
        """The elements (n,) that are not 0, in row-major order."""
        return self[self.nonzero(as_tuple=True)]

    def _nnz(self: Any) -> int:
        return len(self.nonzero())

    _indices, _values = indices, values

    def element_size(self) -> int:
        """The bytes of one element."""
        return self.array.itemsize

    def is_contiguous(self, memory_format: Any = None) -> bool:
        """Whether the elements lie in memory in row-major order."""
        return self.array.flags.c_contiguous

    def contiguous(self, memory_format: Any = None) -> Any:
        """Itself where its elements lie in row-major order, else a copy in which they do; there is no other format."""
        return self if self.array.flags.c_contiguous else self.clone(memory_format="contiguous_format")

    @explained
    def stride(self, dim: int | None = None) -> Any:
        """How many elements lie between neighbours along each dim (or along one)."""
        steps = tuple(n // self.array.itemsize for n in self.array.strides)
        return steps if dim is None else steps[dim]

    def data_ptr(self) -> int:
        """The address of its first element."""
        return self.array.ctypes.data

    def storage_offset(self) -> int:
        """How many elements lie in its memory before its first one."""
        return (self.array.ctypes.data - memory_of(self.array).ctypes.data) // self.array.itemsize

    def storage(self) -> Any:
        """All elements of the memory that it is a view of, as a vector."""
        return wrap(memory_of(self.array).ravel(order="K"))

    def untyped_storage(self) -> UntypedStorage:
        """The memory that it is a view of."""
        return UntypedStorage(memory_of(self.array).ravel(order="K").view(np.uint8))

    def cpu(self, memory_format: Any = None) -> Any:
        """Itself: it is there already."""
        return self

    def cuda(self, device: Any = None, non_blocking: bool = False, memory_format: Any = None) -> Any:
        """Raises RuntimeError: there is no GPU here."""
        return dtypes.checked_device("cuda")

    def get_device(self) -> int:
        """-1: it is on no GPU."""
        return -1

    def pin_memory(self, device: Any = None) -> Any:
        """Itself: no GPU copies from it."""
        return self

    def share_memory_(self) -> Any:
        """Move its elements to memory that is shared with the processes that this one starts, and return the tensor.

        A view leaves the memory of the tensor that it is of.
        """
        from multiprocessing import RawArray  # which takes longer to import than the rest of this file

        if not self.is_shared():
            memory = RawArray("b", max(self.array.nbytes, 1))
            shared = np.frombuffer(memory, self.array.dtype, self.array.size).reshape(self.array.shape)
            shared[...] = self.array
            self.array = shared
        return self

    def is_shared(self) -> bool:
        """Whether `share_memory_` has moved its elements."""
        return isinstance(memory_of(self.array).base, ctypes.Array)

    def record_stream(self, stream: Any) -> None:
        """Accepted: no GPU uses it."""

    def is_inference(self) -> bool:
        """Never: what was made in `inference_mode` is as any other tensor."""
        return False

    def is_pinned(self, device: Any = None) -> bool:
        """Never."""
        return False
