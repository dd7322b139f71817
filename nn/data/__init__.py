"""Datasets, samplers and the DataLoader."""

from nn.data.collate import default_collate, default_convert
from nn.data.dataloader import DataLoader
from nn.data.dataset import ChainDataset, ConcatDataset, Dataset, IterableDataset, Subset, TensorDataset, random_split
from nn.data.distributed import DistributedSampler
from nn.data.fetch import WorkerInfo, get_worker_info
from nn.data.sampler import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)
