"""`autograd.fft` against NumPy's, with derivatives by finite differences; `autograd.special` under both names."""

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd import fft, gradcheck, special
from autograd.testing import seeds
from tests.properties.calls import examples

NORMS = st.sampled_from([None, "backward", "ortho", "forward"])
SIZES = st.none() | st.integers(1, 6)
ONE_DIM = ["fft", "ifft", "rfft", "irfft"]
TWO_DIMS = ["fft2", "ifft2", "rfft2", "irfft2"]
SEVERAL = ["fftn", "ifftn", "rfftn", "irfftn"]


def numbers(rng, name, shape):
    """Real numbers for a transform of such, complex ones for the others."""
    x = rng.normal(size=shape)
    return x if name.startswith("rfft") else x + 1j * rng.normal(size=shape)


def close(found, expected):
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", ONE_DIM)
@examples(15)
@given(rng=seeds(), n=SIZES, dim=st.sampled_from([-1, 0, 1]), norm=NORMS)
def test_transforms_along_a_dim_are_numpys(name, rng, n, dim, norm):
    x = numbers(rng, name, (3, 4, 5))
    close(getattr(fft, name)(ag.tensor(x), n, dim, norm), getattr(np.fft, name)(x, n, dim, norm))


@pytest.mark.parametrize("name", TWO_DIMS)
@examples(15)
@given(rng=seeds(), s=st.none() | st.tuples(st.integers(2, 5), st.integers(2, 5)), norm=NORMS)
def test_transforms_along_two_dims_are_numpys(name, rng, s, norm):
    x = numbers(rng, name, (2, 4, 5))
    close(getattr(fft, name)(ag.tensor(x), s, norm=norm), getattr(np.fft, name)(x, s, norm=norm))


@pytest.mark.parametrize("name", SEVERAL)
@examples(15)
@given(rng=seeds(), dims=st.sampled_from([None, (0, 2), (1,), (2, 0, 1)]), norm=NORMS, data=st.data())
def test_transforms_along_several_dims_are_numpys(name, rng, dims, norm, data):
    x = numbers(rng, name, (2, 3, 4))
    s = data.draw(st.none() | st.tuples(*[st.integers(2, 5)] * len(dims))) if dims else None
    close(getattr(fft, name)(ag.tensor(x), s, dims, norm), getattr(np.fft, name)(x, s, dims, norm))


@pytest.mark.parametrize("name", SEVERAL)
@given(rng=seeds(), s=st.lists(st.integers(2, 5), min_size=1, max_size=3), norm=NORMS)
def test_sizes_without_dims_are_those_of_the_last_dims(name, rng, s, norm):
    x = numbers(rng, name, (2, 3, 4))
    close(getattr(fft, name)(ag.tensor(x), s, norm=norm), getattr(np.fft, name)(x, s, range(-len(s), 0), norm))


@examples(10)
@given(rng=seeds(), n=st.integers(2, 6), dim=st.sampled_from([0, 1]))
def test_the_derivatives_of_real_transforms_equal_finite_differences(rng, n, dim):
    x = ag.tensor(rng.normal(size=(3, 4)), requires_grad=True)
    energy = lambda x: (lambda y: (y.real**3 + y.imag * y.real).sum())(fft.rfft(x, n, dim))  # noqa: E731
    assert gradcheck(energy, (x,))
    assert gradcheck(lambda x: fft.irfft(fft.rfft(x, dim=dim) * 2, n, dim), (x,))


@given(n=st.integers(1, 7), d=st.sampled_from([1.0, 0.1]))
def test_frequencies_are_numpys(n, d):
    for name in ("fftfreq", "rfftfreq"):
        found = getattr(fft, name)(n, d, dtype=ag.float64, requires_grad=True)
        np.testing.assert_allclose(found.detach().numpy(), getattr(np.fft, name)(n, d))
        assert found.requires_grad and getattr(fft, name)(n).dtype == ag.float32


@given(rng=seeds(), dim=st.sampled_from([None, 0, 1, (0, 1)]))
def test_shifts_are_numpys_and_undo_each_other(rng, dim):
    x = rng.normal(size=(3, 4))
    np.testing.assert_array_equal(fft.fftshift(ag.tensor(x), dim).numpy(), np.fft.fftshift(x, dim))
    np.testing.assert_array_equal(fft.ifftshift(ag.tensor(x), dim).numpy(), np.fft.ifftshift(x, dim))


def test_what_cannot_be_transformed_is_named():
    x = ag.ones(2, 3)
    with pytest.raises(RuntimeError, match="rfft takes real numbers: use fft"):
        fft.rfft(x.to(ag.complex64))
    with pytest.raises(RuntimeError, match="at least 1 element along dim -1, not 0"):
        fft.fft(x, 0)
    with pytest.raises(RuntimeError, match=r"dims \(0, 0\) must differ"):
        fft.fftn(x, dim=(0, 0))
    with pytest.raises(RuntimeError, match="must have one size for each"):
        fft.fftn(x, (2,), (0, 1))


@pytest.mark.parametrize("name", special.__all__)
def test_special_functions_have_the_names_of_both_modules(name):
    other = {"expit": "sigmoid", "gammaln": "lgamma", "multigammaln": "mvlgamma", "psi": "digamma"}.get(name, name)
    arguments = {"polygamma": (2,)}.get(name, ())
    further = {"multigammaln": (1,), "softmax": (-1,), "log_softmax": (-1,), "logsumexp": (-1,)}.get(name, ())
    x = ag.tensor([[0.2, 0.7, 0.4]])
    further = (x,) if name == "xlogy" else further
    home = ag if hasattr(ag, other) else ag.nn.functional
    np.testing.assert_array_equal(
        getattr(special, name)(*arguments, x, *further).numpy(), getattr(home, other)(*arguments, x, *further).numpy()
    )


@given(n=st.integers(1, 5), x=st.floats(-3000, 30).filter(lambda x: abs(x - round(x)) > 1e-3))
def test_polygamma_is_exact_on_both_sides_of_0(n, x):
    found = special.polygamma(n, ag.tensor(x, dtype=ag.float64)).item()
    assert found == pytest.approx(float(mpmath.polygamma(n, x)), rel=1e-12, abs=1e-8)


def test_polygamma_far_below_0_takes_no_longer_and_has_its_poles():
    x = ag.tensor([-(2.0**31), -1e9 - 0.5, -np.inf], dtype=ag.float64)
    np.testing.assert_array_equal(special.polygamma(1, x).numpy()[[0, 2]], [np.inf, np.nan])
    assert special.polygamma(1, x)[1].item() == pytest.approx(np.pi**2, rel=1e-6)
