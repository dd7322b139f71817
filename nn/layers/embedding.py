"""Embedding and EmbeddingBag."""

from __future__ import annotations

from typing import Any, Self

from autograd import Tensor, no_grad
from nn import functional as F
from nn import init
from nn.layers.linear import check_sizes
from nn.module import Module
from nn.parameter import Parameter

__all__ = ["Embedding", "EmbeddingBag"]


class _Table(Module):
    """A table of rows, and how they are looked up; row `padding_idx` is 0 and is not trained."""

    usual: dict[str, Any] = {}  # the settings that repr shows where they are others

    def _make(
        self, num_embeddings: int, embedding_dim: int, settings: dict[str, Any], weight: Tensor | None, **like: Any
    ) -> None:
        name, padding_idx = type(self).__name__, settings["padding_idx"]
        check_sizes(name, num_embeddings=num_embeddings, embedding_dim=embedding_dim)
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            raise ValueError(f"{name}: padding_idx {padding_idx} is not one of {num_embeddings} rows")
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self._settings = tuple(settings)
        for setting, value in settings.items():
            setattr(self, setting, value)
        self.padding_idx = None if padding_idx is None else padding_idx % num_embeddings
        if weight is None:
            self.weight = Parameter.empty(num_embeddings, embedding_dim, **like)
            self.reset_parameters()
        else:
            if tuple(weight.shape) != (num_embeddings, embedding_dim):
                raise ValueError(f"{name}: the weight must be {(num_embeddings, embedding_dim)}, got {weight.shape}")
            self.weight = Parameter(weight)

    def reset_parameters(self) -> None:
        """Initialise the rows from the standard normal distribution."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            with no_grad():
                init.zeros_(self.weight[self.padding_idx])

    @classmethod
    def from_pretrained(cls, embeddings: Tensor, freeze: bool = True, *args: Any, **kwargs: Any) -> Self:
        """A layer whose weight is `embeddings`, not trained if `freeze`; settings follow as in the constructor."""
        make: Any = cls
        layer = make(*embeddings.shape, *args, _weight=embeddings, **kwargs)
        layer.weight.requires_grad_(not freeze)
        return layer

    def extra_repr(self) -> str:
        shown = {name: value for name in self.usual if (value := getattr(self, name)) != self.usual[name]}
        settings = [f"{name}={value!r}" for name, value in shown.items()]
        return ", ".join([f"{self.num_embeddings}, {self.embedding_dim}", *settings])


class Embedding(_Table):
    """Row i of weight (num_embeddings, embedding_dim) for each index i; row `padding_idx` is 0 and is not trained."""

    usual = {"padding_idx": None, "max_norm": None, "norm_type": 2.0, "scale_grad_by_freq": False, "sparse": False}

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Tensor | None = None,
        _freeze: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        settings: dict[str, Any] = {"padding_idx": padding_idx, "max_norm": max_norm, "norm_type": norm_type}
        settings |= {"scale_grad_by_freq": scale_grad_by_freq, "sparse": sparse}
        self._make(num_embeddings, embedding_dim, settings, _weight, device=device, dtype=dtype)
        self.weight.requires_grad_(not _freeze)

    def forward(self, input: Tensor) -> Tensor:
        """Indices (...) to (..., embedding_dim)."""
        return F.embedding(
            input, self.weight, self.padding_idx, self.max_norm, self.norm_type, self.scale_grad_by_freq, self.sparse
        )


class EmbeddingBag(_Table):
    """The sum, mean or max of the rows of each bag of indices."""

    usual = {"max_norm": None, "norm_type": 2.0, "scale_grad_by_freq": False, "mode": None, "padding_idx": None}

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        _weight: Tensor | None = None,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        settings: dict[str, Any] = {"max_norm": max_norm, "norm_type": norm_type}
        settings |= {"scale_grad_by_freq": scale_grad_by_freq, "mode": mode, "sparse": sparse}
        settings |= {"include_last_offset": include_last_offset, "padding_idx": padding_idx}
        self._make(num_embeddings, embedding_dim, settings, _weight, device=device, dtype=dtype)

    def forward(self, input: Tensor, offsets: Tensor | None = None, per_sample_weights: Tensor | None = None) -> Tensor:
        """Indices (bags, n), or a vector of them with offsets, to (bags, embedding_dim)."""
        settings = {name: getattr(self, name) for name in self._settings}
        return F.embedding_bag(input, self.weight, offsets, per_sample_weights=per_sample_weights, **settings)
