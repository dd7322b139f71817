"""Transforms of pictures, which are arrays (height, width[, channels]) of whole numbers until ToTensor."""

import numpy as np
import torch


class Compose:
    def __init__(self, transforms):
        self.transforms = transforms

    def __call__(self, x):
        for transform in self.transforms:
            x = transform(x)
        return x


class ToTensor:
    def __call__(self, x):
        x = np.asarray(x, np.float32) / 255
        x = torch.from_numpy(x[None] if x.ndim == 2 else np.ascontiguousarray(x.transpose(2, 0, 1)))
        return x.to(torch.get_default_dtype())


class Normalize:
    def __init__(self, mean, std, inplace=False):
        self.mean, self.std = np.atleast_1d(np.asarray(mean, np.float32)), np.atleast_1d(np.asarray(std, np.float32))

    def __call__(self, x):
        return (x - torch.from_numpy(self.mean)[:, None, None]) / torch.from_numpy(self.std)[:, None, None]


class Lambda:
    def __init__(self, f):
        self.f = f

    def __call__(self, x):
        return self.f(x)


class Resize:
    """The nearest pixel."""

    def __init__(self, size, *args, **kwargs):
        self.size = (size, size) if isinstance(size, int) else size

    def __call__(self, x):
        x = np.asarray(x)
        rows, columns = (np.arange(n) * m // n for n, m in zip(self.size, x.shape))
        return x[rows][:, columns]


class _Nothing:
    """What changes pictures at random does nothing here, so that both libraries see the same."""

    def __init__(self, *args, **kwargs):
        pass

    def __call__(self, x):
        return x


RandomCrop = RandomHorizontalFlip = RandomRotation = ColorJitter = Pad = Grayscale = ToPILImage = _Nothing
RandomResizedCrop = CenterCrop = _Nothing
