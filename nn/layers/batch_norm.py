"""BatchNorm, InstanceNorm, GroupNorm and LocalResponseNorm."""

from __future__ import annotations

from typing import Any, ClassVar

from autograd import Tensor, as_tensor, ones, zeros
from autograd.errors import ShapeError
from nn import functional as F
from nn.layers.derived import FunctionLayer
from nn.layers.norm import Affine

__all__ = ["BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "GroupNorm", "InstanceNorm1d", "InstanceNorm2d"]
__all__ += ["InstanceNorm3d", "LocalResponseNorm"]


class _NormBase(Affine):
    """A norm that can track the mean and variance of what it sees, by which it then normalises in evaluation mode."""

    allowed: ClassVar[tuple[int, ...]]  # numbers of dims
    _version = 2

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_features, self.eps, self.momentum, self.affine = num_features, eps, momentum, affine
        self.track_running_stats = tracked = track_running_stats
        self.register_buffer("running_mean", zeros(num_features, device=device, dtype=dtype) if tracked else None)
        self.register_buffer("running_var", ones(num_features, device=device, dtype=dtype) if tracked else None)
        self.register_buffer("num_batches_tracked", as_tensor(0) if tracked else None)
        self._make_parameters((num_features,), affine, bias, device, dtype)

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, local_metadata: dict[str, Any], *others: Any
    ) -> None:
        if self.track_running_stats and (local_metadata.get("version") or 1) < 2:  # which had no such buffer
            state_dict.setdefault(f"{prefix}num_batches_tracked", self.num_batches_tracked)
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *others)

    def reset_running_stats(self) -> None:
        """Forget the running statistics: mean 0, variance 1, no batch."""
        if self.track_running_stats:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """Forget the running statistics, and fill the weight with 1 and the bias with 0."""
        self.reset_running_stats()
        super().reset_parameters()

    def _check_input_dim(self, input: Tensor) -> None:
        if input.ndim not in self.allowed:
            wanted = " or ".join(f"{n}D" for n in self.allowed)
            raise ShapeError(f"expected {wanted} input (got {input.ndim}D input) for {type(self).__name__}")

    def extra_repr(self) -> str:
        text = f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}"
        return f"{text}, bias={self.bias is not None}, track_running_stats={self.track_running_stats}"


class _BatchNorm(_NormBase):
    def forward(self, input: Tensor) -> Tensor:
        """(N, num_features, ...), normalised by the statistics of the batch or, in evaluation mode, the running ones.

        With a momentum of None the running statistics are the means over all batches.
        """
        self._check_input_dim(input)
        momentum = 0.0 if self.momentum is None else self.momentum
        if self.training and self.track_running_stats:
            self.num_batches_tracked.add_(1)
            momentum = 1 / self.num_batches_tracked.item() if self.momentum is None else momentum
        own = self.training or self.running_mean is None
        known = not self.training or self.track_running_stats
        mean, var = (self.running_mean, self.running_var) if known else (None, None)
        return F.batch_norm(input, mean, var, self.weight, self.bias, own, momentum, self.eps)


class BatchNorm1d(_BatchNorm):
    """Normalises each channel of (N, C) or (N, C, L) over the batch (Ioffe and Szegedy 2015)."""

    allowed = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Normalises each channel of (N, C, H, W) over the batch (Ioffe and Szegedy 2015)."""

    allowed = (4,)


class BatchNorm3d(_BatchNorm):
    """Normalises each channel of (N, C, D, H, W) over the batch (Ioffe and Szegedy 2015)."""

    allowed = (5,)


class _InstanceNorm(_NormBase):
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)

    def forward(self, input: Tensor) -> Tensor:
        """(N, num_features, ...) or (num_features, ...), each channel normalised by itself."""
        self._check_input_dim(input)
        if input.ndim == min(self.allowed):
            return self.forward(input[None])[0]
        own = self.training or not self.track_running_stats
        mean, var, momentum = self.running_mean, self.running_var, self.momentum or 0.0
        return F.instance_norm(input, mean, var, self.weight, self.bias, own, momentum, self.eps)


class InstanceNorm1d(_InstanceNorm):
    """Normalises each channel of each element of (N, C, L) by itself (Ulyanov et al. 2016)."""

    allowed = (2, 3)


class InstanceNorm2d(_InstanceNorm):
    """Normalises each channel of each element of (N, C, H, W) by itself (Ulyanov et al. 2016)."""

    allowed = (3, 4)


class InstanceNorm3d(_InstanceNorm):
    """Normalises each channel of each element of (N, C, D, H, W) by itself (Ulyanov et al. 2016)."""

    allowed = (4, 5)


class GroupNorm(Affine):
    """Normalises each of `num_groups` groups of channels by itself (Wu and He 2018)."""

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if num_groups < 1 or num_channels % num_groups:
            raise ValueError(f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups})")
        self.num_groups, self.num_channels, self.eps, self.affine = num_groups, num_channels, eps, affine
        self._make_parameters((num_channels,), affine, bias, device, dtype)

    def forward(self, input: Tensor) -> Tensor:
        """(N, num_channels, ...) to the same shape."""
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        text = f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}"
        return f"{text}, bias={self.bias is not None}"


class LocalResponseNorm(FunctionLayer, of=F.local_response_norm):
    """x / (k + alpha mean(x^2))^beta, the mean over `size` neighbouring channels (Krizhevsky et al. 2012)."""

    def extra_repr(self) -> str:
        return super().extra_repr().removeprefix("size=")
