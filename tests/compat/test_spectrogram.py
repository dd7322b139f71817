"""Short-time Fourier transforms: NumPy's transform of each window; and back again."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd import gradcheck
from autograd.testing import seeds
from tests.properties.calls import examples


@examples(40)
@given(rng=seeds(), n=st.integers(2, 9), hop=st.integers(1, 4), center=st.booleans(), onesided=st.booleans())
def test_each_frame_is_the_transform_of_its_window(rng, n, hop, center, onesided):
    win = int(rng.integers(1, n + 1))
    x, window = rng.normal(size=(2, 20)), rng.uniform(0.5, 1, win)
    found = ag.stft(ag.tensor(x), n, hop, win, ag.tensor(window), center, onesided=onesided, return_complex=True)
    wide = np.pad(x, ((0, 0), (n // 2, n // 2)), "reflect") if center else x
    around = np.pad(window, ((n - win) // 2, (n - win + 1) // 2))
    transform = np.fft.rfft if onesided else np.fft.fft
    expected = [transform(wide[:, i : i + n] * around) for i in range(0, wide.shape[1] - n + 1, hop)]
    np.testing.assert_allclose(found.numpy(), np.stack(expected, -1), atol=1e-9)


@examples(40)
@given(rng=seeds(), n=st.integers(2, 9), onesided=st.booleans(), normalized=st.booleans(), longer=st.integers(0, 3))
def test_the_signal_comes_back_from_its_spectra(rng, n, onesided, normalized, longer):
    x, window = ag.tensor(rng.normal(size=(2, 24))), ag.tensor(rng.uniform(0.5, 1, n))
    options = {"hop_length": max(n // 3, 1), "window": window, "normalized": normalized, "onesided": onesided}
    spectra = ag.stft(x, n, **options, return_complex=True)
    back = ag.istft(spectra, n, **options, length=24 + longer)
    assert back.shape == (2, 24 + longer)
    known = 24 - n  # the last frame may end before the signal does
    np.testing.assert_allclose(back[:, :known].numpy(), x[:, :known].numpy(), atol=1e-9)


@examples(10)
@given(rng=seeds(), n=st.integers(3, 6))
def test_both_directions_have_derivatives(rng, n):
    x, window = ag.tensor(rng.normal(size=12), requires_grad=True), ag.tensor(rng.uniform(0.5, 1, n))

    def again(x):
        spectra = ag.stft(x, n, 1, window=window, return_complex=True)
        return ag.istft(spectra * spectra.abs(), n, 1, window=window)

    assert gradcheck(again, [x])


@pytest.mark.parametrize("periodic", [True, False])
@pytest.mark.parametrize("n", [0, 1, 2, 7])
def test_windows_are_numpys(n, periodic):
    for ours, numpys in [(ag.hann_window, np.hanning), (ag.hamming_window, np.hamming)]:
        expected = numpys(n + 1)[:n] if periodic and n > 1 else numpys(n)
        np.testing.assert_allclose(ours(n, periodic, dtype=ag.float64).numpy(), expected, atol=1e-12)
        assert ours(n).dtype == ag.float32


def test_errors_say_what_is_wrong():
    x = ag.ones(6)
    with pytest.raises(RuntimeError, match="return_complex"):
        ag.stft(x, 4)
    with pytest.raises(ag.ShapeError, match="no window of n_fft=9 numbers"):
        ag.stft(x, 9, center=False, return_complex=True)
    with pytest.raises(ag.ShapeError, match="win_length is 4"):
        ag.stft(x, 4, window=ag.ones(3), return_complex=True)
    with pytest.raises(ag.ShapeError, match="frequencies"):
        ag.istft(ag.stft(x, 4, return_complex=True), 6)
    with pytest.raises(RuntimeError, match="leave out"):
        ag.istft(ag.stft(x, 4, return_complex=True, window=ag.zeros(4)), 4, window=ag.zeros(4))
