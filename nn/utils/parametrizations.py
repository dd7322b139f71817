"""Weight and spectral norm, also in their older form, as hooks before each forward; orthogonal weights."""

from __future__ import annotations

from functools import partial
from typing import Any, TypeVar

import numpy as np

from autograd import Tensor, cat, eye, linalg, no_grad, tensor
from autograd.errors import ShapeError
from nn import functional as F
from nn.module import Module
from nn.parameter import Parameter
from nn.utils.parametrize import register_parametrization

M = TypeVar("M", bound=Module)


def norm_except_dim(v: Tensor, dim: int | None) -> Tensor:
    """The norm over all dims but one, which are kept as 1; without a dim the norm of all."""
    if dim is None:
        return v.norm()
    return v.norm(2, [i for i in range(v.ndim) if i != dim % v.ndim], keepdim=True)


class _WeightNorm(Module):
    """g v / |v| (Salimans and Kingma 2016, equation 2)."""

    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Tensor:
        return weight_v * (weight_g / norm_except_dim(weight_v, self.dim))

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """The norm and the weight itself."""
        return norm_except_dim(weight, self.dim), weight


def weight_norm(module: M, name: str = "weight", dim: int | None = 0) -> M:
    """Train the norm of the weight (original0) and its direction (original1) by themselves."""
    register_parametrization(module, name, _WeightNorm(dim), unsafe=True)
    return module


def _as_matrix(weight: Tensor, dim: int) -> Tensor:
    return weight.movedim(dim, 0).flatten(1) if weight.ndim > 1 else weight.unsqueeze(-1)


def _power_iteration(matrix: Tensor, u: Tensor, v: Tensor, times: int, eps: float) -> None:
    """Bring u and v, in place, nearer to the first singular vectors of the matrix."""
    with no_grad():
        for _ in range(times):
            u.copy_(F.normalize(matrix @ v, dim=0, eps=eps))
            v.copy_(F.normalize(matrix.t() @ u, dim=0, eps=eps))


def _sigma(matrix: Tensor, u: Tensor, v: Tensor) -> Tensor:
    """The first singular value. The vectors are copied: the next forward changes them in place."""
    return u.clone() @ (matrix @ v.clone())


def _random_vectors(matrix: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    rows, columns = matrix.shape
    u, v = (matrix.detach().new_empty(n).normal_(0, 1) for n in (rows, columns))
    return F.normalize(u, dim=0, eps=eps), F.normalize(v, dim=0, eps=eps)


class _SpectralNorm(Module):
    """The weight over its first singular value, by a step of power iteration each forward (Miyato et al. 2018)."""

    def __init__(self, weight: Tensor, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12) -> None:
        super().__init__()
        if n_power_iterations <= 0:
            raise ValueError(f"spectral_norm: n_power_iterations must be positive, got {n_power_iterations}")
        self.dim, self.n_power_iterations, self.eps = dim, n_power_iterations, eps
        if weight.ndim > 1:
            u, v = _random_vectors(_as_matrix(weight, dim), eps)
            self.register_buffer("_u", u)
            self.register_buffer("_v", v)
            _power_iteration(_as_matrix(weight, dim), u, v, 15, eps)

    def forward(self, weight: Tensor) -> Tensor:
        if weight.ndim == 1:
            return F.normalize(weight, dim=0, eps=self.eps)
        matrix = _as_matrix(weight, self.dim)
        if self.training:
            _power_iteration(matrix, self._u, self._v, self.n_power_iterations, self.eps)
        return weight / _sigma(matrix, self._u, self._v)

    def right_inverse(self, value: Tensor) -> Tensor:
        """The value: it is taken to have the norm 1 already."""
        return value


def _default_dim(module: Module) -> int:
    return 1 if type(module).__name__.startswith("ConvTranspose") else 0


def spectral_norm(
    module: M, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> M:
    """Divide the weight by its first singular value."""
    dim = _default_dim(module) if dim is None else dim
    norm = _SpectralNorm(getattr(module, name), n_power_iterations, dim, eps)
    register_parametrization(module, name, norm)
    return module


class _Orthogonal(Module):
    """A matrix with orthonormal columns, or rows where these are fewer (Lezcano-Casado and Martínez-Rubio 2019)."""

    def __init__(self, shape: Any, orthogonal_map: str, use_trivialization: bool) -> None:
        super().__init__()
        self.shape, self.orthogonal_map = tuple(shape), orthogonal_map
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, x: Tensor) -> Tensor:
        wide = x.shape[-2] < x.shape[-1]
        x = x.mT if wide else x
        n, k = x.shape[-2:]
        if self.orthogonal_map == "householder":
            v, signs = x.tril(-1), x.detach().diagonal(0, -2, -1).trunc()
            q = linalg.householder_product(v, 2 / (1 + (v * v).sum(-2))) * signs[..., None, :]
        else:
            lower = F.pad(x.tril(), (0, n - k))
            skew, one = lower - lower.mT, eye(n, dtype=x.dtype)
            cayley = self.orthogonal_map == "cayley"
            q = linalg.solve(one - skew / 2, one + skew / 2) if cayley else skew.matrix_exp()
            q = q[..., :k]
        q = self.base @ q if hasattr(self, "base") else q
        return q.mT if wide else q

    def right_inverse(self, weight: Tensor) -> Tensor:
        """-I, with the weight, made orthogonal, as the base; without a base the reflections that make the weight."""
        if tuple(weight.shape) != self.shape:
            raise ShapeError(
                f"a weight of shape {tuple(weight.shape)} is assigned to an orthogonal one of {self.shape}"
            )
        wide = weight.shape[-2] < weight.shape[-1]
        q = weight.mT if wide else weight
        n, k = q.shape[-2:]
        if hasattr(self, "base"):
            more = q.new_empty(*q.shape[:-1], n - k).normal_()
            columns, r = linalg.qr(cat([q, more], -1))
            self.base = columns * r.diagonal(0, -2, -1).sgn()[..., None, :]
            return weight * 0 - eye(*weight.shape[-2:], dtype=weight.dtype)
        if self.orthogonal_map != "householder":
            raise NotImplementedError(f"{self.orthogonal_map} has no inverse: pass use_trivialization=True to assign")
        packed, tau = np.linalg.qr(q.array, mode="raw")
        x = tensor(packed.swapaxes(-1, -2), dtype=q.dtype)
        signs = x.diagonal(0, -2, -1).sign() * np.where(tau == 0, -1, 1).astype(q.dtype)
        x = x.tril(-1) + signs[..., None, :] * eye(n, k, dtype=q.dtype)
        return x.mT if wide else x


def orthogonal(
    module: M, name: str = "weight", orthogonal_map: str | None = None, *, use_trivialization: bool = True
) -> M:
    """Keep the columns of the weight, or its rows where these are fewer, orthonormal.

    `orthogonal_map` makes the matrix of what is trained: "matrix_exp" (for square ones), "cayley" or "householder" (for
    others). With `use_trivialization` it is multiplied with a base, which is the weight at the start, or as assigned.
    """
    shape = getattr(module, name).shape
    if len(shape) < 2:
        raise ValueError(f"orthogonal: {name!r} must be a matrix or a batch of matrices, its shape is {tuple(shape)}")
    default = "matrix_exp" if shape[-2] == shape[-1] else "householder"
    if (orthogonal_map or default) not in ("matrix_exp", "cayley", "householder"):
        raise ValueError(f'orthogonal_map is one of "matrix_exp", "cayley", "householder", not {orthogonal_map!r}')
    made = _Orthogonal(shape, orthogonal_map or default, use_trivialization)
    register_parametrization(module, name, made, unsafe=True)
    return module


# The older form -------------------------------------------------------------------------------------------------------


def _install(module: Any, kind: str, name: str, hook: Any) -> None:
    """Run `hook` before each forward; `_uninstall` finds it by its kind and the name of the weight."""
    installed = module.__dict__.setdefault("_norms", {})
    if (kind, name) in installed:
        raise RuntimeError(f"{kind} is installed on {type(module).__name__}.{name} already")
    installed[kind, name] = hook, module.register_forward_pre_hook(hook)


def _uninstall(module: Any, kind: str, name: str, parts: list[str]) -> None:
    """Make the weight that the hook computed a parameter again."""
    hook, handle = module.__dict__.get("_norms", {}).pop((kind, name), (None, None))
    if handle is None:
        raise ValueError(f"{kind} of {name!r} not found in {module}")
    handle.remove()
    training, module.training = module.training, False  # no step of power iteration
    hook(module, ())
    module.training = training
    weight = getattr(module, name).detach().clone()
    for part in [name, *parts]:
        delattr(module, part)
    module.register_parameter(name, Parameter(weight))


def _make_weight_norm(name: str, norm: _WeightNorm, module: Module, args: Any) -> None:
    setattr(module, name, norm(getattr(module, f"{name}_g"), getattr(module, f"{name}_v")))


def hooked_weight_norm(module: M, name: str = "weight", dim: int | None = 0) -> M:
    """`weight_norm` with parameters weight_g and weight_v, of which a hook makes the weight before each forward."""
    weight, norm = getattr(module, name), _WeightNorm(dim)
    delattr(module, name)
    for letter, part in zip("gv", norm.right_inverse(weight.detach()), strict=True):
        module.register_parameter(f"{name}_{letter}", Parameter(part.clone()))
    hook = partial(_make_weight_norm, name, norm)  # which can be pickled with the module
    _install(module, "weight_norm", name, hook)
    hook(module, ())
    return module


def remove_weight_norm(module: M, name: str = "weight") -> M:
    """Undo `nn.utils.weight_norm`; the weight stays as it is."""
    _uninstall(module, "weight_norm", name, [f"{name}_g", f"{name}_v"])
    return module


def _make_spectral_norm(name: str, dim: int, n_power_iterations: int, eps: float, module: Module, args: Any) -> None:
    weight, u, v = (getattr(module, f"{name}_{part}") for part in ("orig", "u", "v"))
    matrix = _as_matrix(weight, dim)
    if module.training:
        _power_iteration(matrix.t(), v, u, n_power_iterations, eps)  # v first, as torch has it here
    setattr(module, name, weight / _sigma(matrix, u, v))


def hooked_spectral_norm(
    module: M, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> M:
    """`spectral_norm` with a parameter weight_orig, of which a hook makes the weight before each forward."""
    weight, dim = getattr(module, name), _default_dim(module) if dim is None else dim
    delattr(module, name)
    module.register_parameter(f"{name}_orig", weight)
    for letter, vector in zip("uv", _random_vectors(_as_matrix(weight, dim), eps), strict=True):
        module.register_buffer(f"{name}_{letter}", vector)
    _install(module, "spectral_norm", name, partial(_make_spectral_norm, name, dim, n_power_iterations, eps))
    setattr(module, name, weight.data)  # until the first forward, which makes the first step of power iteration
    return module


def remove_spectral_norm(module: M, name: str = "weight") -> M:
    """Undo `nn.utils.spectral_norm`; the weight stays as it is."""
    _uninstall(module, "spectral_norm", name, [f"{name}_{part}" for part in ("orig", "u", "v")])
    return module
