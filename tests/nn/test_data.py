import itertools
from collections import Counter, OrderedDict, namedtuple
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from nn.data import (
    BatchSampler,
    ChainDataset,
    ConcatDataset,
    DataLoader,
    Dataset,
    DistributedSampler,
    IterableDataset,
    RandomSampler,
    Sampler,
    SequentialSampler,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
    default_convert,
    random_split,
)


class Squares(Dataset):
    def __init__(self, n):
        self.n = n

    def __getitem__(self, i):
        return {"x": i, "y": float(i * i)}

    def __len__(self):
        return self.n


def rows(n):
    return TensorDataset(ag.arange(n), ag.arange(2 * n).reshape(n, 2).float())


def generator(seed):
    return ag.Generator().manual_seed(seed)


def test_batches_come_in_order_and_the_last_may_be_short():
    batches = [x.tolist() for x, _ in DataLoader(rows(5), batch_size=2)]
    assert batches == [[0, 1], [2, 3], [4]]
    assert len(DataLoader(rows(5), batch_size=2)) == 3
    short = DataLoader(rows(5), batch_size=2, drop_last=True)
    assert [x.tolist() for x, _ in short] == [[0, 1], [2, 3]] and len(short) == 2


@given(n=st.integers(1, 50), size=st.integers(1, 10), seed=st.integers(0, 1000), drop=st.booleans())
def test_a_shuffle_gives_every_sample_once_and_a_length_that_is_true(n, size, seed, drop):
    loader = DataLoader(rows(n), size, shuffle=True, drop_last=drop, generator=generator(seed))
    batches = list(loader)
    seen = [i for x, _ in batches for i in x.tolist()]
    assert len(batches) == len(loader)
    assert len(set(seen)) == len(seen) and set(seen) <= set(range(n))
    assert len(seen) == (n // size * size if drop else n)


def test_a_shuffle_is_seeded_and_fresh_each_epoch():
    def epochs(seed):
        loader = DataLoader(rows(20), 20, shuffle=True, generator=generator(seed))
        return [next(iter(loader))[0].tolist() for _ in range(2)]

    first, second = epochs(1)
    assert first != second and epochs(1) == [first, second] and epochs(2)[0] != first
    ag.manual_seed(3)
    a = next(iter(DataLoader(rows(20), 20, shuffle=True)))[0].tolist()
    ag.manual_seed(3)
    assert next(iter(DataLoader(rows(20), 20, shuffle=True)))[0].tolist() == a


@given(seed=st.integers(0, 1000))
def test_the_fast_path_gives_what_single_samples_give(seed):
    fast = DataLoader(rows(9), 4, shuffle=True, generator=generator(seed))
    slow = DataLoader(rows(9), 4, shuffle=True, generator=generator(seed), collate_fn=lambda b: default_collate(b))
    for a, b in zip(fast, slow, strict=True):
        assert type(a) is type(b) and len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            np.testing.assert_array_equal(x.numpy(), y.numpy())
            assert x.dtype == y.dtype


def test_a_batch_is_a_copy():
    data = rows(4)
    next(iter(DataLoader(data, 4)))[0].zero_()
    assert data.tensors[0].tolist() == [0, 1, 2, 3]


def test_samples_of_a_users_dataset_are_collated():
    batch = next(iter(DataLoader(Squares(3), batch_size=3)))
    assert batch["x"].tolist() == [0, 1, 2] and batch["x"].dtype == ag.long
    assert batch["y"].tolist() == [0.0, 1.0, 4.0] and batch["y"].dtype == ag.float64


def test_getitems_is_used_where_a_dataset_has_it():
    class Several(Squares):
        def __getitems__(self, indices):
            return [{"x": -i} for i in indices]

    assert next(iter(DataLoader(Several(3), batch_size=2)))["x"].tolist() == [0, -1]


def test_no_batch_size_gives_single_samples():
    loader = DataLoader(Squares(3), batch_size=None)
    assert [s["x"] for s in loader] == [0, 1, 2] and len(loader) == 3


def test_a_collate_function_gets_the_list_of_samples():
    assert list(DataLoader(Squares(3), 2, collate_fn=len)) == [2, 1]


def test_a_sampler_or_batch_sampler_decides_the_order():
    assert [x.tolist() for x, _ in DataLoader(rows(3), sampler=[2, 0])] == [[2], [0]]
    loader = DataLoader(rows(4), batch_sampler=[[3, 1], [0]])
    assert [x.tolist() for x, _ in loader] == [[3, 1], [0]] and len(loader) == 2


def test_options_that_contradict_each_other_are_errors():
    with pytest.raises(ValueError, match="sampler or shuffle"):
        DataLoader(rows(3), sampler=[0], shuffle=True)
    with pytest.raises(ValueError, match="batch_sampler"):
        DataLoader(rows(3), batch_sampler=[[0]], drop_last=True)
    with pytest.raises(ValueError, match="own order"):
        DataLoader(Stream(3), shuffle=True)
    with pytest.raises(ValueError, match="batch_size must be a positive integer, got 0"):
        DataLoader(rows(3), batch_size=0)
    with pytest.raises(ValueError, match="num_workers and timeout must not be negative, got -1 and 0"):
        DataLoader(rows(3), num_workers=-1)
    for keywords in ({"prefetch_factor": 2}, {"persistent_workers": True}, {"multiprocessing_context": "fork"}):
        with pytest.raises(ValueError, match="need num_workers > 0"):
            DataLoader(rows(3), **keywords)
    with pytest.raises(ValueError, match="prefetch_factor must be at least 1, got 0"):
        DataLoader(rows(3), num_workers=1, prefetch_factor=0)
    with pytest.raises(ValueError, match="no last batch that drop_last could drop"):
        DataLoader(rows(3), batch_size=None, drop_last=True)
    DataLoader(rows(3), num_workers=2, pin_memory=True, persistent_workers=True)


def test_what_the_order_was_made_from_cannot_be_set_afterwards():
    loader = DataLoader(rows(3), batch_size=2)
    with pytest.raises(ValueError, match="batch_size cannot be changed: make a new DataLoader"):
        loader.batch_size = 3
    loader.num_workers = 1
    assert len(list(loader)) == 2 and DataLoader(rows(3), batch_sampler=[[0]]).batch_size is None


class Stream(IterableDataset):
    def __init__(self, n):
        self.n = n

    def __iter__(self):
        return iter(range(self.n))

    def __len__(self):
        return self.n


def test_a_stream_is_cut_into_batches():
    loader = DataLoader(Stream(5), batch_size=2)
    assert [b.tolist() for b in loader] == [[0, 1], [2, 3], [4]] and len(loader) == 3
    assert [b.tolist() for b in DataLoader(Stream(5), batch_size=2, drop_last=True)] == [[0, 1], [2, 3]]
    assert list(DataLoader(Stream(3), batch_size=None)) == [0, 1, 2]


def test_the_random_sampler_is_lazy():
    sampler = RandomSampler(rows(10), replacement=True, num_samples=10**10)
    assert len(sampler) == 10**10
    drawn = list(itertools.islice(sampler, 3000))
    assert set(drawn) == set(range(10))


def test_the_random_sampler_without_replacement_goes_round():
    drawn = list(RandomSampler(rows(4), num_samples=10, generator=generator(0)))
    assert sorted(drawn[:4]) == sorted(drawn[4:8]) == [0, 1, 2, 3] and len(drawn) == 10
    with pytest.raises(ValueError, match="num_samples"):
        RandomSampler(rows(4), num_samples=0)
    with pytest.raises(ValueError, match="nothing to draw"):
        list(RandomSampler([], num_samples=1))


def test_samplers_have_lengths():
    assert list(SequentialSampler([7, 8])) == [0, 1] and len(SequentialSampler([7, 8])) == 2
    sampler = BatchSampler(SequentialSampler(range(5)), 2, drop_last=False)
    assert list(sampler) == [[0, 1], [2, 3], [4]] and len(sampler) == 3
    assert len(BatchSampler(SequentialSampler(range(5)), 2, drop_last=True)) == 2


def test_tensor_dataset_gives_rows():
    data = rows(3)
    assert len(data) == 3 and data[1][0].item() == 1 and data[1][1].tolist() == [2.0, 3.0]
    with pytest.raises(ValueError, match=r"\[2, 3\]"):
        TensorDataset(ag.zeros(2), ag.zeros(3))
    with pytest.raises(ValueError, match="at least one"):
        TensorDataset()


def test_subsets_and_concatenations():
    subset = Subset(rows(5), [4, 0])
    assert [x.tolist() for x, _ in DataLoader(subset, 2)] == [[4, 0]] and subset[0][0].item() == 4
    both = rows(2) + rows(3)
    assert isinstance(both, ConcatDataset) and len(both) == 5
    assert [x.item() for x, _ in (both[i] for i in range(5))] == [0, 1, 0, 1, 2] and both[-1][0].item() == 2
    assert [x.tolist() for x, _ in DataLoader(both, 5)] == [[0, 1, 0, 1, 2]]
    with pytest.raises(IndexError, match="5 samples"):
        both[5]
    with pytest.raises(ValueError, match="at least one"):
        ConcatDataset([])


@given(n=st.integers(2, 40), seed=st.integers(0, 100))
def test_random_split_covers_everything_once(n, seed):
    for lengths in ([n - 1, 1], [0.7, 0.3]):
        parts = random_split(rows(n), lengths, generator(seed))
        assert sorted(i for part in parts for i in part.indices) == list(range(n))
    assert [len(p) for p in random_split(rows(10), [0.85, 0.15], generator(0))] == [9, 1]
    again = random_split(rows(n), [n - 1, 1], generator(seed))[0].indices
    assert random_split(rows(n), [n - 1, 1], generator(seed))[0].indices == again


def test_split_lengths_must_add_up():
    with pytest.raises(ValueError, match="dataset's length, 5"):
        random_split(rows(5), [2, 2])


def test_collation_by_kind():
    Point = namedtuple("Point", "x y")
    point = default_collate([Point(1, 2), Point(3, 4)])
    assert isinstance(point, Point) and point.x.tolist() == [1, 3]
    assert default_collate(["a", "b"]) == ["a", "b"]
    assert default_collate([np.zeros(2), np.ones(2)]).shape == (2, 2)
    assert default_collate([np.zeros((2, 3)).T] * 4).is_contiguous()
    assert default_collate([np.float32(1), np.float32(2)]).dtype == ag.float32
    assert default_collate([True, False]).dtype == ag.bool
    assert [t.tolist() for t in default_collate([(1, 2.0), (3, 4.0)])] == [[1, 3], [2.0, 4.0]]
    with pytest.raises(RuntimeError, match="differ in length"):
        default_collate([[1], [1, 2]])
    with pytest.raises(TypeError, match="object"):
        default_collate([object()])


def test_abstract_classes_say_what_to_define():
    with pytest.raises(NotImplementedError, match="__getitem__"):
        Dataset()[0]
    with pytest.raises(NotImplementedError, match="__iter__"):
        iter(IterableDataset())


def test_a_subclass_that_changes_the_samples_changes_the_batches():
    class Negative(TensorDataset):
        def __getitem__(self, i):
            return tuple(-tensor for tensor in super().__getitem__(i))

    class Shifted(Subset):
        def __getitem__(self, i):
            return super().__getitem__(i)[0] + 100

    assert next(iter(DataLoader(Negative(ag.arange(3)), 3)))[0].tolist() == [0, -1, -2]
    assert next(iter(DataLoader(Shifted(rows(5), [4, 1]), 2))).tolist() == [104, 101]


@pytest.mark.parametrize("replacement", [True, False])
def test_an_order_does_not_depend_on_what_is_drawn_meanwhile(replacement):
    def order(draws):
        ag.manual_seed(0)
        found = []
        for i in RandomSampler(range(5), replacement=replacement, num_samples=3000):
            found.append(i)
            ag.rand(draws)
        return found

    assert order(0) == order(1)


def test_streams_are_chained():
    assert list(Stream(2) + Stream(3)) == [0, 1, 0, 1, 2] and len(ChainDataset([Stream(2), Stream(3)])) == 5
    with pytest.raises(TypeError, match="got range: use ConcatDataset"):
        list(ChainDataset([range(2)]))
    with pytest.raises(ValueError, match="ChainDataset joins IterableDatasets"):
        ConcatDataset([Stream(2)])


@given(n=st.integers(0, 20), seed=st.integers(0, 100))
def test_a_subset_is_drawn_whole_and_in_the_order_of_the_seed(n, seed):
    indices = [10 * i for i in range(n)]
    drawn = list(SubsetRandomSampler(indices, generator(seed)))
    assert sorted(drawn) == indices and len(SubsetRandomSampler(indices)) == n
    assert list(SubsetRandomSampler(indices, generator(seed))) == drawn


def test_weighted_samples_come_in_proportion_to_their_weights():
    drawn = list(WeightedRandomSampler([1, 0, 3], 4000, generator=generator(0)))
    assert len(drawn) == 4000 and 1 not in drawn and 2800 < drawn.count(2) < 3200
    few = WeightedRandomSampler([1, 0, 3, 2], 3, replacement=False)
    assert sorted(few) == [0, 2, 3] and len(few) == 3
    with pytest.raises(ValueError, match="num_samples must be positive, got 0"):
        WeightedRandomSampler([1.0], 0)
    with pytest.raises(ValueError, match=r"the shape \(1, 2\)"):
        WeightedRandomSampler([[1.0, 2.0]], 1)


@given(n=st.integers(1, 20), replicas=st.integers(1, 6), shuffle=st.booleans(), drop=st.booleans())
def test_replicas_take_equal_shares_that_make_up_the_whole(n, replicas, shuffle, drop):
    samplers = [DistributedSampler(range(n), replicas, rank, shuffle, 7, drop) for rank in range(replicas)]
    shares = [list(sampler) for sampler in samplers]
    counts = Counter(i for share in shares for i in share)
    assert {len(share) for share in shares} == {len(samplers[0])}
    assert len(samplers[0]) == (n // replicas if drop else -(-n // replicas))
    assert max(counts.values(), default=0) <= (1 if drop else -(-replicas // n) + 1)
    assert drop or set(counts) == set(range(n))
    samplers[0].set_epoch(1)
    assert shuffle or list(samplers[0]) == shares[0]


def test_epochs_differ_and_a_rank_must_be_one_of_the_replicas():
    sampler = DistributedSampler(range(50))
    first = list(sampler)
    assert first == list(sampler) and sorted(first) == list(range(50))
    sampler.set_epoch(1)
    assert first != list(sampler)
    with pytest.raises(ValueError, match="rank must be from 0 to 1, got 2"):
        DistributedSampler(range(5), 2, 2)


def test_containers_keep_their_types():
    samples = [OrderedDict(a=1, b=["x", np.zeros(2)]), OrderedDict(a=2, b=["y", np.ones(2)])]
    batch = default_collate(samples)
    assert isinstance(batch, OrderedDict) and batch["b"][0] == ("x", "y") and batch["b"][1].shape == (2, 2)
    assert samples[0]["a"] == 1
    assert isinstance(default_collate([[1], [2]]), list) and isinstance(default_collate([(1,), (2,)]), list)
    frozen = default_collate([MappingProxyType({"a": 1})])
    assert isinstance(frozen, MappingProxyType) and frozen["a"].tolist() == [1]
    assert [part.tolist() for part in default_collate([range(2), range(2)])] == [[0, 0], [1, 1]]


def test_a_sample_without_a_batch_is_converted():
    Point = namedtuple("Point", "x y")
    point = default_convert(Point(np.arange(2), "a"))
    assert isinstance(point, Point) and point.x.tolist() == [0, 1] and point.y == "a"
    assert default_convert({"a": [np.float32(1.5), 3]})["a"][0].dtype == ag.float32
    names = np.array(["a"])
    assert default_convert(names) is names and default_convert("text") == "text"
    single = next(iter(DataLoader([np.ones(3)], batch_size=None)))
    assert isinstance(single, ag.Tensor) and single.shape == (3,)
    with pytest.raises(TypeError, match="arrays of <U1"):
        default_collate([names])


def test_a_stream_that_gives_more_batches_than_its_length_is_warned_about():
    class Longer(Stream):
        def __len__(self):
            return 3

    loader = DataLoader(Longer(5), 2)
    assert len([*iter(loader)]) == 3
    assert len(loader) == 2
    with pytest.warns(UserWarning, match="the Longer should have 2 batches by its length, but this is number 3$"):
        assert len([*iter(loader)]) == 3


@pytest.mark.parametrize("kind", [DataLoader, Dataset, Sampler, TensorDataset])
def test_annotations_say_of_what_there_are_batches_and_samples(kind):
    class Mine(kind[int]):
        """Of whole numbers."""

    assert issubclass(Mine, kind) and kind[int].__origin__ is kind and DataLoader[int] | None
