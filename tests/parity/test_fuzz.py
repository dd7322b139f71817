"""Random programs beside torch: a few of those that `make fuzz` runs, and the kept ones, which once differed."""

import warnings
from collections import Counter

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tests.fuzz.beside_torch import check, differs  # noqa: E402
from tests.fuzz.kept import KEPT  # noqa: E402
from tests.fuzz.programs import parsed  # noqa: E402

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def quietly():
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize("block", range(4))
def test_random_programs_do_as_in_torch(block):
    stats: Counter = Counter()
    for seed in range(block * 150, block * 150 + 150):
        found = check(seed, stats)
        assert found is None, found
    assert stats["lines"] > 1000


@pytest.mark.parametrize("program", KEPT)
def test_programs_that_once_differed_do_as_in_torch(program):
    assert differs(parsed(KEPT[program])) is None
