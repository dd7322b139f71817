"""L-BFGS: exact on parabolas, quick on Rosenbrock's valley, with steps that meet the strong Wolfe conditions."""

import copy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
import nn
from nn import optim
from tests.properties.calls import examples

SEARCHES = pytest.mark.parametrize("search", [None, "strong_wolfe"])


def rosenbrock(x):
    """The sum of 100 (x_{i+1} - x_i^2)^2 + (1 - x_i)^2, which is 0 at (1, ..., 1)."""
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def closure_of(optimizer, function, *params, seen=None):
    def closure():
        optimizer.zero_grad()
        loss = function(*params)
        loss.backward()
        if seen is not None:
            seen.append((loss.item(), *[(p.detach().numpy().copy(), p.grad.numpy().copy()) for p in params]))
        return loss

    return closure


def parabola(rng, n):
    """A convex quadratic function of a vector of n numbers, and where it is least."""
    root = rng.normal(size=(n, n))
    matrix, vector = root @ root.T + np.eye(n), rng.normal(size=n)
    a, b = ag.tensor(matrix), ag.tensor(vector)
    return lambda x: x @ a @ x / 2 - b @ x, np.linalg.solve(matrix, vector)


@SEARCHES
@examples(15)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 5))
def test_a_parabola_is_solved(search, seed, n):
    rng = np.random.default_rng(seed)
    function, solution = parabola(rng, n)
    x = nn.Parameter(ag.tensor(rng.normal(size=n)))
    optimizer = optim.LBFGS([x], max_iter=200, tolerance_change=1e-14, tolerance_grad=1e-9, line_search_fn=search)
    before = function(x).item()
    assert optimizer.step(closure_of(optimizer, function, x)).item() == before
    np.testing.assert_allclose(x.detach().numpy(), solution, atol=1e-6)


@pytest.mark.parametrize("history", [3, 100])
@pytest.mark.parametrize("n", [2, 6])
def test_rosenbrocks_valley_is_followed_to_its_end(n, history):
    x = nn.Parameter(ag.tensor(np.linspace(-1.2, 0.9, n)))
    optimizer = optim.LBFGS([x], max_iter=300, history_size=history, line_search_fn="strong_wolfe")
    optimizer.step(closure_of(optimizer, rosenbrock, x))
    np.testing.assert_allclose(x.detach().numpy(), np.ones(n), atol=1e-5)
    assert len(optimizer.state[x]["old_dirs"]) <= history
    assert optimizer.state[x]["func_evals"] < 200


@examples(15)
@given(seed=st.integers(0, 2**32 - 1), lr=st.sampled_from([0.01, 1.0, 30.0]))
def test_an_iteration_meets_the_strong_wolfe_conditions(seed, lr):
    rng = np.random.default_rng(seed)
    x = nn.Parameter(ag.tensor(rng.uniform(-2, 2, 3)))
    optimizer = optim.LBFGS([x], lr=lr, max_iter=1, max_eval=60, line_search_fn="strong_wolfe")
    for _ in range(10):
        seen = []
        start = x.detach().numpy().copy()
        optimizer.step(closure_of(optimizer, rosenbrock, x, seen=seen))
        loss, (_, gradient) = seen[0]
        if np.abs(gradient).max() < 1e-6:
            break
        moved = x.detach().numpy() - start
        if not moved.any():
            break  # the search has found no such point within its evaluations
        slope = gradient @ moved
        new_loss, new_gradient = next((f, g) for f, (at, g) in seen if np.allclose(at, start + moved, rtol=1e-13))
        assert slope < 0
        assert new_loss <= loss + 1e-4 * slope
        assert abs(new_gradient @ moved) <= 0.9 * abs(slope)


@SEARCHES
def test_steps_equal_the_secant_method_in_one_dim(search):
    """The approximation of the second derivative is the quotient of differences of the slope."""
    x, lr = nn.Parameter(ag.tensor([2.0], dtype=ag.float64)), 1.0
    optimizer = optim.LBFGS([x], lr=lr, max_iter=1, line_search_fn=search, tolerance_change=0)

    def slope(at):
        return np.exp(at) - 1 + at / 2

    points = [2.0]
    for _ in range(6):
        optimizer.step(closure_of(optimizer, lambda x: (x.exp() - x + x * x / 4).sum(), x))
        points.append(x.item())
    for a, b, found in zip(points, points[1:], points[2:]):
        if abs(slope(b)) > 1e-6:
            assert found == pytest.approx(b - slope(b) * (b - a) / (slope(b) - slope(a)), abs=1e-9)


@SEARCHES
def test_a_saved_optimiser_goes_on_as_if_nothing_had_happened(search):
    def made(values):
        x = nn.Parameter(ag.tensor(values))
        return x, optim.LBFGS([x], lr=0.5 if search else 1e-3, max_iter=4, line_search_fn=search)

    def run(optimizer, x, steps):
        for _ in range(steps):
            optimizer.step(closure_of(optimizer, rosenbrock, x))

    start = np.array([-1.2, 1.0, 0.3])
    straight, optimizer = made(start)
    run(optimizer, straight, 5)
    x, optimizer = made(start)
    run(optimizer, x, 2)
    resumed, other = made(x.detach().numpy())
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    run(other, resumed, 3)
    np.testing.assert_array_equal(resumed.detach().numpy(), straight.detach().numpy())


def test_parameters_of_any_shape_move_as_one_vector():
    def whole(x):
        return rosenbrock(x)

    def parts(a, b, c, unused):
        return rosenbrock(ag.cat([a.flatten(), b.flatten(), c.flatten()]))

    start = np.linspace(-1, 1, 5)
    x = nn.Parameter(ag.tensor(start))
    pieces = [nn.Parameter(ag.tensor(p)) for p in (start[:4].reshape(2, 2), start[4], np.ones((0, 3)), np.full(2, 7.0))]
    for function, params in ((whole, [x]), (parts, pieces)):
        optimizer = optim.LBFGS(params, max_iter=12, line_search_fn="strong_wolfe")
        closure = closure_of(optimizer, function, *params[:4])
        with ag.no_grad():
            optimizer.step(closure)
    joined = np.concatenate([p.detach().numpy().reshape(-1) for p in pieces])
    np.testing.assert_allclose(joined[:5], x.detach().numpy(), rtol=1e-10)
    assert joined[5:].tolist() == [7.0, 7.0]


@pytest.mark.parametrize(("limit", "most"), [({"max_iter": 3}, 4), ({"max_iter": 100, "max_eval": 7}, 8)])
@SEARCHES
def test_the_limits_of_a_step_are_kept(search, limit, most):
    seen = []
    x = nn.Parameter(ag.tensor([-1.2, 1.0]))
    optimizer = optim.LBFGS([x], lr=1e-3, line_search_fn=search, **limit)
    optimizer.step(closure_of(optimizer, rosenbrock, x, seen=seen))
    assert len(seen) == optimizer.state[x]["func_evals"] <= most
    assert optimizer.state[x]["n_iter"] <= limit["max_iter"]


def test_nothing_moves_where_the_gradient_is_0():
    x = nn.Parameter(ag.ones(3))
    optimizer = optim.LBFGS([x])
    assert optimizer.step(closure_of(optimizer, rosenbrock, x)).item() == 0
    assert x.tolist() == [1.0, 1.0, 1.0] and "d" not in optimizer.state[x]
    assert optimizer.state[x] == {"func_evals": 1, "n_iter": 0}
    optimizer = optim.LBFGS([x], tolerance_grad=-1)  # and also where it must go on
    assert optimizer.step(closure_of(optimizer, rosenbrock, x)).item() == 0 and x.tolist() == [1.0, 1.0, 1.0]


def test_bad_settings_are_named():
    p = nn.Parameter(ag.ones(1))
    with pytest.raises(ValueError, match="line_search_fn must be None or 'strong_wolfe', got 'armijo'"):
        optim.LBFGS([p], line_search_fn="armijo")
    with pytest.raises(ValueError, match="one group"):
        optim.LBFGS([{"params": [p]}, {"params": [nn.Parameter(ag.ones(1))]}])
