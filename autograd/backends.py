"""What a program asks of `torch.backends` before it goes on with the CPU."""

from __future__ import annotations


class Backend:
    """A backend that is not there: its flags (`allow_tf32`, `benchmark`) may be set, and have nothing to act on."""

    def is_available(self) -> bool:
        """Never."""
        return False

    is_built = is_available


mps, cuda, cudnn = Backend(), Backend(), Backend()
cuda.matmul = Backend()  # type: ignore[attr-defined]
