"""Images in other sizes, shuffled, and cut into windows: each layer is a function of `nn.functional`."""

from __future__ import annotations

from typing import Any

from autograd import Tensor
from nn import functional as F
from nn.layers.derived import FunctionLayer
from nn.module import Module

__all__ = ["Fold", "PixelShuffle", "PixelUnshuffle", "Unfold", "Upsample", "UpsamplingBilinear2d"]
__all__ += ["UpsamplingNearest2d"]


class Upsample(Module):
    """(N, C, ...) in another size, as `nn.functional.interpolate` makes it."""

    def __init__(
        self,
        size: Any = None,
        scale_factor: Any = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        super().__init__()
        self.size, self.mode, self.align_corners = size, mode, align_corners
        self.recompute_scale_factor = recompute_scale_factor
        if isinstance(scale_factor, tuple):
            self.scale_factor: Any = tuple([float(factor) for factor in scale_factor])
        else:
            self.scale_factor = None if scale_factor is None else float(scale_factor)

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, ...) to (N, C, other sizes)."""
        recompute = self.recompute_scale_factor
        return F.interpolate(input, self.size, self.scale_factor, self.mode, self.align_corners, recompute)

    def extra_repr(self) -> str:
        size = f"size={self.size}" if self.scale_factor is None else f"scale_factor={self.scale_factor}"
        return f"{size}, mode={self.mode!r}"


class UpsamplingNearest2d(Upsample):
    """Resizes (N, C, H, W); each pixel is the nearest one of the input."""

    def __init__(self, size: Any = None, scale_factor: Any = None) -> None:
        super().__init__(size, scale_factor, "nearest")


class UpsamplingBilinear2d(Upsample):
    """Resizes (N, C, H, W); each pixel is interpolated between four, with the corners aligned."""

    def __init__(self, size: Any = None, scale_factor: Any = None) -> None:
        super().__init__(size, scale_factor, "bilinear", True)


class PixelShuffle(FunctionLayer, of=F.pixel_shuffle):
    """(*, C r^2, H, W) to (*, C, H r, W r) (Shi et al. 2016)."""


class PixelUnshuffle(FunctionLayer, of=F.pixel_unshuffle):
    """(*, C, H r, W r) to (*, C r^2, H, W): the opposite of PixelShuffle."""


class Unfold(FunctionLayer, of=F.unfold):
    """The windows of (N, C, H, W) as columns: (N, C KH KW, windows)."""


class Fold(FunctionLayer, of=F.fold):
    """Columns (N, C KH KW, windows) added up to images (N, C, *output_size)."""
