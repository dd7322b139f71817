"""How to draw matrices for the ops of `autograd.ops.decompositions` and `autograd.ops.lu`."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from tests.properties.calls import Call

BATCHES = st.sampled_from([(), (2,), (0,), (2, 1)])


@st.composite
def matrices(draw: Any, kind: str = "regular", **keywords: Any) -> Call:
    """Matrices with the singular values 1, 2, ..., the signs and vectors of which are drawn at random.

    Those that are `positive` or `symmetric` have such eigenvalues; `tall` ones have no more columns than rows,
    those of `any` form may have.
    """
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    batch, m = draw(BATCHES), draw(st.integers(1, 3))
    n = draw({"tall": st.integers(1, m), "any": st.integers(1, 3)}.get(kind, st.just(m)))
    u, v = (np.linalg.qr(rng.normal(size=(*batch, k, k)))[0] for k in (m, n))
    v = u if kind in ("positive", "symmetric") else v
    values = np.arange(1.0, min(m, n) + 1) * (1 if kind == "positive" else rng.choice([-1, 1], min(m, n)))
    x = (u[..., : min(m, n)] * values) @ np.swapaxes(v, -1, -2)[..., : min(m, n), :]
    return Call((x,), {name: draw(strategy) for name, strategy in keywords.items()})


@st.composite
def systems(draw: Any) -> Call:
    (x,), _ = draw(matrices())
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    batch = draw(st.sampled_from([x.shape[:-2], (1,) * (x.ndim - 2)]))
    return Call((x, rng.normal(size=(*batch, x.shape[-1], draw(st.integers(1, 2))))), {})


CASES: dict[str, Any] = {
    "inv": matrices(),
    "cofactors": matrices(),
    "det": matrices(),
    "slogdet": matrices(),
    "linear_solve": systems(),
    "linalg_cholesky": matrices("positive"),
    "linalg_eigh": matrices("symmetric", UPLO=st.sampled_from("LU")),
    "tall_qr": matrices("tall"),
    "linalg_svd": matrices("any", full_matrices=st.just(False)) | matrices(full_matrices=st.just(True)),
    "pseudo_inverse": matrices("any"),
    "lu_factor": matrices("any"),
}
