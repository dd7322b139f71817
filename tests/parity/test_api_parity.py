"""One expression under PyTorch and under this engine: the same values, dtypes and shapes, the same errors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import autograd

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.filterwarnings("ignore")]

RNG = np.random.default_rng(0)
ARRAYS = {
    "x": RNG.standard_normal((3, 4)).astype(np.float32),
    "y": RNG.standard_normal((3, 4)).astype(np.float32),
    "p": RNG.uniform(0.1, 0.9, (3, 4)).astype(np.float32),  # positive
    "d": RNG.standard_normal((3, 4)),  # float64
    "v": RNG.standard_normal(4).astype(np.float32),
    "w": RNG.standard_normal(3).astype(np.float32),
    "s": np.array([[1, 2, 2], [3, 1, 3]], np.float32),  # with ties
    "c": RNG.standard_normal((2, 3, 4)).astype(np.float32),
    "q": RNG.standard_normal((4, 4)).astype(np.float32),
    "one": np.array([2.5], np.float32),
    "zero_d": np.array(1.5, np.float32),
    "d0": np.array(1.5),  # a float64 of 0 dims
    "k": np.array([[3, -1, 0, 2], [5, 7, -2, 4], [0, 1, 2, 3]]),  # int64
    "k32": np.array([[3, -1, 0, 2]], np.int32),
    "u8": np.array([250, 3, 7], np.uint8),
    "i": np.array([2, 0, 2]),
    "ij": np.array([[0, 1, 2, 0], [2, 2, 1, 0]]),
    "j2": np.array([[0, 3], [1, 1], [2, 0]]),
    "b": np.array([[True, False, True, False], [False] * 4, [True] * 4]),
    "row": np.array([True, False, True]),
    "empty": np.zeros((0, 3), np.float32),
    "h": np.array([0.5, 1.5], np.float16),
    "n": np.array([1.0, math.nan, math.inf, -math.inf], np.float32),
    "z": np.zeros((2, 2), np.float32),
}

SHAPES = """
x.view(4, 3) | x.view((4, 3)) | x.view(-1) | x.view(2, -1) | x.view(size=(4, 3)) | x.reshape(4, 3) | x.reshape((2, 6))
x.reshape(shape=(2, 6))
torch.reshape(x, (4, 3)) | torch.reshape(x, shape=(4, 3)) | torch.reshape(input=x, shape=(-1,)) | x.view(5)
x.reshape(7, -1) | x.t().view(12)
x.transpose(0, 1) | x.transpose(dim0=0, dim1=-1) | torch.transpose(x, 0, 1) | torch.transpose(input=x, dim0=0, dim1=1)
x.transpose(0, 2) | c.transpose(-2, -1)
x.permute(1, 0) | x.permute((1, 0)) | x.permute(dims=(1, 0)) | torch.permute(c, (2, 0, 1))
torch.permute(c, dims=(2, 0, 1)) | c.permute(0, 1) | c.permute(0, 0, 1) | c.permute(-1, 0, 1)
x.t() | torch.t(v) | c.t() | x.T | x.mT | c.mT
c[:1].squeeze() | c[:1].squeeze(0) | c.squeeze(0) | c[:1].squeeze(dim=0) | torch.squeeze(c[:1], 0)
torch.squeeze(c[:1, :1], dim=(0, 1)) | c.squeeze(5) | zero_d.squeeze(0)
x.unsqueeze(0) | x.unsqueeze(-1) | x.unsqueeze(dim=1) | torch.unsqueeze(x, 2) | torch.unsqueeze(x, dim=0)
x.unsqueeze(4)
x.flatten() | c.flatten(1) | c.flatten(start_dim=1) | c.flatten(0, 1) | torch.flatten(c, start_dim=0, end_dim=1)
zero_d.flatten() | c.flatten(4)
x.unflatten(1, (2, 2)) | x.unflatten(-1, (2, -1)) | torch.unflatten(x, 1, (2, 2)) | x.unflatten(dim=0, sizes=(3, 1))
x.unflatten(1, (3, -1))
x.split(2) | x.split(2, dim=1) | x.split([1, 3], 1) | torch.split(x, 2) | torch.split(x, 3, dim=1)
torch.split(x, [1, 2], dim=0) | x.split([1, 1], 1) | x.split(split_size=2, dim=1)
torch.split(tensor=x, split_size_or_sections=2)
x.chunk(2) | x.chunk(3, dim=1) | torch.chunk(x, 2, dim=-1) | x.chunk(chunks=2, dim=1) | x.unbind() | x.unbind(1)
torch.unbind(x, dim=-1)
x.flip(0) | x.flip(0, 1) | x.flip((0, 1)) | x.flip(dims=[1]) | torch.flip(x, dims=(0,)) | torch.flip(x, [0, 1])
x.roll(1) | x.roll(1, 0) | x.roll(shifts=1, dims=1) | torch.roll(x, shifts=(1, 2), dims=(0, 1))
torch.roll(x, -1, dims=1)
x.tril() | x.triu() | x.tril(1) | x.tril(diagonal=-1) | torch.tril(x) | torch.tril(x, diagonal=1)
torch.triu(x, diagonal=1) | torch.triu(torch.ones(3, 3), 1) | c.tril() | v.tril()
x.expand(2, 3, 4) | x.expand(2, -1, -1) | v.expand((3, 4)) | v.expand(3, -1) | x.expand(3, 5) | one.expand(3)
x.expand(size=(2, 3, 4)) | x.expand_as(c) | x.broadcast_to((2, 3, 4)) | torch.broadcast_to(v, (3, 4))
torch.broadcast_to(v, size=(3, 4)) | v.view_as(v)
x.repeat(2, 1) | x.repeat((2, 2)) | v.repeat(3) | v.repeat(2, 3) | x.repeat(2) | x.tile((2,)) | x.tile(2, 1)
torch.tile(v, (2, 2)) | torch.tile(v, dims=(2,))
x.repeat_interleave(2) | x.repeat_interleave(2, dim=1) | torch.repeat_interleave(x, 2, dim=0)
torch.repeat_interleave(x, i, dim=0) | x.repeat_interleave(repeats=2, dim=0)
c.movedim(0, 2) | torch.movedim(c, 0, -1) | torch.movedim(c, (0, 1), (1, 0)) | c.movedim(source=0, destination=1)
c.swapaxes(0, 1) | torch.swapaxes(c, 0, 2) | c.moveaxis(0, 1)
x.narrow(1, 1, 2) | torch.narrow(x, 0, 1, 1) | x.narrow(dim=1, start=0, length=2) | x.narrow(1, 3, 2) | x.select(1, 2)
x.select(0, -1) | torch.select(x, 0, 1) | x.select(dim=1, index=0) | x.select(1, 9) | x.unfold(1, 2, 1)
x.unfold(0, 2, 1) | c.unfold(-1, 3, 1) | x.unfold(dimension=1, size=2, step=2)
q.diagonal() | q.diagonal(1) | x.diagonal(offset=-1) | torch.diagonal(c, dim1=-2, dim2=-1) | q.diag() | torch.diag(v)
torch.diag(q, 1) | torch.diag(v, diagonal=-1) | torch.diag(q, diagonal=-1) | q.trace() | torch.trace(q)
torch.cat([x, y]) | torch.cat((x, y), 1) | torch.cat([x, y], dim=-1) | torch.cat(tensors=[x, y], dim=1)
torch.concat([x, y], dim=1) | torch.cat([x, d]) | torch.cat([x, v]) | torch.cat([x, k]) | torch.cat([empty, empty])
torch.stack([x, y]) | torch.stack((x, y), 1) | torch.stack([x, y], dim=-1) | torch.stack([x, v])
torch.stack(tensors=[v, v], dim=1) | torch.stack([zero_d, zero_d]) | torch.stack([k, k]) | torch.cat([])
torch.hstack([x, y]) | torch.hstack((v, v)) | torch.vstack([x, v]) | torch.vstack((v, v))
torch.broadcast_tensors(x, v) | torch.meshgrid(v, w, indexing="ij") | torch.meshgrid(v, w, indexing="xy")
torch.meshgrid([v, w], indexing="ij")
x.size() | x.size(0) | x.size(-1) | x.size(dim=1) | x.size(3) | x.shape | x.shape[0] | x.shape.numel() | x.ndim
x.dim() | x.numel() | torch.numel(x) | x.nelement() | len(x) | len(zero_d) | x.is_contiguous() | x.t().is_contiguous()
x.t().contiguous() | x.contiguous() | x.itemsize | x.element_size() | x.nbytes | tuple(x.size()) | x.size() == (3, 4)
x.shape[:-1] + (7,) | x.view(*x.shape[:-1], 2, 2) | list(x.shape)
x.is_floating_point() | k.is_floating_point() | torch.is_floating_point(x) | torch.is_tensor(x) | torch.is_tensor(3)
x.device.type | str(x.device) | x.is_cuda | x.stride() | x.t().stride() | x.is_leaf
"""

MATHEMATICS = """
x + y | x - y | x * y | x / y | x ** 2 | p ** y | x // y | x % y | 2 + x | 2 - x | 2 * x | 2 / x | 2 ** x | 2 // p
7 % p | -x | +x | abs(x) | x @ y.t() | v @ v | c @ x.t() | x @ v | w @ x | x @ x | zero_d @ v
x + 1.5 | x + 1 | k + 1 | k + 1.5 | k / 2 | k // 2 | k % 3 | k ** 2 | k * x | k * True | x * k | d + x | d0 + x
d0 * x | x + d0 | zero_d * d | k + zero_d | k * d0 | k32 + k[:1] | k32 * 2 | u8 + 10 | u8 * 2 | b + b | b * 1 | b + 1
b * 2.0 | ~b | b & b | b | k & 1
b ^ True | k | h + 1 | h * x[0, :2] | -k | -b | b - b | x + torch.tensor(1.0, dtype=torch.float64) | 1.0 + k
k + True | k.sqrt() | k.exp() | k.sigmoid() | k.float().mean() | k / k32 | k32 / 3 | b.float() * x
x + torch.zeros(5) | x * torch.zeros(2, 4) | x - torch.zeros(3) | x @ torch.zeros(3)
x.add(y) | x.add(y, alpha=2) | x.add(1) | torch.add(x, y) | torch.add(x, y, alpha=0.5) | torch.add(input=x, other=y)
x.sub(y) | x.sub(y, alpha=2) | torch.sub(x, y, alpha=2) | torch.sub(x, 1) | x.mul(y) | x.mul(2) | torch.mul(x, y)
torch.mul(x, 3) | torch.mul(input=x, other=2) | x.div(y) | torch.div(x, y) | torch.div(x, 2, rounding_mode="floor")
torch.div(k, 2, rounding_mode="floor") | torch.div(k, 2, rounding_mode="trunc") | x.div(y, rounding_mode="trunc")
torch.div(x, y, rounding_mode="up")
x.multiply(y) | x.subtract(y) | x.divide(y) | x.true_divide(y)
x.pow(2) | x.pow(3.0) | p.pow(y) | torch.pow(x, 2) | torch.pow(2, x) | torch.pow(p, exponent=2)
torch.pow(input=p, exponent=0.5) | p.pow(-1) | p ** -0.5 | x.neg() | torch.neg(x) | x.square() | torch.square(x)
p.reciprocal() | torch.reciprocal(p) | k.pow(2) | k ** -1
x.exp() | torch.exp(x) | torch.exp(input=x) | p.log() | torch.log(p) | torch.log(x) | p.log2() | p.log10() | p.log1p()
torch.log1p(p) | x.expm1() | x.exp2() | torch.exp2(x) | p.sqrt() | torch.sqrt(p) | p.rsqrt() | torch.rsqrt(p)
torch.rsqrt(k[0, :1])
x.sin() | x.cos() | torch.sin(x) | torch.cos(x) | x.tan() | p.asin() | p.acos() | x.atan() | torch.atan2(x, y)
x.atan2(y) | x.sinh() | x.cosh() | x.tanh() | torch.tanh(x) | x.asinh() | (p + 1).acosh() | p.atanh()
x.sigmoid() | torch.sigmoid(x) | x.relu() | torch.relu(x) | x.erf() | torch.erf(x) | x.sign() | torch.sign(x)
k.sign() | x.floor() | x.ceil() | x.trunc() | x.round() | torch.round(x) | torch.round(x, decimals=2)
x.round(decimals=1) | torch.floor(x) | torch.ceil(x) | k.floor()
x.abs() | torch.abs(x) | k.abs() | x.clamp(0) | x.clamp(-0.5, 0.5) | x.clamp(min=0) | x.clamp(max=0.1)
x.clamp(min=y) | x.clamp(y, y + 1) | torch.clamp(x, -1, 1) | torch.clamp(x, min=-0.1, max=0.1) | torch.clip(x, 0, 1)
x.clip(min=0.0) | k.clamp(0, 2) | k.clamp(min=1.5) | x.clamp() | torch.clamp(input=x, min=0)
torch.maximum(x, y) | x.maximum(y) | torch.minimum(x, y) | torch.max(x, y) | torch.min(x, y) | torch.max(x, other=y)
torch.maximum(x, torch.tensor(0.0))
torch.remainder(x, y) | torch.remainder(x, 2) | x.remainder(0.5) | torch.fmod(x, y) | x.fmod(0.3) | torch.fmod(k, 3)
torch.remainder(k, 3) | k.remainder(-3) | x.lerp(y, 0.3) | torch.lerp(x, y, 0.5) | torch.lerp(x, y, weight=p)
torch.logaddexp(x, y) | x.logaddexp(y) | torch.floor_divide(x, 2) | k.floor_divide(2)
torch.matmul(x, y.t()) | x.matmul(v) | torch.matmul(c, x.t()) | torch.mm(x, y.t()) | x.mm(y.t()) | torch.mm(c, x)
torch.bmm(c, c.transpose(1, 2)) | c.bmm(c.mT) | torch.bmm(x, x) | torch.mv(x, v) | x.mv(v) | torch.dot(v, v)
v.dot(v) | torch.dot(x, x) | torch.outer(v, w) | v.outer(w) | torch.matmul(input=x, other=v) | torch.mm(x, mat2=q)
torch.matmul(x, d.t())
torch.addmm(torch.ones(3, 3), x, y.t()) | torch.addmm(torch.ones(3, 3), x, y.t(), beta=0.5, alpha=2)
torch.ones(3, 3).addmm(x, y.t()) | torch.baddbmm(torch.ones(2, 3, 3), c, c.mT)
torch.baddbmm(torch.ones(2, 3, 3), c, c.mT, beta=0, alpha=0.5) | torch.tensordot(x, y, dims=2)
torch.tensordot(x, y, dims=([0], [0])) | torch.tensordot(x, y, ([1], [1]))
torch.einsum("ij,kj->ik", x, y) | torch.einsum("ij,ij", x, y) | torch.einsum("bij,bkj->bik", [c, c])
torch.einsum("...ij->...ji", c) | torch.einsum("ii", q) | torch.einsum("ij->", x) | torch.einsum("ij,jk", x, x)
torch.einsum("bhd, bkd -> bhk", c, c) | torch.einsum("ijk,k", c, v) | torch.einsum("ij,j->ij", x)
torch.addcmul(x, x, y, value=0.5) | torch.addcdiv(x, x, p, value=0.5)
"""

REDUCTIONS = """
x.sum() | x.sum(0) | x.sum(-1) | x.sum(dim=1) | x.sum((0, 1)) | x.sum(dim=(0, 1), keepdim=True) | x.sum(1, True)
x.sum(0, keepdim=True) | x.sum(axis=0) | torch.sum(x) | torch.sum(x, 0) | torch.sum(x, dim=1, keepdim=True)
torch.sum(input=x, dim=0) | k.sum() | k32.sum() | b.sum() | b.sum(1) | u8.sum() | x.sum(dtype=torch.float64)
x.sum(dim=0, dtype=torch.float64) | x.sum(5) | h.sum() | empty.sum() | empty.sum(0) | x.sum([]) | x.sum(dim=None)
zero_d.sum() | zero_d.sum(0) | zero_d.sum(-1)
x.mean() | x.mean(0) | x.mean(-1, True) | x.mean(dim=(0, 1)) | x.mean(1, keepdim=True) | torch.mean(x)
torch.mean(x, dim=0) | torch.mean(x, 1, keepdim=True) | k.mean() | b.mean() | k.mean(dtype=torch.float32)
empty.mean() | x.mean(axis=1)
x.prod() | x.prod(1) | x.prod(dim=0) | x.prod(dim=0, keepdim=True) | torch.prod(x) | torch.prod(x, 1) | k.prod()
k.prod(1) | k32.prod()
x.std() | x.std(0) | x.std(dim=1) | x.std(1, True) | x.std(dim=1, unbiased=False) | x.std(unbiased=False)
x.std(False) | x.std(-1, keepdim=True) | x.std(dim=1, correction=0) | torch.std(x) | torch.std(x, 0)
torch.std(x, dim=1, keepdim=True) | torch.std(x, 0, False) | x.var() | x.var(1)
x.var(dim=-1, keepdim=True, unbiased=False) | torch.var(x, dim=1, correction=0) | torch.var(x, unbiased=False)
torch.var_mean(x) | torch.var_mean(x, dim=1, keepdim=True) | torch.std_mean(x, 0)
torch.std_mean(x, dim=0, unbiased=False) | one.std() | k.std() | x.std((0, 1)) | torch.var_mean(x, 1, unbiased=False)
x.max() | x.max(0) | x.max(dim=1) | x.max(1, True) | x.max(dim=-1, keepdim=True) | torch.max(x) | torch.max(x, 0)
torch.max(x, dim=1, keepdim=True) | x.max(0).values | x.max(1).indices | x.max(1)[0] | torch.max(x, 1)[1] | x.min()
x.min(0) | torch.min(x, dim=1) | x.min(dim=1).values | s.max(1) | s.min(1) | k.max() | k.max(1) | b.max() | x.max(5)
empty.max() | empty.max(0) | x.max(axis=1)
x.amax() | x.amax(0) | x.amax(dim=1, keepdim=True) | x.amax((0, 1)) | torch.amax(x, 1) | torch.amin(x, dim=(0, 1))
x.amin() | x.amin(-1, True)
x.argmax() | x.argmax(1) | x.argmax(dim=-1) | x.argmax(dim=1, keepdim=True) | x.argmax(-1, True) | torch.argmax(x)
torch.argmax(x, dim=1) | torch.argmax(x, 0) | x.argmin() | x.argmin(1) | torch.argmin(x, dim=0, keepdim=True)
s.argmax(1) | k.argmax() | x.argmax(4)
b.any() | b.any(1) | b.any(dim=0, keepdim=True) | torch.any(b) | torch.any(b, 1) | b.all() | b.all(1)
torch.all(b, dim=0) | (x > 0).any() | (x > 0).all() | x.any() | k.all(1)
x.norm() | x.norm(2) | x.norm(1) | x.norm(p=1) | x.norm(dim=1) | x.norm(2, 1) | x.norm(p=2, dim=1, keepdim=True)
x.norm(2, dim=-1, keepdim=True) | x.norm(float("inf")) | x.norm(p=float("-inf"), dim=0) | x.norm(0) | x.norm(p=3)
torch.norm(x) | torch.norm(x, 2) | torch.norm(x, p=1, dim=1) | torch.norm(x, "fro") | x.norm(p="fro") | k.norm()
torch.norm(x, dim=(0, 1))
x.logsumexp(1) | x.logsumexp(dim=1, keepdim=True) | torch.logsumexp(x, 1) | torch.logsumexp(x, dim=-1, keepdim=True)
x.logsumexp((0, 1)) | x.softmax(1) | x.softmax(dim=-1) | torch.softmax(x, 1) | torch.softmax(x, dim=-1)
torch.softmax(x, dim=1, dtype=torch.float64) | x.log_softmax(1) | x.log_softmax(dim=-1) | torch.log_softmax(x, 1)
torch.log_softmax(x, dim=0) | x.softmax(2) | k.softmax(-1) | k.float().softmax(-1)
x.cumsum(0) | x.cumsum(dim=1) | torch.cumsum(x, 1) | torch.cumsum(x, dim=-1) | k.cumsum(1) | k32.cumsum(1)
b.cumsum(1) | x.cumprod(1) | torch.cumprod(x, dim=0) | k.cumprod(1) | x.cumsum(2)
x.sort() | x.sort(0) | x.sort(descending=True) | x.sort(dim=0, descending=True) | x.sort(1, True) | torch.sort(x)
torch.sort(x, dim=0) | torch.sort(x, 1, True) | torch.sort(x, descending=True) | x.sort().values | x.sort()[1]
x.argsort() | x.argsort(1) | x.argsort(dim=0, descending=True) | torch.argsort(x)
torch.argsort(x, dim=-1, descending=True) | torch.argsort(x, -1, True)
x.topk(2) | x.topk(2, 0) | x.topk(k=2, dim=1) | x.topk(2, largest=False) | torch.topk(x, 2)
torch.topk(x, k=1, dim=-1) | torch.topk(x, 2, dim=0, largest=False, sorted=True) | torch.topk(x, min(2, x.size(-1)))
x.topk(2).values | x.topk(2).indices | x.topk(9)
x.median() | x.median(1) | torch.median(x, dim=0) | x.median(dim=1, keepdim=True) | k.median() | torch.unique(k)
k.unique() | torch.unique(k, return_counts=True) | torch.unique(k, return_inverse=True)
k.unique(sorted=True, return_inverse=True, return_counts=True) | torch.bincount(i) | torch.bincount(i, minlength=5)
torch.bincount(i, weights=w) | i.bincount() | k.count_nonzero() | torch.count_nonzero(k, dim=1) | k.count_nonzero(0)
"""

COMPARISON = """
x == y | x != y | x < y | x <= y | x > 0 | x >= 0 | 0 < x | k == 3 | x.eq(y) | x.ne(0) | x.lt(0) | x.le(y) | x.gt(0)
x.ge(y) | torch.eq(x, y) | torch.ne(x, y) | torch.lt(x, 0) | torch.le(x, y) | torch.gt(x, 0) | torch.ge(x, y)
torch.eq(k, 3) | x == None | x != None | x == "a"
n.isnan() | n.isinf() | n.isfinite() | torch.isnan(n) | torch.isinf(n) | torch.isfinite(n) | torch.isnan(k)
torch.allclose(x, x + 1e-9) | torch.allclose(x, y) | x.allclose(x) | torch.allclose(x, y, rtol=0, atol=100)
torch.allclose(n, n, equal_nan=True) | torch.isclose(x, x + 1) | x.isclose(x, rtol=1e-3) | torch.equal(x, x)
torch.equal(x, v) | x.equal(y) | torch.nan_to_num(n) | n.nan_to_num(0.0)
torch.logical_not(b) | b.logical_not() | k.logical_not() | torch.logical_and(b, b) | b.logical_or(b)
torch.logical_or(k, b) | torch.logical_xor(b, ~b) | b.logical_xor(b) | torch.logical_and(x, y)
torch.where(x > 0, x, y) | torch.where(x > 0, x, 0) | torch.where(x > 0, 1.0, 0.0) | torch.where(x > 0, 1, 0)
torch.where(x > 0, x, torch.tensor(0.0)) | torch.where(b) | torch.where(condition=b, input=x, other=y)
x.where(x > 0, 0) | x.where(x > 0, y) | torch.where(x > 0, k, 0) | torch.where(x > 0, k, 1.5) | torch.where(b, x, d0)
torch.where(x > 0, x, d)
x.masked_fill(b, 0) | x.masked_fill(b, float("-inf")) | torch.masked_fill(x, b, 1.0) | x.masked_fill(mask=b, value=0)
c.masked_fill(b == 0, -1e9) | x.masked_fill(b, torch.tensor(2.0)) | x.masked_fill(torch.ones(5, dtype=torch.bool), 0)
k.masked_fill(b, -1) | x.masked_fill(k, 0) | x.masked_select(b) | torch.masked_select(x, b)
torch.masked_select(x, mask=x > 0) | v.masked_fill(b, 0) | k.masked_fill(b, 1.5)
x.gather(0, ij) | x.gather(1, j2) | x.gather(dim=1, index=j2) | torch.gather(x, 1, j2)
torch.gather(x, dim=0, index=ij) | torch.gather(input=x, dim=1, index=j2) | x.gather(-1, j2) | x.gather(1, i)
x.gather(1, j2 + 9) | x.gather(0, j2.float())
x.scatter(1, j2, 0.0) | x.scatter(1, j2, y) | x.scatter(dim=1, index=j2, src=y) | x.scatter(1, j2, value=2.0)
torch.scatter(x, 1, j2, y) | x.scatter_add(1, j2, y) | torch.scatter_add(x, 0, ij, y)
x.scatter_add(dim=0, index=ij, src=y) | torch.zeros(3, 5).scatter_(1, i.unsqueeze(1), 1)
torch.zeros(3, 5).scatter_(1, i.unsqueeze(1), 1.0) | torch.zeros(3, 4).scatter_(dim=1, index=j2, src=y)
x.scatter(1, j2, y, reduce="add") | x.scatter(1, j2, y, reduce="multiply") | x.scatter(1, j2, 2.0, reduce="add")
x.clone().scatter_(0, ij, 3, reduce="multiply") | x.scatter(1, j2, y, reduce="mean") | x.gather(1, j2, sparse_grad=True)
torch.result_type(k, 1) | torch.result_type(k.short(), 2.5) | torch.result_type(1, 2j) | torch.result_type(d, 1j)
torch.cat([torch.empty(0), torch.empty(0)], dim=1) | torch.float_power(2, p) | torch.float_power(k, 2)
torch.gradient(x) | torch.gradient(x, spacing=2.0, dim=1) | torch.gradient(d, dim=[0, 1], edge_order=2)
torch.gradient(v, spacing=(torch.arange(v.numel()) ** 2,))
torch.gradient(x, spacing=[1.0], dim=(0, 1)) | torch.gradient(k) | torch.gradient(x, edge_order=3)
torch.multinomial(p[:0], 2) | torch.multinomial(p[:0], 1, replacement=True) | torch.multinomial(p[:0], 9)
torch.result_type(x, k) | torch.result_type(True, 3) | torch.repeat_interleave(k.abs().flatten())
torch.zeros(3, 4).scatter_(1, j2, value=1) | torch.zeros(3, 4).scatter_add_(1, j2, y) | x.scatter(1, j2 + 9, 0.0)
x.index_select(0, i) | torch.index_select(x, 1, i) | x.index_select(dim=0, index=i)
torch.index_select(x, dim=0, index=i) | x.index_add(0, i, y) | x.clone().index_add_(0, i, y)
x.clone().index_add_(0, i, y, alpha=2) | x.clone().index_fill_(0, i, 1.0) | x.clone().index_copy_(0, i[:2], y[:2])
x.index_select(0, i + 5) | torch.take_along_dim(x, j2, dim=1) | x.take_along_dim(j2, 1) | torch.take_along_dim(x, i)
x.nonzero() | torch.nonzero(b) | b.nonzero(as_tuple=True) | torch.nonzero(b, as_tuple=True) | torch.nonzero(k == 2)
b.nonzero().squeeze()
"""

INDEXING = """
x[0] | x[-1] | x[0, 1] | x[:, 1] | x[1:] | x[:, ::2] | x[..., 0] | x[None] | x[:, None] | c[..., -1, :] | c[:, -1, :]
c[:, [-1], :] | x[i] | x[i, i] | x[[0, 2]] | x[:, [0, 1]] | x[[0, 1], [1, 2]] | x[b] | x[row] | x[x > 0] | x[row, 0]
x[row][:, 1] | c[:, row] | x[:, i] | x[i, :2] | x[torch.arange(3), i] | x[torch.tensor(1)] | x[i[0]] | x[0, i[1]]
x[9] | x[:, 9] | x[0, 0, 0] | x[i + 5] | x[v] | x[k.abs()[:, :2] % 3] | c[0, :, i] | x[()] | x[...] | x[2:0] | x[True]
x[[True, False, True]] | x[torch.tensor([], dtype=torch.long)] | x[0:2, 1:3] | x[np.array([0, 1])] | x[np.int64(1)]
x[1.0] | zero_d[0] | x[u8[1:2] % 3] | x["a"] | list(x) | list(v) | [r.sum() for r in x] | [a.item() for a in v]
3 in k | x[range(2)] | x[slice(1, 2)] | x[(0, 1)] | x[::-1]
"""

CONVERSIONS = """
x.item() | one.item() | zero_d.item() | k[0, 0].item() | b[0, 0].item() | x.tolist() | zero_d.tolist() | k.tolist()
b.tolist() | float(one) | int(one) | bool(one) | bool(x) | int(k[0, 0]) | float(x) | [10, 20, 30, 40, 50][k[0, 3]]
[1, 2, 3][:k[0, 3]] | [1, 2, 3][one] | list(range(k[0, 0])) | "%d" % k[0, 0] | "%.3f" % one | f"{zero_d:.4f}"
f"{k[0, 0]:3d}" | f"{one.item():.2f}" | "{:.2f}".format(zero_d) | round(zero_d.item(), 2) | math.exp(zero_d)
math.sqrt(one) | math.floor(zero_d) | if_else(zero_d > 1) | not zero_d | f"{one:.2f}" | f"{x:.2f}" | max(v) | sum(v)
sorted(v.tolist()) | float(zero_d) * 2 | complex(zero_d)
x.numpy() | x.detach().numpy() | np.array(x) | np.asarray(x) | x.cpu().numpy() | x.requires_grad_().numpy()
np.asarray(x).dtype | x.detach().cpu().numpy().shape | x.numpy(force=True)
x.to(torch.float64) | x.to(dtype=torch.float64) | x.to("cpu") | x.to(torch.device("cpu")) | x.to(device="cpu")
x.to("cpu", torch.float64) | x.to(device="cpu", dtype=torch.int64) | x.to(d) | x.to(torch.float32) is x
x.to(torch.long) | x.to("cpu", non_blocking=True) | x.to("cuda:77") | x.float() | x.double() | x.long() | x.int()
x.bool() | x.half() | x.short() | (x * 10).to(torch.int8) | (p * 100).byte() | x.type(torch.float64) | x.type_as(d)
x.cpu() | k.float() | b.int() | b.float() | n[:1].long() | x.type(dtype=torch.float64) | x.double().dtype | k.double()
h.float()
x.clone() | torch.clone(x) | x.clone().detach() | x.detach().clone() | x.data | x.detach() | x.new_zeros(2, 3)
x.new_zeros((2, 3)) | x.new_ones(2) | x.new_ones((2, 2), dtype=torch.long) | x.new_full((2,), 3.5)
x.new_tensor([1, 2]) | x.new_empty(2, 3).shape | k.new_zeros(2) | k.new_tensor([1.5])
x.new_zeros(2, dtype=torch.int64) | x.new_zeros(2, device=x.device)
"""

CREATION = """
torch.tensor([1.0, 2.0]) | torch.tensor([1, 2]) | torch.tensor(3) | torch.tensor(3.5) | torch.tensor(True)
torch.tensor([True, False]) | torch.tensor([[1, 2], [3, 4]], dtype=torch.float32) | torch.tensor([1, 2.5])
torch.tensor([]) | torch.tensor(np.zeros(2)) | torch.tensor(np.zeros(2, np.float32)) | torch.tensor(np.float64(1.5))
torch.tensor(np.arange(3)) | torch.tensor([np.float32(1), np.float32(2)]) | torch.tensor([[1, 2], [3]])
torch.tensor("a") | torch.tensor(x) | torch.tensor([zero_d, zero_d]) | torch.tensor([i[0], i[1]])
torch.tensor(range(4)) | torch.tensor((1, 2)) | torch.tensor([1], dtype=torch.long)
torch.tensor([1.7], dtype=torch.long) | torch.tensor(1.0, requires_grad=True).requires_grad
torch.tensor([1], requires_grad=True) | torch.tensor(data=[1.0]) | torch.tensor([1.0], device="cpu")
torch.tensor(None) | torch.tensor([None]) | torch.tensor([1.0], dtype=torch.float64, requires_grad=True)
torch.tensor([0.1], dtype=torch.half) | torch.tensor(1e400) | torch.tensor([[]]).shape | torch.tensor([2**40])
torch.tensor(np.bool_(True)) | torch.tensor([np.int32(3)]) | torch.tensor(np.array(["a"]))
torch.as_tensor([1, 2]) | torch.as_tensor(np.zeros(2)) | torch.as_tensor(x)
torch.as_tensor([1, 2], dtype=torch.float32) | torch.from_numpy(np.arange(3)) | torch.from_numpy([1, 2])
torch.from_numpy(np.arange(3)).dtype
torch.zeros(2, 3) | torch.zeros((2, 3)) | torch.zeros([2, 3]) | torch.zeros(3) | torch.zeros(2, dtype=torch.long)
torch.zeros(size=(2, 2)) | torch.zeros(x.size()) | torch.zeros(x.shape) | torch.zeros(*x.shape)
torch.zeros(2, requires_grad=True).requires_grad | torch.zeros(()) | torch.zeros(0) | torch.zeros(2, device="cpu")
torch.zeros(-1) | torch.zeros(2.5) | torch.zeros(x.size(0), x.size(1), device=x.device, dtype=x.dtype)
torch.zeros(torch.Size([2, 3])) | torch.zeros(1, 1, dtype=bool) | torch.zeros(2, dtype=float)
torch.zeros(2, dtype=int) | torch.zeros(2, 2).bool() | torch.zeros([])
torch.ones(2, 3) | torch.ones((2,)) | torch.ones(2, dtype=torch.bool) | torch.full((2, 2), 7) | torch.full((2,), 1.5)
torch.full((2,), True) | torch.full(size=(2,), fill_value=3.0) | torch.full((2, 2), float("-inf"))
torch.full((2,), 1, dtype=torch.float32) | torch.full([2], 1.0) | torch.empty(2, 3).shape
torch.empty((2, 3), dtype=torch.long).dtype | torch.eye(3) | torch.eye(2, 3) | torch.eye(n=2, m=2)
torch.eye(2, dtype=torch.long)
torch.arange(5) | torch.arange(1, 5) | torch.arange(1, 5, 2) | torch.arange(5.0) | torch.arange(0, 1, 0.25)
torch.arange(0, 5, dtype=torch.float32) | torch.arange(start=1, end=4) | torch.arange(4, device="cpu")
torch.arange(0, 10, step=3) | torch.arange(end=4) | torch.arange(5, 0, -1) | torch.arange(0.5, 3)
torch.arange(0, 4, dtype=torch.long, device="cpu").unsqueeze(0) | torch.arange(k[0, 0]) | torch.arange(5, 1)
torch.arange(0, 1, 0) | torch.linspace(0, 1, 5) | torch.linspace(0, 1, steps=3)
torch.linspace(start=-1, end=1, steps=3, dtype=torch.float64) | torch.linspace(0, 10, 3, dtype=torch.long)
torch.zeros_like(x) | torch.zeros_like(k) | torch.ones_like(x, dtype=torch.long) | torch.full_like(x, 2)
torch.full_like(k, 3) | torch.empty_like(x).shape | torch.zeros_like(input=x) | torch.ones_like(k)
torch.zeros_like(x, requires_grad=True).requires_grad | torch.full_like(x, fill_value=0.5)
torch.zeros_like(x, device="cpu")
torch.FloatTensor([1, 2]) | torch.LongTensor([1, 2]) | torch.FloatTensor(2, 3).shape | torch.Tensor([1, 2])
torch.Tensor(2, 3).shape | torch.Tensor([[1, 2]]) | torch.DoubleTensor([1]) | torch.BoolTensor([True])
torch.Tensor().shape | torch.LongTensor(2, 3).shape | torch.LongTensor([[1]]).dtype
torch.Tensor(d) | torch.Tensor(k) | torch.Tensor(k.numpy()) | torch.Tensor(d.numpy())
torch.FloatTensor(d.numpy()) | torch.LongTensor(x.numpy()) | torch.DoubleTensor(x.numpy()) | torch.Tensor(5).shape
torch.FloatTensor(5).shape | torch.LongTensor(4).shape | torch.Tensor(x.shape).shape | torch.Tensor((2, 3))
torch.Tensor(x)[0] | torch.Tensor(range(3)) | torch.LongTensor([2.5]) | torch.BoolTensor(2).dtype | torch.Tensor(-1)
torch.HalfTensor([1]).dtype | torch.CharTensor([1]).dtype | torch.ByteTensor([1]).dtype | torch.ShortTensor([1]).dtype
torch.IntTensor([1]).dtype | torch.HalfTensor(2).shape | torch.Tensor(2).new(3).shape | k.new([1.5, 2.5])
isinstance(k, torch.LongTensor) | isinstance(k, torch.FloatTensor) | isinstance(x, torch.FloatTensor)
isinstance(b, torch.BoolTensor) | isinstance(u8, torch.ByteTensor) | isinstance(x, torch.Tensor) | x.type() | k.type()
k32.type() | b.type() | u8.type() | h.type() | d.type() | k.type(torch.FloatTensor) | x.type("torch.LongTensor")
x.type(torch.LongTensor) | x.type(torch.float64) | issubclass(torch.FloatTensor, torch.Tensor)
torch.get_default_dtype() if torch.set_default_tensor_type("torch.FloatTensor") is None else 0
torch.tensor([1.5]).long().dtype == torch.long
torch.Size([2, 3]) | torch.Size((2, 3)).numel() | torch.Size([2, 3]) == (2, 3) | torch.Size([2]) + (3,)
torch.Size([2, 3])[1:] | x.shape[:-1].numel() | (x.shape[1:] * 2).numel() | ((1,) + x.shape + (3,)).numel()
isinstance(x.shape[1:] + (2,), torch.Size) | type((2,) + x.shape[:1]) is torch.Size | x.shape[-1]
isinstance(x.shape, torch.Size) | isinstance(x.shape, tuple) | torch.device("cpu").type
torch.device("cpu") == torch.device("cpu") | torch.cuda.is_available()
torch.device("cuda" if torch.cuda.is_available() else "cpu").type | torch.backends.mps.is_available()
torch.get_default_dtype() | torch.float32 is torch.float | torch.int64 is torch.long | torch.float64 is torch.double
torch.int64.itemsize | torch.finfo(torch.float32).max | torch.finfo(torch.float32).min | torch.finfo(x.dtype).eps
torch.finfo(torch.float64).tiny | torch.iinfo(torch.int64).max | torch.inf | torch.pi | torch.nan is not None
torch.e | torch.is_grad_enabled() | torch.numel(x) | torch.float16 | torch.int16 | torch.uint8 | torch.bool
torch.is_floating_point(k)
torch.rand(2, 3).shape | torch.rand((2, 3)).dtype | torch.randn(2, 3).shape
torch.randn(2, 3, dtype=torch.float64).dtype | torch.randn((2,), requires_grad=True).requires_grad
torch.randn(size=(2, 3)).shape | torch.randint(0, 5, (2, 3)).shape | torch.randint(5, (2,)).dtype
torch.randint(low=0, high=5, size=(2,)).shape | torch.randint(0, 2, [4]).dtype | torch.randint(3, 4, (2,))
torch.randint(0, 5, (2,), dtype=torch.int32).dtype | torch.randint(high=1, size=(2,)) | torch.randint(5, 5, (2,))
torch.randperm(5).sort().values | torch.randperm(4).dtype | torch.rand_like(x).shape | torch.randn_like(d).dtype
torch.rand(1) < 1 | torch.rand(()).shape | torch.randn(3, device="cpu").shape
torch.normal(0.0, 1.0, (2, 3)).shape | torch.normal(mean=0.0, std=1.0, size=(2,)).dtype | torch.normal(x, p).shape
torch.normal(0, 1, size=(2, 2)).shape | torch.normal(x, 0.0) | torch.normal(0.0, p).shape
torch.bernoulli(torch.ones(3)) | torch.bernoulli(torch.zeros(3)) | torch.bernoulli(p).dtype | torch.bernoulli(x * 10)
torch.multinomial(torch.tensor([0.0, 1.0]), 1)
torch.multinomial(torch.tensor([[0.0, 1.0], [1.0, 0.0]]), num_samples=1) | torch.multinomial(p, 2).shape
torch.multinomial(p, 8, replacement=True).shape | torch.multinomial(p, 2).dtype | torch.multinomial(p, 9)
torch.multinomial(x, 1) | torch.multinomial(z, 1) | torch.multinomial(input=p, num_samples=2, replacement=True).shape
torch.multinomial(torch.tensor([0.0, 0.0, 3.0]), 4, True) | torch.Generator().manual_seed(3).initial_seed()
torch.rand(3, generator=torch.Generator().manual_seed(1)).shape | torch.Generator(device="cpu").device.type
torch.initial_seed() is not None | torch.bernoulli(torch.full((3,), 1.0), generator=torch.Generator())
"""

IN_PLACE = """
x.clone().add_(1) | x.clone().add_(y) | x.clone().add_(y, alpha=2) | x.clone().sub_(y) | x.clone().sub_(1, alpha=2)
x.clone().mul_(2) | x.clone().mul_(y) | x.clone().div_(2) | x.clone().div_(y) | x.clone().pow_(2) | x.clone().neg_()
x.clone().exp_() | p.clone().sqrt_() | p.clone().log_() | x.clone().tanh_() | x.clone().sigmoid_() | x.clone().relu_()
x.clone().clamp_(0) | x.clone().clamp_(min=0, max=1) | x.clone().abs_() | x.clone().floor_() | x.clone().round_()
x.clone().zero_() | x.clone().fill_(3) | x.clone().fill_(zero_d) | x.clone().copy_(y) | x.clone().copy_(v)
x.clone().copy_(k) | x.clone().copy_(c) | k.clone().copy_(x) | x.clone().masked_fill_(b, 0)
x.clone().masked_fill_(b, float("-inf")) | x.clone().lerp_(y, 0.5) | q.clone().tril_() | q.clone().triu_(1)
x.clone().addcmul_(x, y, value=0.5) | x.clone().addcdiv_(x, p, value=-0.5) | x.clone().addcdiv_(x, p)
x.clone().reciprocal_() | p.clone().rsqrt_() | x.clone().square_() | x.clone().sign_()
x.clone().normal_().shape | x.clone().normal_(0, 0) | x.clone().normal_(mean=1.0, std=0.0)
x.clone().uniform_().shape | x.clone().uniform_(1, 1) | x.clone().uniform_(-0.5, 0.5).abs().max() <= 0.5
x.clone().bernoulli_(1.0) | x.clone().bernoulli_(0.0) | k.clone().random_(0, 1) | q.clone().fill_diagonal_(1)
x.clone().exponential_().min() >= 0 | k.clone().normal_()
x.clone().__iadd__(y) | x.clone().__imul__(2) | k.clone().add_(1) | k.clone().add_(1.5) | k.clone().mul_(x)
k.clone().fill_diagonal_(7, True) | q.new_zeros(7, 3).fill_diagonal_(7, wrap=True) | k.byte().add_(k) | k.int().mul_(k)
b.clone().add_(k) | k.clone().bitwise_and_(b) | x.clone().random_(2, 3) | k.int().random_().min() >= 0
k.clone().geometric_(1.0) | k.clone().geometric_(0.5).min() >= 1 | k.byte().random_(255, None)
k.clone().div_(2) | x.clone().add_(d) | x.clone().add_(c) | v.clone().add_(x) | x.clone().requires_grad_().add_(1)
x.clone().requires_grad_().zero_() | x.clone().requires_grad_().fill_(0) | b.clone().logical_not_()
b.clone().__iand__(b) | b.clone().__ior__(~b) | b.clone().__ixor__(b) | x.clone().__ifloordiv__(2)
x.clone().__imod__(2)
"""

GRADIENTS = """
G(lambda x: x.sum()) | G(lambda x: (x * x).mean()) | G(lambda x: x.max()) | G(lambda x: (x * 0).max())
G(lambda x: x.amax(1).sum()) | G(lambda x: (x * 0).amax(1).sum()) | G(lambda x: (x * 0).max(1)[0].sum())
G(lambda x: torch.maximum(x, x * 1).sum()) | G(lambda x: x.topk(2)[0].sum()) | G(lambda x: x.std())
G(lambda x: (x * 0).median()) | G(lambda x: (x * math.nan).median()) | G(lambda x: (x * 0).nanmedian())
G(lambda x: x.median())
G(lambda x: (x * 0).std()) | G(lambda x: (x * 0).norm()) | G(lambda x: x.norm(dim=1).sum())
G(lambda x: (x * 0).abs().sum()) | G(lambda x: (x * 0).relu().sum()) | G(lambda x: (x * 0).clamp(min=0).sum())
G(lambda x: (x * 0).prod()) | G(lambda x: x.sort(1)[0][:, 0].sum()) | G(lambda x: x.median())
G(lambda x: x.float().double().sum()) | G(lambda x: x.sign().sum()) | G(lambda x: x.round().sum())
G(lambda x: torch.where(x > 0, x, x * 2).sum()) | G(lambda x: (x * 0).sqrt().sum())
G(lambda x: (x * 0).sum().sqrt()) | G(lambda x: x.masked_fill(b, 0).sum()) | G(lambda x: x[b].sum())
G(lambda x: x[[0, 0, 1]].sum()) | G(lambda x: x.cumsum(1).sum()) | G(lambda x: x.cumprod(1).sum())
G(lambda x: x.var(1).sum()) | G(lambda x: x.softmax(1)[:, 0].sum()) | G(lambda x: x.min(1).values.sum())
G(lambda x: x.unfold(1, 2, 1).sum()) | G(lambda x: x.expand(2, 3, 4).sum()) | G(lambda x: x.norm(1))
G(lambda x: (x * 0).norm(3)) | G(lambda x: x.norm(float("inf"))) | G(lambda x: (x * 0).pow(0.5).sum())
G(lambda x: (x * 0).pow(0).sum()) | G(lambda x: x.clamp(min=-0.5, max=0.5).sum())
G(lambda x: torch.atan2(x, x * 2).sum()) | G(lambda x: x.logsumexp(1).sum())
G(lambda x: x) | G(lambda x: x.detach().sum()) | G(lambda x: x.argmax().float()) | G(lambda x: (x > 0).sum())
G(lambda x: x.long().sum()) | G(lambda x: x.data.sum()) | G(lambda x: torch.tensor(1.0))
G(lambda x: x.clone().add_(1).mul_(2).sum()) | G(lambda x: x.exp().add_(1).sum())
G(lambda x: x.tanh().mul_(2).sum()) | G(lambda x: x.mul(2).add_(1).sum()) | G(lambda x: x.sin().zero_().sum())
G(lambda x: (x * 1).masked_fill_(b, 0).sum()) | G(lambda x: (x * 1).copy_(y).sum())
G(lambda x: (x * 1).fill_(1).sum()) | G(lambda x: (x * 1)[0].add_(1)) | G(lambda x: x.add_(1).sum())
G(lambda x: x.relu().relu_().sum()) | G(lambda x: setitem(x, 0, 1.0)) | G(lambda x: setitem(x * 1, 0, 1.0).sum())
G(lambda x: setitem(x * 1, b, 0.0).sum()) | G(lambda x: setitem(torch.zeros(3, 4), 0, x[1] * 2).sum())
G(lambda x: setitem(x.exp(), 0, 0.0).sum()) | G(lambda x: setitem(x * 1, (slice(None), 1), x[:, 0]).sum())
G(lambda x: torch.zeros(3, 4).index_add_(0, i, x).sum())
G(lambda x: torch.zeros(3, 4).scatter_add_(1, k.abs() % 4, x).pow(2).sum())
G(lambda x: torch.zeros(3, 4).copy_(x).sum()) | G(lambda x: (x * k).sum())
G(lambda x: (k @ x.t().double().long()).sum()) | G(lambda x: x.half().sum()) | G(lambda x: x.double().sum())
G(lambda x: (x * d0).sum()) | G(lambda x: (x * d).sum())
"""


def cases(text: str) -> list[str]:
    """One expression each: lines are split at ' | ' (so the bitwise or of two tensors is written `b.__or__`)."""
    return list(dict.fromkeys(e.strip() for line in text.strip().splitlines() for e in line.split(" | ") if e.strip()))


ALL = cases(
    "\n".join([SHAPES, MATHEMATICS, REDUCTIONS, COMPARISON, INDEXING, CONVERSIONS, CREATION, IN_PLACE, GRADIENTS])
)


def _setitem(tensor: Any, index: Any, value: Any) -> Any:
    tensor[index] = value
    return tensor


def evaluate(expression: str, library: Any) -> Any:
    """The expression with `torch` and the tensors of ARRAYS bound to one library; an exception is a value, too."""

    def gradient(f: Any) -> Any:
        x = library.tensor(ARRAYS["x"], requires_grad=True)
        f(x).backward()
        return x.grad

    names: dict[str, Any] = {name: library.tensor(array) for name, array in ARRAYS.items()}
    names |= {
        "torch": library,
        "G": gradient,
        "setitem": _setitem,
        "np": np,
        "math": math,
        "if_else": lambda c: 1 if c else 2,
    }
    try:
        with np.errstate(all="ignore"):
            return eval(expression, names)
    except Exception as error:
        return error


def dtype_name(dtype: Any) -> str:
    return str(dtype).removeprefix("torch.")


def plain(value: Any) -> Any:
    """A result without its library: tensors as (dtype, shape, list), several in a list."""
    if isinstance(value, (torch.Tensor, autograd.Tensor, np.ndarray)):
        if isinstance(value, (torch.Tensor, autograd.Tensor)):
            value = value.detach()
        return "tensor", dtype_name(value.dtype), tuple(value.shape), np.asarray(value.tolist(), np.float64)
    if isinstance(value, (torch.Size, tuple, list)):
        return [plain(item) for item in value]
    if isinstance(value, (torch.dtype, np.dtype)):
        return dtype_name(value)
    return value.item() if isinstance(value, np.generic) else value


def same(ours: Any, theirs: Any) -> bool:
    if isinstance(theirs, (list, tuple)):
        return type(ours) is type(theirs) and len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(theirs, (np.ndarray, float)):
        return np.shape(ours) == np.shape(theirs) and np.allclose(ours, theirs, rtol=2e-5, atol=1e-6, equal_nan=True)
    return bool(ours == theirs)


# What is different here, and why.
LENIENT = "NumPy can do it, and so can this engine"
PYTHON = "an index is an IndexError, a type a TypeError, a value a ValueError, as everywhere in Python"
DIFFERENT = {
    "torch.matmul(x, d.t())": LENIENT,
    "x.masked_fill(k, 0)": LENIENT,
    "x[::-1]": LENIENT,
    'f"{one:.2f}"': LENIENT,
    "-b": PYTHON,
    "b - b": PYTHON,
    "x.gather(1, j2 + 9)": PYTHON,
    "x.gather(0, j2.float())": PYTHON,
    "x.scatter(1, j2 + 9, 0.0)": PYTHON,
    'x["a"]': PYTHON,
    "torch.tensor(None)": PYTHON,
    "torch.tensor([None])": PYTHON,
}


def test_what_is_said_to_be_different_is_different() -> None:
    for expression in DIFFERENT:
        with pytest.raises(AssertionError):
            check(expression)


def check(expression: str) -> None:
    theirs, ours = evaluate(expression, torch), evaluate(expression, autograd)
    if isinstance(theirs, Exception):
        family = next(f for f in (IndexError, TypeError, ValueError, RuntimeError, Exception) if isinstance(theirs, f))
        assert isinstance(ours, family), f"torch raises {theirs!r}, this engine {ours!r}"
        return
    assert not isinstance(ours, Exception), f"torch gives {theirs!r}, this engine {ours!r}"
    assert same(plain(ours), plain(theirs)), f"torch gives {theirs!r}, this engine {ours!r}"


@pytest.mark.parametrize("expression", [e for e in ALL if e not in DIFFERENT])
def test_the_same_expression_gives_the_same_under_both(expression: str) -> None:
    check(expression)
