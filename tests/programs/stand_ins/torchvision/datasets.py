"""Datasets by torchvision's names, of a few hundred pictures that depend on their class."""

import numpy as np
import torch
from torch.utils.data import Dataset


class _Pictures(Dataset):
    shape = (28, 28)

    def __init__(self, root=None, train=True, transform=None, target_transform=None, download=False, split=None, **_):
        rng = np.random.default_rng(0 if train else 1)
        n = 640
        self.classes = [str(i) for i in range(10)]
        labels = rng.integers(0, 10, n)
        noise = rng.integers(0, 256, (n, *self.shape))
        pattern = np.random.default_rng(2).integers(0, 256, (10, *self.shape))
        pictures = (0.5 * noise + 0.5 * pattern[labels]).astype(np.uint8)
        self.data, self.targets = self.stored(pictures, labels)
        self.transform, self.target_transform = transform, target_transform

    def stored(self, pictures, labels):
        return torch.from_numpy(pictures), torch.from_numpy(labels)

    train_data = test_data = property(lambda self: self.data)
    train_labels = test_labels = property(lambda self: self.targets)

    def __len__(self):
        return len(self.data)

    def __getitem__(self, i):
        x, y = np.asarray(self.data[i]), int(self.targets[i])
        x = self.transform(x) if self.transform else x
        return x, self.target_transform(y) if self.target_transform else y


class MNIST(_Pictures):
    pass


class FashionMNIST(_Pictures):
    pass


class CIFAR10(_Pictures):
    shape = (32, 32, 3)

    def stored(self, pictures, labels):
        return pictures, labels.tolist()


class CIFAR100(CIFAR10):
    pass


class SVHN(CIFAR10):
    pass


class FakeData(Dataset):
    def __init__(self, size=1000, image_size=(3, 224, 224), num_classes=10, transform=None, **_):
        self.size, self.shape, self.num_classes, self.transform = (
            size,
            image_size[1:] + image_size[:1],
            num_classes,
            transform,
        )

    def __len__(self):
        return self.size

    def __getitem__(self, i):
        rng = np.random.default_rng(i)
        x = rng.integers(0, 256, self.shape).astype(np.uint8)
        return (self.transform(x) if self.transform else x), int(rng.integers(self.num_classes))
