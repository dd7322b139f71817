"""Batches without end, which can be saved and resumed."""

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from nn.batches import Batches, count_items
from nn.data import DataLoader, TensorDataset


def test_an_iterable_is_gone_through_again_and_again():
    assert [*islice(Batches([1, 2, 3]), 7)] == [1, 2, 3, 1, 2, 3, 1]


def test_a_function_draws_each_batch():
    numbers = iter(range(9))
    assert [*islice(Batches(lambda: next(numbers)), 4)] == [0, 1, 2, 3]


def test_without_data_there_is_an_error():
    with pytest.raises(ValueError, match="no batch to train on"):
        next(Batches([]))


@given(
    samples=st.integers(1, 12), size=st.integers(1, 5), taken=st.integers(0, 20), own=st.booleans(), drop=st.booleans()
)
def test_a_stream_goes_on_from_its_state_with_the_same_batches_and_random_numbers(samples, size, taken, own, drop):
    def stream():
        generator = ag.Generator().manual_seed(5) if own else None
        data = TensorDataset(ag.arange(samples))
        return Batches(DataLoader(data, size, shuffle=True, drop_last=drop and size <= samples, generator=generator))

    def following(batches):
        return [batch[0].tolist() for batch in islice(batches, 15)], ag.rand(3).tolist()

    ag.manual_seed(samples)
    first = stream()
    for _ in islice(first, taken):
        ag.rand(2)  # dropout draws random numbers, too
    state = first.state_dict()
    whole = following(first)
    ag.manual_seed(99)
    second = stream()
    second.load_state_dict(state)
    assert following(second) == whole


def test_an_epoch_that_has_become_shorter_than_what_was_taken_of_it_is_an_error():
    first = Batches([1, 2, 3])
    for _ in islice(first, 3):
        pass
    with pytest.raises(ValueError, match="an epoch had 3 batches or more, and has fewer now"):
        Batches([1, 2]).load_state_dict(first.state_dict())


def test_the_items_of_a_batch_are_the_elements_of_its_last_tensor():
    x, y = ag.zeros(4, 6), ag.zeros(4, 3)
    assert [count_items(batch) for batch in ((x, y), [y, x], x, "anything")] == [12, 24, 24, 1]
