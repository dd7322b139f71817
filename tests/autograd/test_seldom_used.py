"""What few programs ask for, against NumPy."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
import nn.functional as F
from autograd.testing import seeds
from tests.properties.calls import examples

WHOLE = st.sampled_from([ag.int8, ag.int16, ag.int32, ag.int64])


@examples(40)
@given(start=st.integers(-9, 9), length=st.integers(0, 9), step=st.sampled_from([-3, -1, 1, 2]), dtype=WHOLE)
def test_a_range_of_whole_numbers_is_numpys(start, length, step, dtype):
    found = ag.arange(start, start + length * step, step, dtype=dtype)
    assert found.dtype == dtype and found.tolist() == list(range(start, start + length * step, step))
    assert ag.arange(start, start + length * step, step).tolist() == found.tolist()


@examples(40)
@given(x=st.integers(-4, 4), n=st.integers(-4, 4), dtype=WHOLE)
def test_a_whole_number_to_a_power_is_truncated(x, n, dtype):
    if x or n >= 0:
        found = ag.tensor([x], dtype=dtype) ** ag.tensor([n], dtype=dtype)
        assert found.dtype == dtype and found.item() == int(np.array(x**n).astype(dtype))


@given(x=st.lists(st.floats(-2, 2) | st.just(np.nan), min_size=1, max_size=4))
def test_the_angle_of_real_numbers_is_0_or_pi_or_nan(x):
    np.testing.assert_allclose(ag.angle(ag.tensor(x, dtype=ag.float64)).numpy(), np.angle(np.add(x, 0.0)))  # no -0.0
    whole = ag.angle(ag.tensor([-3, 0, 2]))
    assert whole.dtype == ag.float32 and whole.tolist() == pytest.approx([np.pi, 0, 0])


@given(x=st.integers(-99, 99), n=st.integers(0, 5))
def test_shifts_of_bits_are_pythons(x, n):
    assert (ag.tensor([x]) << n).tolist() == [x << n] and (ag.tensor([x]) >> ag.tensor([n])).tolist() == [x >> n]


def test_the_inverse_of_erf_is_infinite_at_its_ends_and_nan_beyond():
    found = ag.erfinv(ag.tensor([-1.5, -1.0, 0.0, 1.0, 1.5], dtype=ag.float64)).numpy()
    np.testing.assert_array_equal(found, [np.nan, -np.inf, 0, np.inf, np.nan])


@given(rng=seeds())
def test_a_view_as_another_dtype_has_the_same_bytes(rng):
    x = ag.tensor(rng.normal(size=(3, 4)))
    for dtype in (ag.int64, ag.int32, ag.float32):
        np.testing.assert_array_equal(x.view(dtype).numpy(), x.numpy().view(dtype))
    assert x.view(ag.float64) is x and x.view(ag.int64).data_ptr() == x.data_ptr()


def test_dims_of_a_number_move_to_where_they_were():
    assert ag.movedim(ag.tensor(3.0), 0, -1).item() == ag.tensor(3.0).swapaxes(0, 0).item() == 3


@given(mask=st.lists(st.booleans(), min_size=3, max_size=3))
def test_bytes_are_a_mask(mask):
    x = ag.tensor([1.0, 2.0, 3.0])
    assert x[ag.tensor(mask, dtype=ag.uint8)].tolist() == x[ag.tensor(mask)].tolist()


@given(rng=seeds())
def test_parts_of_a_factorization_are_left_out_when_asked(rng):
    a = ag.tensor(rng.normal(size=(3, 3)))
    packed = ag.linalg.lu_factor(a)
    P, L, U = ag.lu_unpack(*packed)
    np.testing.assert_allclose((P @ L @ U).numpy(), a.numpy())
    only, *empty = ag.lu_unpack(*packed, unpack_data=False)
    assert only.equal(P) and [part.numel() for part in empty] == [0, 0]
    assert ag.lu(ag.stack((a, a)), get_infos=True)[2].tolist() == [0, 0] and ag.lu(a, get_infos=True)[2].shape == ()
    none, *both = ag.lu_unpack(*packed, unpack_pivots=False)
    assert none.numel() == 0 and both[0].equal(L) and both[1].equal(U)


@given(rng=seeds(), more=st.integers(0, 2))
def test_output_padding_adds_places_that_no_kernel_reaches(rng, more):
    x, w, b = (ag.tensor(rng.normal(size=shape)) for shape in ((2, 3, 5), (3, 4, 2), (4,)))
    found = F.conv_transpose1d(x, w, b, dilation=3, output_padding=more)
    shorter = F.conv_transpose1d(x, w, b, dilation=3)
    np.testing.assert_allclose(found[..., : shorter.shape[2]].numpy(), shorter.numpy())
    np.testing.assert_array_equal(
        found[..., shorter.shape[2] :].numpy(), np.broadcast_to(b.numpy()[:, None], (2, 4, more))
    )


@given(lists=st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=3), min_size=1, max_size=3))
def test_the_cartesian_product_is_pythons(lists):
    found = ag.cartesian_prod(*map(ag.tensor, lists)).tolist()
    assert found == ([list(row) for row in product(*lists)] if len(lists) > 1 else lists[0])


@given(rng=seeds())
def test_functions_ask_what_methods_tell(rng):
    x = ag.tensor(rng.normal(size=(2, 3)))
    for y in (x, x.int(), x.to(ag.complex64), x > 0):
        assert ag.is_floating_point(y) == y.is_floating_point() == (y.dtype.kind == "f")
        assert ag.numel(y) == y.numel() == y.numpy().size


@given(seed=st.integers(0, 99))
def test_cauchy_and_log_normal_numbers_are_moved_and_scaled(seed):
    def draw(name, *settings):
        return getattr(ag.zeros(5, dtype=ag.float64), name)(*settings, generator=ag.Generator().manual_seed(seed))

    np.testing.assert_allclose(draw("cauchy_", 3, 2).numpy(), 3 + 2 * draw("cauchy_").numpy())
    np.testing.assert_allclose(draw("log_normal_", 3, 0.5).log().numpy(), 3 + 0.5 * draw("normal_").numpy())
    np.testing.assert_allclose(draw("log_normal_").log().numpy(), 1 + 2 * draw("normal_").numpy())


@given(seed=st.integers(0, 99))
def test_exponential_numbers_have_the_rate_1_unless_another_is_given(seed):
    drawn = [
        ag.zeros(5).exponential_(*rate, generator=ag.Generator().manual_seed(seed)) for rate in ((), (1.0,), (2.0,))
    ]
    assert drawn[0].equal(drawn[1]) and drawn[2].tolist() == pytest.approx((drawn[0] / 2).tolist())


def test_is_nonzero_is_of_one_element():
    assert ag.is_nonzero(ag.tensor([[2.0]])) is True and ag.tensor(0).is_nonzero() is False
    for shape in ((2,), (0,)):
        with pytest.raises(RuntimeError, match=rf"is_nonzero is of one element, and the shape .* has {shape[0]}"):
            ag.is_nonzero(ag.zeros(*shape))


def test_split_with_sizes_gives_views_that_are_recorded():
    x = ag.arange(5.0).requires_grad_()
    first, second = x.split_with_sizes([2, 3])
    second.sum().backward()
    assert first.tolist() == [0, 1] and x.grad.tolist() == [0, 0, 1, 1, 1]


@pytest.mark.parametrize("p", [1, 2, 5])
def test_the_multivariate_gamma_function_is_scipys(p):
    special = pytest.importorskip("scipy.special")
    x = ag.tensor([2.1, 3.0, 7.5], dtype=ag.float64, requires_grad=True)
    expected = [special.multigammaln(number, p) for number in x.tolist()]
    np.testing.assert_allclose(ag.mvlgamma(x, p).detach().numpy(), expected)
    assert ag.gradcheck(lambda x: x.mvlgamma(p), x)
    with pytest.raises(RuntimeError, match=r"greater than \(p - 1\) / 2 = 2.5"):
        ag.mvlgamma(x, 6)
