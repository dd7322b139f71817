"""TensorFlow's MNIST by the name that old programs use for it: pictures made up from a seed."""

import numpy as np


class _Part:
    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.images = rng.random((2000, 784), np.float32)
        self.labels = np.eye(10, dtype=np.float32)[rng.integers(0, 10, 2000)]
        self.next = 0

    def next_batch(self, n):
        rows = np.arange(self.next, self.next + n) % len(self.images)
        self.next += n
        return self.images[rows], self.labels[rows]


class input_data:  # noqa: N801 - the name of a module
    @staticmethod
    def read_data_sets(*args, **kwargs):
        data = type("Data", (), {})()
        data.train, data.test, data.validation = _Part(0), _Part(1), _Part(2)
        return data
