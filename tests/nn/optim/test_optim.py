"""Each optimiser against its update written out with NumPy, and the rules that all of them share."""

import copy
import math
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
import nn
from nn import optim


def sgd(p, g, s, lr=0.1, momentum=0.0, dampening=0.0, wd=0.0, nesterov=False):
    g = g + wd * p
    if momentum:
        s["b"] = momentum * s["b"] + (1 - dampening) * g if "b" in s else g
        g = g + momentum * s["b"] if nesterov else s["b"]
    return p - lr * g


def adam(p, g, s, lr=0.1, b1=0.9, b2=0.999, eps=1e-8, l2=0.0, decay=0.0, amsgrad=False):
    p = p * (1 - lr * decay)
    g = g + l2 * p
    s["t"] = s.get("t", 0) + 1
    s["m"] = b1 * s.get("m", 0) + (1 - b1) * g
    s["v"] = b2 * s.get("v", 0) + (1 - b2) * g**2
    s["max"] = np.maximum(s.get("max", 0), s["v"])
    m_hat, v_hat = s["m"] / (1 - b1 ** s["t"]), (s["max"] if amsgrad else s["v"]) / (1 - b2 ** s["t"])
    return p - lr * m_hat / (np.sqrt(v_hat) + eps)


def sparse_adam(p, g, s, lr=0.1, b1=0.9, b2=0.999, eps=1e-8):
    s["t"] = s.get("t", 0) + 1
    s["m"] = b1 * s.get("m", 0) + (1 - b1) * g
    s["v"] = b2 * s.get("v", 0) + (1 - b2) * g**2
    return p - lr * np.sqrt(1 - b2 ** s["t"]) / (1 - b1 ** s["t"]) * s["m"] / (np.sqrt(s["v"]) + eps)


def adamax(p, g, s, lr=0.1, b1=0.9, b2=0.999, eps=1e-8):
    s["t"] = s.get("t", 0) + 1
    s["m"] = b1 * s.get("m", 0) + (1 - b1) * g
    s["u"] = np.maximum(b2 * s.get("u", 0), np.abs(g) + eps)
    return p - lr / (1 - b1 ** s["t"]) * s["m"] / s["u"]


def nadam(p, g, s, lr=0.1, b1=0.9, b2=0.999, eps=1e-8, psi=4e-3, l2=0.0, decay=0.0):
    p = p * (1 - lr * decay)
    g = g + l2 * p
    s["t"] = s.get("t", 0) + 1
    mu = b1 * (1 - 0.5 * 0.96 ** (s["t"] * psi))
    following = b1 * (1 - 0.5 * 0.96 ** ((s["t"] + 1) * psi))
    s["product"] = s.get("product", 1) * mu
    s["m"] = b1 * s.get("m", 0) + (1 - b1) * g
    s["v"] = b2 * s.get("v", 0) + (1 - b2) * g**2
    m_hat = following * s["m"] / (1 - s["product"] * following) + (1 - mu) * g / (1 - s["product"])
    return p - lr * m_hat / (np.sqrt(s["v"] / (1 - b2 ** s["t"])) + eps)


def rmsprop(p, g, s, lr=0.1, alpha=0.99, eps=1e-8, momentum=0.0, centered=False):
    s["v"] = alpha * s.get("v", 0) + (1 - alpha) * g**2
    s["m"] = alpha * s.get("m", 0) + (1 - alpha) * g
    step = g / (np.sqrt(s["v"] - centered * s["m"] ** 2) + eps)
    s["b"] = momentum * s.get("b", 0) + step
    return p - lr * s["b"]


def adagrad(p, g, s, lr=0.1, decay=0.0, start=0.0, eps=1e-10):
    s["t"] = s.get("t", 0) + 1
    s["sum"] = s.get("sum", start) + g**2
    return p - lr / (1 + (s["t"] - 1) * decay) * g / (np.sqrt(s["sum"]) + eps)


def adadelta(p, g, s, lr=1.0, rho=0.9, eps=1e-6):
    s["v"] = rho * s.get("v", 0) + (1 - rho) * g**2
    step = np.sqrt(s.get("d", 0) + eps) / np.sqrt(s["v"] + eps) * g
    s["d"] = rho * s.get("d", 0) + (1 - rho) * step**2
    return p - lr * step


def radam(p, g, s, lr=0.1, b1=0.9, b2=0.999, eps=1e-8):
    t = s["t"] = s.get("t", 0) + 1
    s["m"] = b1 * s.get("m", 0) + (1 - b1) * g
    s["v"] = b2 * s.get("v", 0) + (1 - b2) * g**2
    end = 2 / (1 - b2) - 1
    rho = end - 2 * t * b2**t / (1 - b2**t)
    if rho <= 5:
        return p - lr * s["m"] / (1 - b1**t)
    rectified = np.sqrt((rho - 4) * (rho - 2) * end / ((end - 4) * (end - 2) * rho))
    return p - lr * s["m"] / (1 - b1**t) * rectified * np.sqrt(1 - b2**t) / (np.sqrt(s["v"]) + eps)


def asgd(p, g, s, lr=0.1, lambd=1e-4, alpha=0.75):
    s["t"] = s.get("t", 0) + 1
    eta = lr / (1 + lambd * lr * (s["t"] - 1)) ** alpha
    return p * (1 - lambd * eta) - eta * g


def rprop(p, g, s, lr=0.1):
    sign = np.sign(g * s.get("g", 0))
    s["size"] = np.clip(s.get("size", lr) * np.where(sign > 0, 1.2, np.where(sign < 0, 0.5, 1)), 1e-6, 50)
    s["g"] = np.where(sign < 0, 0, g)
    return p - s["size"] * np.sign(s["g"])


def adafactor(p, g, s, lr=0.1, wd=0.0, eps=2.0**-52):
    t = s["t"] = s.get("t", 0) + 1
    beta = 1 - t**-0.8
    alpha = max(1e-3, np.sqrt(np.mean(p**2))) * min(lr, t**-0.5)
    p = p * (1 - lr * wd)
    if g.ndim < 2:
        v = s["v"] = beta * s.get("v", 0) + (1 - beta) * g**2
    else:
        s["r"] = beta * s.get("r", 0) + (1 - beta) * (g**2).mean(-1)
        s["c"] = beta * s.get("c", 0) + (1 - beta) * (g**2).mean(-2)
        v = np.outer(s["r"], s["c"]) / max(s["r"].mean(), eps)
    step = g / np.sqrt(np.maximum(v, eps**2))
    return p - alpha * step / max(1, np.sqrt(np.mean(step**2)))


RULES = {
    "Adafactor": (optim.Adafactor, {"weight_decay": 0.1}, adafactor, {"wd": 0.1}),
    "RAdam": (optim.RAdam, {"betas": (0.9, 0.9)}, radam, {"b2": 0.9}),
    "ASGD": (optim.ASGD, {"lambd": 0.1}, asgd, {"lambd": 0.1}),
    "Rprop": (optim.Rprop, {}, rprop, {}),
    "SGD": (optim.SGD, {}, sgd, {}),
    "SGD momentum": (
        optim.SGD,
        {"momentum": 0.9, "dampening": 0.2, "weight_decay": 0.1},
        sgd,
        {"momentum": 0.9, "dampening": 0.2, "wd": 0.1},
    ),
    "SGD nesterov": (optim.SGD, {"momentum": 0.9, "nesterov": True}, sgd, {"momentum": 0.9, "nesterov": True}),
    "Adam": (optim.Adam, {}, adam, {}),
    "Adam L2": (optim.Adam, {"weight_decay": 0.1, "betas": (0.8, 0.9)}, adam, {"l2": 0.1, "b1": 0.8, "b2": 0.9}),
    "Adam AMSGrad": (optim.Adam, {"amsgrad": True, "betas": (0.5, 0.5)}, adam, {"amsgrad": True, "b1": 0.5, "b2": 0.5}),
    "AdamW": (optim.AdamW, {}, adam, {"decay": 0.01}),
    "AdamW decay": (optim.AdamW, {"weight_decay": 0.3, "eps": 1e-3}, adam, {"decay": 0.3, "eps": 1e-3}),
    "SparseAdam": (optim.SparseAdam, {"betas": (0.8, 0.9)}, sparse_adam, {"b1": 0.8, "b2": 0.9}),
    "Adamax": (optim.Adamax, {}, adamax, {}),
    "NAdam": (optim.NAdam, {}, nadam, {}),
    "NAdam L2": (optim.NAdam, {"weight_decay": 0.1}, nadam, {"l2": 0.1}),
    "NAdam decay": (
        optim.NAdam,
        {"weight_decay": 0.1, "decoupled_weight_decay": True, "momentum_decay": 0.1},
        nadam,
        {"decay": 0.1, "psi": 0.1},
    ),
    "RMSprop": (optim.RMSprop, {}, rmsprop, {}),
    "RMSprop momentum": (
        optim.RMSprop,
        {"momentum": 0.5, "centered": True, "alpha": 0.8},
        rmsprop,
        {"momentum": 0.5, "centered": True, "alpha": 0.8},
    ),
    "Adagrad": (optim.Adagrad, {}, adagrad, {}),
    "Adagrad decay": (
        optim.Adagrad,
        {"lr_decay": 0.1, "initial_accumulator_value": 0.5},
        adagrad,
        {"decay": 0.1, "start": 0.5},
    ),
    "Adadelta": (optim.Adadelta, {"lr": 0.5}, adadelta, {"lr": 0.5}),
}


@pytest.mark.parametrize("name", RULES)
@given(seed=st.integers(0, 2**32 - 1), maximize=st.booleans())
def test_five_steps_equal_the_formula(name, seed, maximize):
    kind, settings, formula, constants = RULES[name]
    rng = np.random.default_rng(seed)
    shapes = [(2, 3), (4,), ()]
    params = [nn.Parameter(ag.tensor(rng.normal(size=shape))) for shape in shapes]
    values, states = [p.detach().numpy().copy() for p in params], [{} for _ in params]
    optimizer = kind(params, **{"lr": 0.1, **settings}, maximize=maximize)
    for _ in range(5):
        for i, p in enumerate(params):
            g = rng.normal(size=shapes[i])
            p.grad = ag.tensor(g)
            values[i] = formula(values[i], -g if maximize else g, states[i], **constants)
        optimizer.step()
    for p, value in zip(params, values):
        np.testing.assert_allclose(p.detach().numpy(), value, rtol=1e-9, atol=1e-10)


OTHERS = ("Optimizer", "lr_scheduler", "swa_utils", "LBFGS", "Muon")  # these two have tests of their own
KINDS = [getattr(optim, name) for name in optim.__all__ if name not in OTHERS]
each = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


@each
def test_every_optimiser_has_its_formula_here(kind):
    assert any(kind is found for found, *_ in RULES.values())


def test_sparse_adam_leaves_the_rows_without_a_gradient_as_they_are():
    rng = np.random.default_rng(0)
    table, dense = (nn.Embedding(5, 3, sparse=True, dtype=ag.float64) for _ in range(2))
    dense.load_state_dict(table.state_dict())
    sparse, adam = optim.SparseAdam(table.parameters(), lr=0.1), optim.Adam(dense.parameters(), lr=0.1)
    before = table.weight.detach().clone()
    for rows in ([1, 3, 3], [3, 0, 0], [3]):
        factor = ag.tensor(rng.normal(size=(len(rows), 3)))
        for module, optimizer in ((table, sparse), (dense, adam)):
            optimizer.zero_grad()
            (module(ag.tensor(rows)) * factor).sum().backward()
            optimizer.step()
    assert table.weight[[2, 4]].equal(before[[2, 4]]) and sparse.state[table.weight]["exp_avg"][[2, 4]].eq(0).all()
    np.testing.assert_allclose(table.weight[3].tolist(), dense.weight[3].tolist(), rtol=1e-4)  # eps is not scaled
    assert (table.weight[[0, 1]] - dense.weight[[0, 1]]).abs().min() > 1e-3  # whose averages have moved them since


@each
def test_a_parabola_is_descended(kind):
    p = nn.Parameter(ag.tensor([3.0, -2.0]))
    optimizer = kind([p])
    losses = []
    for _ in range(20):
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert all(b < a for a, b in zip(losses, losses[1:]))


@each
def test_the_gradient_is_left_as_it_was_and_float32_stays(kind):
    p = nn.Parameter(ag.ones(3))
    p.grad = ag.tensor([1.0, 2.0, 3.0])
    array = p.array
    settings = {"momentum": 0.9} if kind in (optim.SGD, optim.RMSprop) else {}
    decay = {} if kind in (optim.Rprop, optim.SparseAdam) else {"weight_decay": 0.1}
    optimizer = kind([p], **decay, **settings)
    optimizer.step()
    optimizer.step()
    assert p.grad.tolist() == [1.0, 2.0, 3.0]
    assert p.dtype == ag.float32 and p.array is array
    assert all(v.dtype == ag.float32 for v in optimizer.state[p].values() if isinstance(v, ag.Tensor))


@each
def test_a_saved_optimiser_goes_on_as_if_nothing_had_happened(kind):
    rng = np.random.default_rng(0)
    gradients = [ag.tensor(rng.normal(size=3)) for _ in range(6)]

    def steps(optimizer, p, gs):
        for g in gs:
            p.grad = g
            optimizer.step()

    straight = nn.Parameter(ag.ones(3, dtype=ag.float64))
    steps(kind([straight]), straight, gradients)

    first = nn.Parameter(ag.ones(3, dtype=ag.float64))
    optimizer = kind([first])
    steps(optimizer, first, gradients[:3])
    second = nn.Parameter(first.detach().clone())
    resumed = kind([second], lr=99.0)
    state = optimizer.state_dict()
    resumed.load_state_dict(copy.deepcopy(state))
    steps(resumed, second, gradients[3:])
    np.testing.assert_array_equal(second.detach().numpy(), straight.detach().numpy())
    assert list(state) == ["state", "param_groups"] and state["param_groups"][0]["params"] == [0]


class WithDefault(optim.SGD):
    def __setstate__(self, state):
        super().__setstate__(state)
        for group in self.param_groups:
            group.setdefault("added", True)


def loaded(optimizer):
    other = WithDefault(optimizer.param_groups[0]["params"], lr=1.0)
    other.load_state_dict(optimizer.state_dict())
    return other


@pytest.mark.parametrize("restored", [copy.deepcopy, lambda optimizer: pickle.loads(pickle.dumps(optimizer)), loaded])
def test_a_subclass_adds_to_the_state_that_it_is_restored_with(restored):
    optimizer = WithDefault([nn.Parameter(ag.ones(2))], lr=0.25)
    assert "added" not in optimizer.param_groups[0]
    group = restored(optimizer).param_groups[0]
    assert group["added"] and group["lr"] == 0.25


@each
def test_a_parameter_that_has_grown_since_the_last_step_is_an_error(kind):
    p = nn.Parameter(ag.ones(3))
    optimizer = kind([p], **({"momentum": 0.9} if kind in (optim.SGD, optim.RMSprop) else {}))
    for size in (3, 5):
        p.data = ag.ones(size)
        p.grad = ag.ones(size)
        if size == 3:
            optimizer.step()
    with pytest.raises(ValueError, match="broadcast"):
        optimizer.step()


@each
def test_a_negative_rate_is_an_error(kind):
    with pytest.raises(ValueError, match="lr must not be negative, got -0.1"):
        kind([nn.Parameter(ag.ones(1))], lr=-0.1)


@each
def test_repr_shows_the_settings(kind):
    text = repr(kind([nn.Parameter(ag.ones(1))], lr=0.5))
    assert text.startswith(f"{kind.__name__} (\nParameter Group 0\n") and "    lr: 0.5" in text


def test_bad_settings_are_named():
    p = [nn.Parameter(ag.ones(1))]
    with pytest.raises(ValueError, match=r"betas\[1\] must be in \[0.0, 1.0\), got 1.0"):
        optim.Adam(p, betas=(0.9, 1.0))
    with pytest.raises(ValueError, match="two numbers"):
        optim.AdamW(p, betas=(0.9,))
    with pytest.raises(ValueError, match="eps"):
        optim.AdamW(p, eps=-1)
    with pytest.raises(ValueError, match="momentum"):
        optim.SGD(p, momentum=-1)
    with pytest.raises(ValueError, match="nesterov"):
        optim.SGD(p, nesterov=True)
    with pytest.raises(ValueError, match="rho"):
        optim.Adadelta(p, rho=2.0)
    with pytest.raises(ValueError, match="betas"):
        optim.AdamW([{"params": p, "betas": (2.0, 0.5)}])
    with pytest.raises(ValueError, match=r"beta2_decay must not be positive, got 0\.8"):
        optim.Adafactor(p, beta2_decay=0.8)
    with pytest.raises(ValueError, match=r"d must be at least 1, got 0\.5"):
        optim.Adafactor(p, d=0.5)
    with pytest.raises(ValueError, match="lr must not be negative, got nan"):
        optim.SGD(p, lr=math.nan)


def test_bad_parameters_are_named():
    p = nn.Parameter(ag.ones(2))
    with pytest.raises(ValueError, match="empty parameter list.*ModuleList"):
        optim.SGD([])
    with pytest.raises(TypeError, match=r"the module Linear: pass its parameters\(\)"):
        optim.SGD(nn.Linear(2, 2))
    assert optim.SGD(nn.ParameterList([p])).param_groups[0]["params"] == [p]
    with pytest.raises(TypeError, match="one Tensor"):
        optim.SGD(p)
    with pytest.raises(TypeError, match="one of the params is int"):
        optim.SGD([3])
    with pytest.raises(ValueError, match=r"parameter 0 of this group, of shape \(2,\), is in another group"):
        optim.SGD([{"params": [p]}, {"params": p}])
    with pytest.raises(ValueError, match=r"non-leaf Tensor \(shape \(2,\)\)"):
        optim.SGD([p * 2])


def test_adagrad_has_its_state_before_the_first_step():  # which subclasses with a step of their own rely on
    param = nn.Parameter(ag.ones(2))
    state = optim.Adagrad([param], initial_accumulator_value=0.5).state[param]
    assert state["step"].item() == 0 and state["sum"].tolist() == [0.5, 0.5]


@pytest.mark.parametrize("kind", [optim.SGD, optim.Adagrad, optim.Adam])
def test_a_parameter_that_is_in_a_group_twice_is_updated_twice_with_a_warning(kind):
    once, twice, other = (nn.Parameter(ag.tensor([1.0, -2.0])) for _ in range(3))
    with pytest.warns(UserWarning, match=f"{kind.__name__}: a parameter appears more than once in a group"):
        optimizer = kind([twice, other, twice], lr=0.1)
    for param in (once, twice, other):
        param.grad = ag.tensor([0.5, 0.25])
    optimizer.step()
    single = kind([once], lr=0.1)
    single.step()
    np.testing.assert_allclose(other.detach().numpy(), once.detach().numpy(), rtol=1e-6)
    assert optimizer.state_dict()["param_groups"][0]["params"] == [0, 1, 0]
    single.step()
    np.testing.assert_allclose(twice.detach().numpy(), once.detach().numpy(), rtol=1e-6)


def test_groups_have_their_own_settings():
    a, b, c = (nn.Parameter(ag.ones(1)) for _ in range(3))
    optimizer = optim.SGD([{"params": [a], "lr": 0.5}, {"params": iter([b]), "name": "rest"}], lr=0.1)
    optimizer.add_param_group({"params": c, "lr": 0.0})
    for p in (a, b, c):
        p.grad = ag.ones(1)
    optimizer.step()
    np.testing.assert_allclose([a.item(), b.item(), c.item()], [0.5, 0.9, 1.0])
    assert [group["lr"] for group in optimizer.param_groups] == [0.5, 0.1, 0.0]
    assert optimizer.state_dict()["param_groups"][2]["params"] == [2]


def test_what_has_no_gradient_stays():
    a, b = nn.Parameter(ag.ones(1)), nn.Parameter(ag.ones(1))
    a.grad = ag.ones(1)
    optimizer = optim.AdamW([a, b])
    optimizer.step()
    assert b.item() == 1 and a.item() != 1 and list(optimizer.state) == [a]


def test_groups_take_named_parameters():
    optimizer = optim.Adam(nn.Linear(2, 1).named_parameters())
    assert optimizer.param_groups[0]["param_names"] == ["weight", "bias"]
    assert [tuple(p.shape) for p in optimizer.param_groups[0]["params"]] == [(1, 2), (1,)]


def test_zero_grad_forgets_or_fills():
    p = nn.Parameter(ag.ones(2))
    optimizer = optim.SGD([p])
    p.grad = ag.ones(2)
    optimizer.zero_grad(set_to_none=False)
    assert p.grad.tolist() == [0.0, 0.0]
    optimizer.zero_grad()
    assert p.grad is None


def test_a_closure_computes_the_loss_with_gradients_on():
    p = nn.Parameter(ag.tensor([2.0]))
    optimizer = optim.SGD([p], lr=0.25)

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with ag.no_grad():
        assert optimizer.step(closure).item() == 4
    assert p.tolist() == [1.0] and optimizer.step() is None


def test_loading_what_does_not_fit_is_an_error():
    def made(*sizes):
        params = [nn.Parameter(ag.ones(n)) for n in sizes]
        optimizer = optim.Adam(params)
        for p in params:
            p.grad = ag.ones(*p.shape)
        optimizer.step()
        return optimizer

    with pytest.raises(ValueError, match="2 parameters in group 0, the optimizer 1"):
        made(3).load_state_dict(made(3, 3).state_dict())
    with pytest.raises(ValueError, match=r"exp_avg has shape \(4,\), its parameter \(3,\)"):
        made(3).load_state_dict(made(4).state_dict())
    state = made(3).state_dict()
    with pytest.raises(ValueError, match="2 parameter groups, the optimizer 1"):
        made(3).load_state_dict({**state, "param_groups": state["param_groups"] * 2})


def test_a_step_makes_a_graph_over_the_old_values_an_error():
    p = nn.Parameter(ag.tensor([2.0]))
    loss = (p * p).sum()
    p.grad = ag.ones(1)
    optim.SGD([p]).step()
    with pytest.raises(RuntimeError, match="in place"):
        loss.backward()


@each
def test_a_step_is_never_differentiable(kind):
    with pytest.raises(NotImplementedError, match=f"{kind.__name__} has no differentiable=True"):
        kind([{"params": [nn.Parameter(ag.ones(1))], "differentiable": True}])


@each
@given(shape=st.sampled_from([(), (1,), (2, 3)]))
def test_a_loaded_state_is_a_copy(kind, shape):
    p = nn.Parameter(ag.ones(shape))
    settings = {"momentum": 0.9} if kind in (optim.SGD, optim.RMSprop) else {}
    first, second = kind([p], **settings), kind([p], **settings)
    p.grad = ag.full(shape, 2.0)
    first.step()
    saved = first.state_dict()
    before = copy.deepcopy(saved["state"][0])
    second.load_state_dict(saved)
    second.step()
    assert saved["state"][0].keys() == before.keys() == second.state[p].keys()
    assert any(isinstance(value, ag.Tensor) for value in before.values())
    for name, value in before.items():
        np.testing.assert_array_equal(ag.as_tensor(saved["state"][0][name]).array, ag.as_tensor(value).array)


@each
def test_numbers_of_a_state_may_be_tensors_as_those_of_pytorch_are(kind):
    runs = []
    for wrap in (float, ag.tensor):
        p = nn.Parameter(ag.ones(3, dtype=ag.float64))
        p.grad = ag.ones(3, dtype=ag.float64)
        optimizer = kind([p])
        optimizer.step()
        saved = optimizer.state_dict()
        for name, value in saved["state"].get(0, {}).items():
            if not isinstance(value, ag.Tensor):
                saved["state"][0][name] = wrap(value)
        optimizer.load_state_dict(saved)
        optimizer.step()
        runs.append(p.detach().numpy())
    np.testing.assert_allclose(*runs, rtol=1e-6)


@each
def test_the_count_of_steps_is_a_tensor_that_may_be_read_and_changed(kind):
    p, q = (nn.Parameter(ag.ones(3, dtype=ag.float64)) for _ in range(2))
    first, second = kind([p]), kind([q])
    runs = []
    for optimizer, x in ((first, p), (second, q)):
        for number in range(1, 4):
            x.grad = ag.full((3,), float(number), dtype=ag.float64)
            optimizer.step()
            state = optimizer.state[x]
            if isinstance(state.get("step"), ag.Tensor):
                assert state["step"].dtype == ag.float32 and state["step"].shape == () and state["step"] == number
                if optimizer is second:  # as another program writes it, or a file of before
                    state["step"] = number if number == 1 else state["step"] + 0
        runs.append(x.detach().numpy())
    assert (kind in (optim.SGD, optim.Muon)) == ("step" not in first.state[p])
    np.testing.assert_array_equal(*runs)


def test_an_optimiser_without_a_rule_says_so():
    p = nn.Parameter(ag.ones(1))
    p.grad = ag.ones(1)
    with pytest.raises(NotImplementedError, match="no update rule"):
        optim.Optimizer([p], {}).step()


def test_the_optimiser_of_contributing_md_works():
    text = (Path(__file__).parents[3] / "CONTRIBUTING.md").read_text(encoding="utf-8")
    source = re.search(r"(?ms)^```py\n(class Momentum.*?)^```$", text)
    names = {"np": np, **vars(optim.optimizer)}
    exec(source[1], names)
    runs = []
    for kind in (names["Momentum"], lambda groups: optim.SGD(groups, momentum=0.9)):
        a, b = nn.Parameter(ag.tensor([5.0, -5.0])), nn.Parameter(ag.tensor([5.0]))
        optimizer = kind([{"params": [a], "lr": 0.5}, {"params": [b], "maximize": True}])
        for _ in range(3):
            optimizer.zero_grad()
            ((a * a).sum() + b.sum()).backward()
            optimizer.step()
        runs.append(np.append(a.detach().numpy(), b.detach().numpy()))
    np.testing.assert_allclose(*runs, rtol=1e-6)
    assert names["Momentum"]([a]).defaults == {"lr": 1e-3, "momentum": 0.9, "maximize": False}


def test_an_optimiser_of_ones_own_may_have_no_defaults_and_a_step_of_its_own():
    class Halving(optim.Optimizer):
        def __init__(self, params):
            super().__init__(params, {})

        def step(self, closure=None):
            for group in self.param_groups:
                for p in group["params"]:
                    p.data.mul_(0.5 ** group.get("times", 1))

    a, b = nn.Parameter(ag.ones(1)), nn.Parameter(ag.ones(1))
    Halving([{"params": [a], "times": 2}, {"params": [b]}]).step()
    assert (a.item(), b.item()) == (0.25, 0.5)


def test_an_optimiser_of_ones_own_may_keep_its_parameters_under_the_name_that_torchs_lbfgs_has():
    class Own(optim.Optimizer):
        def __init__(self, params):
            super().__init__(params, {"lr": 1.0})
            self._params = self.param_groups[0]["params"]

    x = ag.ones(2, requires_grad=True)
    first, second = Own([x]), Own([x])
    first.state[x]["step"] = 3
    second.load_state_dict(first.state_dict())
    assert second.state[x]["step"] == 3


def test_a_setting_without_a_default_must_be_given_by_each_group():
    from autograd.optim.optimizer import Optimizer, required

    class Scaling(Optimizer):
        def __init__(self, params, lr=required):
            super().__init__(params, {"lr": lr})

    a, b = nn.Parameter(ag.ones(1)), nn.Parameter(ag.ones(1))
    assert [group["lr"] for group in Scaling([{"params": [a], "lr": 2}, {"params": [b]}], lr=3).param_groups] == [2, 3]
    with pytest.raises(ValueError, match="must give a value of lr, which has no default"):
        Scaling([{"params": [a], "lr": 2}, {"params": [b]}])


def test_a_group_keeps_keys_that_the_optimiser_does_not_know():
    optimizer = optim.SGD([{"params": [nn.Parameter(ag.ones(1))], "rho": 0.05}], lr=0.1)
    assert optimizer.param_groups[0]["rho"] == 0.05 and "rho" not in optimizer.defaults
    resumed = optim.SGD([nn.Parameter(ag.ones(1))])
    resumed.load_state_dict(optimizer.state_dict())
    assert resumed.param_groups[0]["rho"] == 0.05


class OwnStep(optim.SGD):
    def step(self, closure=None):
        return super().step(closure), "own"


@pytest.mark.parametrize("kind", [optim.SGD, optim.LBFGS, OwnStep])
def test_hooks_run_once_before_and_after_each_step(kind):
    x, calls = ag.ones(2, requires_grad=True), []

    def closure():
        optimizer.zero_grad()
        (loss := (x * x).sum()).backward()
        return loss

    def double(optimizer, args, kwargs):
        calls.append(("before", len(args)))
        return args, {"closure": closure}

    optimizer = kind([x], lr=0.25)
    plain = optimizer.register_step_pre_hook(lambda *given: calls.append("first"))
    changing = optimizer.register_step_pre_hook(double)
    after = optimizer.register_step_post_hook(lambda o, args, kwargs: calls.append((o is optimizer, list(kwargs))))
    optimizer.step()
    assert calls == ["first", ("before", 1), (True, ["closure"])] and not x.equal(ag.ones(2))
    for handle in (plain, changing, after):
        handle.remove()
    optimizer.step(closure)
    assert len(calls) == 3 and "_step_hooks" not in optimizer.state_dict()
