"""Random tensors: the same seed gives the same numbers, and the numbers have the distribution that they say."""

import numpy as np
import pytest

import autograd as ag

DRAWS = {
    "rand": lambda g: ag.rand(100, generator=g),
    "randn": lambda g: ag.randn(100, generator=g),
    "randint": lambda g: ag.randint(0, 9, (100,), generator=g),
    "randperm": lambda g: ag.randperm(100, generator=g),
    "normal": lambda g: ag.normal(0.0, ag.ones(100), generator=g),
    "bernoulli": lambda g: ag.bernoulli(ag.full((100,), 0.5), generator=g),
    "multinomial": lambda g: ag.multinomial(ag.ones(50), 20, generator=g),
    "multinomial, replaced": lambda g: ag.multinomial(ag.ones(5), 50, True, generator=g),
    "randint_like": lambda g: ag.randint_like(ag.ones(100), 3, 7, generator=g),
    "rand_like": lambda g: ag.rand_like(ag.ones(100), generator=g),
    "normal_": lambda g: ag.ones(100).normal_(generator=g),
}


@pytest.mark.parametrize("draw", DRAWS)
def test_the_same_seed_gives_the_same_numbers(draw):
    one, two, other = (ag.Generator().manual_seed(s) for s in (3, 3, 4))
    first = DRAWS[draw](one)
    assert first.equal(DRAWS[draw](two)) and not first.equal(DRAWS[draw](other)) and not first.equal(DRAWS[draw](one))


@pytest.mark.parametrize("draw", DRAWS)
def test_without_a_generator_the_default_one_draws(draw):
    ag.manual_seed(5)
    first = DRAWS[draw](None)
    ag.manual_seed(5)
    assert first.equal(DRAWS[draw](None)) and ag.initial_seed() == 5


def test_a_generator_goes_on_from_a_state():
    g = ag.Generator().manual_seed(0)
    ag.rand(7, generator=g)
    state = g.get_state()
    first = ag.rand(5, generator=g)
    other = ag.Generator()
    other.set_state(state)
    assert first.equal(ag.rand(5, generator=other))
    ag.manual_seed(1)
    state = ag.get_rng_state()
    first = ag.rand(5)
    ag.set_rng_state(state)
    assert first.equal(ag.rand(5))


def test_a_generator_without_a_seed_makes_one_up():
    one, two = ag.Generator(), ag.Generator()
    assert one.initial_seed() != two.initial_seed() and one.initial_seed() == one.initial_seed()
    assert not ag.rand(5, generator=one).equal(ag.rand(5, generator=two)) and one.device.type == "cpu"
    with pytest.raises(RuntimeError, match="no device 'cuda'"):
        ag.Generator("cuda")


def test_the_numbers_have_the_moments_that_they_should():
    g = ag.Generator().manual_seed(0)
    u, n = ag.rand(20000, generator=g), ag.randn(20000, generator=g)
    assert 0 <= u.min() and u.max() < 1 and abs(u.mean() - 0.5) < 0.01 and abs(u.var() - 1 / 12) < 0.005
    assert abs(n.mean()) < 0.02 and abs(n.std() - 1) < 0.02
    k = ag.randint(-2, 3, (20000,), generator=g)
    assert set(k.tolist()) == {-2, -1, 0, 1, 2} and ag.randint(5, (3,), generator=g).max() < 5
    assert ag.randperm(9, generator=g).sort().values.tolist() == list(range(9))
    shifted = ag.normal(ag.tensor([0.0, 100.0]), ag.tensor([1.0, 0.0]), generator=g)
    assert shifted[1] == 100 and ag.normal(0.0, 1.0, (2, 3), generator=g).shape == (2, 3)


@pytest.mark.parametrize("replacement", [False, True])
def test_multinomial_draws_in_proportion_to_the_weights(replacement):
    g = ag.Generator().manual_seed(0)
    weights = ag.tensor([[1.0, 3.0, 0.0, 6.0], [0.0, 0.0, 2.0, 2.0]])
    drawn = np.stack([ag.multinomial(weights, 1, replacement, generator=g).numpy()[:, 0] for _ in range(4000)])
    shares = np.stack([np.bincount(column, minlength=4) / 4000 for column in drawn.T])
    np.testing.assert_allclose(shares, [[0.1, 0.3, 0, 0.6], [0, 0, 0.5, 0.5]], atol=0.04)


def test_multinomial_without_replacement_draws_each_once_and_the_heavy_first():
    g = ag.Generator().manual_seed(0)
    drawn = ag.multinomial(ag.tensor([1.0, 1.0, 0.0, 100.0]), 3, generator=g)
    assert sorted(drawn.tolist()) == [0, 1, 3]
    first = [ag.multinomial(ag.tensor([1.0, 1.0, 98.0]), 2, generator=g)[0].item() for _ in range(200)]
    assert np.mean(np.array(first) == 2) > 0.9
    assert ag.multinomial(ag.ones(2, 5), 3).shape == (2, 3) and ag.multinomial(ag.ones(5), 3).dtype == ag.int64


def test_multinomial_never_draws_a_weight_of_zero_by_rounding():
    drawn = ag.multinomial(ag.tensor([0.0, 1e-30, 0.0]), 500, replacement=True)
    assert set(drawn.tolist()) == {1}


@pytest.mark.parametrize("weights", [[-1.0, 2.0], [0.0, 0.0], [float("nan"), 1.0], [float("inf"), 1.0]])
def test_weights_that_are_no_weights_are_an_error(weights):
    with pytest.raises(RuntimeError, match="finite weights >= 0"):
        ag.multinomial(ag.tensor(weights), 1)


def test_more_draws_than_weights_above_zero_are_an_error():
    with pytest.raises(RuntimeError, match="cannot draw 3 without replacement"):
        ag.multinomial(ag.tensor([1.0, 1.0, 0.0]), 3)
    with pytest.raises(RuntimeError, match="probabilities"):
        ag.bernoulli(ag.tensor([1.5]))


def test_normal_numbers_are_recorded_with_the_derivative_0():
    mean, std = ag.tensor([[1.0], [2.0]], requires_grad=True), ag.tensor([0.5, 1.0, 2.0], requires_grad=True)
    x = ag.normal(mean, std)
    by_mean, by_std = ag.grad((x * x).sum(), [mean, std])
    assert x.shape == (2, 3) and by_mean.tolist() == [[0], [0]] and by_std.tolist() == [0, 0, 0]
    assert ag.normal(mean=mean).requires_grad and not ag.normal(mean.detach(), 1.0).requires_grad


@pytest.mark.parametrize(("draw", "mean", "variance"), [(ag.randn, 0, 0.5), (ag.rand, 0.5, 1 / 12)])
@pytest.mark.parametrize("dtype", [ag.complex64, ag.complex128])
def test_random_complex_numbers_have_two_random_parts(draw, mean, variance, dtype):
    ag.manual_seed(0)
    z = draw(100, 100, dtype=dtype)
    assert z.dtype == dtype and not ag.equal(z.real, z.imag)
    for part in (z.real, z.imag):
        assert abs(part.mean() - mean) < 0.02 and abs(part.var() - variance) < 0.02
    assert draw((), dtype=dtype).shape == () and draw(0, 3, dtype=dtype).shape == (0, 3)


def test_a_negative_seed_counts_from_the_end():
    ag.manual_seed(-2)
    drawn = ag.rand(3)
    assert ag.initial_seed() == 2**64 - 2 and ag.equal(ag.manual_seed(2**64 - 2) and ag.rand(3), drawn)
