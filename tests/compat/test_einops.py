"""einops knows our tensors, whichever of the two is imported first."""

import subprocess
import sys

import numpy as np
import pytest

einops = pytest.importorskip("einops")

import autograd  # noqa: E402
import nn  # noqa: E402
from autograd.compat.einops_layers import EinMix, Rearrange, Reduce  # noqa: E402

REDUCTIONS = ("min", "max", "sum", "mean", "prod")
X = np.random.default_rng(0).standard_normal((2, 3, 4, 6))


@pytest.mark.parametrize(
    "first",
    [
        "import einops, autograd",
        "import autograd, einops",
        "import einops; einops.rearrange([], 'a -> a'); import autograd",
    ],
)
def test_einops_finds_us_in_either_order(first):
    first = first.replace("[]", "__import__('numpy').ones(2)")
    program = (
        f"import sys; {first}; print('torch' in sys.modules, einops.rearrange(autograd.ones(2, 3), 'a b -> b a').shape)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False (3, 2)"


def test_autograd_alone_does_not_import_einops():
    program = "import sys, autograd, nn; nn.Linear; autograd.cuda; print('einops' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout.strip() == "False"


@pytest.mark.parametrize(
    "use",
    [
        lambda x: einops.rearrange(x, "a b (c d) e -> (a c) (b d) e", c=2),
        lambda x: einops.rearrange(list(x), "n a b c -> a (n b) c"),
        lambda x: einops.repeat(x, "a b c d -> a (b r) c s d", r=2, s=3),
        lambda x: einops.einsum(x, x, "a b c d, a e c d -> b e"),
        lambda x: einops.pack([x, x], "a b * d")[0],
        lambda x: einops.unpack(x, [(1,), (5,)], "a b c *")[1],
        *[
            lambda x, how=how: einops.reduce(x, "a b (c 2) d -> c a", how)
            for how in ("min", "max", "sum", "mean", "prod")
        ],
        *[lambda x, how=how: einops.reduce(x > 0, "a b c d -> a 1 c", how) for how in ("any", "all")],
    ],
)
def test_results_are_those_on_arrays_and_have_gradients(use):
    x = autograd.tensor(X, requires_grad=True)
    ours, theirs = use(x), use(X)
    np.testing.assert_allclose(ours.detach().numpy(), theirs, rtol=1e-10)
    if ours.is_floating_point():
        assert autograd.gradcheck(use, [x])


def test_the_layers_are_modules():
    model = nn.Sequential(
        Rearrange("a b c d -> (a b) (c d)"),
        EinMix("n k -> n o", weight_shape="k o", bias_shape="o", k=24, o=5),
        EinMix("n (g k) -> n (g k2)", weight_shape="g k k2", g=1, k=5, k2=3),
        Reduce("n o -> n", "max"),
    )
    x = autograd.tensor(X.astype(np.float32))
    model(x).sum().backward()
    assert list(model.state_dict()) == ["1.weight", "1.bias", "2.weight"]
    assert all(parameter.grad is not None for parameter in model.parameters()) and model(x).shape == (6,)
    from einops.layers.autograd import Rearrange as ByName

    assert ByName is Rearrange
