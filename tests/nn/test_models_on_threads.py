"""Trainings on threads of one process do not touch each other: each ends with the bits that it has alone."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import kernels
from autograd.generator import Generator, drawing_from, own
from nn import functional as F
from nn import optim
from nn.parallel import data_parallel

MODELS = {
    "perceptron": (lambda: nn.Sequential(nn.Linear(8, 64), nn.GELU(), nn.LayerNorm(64), nn.Linear(64, 3)), (128, 8)),
    "with dropout": (lambda: nn.Sequential(nn.Linear(8, 64), nn.Dropout(0.3), nn.SiLU(), nn.Linear(64, 3)), (128, 8)),
    "of images": (
        lambda: nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(36, 3)
        ),
        (32, 1, 8, 8),
    ),
    "of sequences": (lambda: Last(nn.LSTM(8, 16, batch_first=True), 16), (16, 5, 8)),
    "with attention": (
        lambda: Last(nn.TransformerEncoderLayer(8, 2, 32, dropout=0.1, batch_first=True), 8),
        (16, 5, 8),
    ),
}


class Last(nn.Module):
    """Scores of what a layer gives of the last element of a sequence."""

    def __init__(self, layer, size):
        super().__init__()
        self.layer, self.scores = layer, nn.Linear(size, 3)

    def forward(self, x):
        out = self.layer(x)
        return self.scores((out[0] if isinstance(out, tuple) else out)[:, -1])


def trained(name: str, seed: int, steps: int = 8, threads: int = 1) -> list[np.ndarray]:
    """The weights after some steps. All numbers are drawn from a generator of this call's own."""
    with drawing_from(Generator().manual_seed(seed)):
        make, shape = MODELS[name]
        model = make()
        optimiser = (optim.AdamW if seed % 2 else optim.SGD)(model.parameters(), lr=1e-2)
        x, y = ag.randn(*shape), ag.randint(0, 3, shape[:1])
        loss = data_parallel(lambda model, batch: F.cross_entropy(model(batch[0]), batch[1]), threads)
        for _ in range(steps):
            optimiser.zero_grad()
            loss(model, (x, y)).backward()
            optimiser.step()
        return [p.numpy().copy() for p in model.state_dict().values()]


@pytest.fixture(params=["numpy", "numba"])
def backend(request):
    before = kernels.backend().__name__.rpartition(".")[2].partition("_")[0]
    if request.param == "numba":
        pytest.importorskip("numba")
    kernels.use(request.param)
    yield
    kernels.use(before)


@pytest.mark.parametrize("name", MODELS)
def test_eight_models_on_eight_threads_have_the_bits_of_the_same_eight_in_turn(name, backend):
    in_turn = [trained(name, seed) for seed in range(8)]
    with ThreadPoolExecutor(8) as pool:
        at_once = list(pool.map(lambda seed: trained(name, seed), range(8)))
    assert not np.array_equal(in_turn[0][0], in_turn[2][0])
    for one, other in zip(in_turn, at_once, strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_models_of_all_kinds_train_at_once_some_with_threads_of_their_own(backend):
    jobs = [
        (name, seed, 4, 1 + seed % 2) for seed, name in enumerate([*MODELS, "perceptron", "with dropout", "of images"])
    ]
    in_turn = [trained(*job) for job in jobs]
    with ThreadPoolExecutor(8) as pool:
        at_once = list(pool.map(lambda job: trained(*job), jobs))
    for job, one, other in zip(jobs, in_turn, at_once, strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b, err_msg=str(job))


def test_grad_mode_and_generators_are_each_threads_own():
    inside, seen = threading.Barrier(2), []

    def without():
        with ag.no_grad():
            inside.wait()
            inside.wait()

    def beside():
        inside.wait()
        seen.append(ag.is_grad_enabled())
        seen.append(own.generator)
        inside.wait()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda f: f(), [without, beside]))
    assert seen == [True, None]


@pytest.mark.parametrize("share", range(4))
@pytest.mark.parametrize("where", ["forward", "backward"])
def test_an_error_in_one_share_reaches_the_caller_when_the_others_have_stopped(share, where):
    model = nn.Linear(2, 1)
    x = np.arange(16, dtype=np.float32).reshape(8, 2)
    working = []

    class Broken(ag.Function):
        @staticmethod
        def forward(ctx, x, first):
            working.append(1)
            ctx.first = first
            if where == "forward" and first == share:
                raise LookupError(f"in share {share}")
            return x * 1

        @staticmethod
        def backward(ctx, g):
            if ctx.first == share:
                raise LookupError(f"in share {share}")
            return g, None

    def loss(model, batch):
        try:
            return Broken.apply(model(batch[0]), int(batch[0][0, 0].item()) // 4).mean()
        finally:
            working.pop()

    before = ag.get_rng_state()
    with pytest.raises(LookupError, match=f"in share {share}"):
        data_parallel(loss, 4)(model, (x,)).backward()
    assert working == []
    assert all(p.grad is None for p in model.parameters())
    ag.set_rng_state(before)
    whole = data_parallel(lambda model, batch: model(batch[0]).mean(), 4)(model, (x,))  # the threads work on
    assert whole.item() == pytest.approx(model(ag.tensor(x)).mean().item(), rel=1e-5)
