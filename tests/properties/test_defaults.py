"""What is not given to a function is what PyTorch takes: the same call with its defaults written out gives the same."""

import ast

import numpy as np
import pytest
from hypothesis import given

import autograd as ag
import nn.functional as F
from autograd.testing import seeds
from tests.properties.calls import examples

# x, y, z: matrices (3, 3); p: a symmetric positive definite one; v: a vector; n: counts; b: a stack of matrices;
# s: a sorted vector.
DEFAULTS = """
add(x, y, alpha=1) sub(x, y, alpha=1) subtract(x, y, alpha=1) addcdiv(x, y, p, value=1) addcmul(x, y, z, value=1)
addmm(x, y, z, beta=1, alpha=1) addr(x, v, v, beta=1, alpha=1) baddbmm(b, b, b, beta=1, alpha=1)
index_add(x, 0, n, y, alpha=1)
allclose(x, x, rtol=1e-05, atol=1e-08, equal_nan=False) isclose(x, y, rtol=1e-05, atol=1e-08, equal_nan=False)
all(x, 1, keepdim=False) any(x, 1, keepdim=False) amax(x, 1, keepdim=False) amin(x, 1, keepdim=False)
argmax(x, 1, keepdim=False) argmin(x, 1, keepdim=False) max(x, 1, keepdim=False) min(x, 1, keepdim=False)
mean(x, 1, keepdim=False) median(x, 1, keepdim=False) mode(x, dim=-1, keepdim=False) prod(x, 1, keepdim=False)
sum(x, 1, keepdim=False) norm(x, 2, 1, keepdim=False) logsumexp(x, 1, keepdim=False) nansum(x, 1, keepdim=False)
nanmean(x, 1, keepdim=False) kthvalue(x, 2, dim=-1, keepdim=False) quantile(x, 0.3, 1, keepdim=False)
count_nonzero(x, dim=None) std(x, correction=1, keepdim=False) var(x, correction=1, keepdim=False)
std_mean(x, correction=1, keepdim=False) var_mean(x, correction=1, keepdim=False) cov(x, correction=1)
argsort(x, dim=-1, descending=False, stable=False) sort(x, dim=-1, descending=False, stable=False)
topk(x, 2, dim=-1, largest=True, sorted=True) bincount(n, minlength=0) histc(v, bins=100, min=0, max=0)
unique(n, sorted=True, return_inverse=False, return_counts=False) cat((x, y), dim=0) concat((x, y), dim=0)
stack((x, y), dim=0) chunk(x, 2, dim=0) split(x, 2, dim=0) unbind(x, dim=0) diag(x, diagonal=0)
diagonal(b, offset=0, dim1=0, dim2=1) diag_embed(x, offset=0, dim1=-2, dim2=-1) tril(x, diagonal=0)
triu(x, diagonal=0) flatten(b, start_dim=0, end_dim=-1) diff(x, n=1, dim=-1) rot90(x, k=1, dims=(0, 1))
tensordot(b, b, dims=2) cdist(x, y, p=2.0) dist(x, y, p=2) nan_to_num(x, nan=0.0) round(x, decimals=0)
trapezoid(x, dim=-1) trapz(x, dim=-1) arange(2, 7, step=1) linalg.cholesky(p, upper=False) linalg.cross(x, y, dim=-1)
linalg.diagonal(b, offset=0, dim1=-2, dim2=-1) linalg.lu(x, pivot=True) linalg.lu_factor(x, pivot=True)
linalg.matrix_norm(x, ord="fro", dim=(-2, -1), keepdim=False) linalg.norm(x, keepdim=False)
linalg.matrix_rank(x, hermitian=False) linalg.pinv(x, hermitian=False) linalg.solve(x, y, left=True)
linalg.svd(x, full_matrices=True) linalg.vecdot(x, y, dim=-1) linalg.vector_norm(x, ord=2, keepdim=False)
linalg.qr(x, mode="reduced") linalg.eigvalsh(p, UPLO="L")
searchsorted(s, v, out_int32=False, right=False, side=None) bucketize(v, s, out_int32=False, right=False)
isin(n, n, assume_unique=False, invert=False) scatter_reduce(v, 0, n, v, "mean", include_self=True)
fft.fft(x, dim=-1) fft.ifft(x, dim=-1) fft.rfft(x, dim=-1)
fft.irfft(x, dim=-1) fft.fft2(b, dim=(-2, -1)) fft.rfft2(b, dim=(-2, -1)) fft.fftfreq(5, d=1.0) fft.rfftfreq(5, d=1.0)
F.leaky_relu(x, negative_slope=0.01) F.hardtanh(x, min_val=-1.0, max_val=1.0) F.elu(x, alpha=1.0) F.celu(x, alpha=1.0)
F.softplus(x, beta=1, threshold=20) F.hardshrink(x, lambd=0.5) F.softshrink(x, lambd=0.5)
F.gelu(x, approximate="none") F.layer_norm(x, (3,), eps=1e-05) F.normalize(x, p=2.0, dim=1, eps=1e-12)
F.pad(x, (1, 1), mode="constant", value=None) F.cosine_similarity(x, y, dim=1, eps=1e-08)
F.pairwise_distance(x, y, p=2.0, eps=1e-06, keepdim=False) F.smooth_l1_loss(x, y, reduction="mean", beta=1.0)
F.huber_loss(x, y, reduction="mean", delta=1.0) F.avg_pool1d(b, 2, padding=0, ceil_mode=False, count_include_pad=True)
F.max_pool1d(b, 2, padding=0, dilation=1, ceil_mode=False) F.conv1d(b, b, stride=1, padding=0, dilation=1, groups=1)
"""
CALLS = [ast.unparse(node) for node in ast.parse(" ".join(DEFAULTS.split()).replace(") ", ");")).body]


def values(rng):
    """What the letters stand for."""
    x, y, z = rng.normal(size=(3, 3, 3))
    p, b, v = x @ x.T + np.eye(3), rng.normal(size=(3, 3, 3)), rng.normal(size=3)
    n = rng.integers(0, 3, 3)
    return {name: ag.tensor(a) for name, a in zip("xyzpbvns", (x, y, z, p, b, v, n, np.sort(v)))}


def same(found, expected):
    if isinstance(expected, (tuple, list)):
        return len(found) == len(expected) and all(map(same, found, expected))
    if isinstance(expected, ag.Tensor):
        like = found.shape == expected.shape and found.dtype == expected.dtype
        return like and np.array_equal(found.numpy(), expected.numpy(), equal_nan=True)
    return found == expected


@pytest.mark.parametrize("text", CALLS)
@examples(5)
@given(rng=seeds())
def test_a_call_means_the_one_with_pytorchs_defaults(text, rng):
    call = ast.parse(text, mode="eval").body
    names = (
        {name: getattr(ag, name, None) for name in (text.partition("(")[0], "linalg", "fft")} | {"F": F} | values(rng)
    )
    without = ast.unparse(ast.Call(call.func, call.args, []))
    assert same(eval(without, names), eval(text, names))
