"""The few parts of torchvision that small programs use, for either library: pictures made up from a seed."""

from torchvision import datasets, models, transforms, utils

__version__ = "0.0"
