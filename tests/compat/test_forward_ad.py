"""`autograd.forward_ad`: the tangents of results, beside those of `func.jvp`."""

import autograd.autograd.forward_ad as fw
import numpy as np
import pytest

import autograd as torch
from autograd import nn

FUNCTIONS = {
    "a product": lambda x, y: x**2 * y.exp(),
    "of one": lambda x, y: x.tanh(),
    "a matrix product": lambda x, y: (x @ y.T).softmax(-1),
    "an index, and a sum": lambda x, y: x[1].sum() * y[:, 0],
    "changed in place": lambda x, y: (x * 1).mul_(y).sin_(),
    "sorted": lambda x, y: (x + y).sort(-1)[0],
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_tangent_is_the_product_with_the_jacobian(name):
    f = FUNCTIONS[name]
    x, y, v, w = torch.randn(4, 3, 3, dtype=torch.float64)
    out, expected = torch.func.jvp(f, (x, y), (v, w))
    with fw.dual_level():
        result = f(fw.make_dual(x, v), fw.make_dual(y, w))
        primal, tangent = fw.unpack_dual(result)
        assert fw.unpack_dual(result).tangent.equal(tangent)
    assert primal.equal(out) and not primal.requires_grad and not tangent.requires_grad
    np.testing.assert_allclose(tangent.numpy(), expected.numpy(), rtol=1e-12)
    assert fw.unpack_dual(result).tangent is None


def test_what_was_computed_from_no_dual_has_no_tangent():
    x, v = torch.randn(2, 3)
    weight = torch.randn(3, requires_grad=True)
    assert fw.unpack_dual(x) == (x, None)
    with fw.dual_level():
        dual = fw.make_dual(x, v)
        for other in (x, weight * 2, dual.detach(), dual > 0):
            assert fw.unpack_dual(other).tangent is None
        assert fw.unpack_dual(dual).tangent is v and fw.unpack_dual(dual).primal.equal(x)
        assert np.shares_memory(dual.array, x.array)


def test_a_tangent_in_another_layout_or_dtype_is_copied():
    x, v = torch.randn(3, 3, dtype=torch.float64), torch.randn(3, 3)
    with fw.dual_level():
        for tangent in (v, v.double().T):
            found = fw.unpack_dual(fw.make_dual(x, tangent)).tangent
            assert found is not tangent and found.equal(tangent.double())


def test_no_grad_around_a_level_does_not_matter():
    x, v = torch.randn(2, 3)
    with torch.no_grad():
        with fw.dual_level():
            found = fw.unpack_dual(fw.make_dual(x, v) ** 2).tangent
        assert not torch.is_grad_enabled()
    assert found.allclose(2 * x * v)


def test_a_dual_changes_in_place():
    x, v = torch.randn(2, 3)
    with fw.dual_level():
        dual = fw.make_dual(x.clone(), v)
        dual.mul_(dual)
        assert fw.unpack_dual(dual).tangent.allclose(2 * x * v)


def test_a_module_with_duals_in_the_place_of_its_parameters():
    model, x = nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 2)), torch.randn(3, 5)
    parameters = dict(model.named_parameters())
    tangents = {name: torch.rand_like(p) for name, p in parameters.items()}
    _, expected = torch.func.jvp(lambda p: torch.func.functional_call(model, p, x), (parameters,), (tangents,))
    with fw.dual_level():
        duals = {name: fw.make_dual(p, tangents[name]) for name, p in parameters.items()}
        first = fw.unpack_dual(torch.func.functional_call(model, duals, x)).tangent
        layer = model[0]
        for name in ("weight", "bias"):
            delattr(layer, name)
            setattr(layer, name, duals[f"0.{name}"])
        last = {name: duals[name] for name in ("2.weight", "2.bias")}
        second = fw.unpack_dual(torch.func.functional_call(model, last, x)).tangent
    assert first.allclose(expected) and second.equal(first)


def test_the_tangent_of_what_requires_a_gradient_has_one():
    x, v = torch.randn(3, dtype=torch.float64, requires_grad=True), torch.randn(3, dtype=torch.float64)
    with fw.dual_level():
        primal, tangent = fw.unpack_dual(fw.make_dual(x, v) ** 3)
    (second,) = torch.autograd.grad(tangent.sum(), x)
    (first,) = torch.autograd.grad(primal.sum(), x)
    assert second.allclose(6 * x * v) and first.allclose(3 * x**2)


def test_wrong_calls_say_what_to_do():
    x = torch.ones(2)
    with pytest.raises(RuntimeError, match="make_dual is called within `with dual_level"):
        fw.make_dual(x, x)
    assert fw.enter_dual_level() == 0
    with pytest.raises(RuntimeError, match="within another"), fw.dual_level():
        pass
    with pytest.raises(RuntimeError, match=r"tangent of shape \(3,\) does not fit a tensor of \(2,\)"):
        fw.make_dual(x, torch.ones(3))
    with pytest.raises(ValueError, match="floating-point numbers, not"):
        fw.make_dual(x.long(), x.long())
    fw.exit_dual_level()
    with pytest.raises(RuntimeError, match="exit_dual_level"):
        fw.exit_dual_level()
