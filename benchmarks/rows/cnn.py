"""Steps of two convolutional networks by SGD with momentum: LeNet on 28 x 28 pixels, ResNet-20 on 32 x 32.

LeNet as LeCun et al. (1998) have it, with ReLU and max-pooling; ResNet-20 as He et al. (2016, section 4.2), with
projections as shortcuts. All start from the same weights. Random pictures do for the time.
"""

import numpy as np

from benchmarks.timing import Row

CONTENDERS = ("numpy", "fast", "torch", "torch.compile")
LR = 0.01

ROWS = [
    Row(
        f"{title}, batch 64",
        "cnn",
        CONTENDERS,
        {"name": name},
        steps=3,
        turns=8,
        at_most={"torch": 1.2},
        numpy_at_most={"torch": 3},
        loss_within=1e-3,
    )
    for title, name in (("LeNet's step", "lenet"), ("ResNet-20's step", "resnet20"))
]


def lenet(nn):
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )  # fmt: skip


def resnet20(nn):
    class Block(nn.Module):
        def __init__(self, inputs, outputs, stride):
            super().__init__()
            self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(outputs)
            self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(outputs)
            self.relu, self.shortcut = nn.ReLU(), nn.Sequential()
            if stride != 1:
                projection = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
                self.shortcut = nn.Sequential(projection, nn.BatchNorm2d(outputs))

        def forward(self, x):
            out = self.relu(self.bn1(self.conv1(x)))
            return self.relu(self.bn2(self.conv2(out)) + self.shortcut(x))

    sizes = [(16, 16, 1)] * 3 + [(16, 32, 2)] + [(32, 32, 1)] * 2 + [(32, 64, 2)] + [(64, 64, 1)] * 2
    first = nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU()
    last = nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10)
    return nn.Sequential(*first, *[Block(*size) for size in sizes], *last)


NETWORKS = {"lenet": (lenet, (64, 1, 28, 28)), "resnet20": (resnet20, (64, 3, 32, 32))}


def _like_torch(name, library, nn, wrap):
    build, shape = NETWORKS[name]
    rng = np.random.default_rng(0)
    model = build(nn)
    with library.no_grad():
        for name, p in model.named_parameters():
            if p.ndim > 1:
                scale = (2 / p[0].numel()) ** 0.5
                p.copy_(library.from_numpy(rng.normal(0, scale, tuple(p.shape)).astype(np.float32)))
            elif name.endswith("bias"):
                p.zero_()
    x = library.from_numpy(rng.standard_normal(shape, dtype=np.float32))
    y = library.from_numpy(rng.integers(0, 10, len(x)))
    optimizer = library.optim.SGD(model.parameters(), lr=LR, momentum=0.9)
    call = wrap(model)

    def step():
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(call(x), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def ours(name):
    import autograd
    import nn

    return _like_torch(name, autograd, nn, lambda model: model)


def torch(name):
    import torch

    return _like_torch(name, torch, torch.nn, lambda model: model)


def torch_compile(name):
    import torch

    return _like_torch(name, torch, torch.nn, torch.compile)
