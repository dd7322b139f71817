"""Images in the form of a network's input."""

from __future__ import annotations

import numpy as np

from autograd import Tensor, as_tensor, randint
from nn.data import Dataset


def pixels(images: np.ndarray, shape: tuple[int, ...] = (784,)) -> Tensor:
    """Images (N, 28, 28) of bytes as numbers (N, *shape) from 0 to 1."""
    return as_tensor(images.reshape(len(images), *shape).astype(np.float32) / np.float32(255))


class Digits(Dataset):
    """Images and labels. Each time an image is read, it is moved by up to `shift` pixels in each direction."""

    def __init__(self, images: np.ndarray, labels: np.ndarray, shift: int, shape: tuple[int, ...] = (784,)) -> None:
        self.labels, self.shift, self.shape = labels.astype(np.int64), shift, shape
        padded = np.pad(images, ((0, 0), (shift, shift), (shift, shift)))
        # (N, 2 shift + 1, 2 shift + 1, 28, 28): every position of the frame on an image, as a view
        self.windows = np.lib.stride_tricks.sliding_window_view(padded, images.shape[1:], axis=(1, 2))

    def __len__(self) -> int:
        return len(self.labels)

    def batch(self, indices: list[int]) -> tuple[Tensor, Tensor]:
        """Pixels (B, *shape) and labels (B,)."""
        y, x = randint(0, 2 * self.shift + 1, (2, len(indices))).array if self.shift else (0, 0)
        return pixels(self.windows[indices, y, x], self.shape), as_tensor(self.labels[indices])
