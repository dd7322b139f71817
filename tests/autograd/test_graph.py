"""The walk: sums of gradients, long chains, freed graphs, hooks, memory, threads, grad modes."""

import gc
import sys
import threading
import tracemalloc
import weakref

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import graph


def leaf(*values):
    return ag.tensor(values, dtype=ag.float64, requires_grad=True)


def test_what_is_saved_is_what_the_rules_of_the_arguments_that_need_a_gradient_name():
    a, b = leaf(1.0, 2.0), ag.tensor([3.0, 4.0], dtype=ag.float64)
    results = (a * b, b * a, a * a, a.exp(), a + b, a @ b, b / a)
    names = [{"y"}, {"x"}, {"x", "y"}, {"out"}, set(), {0, "y"}, {"x", "y", "rounding_mode"}]  # 0: x.shape
    assert [set(result.node.saved or ()) for result in results] == names


# Sums of gradients ----------------------------------------------------------------------------------------------------


def test_two_backward_calls_add_two_gradients():
    a = leaf(2.0, 3.0)
    for times in (1, 2):
        (a * a).sum().backward()
        np.testing.assert_array_equal(a.grad.numpy(), times * 2 * a.detach().numpy())
    b = a * a
    for _ in range(2):
        b.sum().backward(retain_graph=True)
    np.testing.assert_array_equal(a.grad.numpy(), 4 * 2 * a.detach().numpy())


def test_b_is_a_plus_a_and_c_is_b_plus_b():
    a = leaf(1.0)
    b = a + a
    c = b + b
    c.backward()
    assert a.grad.item() == 4


def test_a_node_is_left_only_after_all_that_use_it():
    a = leaf(1.5)
    b = a * 2
    c = b.exp()
    d = b * c + b  # b is used by c and, later, by d
    (d * c).backward()
    t, e = 3.0, np.exp(3.0)
    np.testing.assert_allclose(a.grad.item(), 2 * (e * (e + t * e + 1) + (t * e + t) * e))


def test_an_array_used_many_times_gathers_every_use():
    a = leaf(1.0, 2.0)
    sum((a * k for k in range(10)), ag.zeros(2, dtype=ag.float64)).sum().backward()
    np.testing.assert_array_equal(a.grad.numpy(), [45, 45])


def test_both_arguments_may_be_the_same_tensor():
    a = leaf(3.0)
    (a * a).backward()
    assert a.grad.item() == 6
    (a / a).backward()
    assert a.grad.item() == 6


# Long chains ----------------------------------------------------------------------------------------------------------


def test_a_chain_of_100_000_ops_runs_forward_backward_and_through_graph_collection():
    limit = sys.getrecursionlimit()
    x = leaf(1.0)
    y = x
    for _ in range(100_000):
        y = y + 1e-5
    assert len(graph.newest_first([y.node])) == 100_001
    y.backward()
    assert x.grad.item() == 1.0 and sys.getrecursionlimit() == limit


def test_a_chain_of_100_000_ops_can_be_dropped_without_a_walk():
    x = leaf(1.0)
    y = x
    for _ in range(100_000):
        y = y * 1.00001
    last = weakref.ref(y.node)
    del y
    assert last() is None


def test_a_chain_is_differentiated_twice_without_recursion():
    x = leaf(1.0)
    y = x
    for _ in range(20_000):
        y = y * 1.00001
    (g,) = ag.grad(y * y, x, create_graph=True)
    (h,) = ag.grad(g, x)
    np.testing.assert_allclose(h.item(), 2 * 1.00001**40_000, rtol=1e-9)


# Memory ---------------------------------------------------------------------------------------------------------------


def _step(w, x):
    loss = ((x @ w).tanh() - 1).square().mean()
    loss.backward()
    with ag.no_grad():
        w -= 0.01 * w.grad
    w.grad = None


def test_with_the_garbage_collector_off_1000_training_steps_leave_no_growth_in_memory():
    w, x = ag.randn(8, 8, requires_grad=True), ag.randn(16, 8)
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        for _ in range(2000):  # Python keeps up to 2000 freed tuples of a length for later
            _step(w, x)
        before, objects = tracemalloc.get_traced_memory()[0], len(gc.get_objects())
        for _ in range(1000):
            _step(w, x)
        after, objects_after = tracemalloc.get_traced_memory()[0], len(gc.get_objects())
    finally:
        tracemalloc.stop()
        gc.enable()
    assert after - before < 10_000 and objects_after - objects < 50


@pytest.mark.parametrize(
    "make",
    [
        lambda x: x.exp(),  # saves its result
        lambda x: x.sort()[0],
        lambda x: x.split(1)[0],
        lambda x: x.softmax(0),
        lambda x: x.norm(),
        lambda x: ag.ops.layer_norm(x, None, None),
        lambda x: (x * 1).mul_(2),
        lambda x: ag.grad((x**3).sum(), x, create_graph=True)[0],
    ],
)
def test_a_dropped_graph_is_gone_at_once_without_the_garbage_collector(make):
    gc.collect()
    gc.disable()
    try:
        out = make(leaf(1.0, 2.0))
        node = weakref.ref(out.node)
        del out
        assert node() is None
    finally:
        gc.enable()


def test_a_product_with_a_constant_keeps_nothing_of_the_other_operand():
    x, w = leaf(1.0, 2.0), ag.tensor([[3.0], [4.0]], dtype=ag.float64)
    for product in (lambda a: a @ w, lambda a: w.t() @ a, lambda a: a @ w[:, 0]):
        h = x * 2
        kept = weakref.ref(h.array)
        out = product(h).sum()
        del h
        assert kept() is None
        assert ag.grad(out, [x])[0].tolist() == [6, 8]


def test_a_walk_lets_go_of_what_the_nodes_saved():
    x = leaf(1.0, 2.0)
    h = x * 2
    kept = weakref.ref(h.array)
    loss = h.exp().sum() + (h * h).sum()
    del h
    loss.backward()
    assert kept() is None


def test_nothing_is_kept_of_an_op_that_needs_no_array():
    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    assert not (a + b).node.saved and not (a - b).node.saved
    assert all(not isinstance(v, np.ndarray) for v in a.sum().node.saved.values())


# The graph is walked once ---------------------------------------------------------------------------------------------


def test_a_second_walk_over_a_freed_graph_is_an_error_that_says_what_to_do():
    x = leaf(1.0)
    y = x.exp()
    y.backward()
    with pytest.raises(RuntimeError, match="'exp' was freed.*retain_graph=True"):
        y.backward()


def test_retain_graph_allows_a_second_walk():
    x = leaf(1.0)
    y = x.exp()
    y.backward(retain_graph=True)
    y.backward()
    np.testing.assert_allclose(x.grad.item(), 2 * np.e)


def test_create_graph_retains_the_graph():
    x = leaf(2.0)
    y = x**3
    (g,) = ag.grad(y, x, create_graph=True)
    assert ag.grad(y, x)[0].item() == 12 and ag.grad(g, x)[0].item() == 12


def test_a_tensor_without_a_graph_has_no_backward():
    with pytest.raises(RuntimeError, match="no graph behind it"):
        ag.ones(()).backward()
    with ag.no_grad():
        y = leaf(1.0) * 2
    with pytest.raises(RuntimeError, match="no_grad"):
        y.backward()


def test_backward_of_several_elements_needs_an_upstream_gradient():
    x = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match=r"shape \(2,\) needs an upstream gradient.*sum"):
        (x * 2).backward()
    (x * 2).backward(ag.tensor([1.0, 10.0]))
    np.testing.assert_array_equal(x.grad.numpy(), [2, 20])
    with pytest.raises(RuntimeError, match=r"\(3,\).*\(2,\)"):
        (x * 2).backward(ag.ones(3))
    (x[:1] * 3).backward()  # one element, whatever its dims, has an obvious one
    np.testing.assert_array_equal(x.grad.numpy(), [5, 20])


def test_the_upstream_gradient_is_not_changed():
    x, g = leaf(1.0, 2.0), ag.ones(2, dtype=ag.float64)
    x.backward(g)
    x.grad.mul_(5)
    np.testing.assert_array_equal(g.numpy(), [1, 1])


# Which gradients are kept ---------------------------------------------------------------------------------------------


def test_retain_grad_keeps_the_gradient_of_what_an_op_made():
    x = leaf(1.0, 2.0)
    h = x * 3
    assert h.grad is None
    h.retain_grad()
    (h * h).sum().backward()
    np.testing.assert_array_equal(h.grad.numpy(), [6, 12])
    h.grad.zero_()
    np.testing.assert_array_equal(x.grad.numpy(), [18, 36])


def test_without_retain_grad_only_leaves_keep_theirs():
    x = leaf(1.0)
    h = x * 3
    h.backward()
    assert h.grad is None and x.grad.item() == 3


def test_retain_grad_of_a_tensor_without_gradient_is_an_error():
    with pytest.raises(RuntimeError, match=r"retain_grad\(\) needs a tensor"):
        ag.ones(1).retain_grad()


def test_grad_leaves_the_leaves_alone_and_prunes_what_leads_nowhere():
    x, y = leaf(2.0), leaf(3.0)
    visited = []
    branch = y * 5
    branch.register_hook(visited.append)
    (g,) = ag.grad(x * 2 + branch, x)
    assert g.item() == 2 and x.grad is None and y.grad is None and not visited


def test_backward_with_inputs_fills_their_grad_alone():
    x, y = leaf(2.0), leaf(3.0)
    (x * y).backward(inputs=[x])
    assert x.grad.item() == 3 and y.grad is None


def test_an_unused_input_is_an_error_unless_allowed():
    x, y = leaf(1.0), leaf(1.0)
    with pytest.raises(RuntimeError, match=r"inputs \[1\].*allow_unused"):
        ag.grad(x * 2, [x, y])
    assert ag.grad(x * 2, [x, y], allow_unused=True)[1] is None


def test_several_outputs_add_up():
    x = leaf(2.0)
    ag.backward([x * 2, x * x])
    assert x.grad.item() == 6
    assert ag.grad([x * 2, x * x], x, [ag.tensor([10.0]), ag.tensor([1.0])])[0].item() == 24


@pytest.mark.parametrize("create_graph", [False, True])
def test_leaf_gradients_never_alias_each_other_or_arrays_of_the_user(create_graph):
    upstream = np.ones(3)
    a, b, c = leaf(1.0, 2.0, 3.0), leaf(1.0, 2.0, 3.0), leaf(1.0, 2.0, 3.0)
    (a + b + c.view(3)).backward(upstream, create_graph=create_graph)
    arrays = [a.grad.array, b.grad.array, c.grad.array, upstream, a.array, b.array, c.array]
    for i, first in enumerate(arrays):
        assert not any(np.shares_memory(first, other) for other in arrays[i + 1 :])
    with ag.no_grad():
        a.grad.clamp_(max=0.5)
    np.testing.assert_array_equal(b.grad.detach().numpy(), [1, 1, 1])


@pytest.mark.parametrize(
    "f",
    [
        lambda a, b: a.expand(2, 3).sum() + b.sum(),
        lambda a, b: (a - b).sum(),
        lambda a, b: ag.cat([a, b]).sum(),
        lambda a, b: ag.stack([a, b]).sum(),
        lambda a, b: (a * b).sum(),
        lambda a, b: ag.where(ag.tensor([True, False, True]), a, b).sum(),
        lambda a, b: (a.t() @ b) + a.sum(),
        lambda a, b: (a.reshape(3, 1) + b).sum(),
    ],
)
def test_a_gradient_may_be_changed_in_place_and_the_others_stay(f):
    a, b = leaf(1.0, 2.0, 3.0), leaf(4.0, 5.0, 6.0)
    f(a, b).backward()
    others = [b.grad.numpy().copy(), a.array.copy(), b.array.copy()]
    a.grad.fill_(1e9)
    for found, expected in zip([b.grad.array, a.array, b.array], others, strict=True):
        np.testing.assert_array_equal(found, expected)
    before = a.grad.numpy().copy()
    b.grad.fill_(-1e9)
    np.testing.assert_array_equal(a.grad.numpy(), before)


# Hooks ----------------------------------------------------------------------------------------------------------------


def test_a_hook_sees_the_whole_gradient_once_a_walk_and_may_replace_it():
    x = leaf(2.0)
    h = x * 1
    seen = []
    handle = h.register_hook(lambda g: seen.append(g.item()))
    h.register_hook(lambda g: g * 10)
    (h * 2 + h * 3).backward()
    assert seen == [5] and x.grad.item() == 50
    handle.remove()
    (h * 1).backward()
    assert seen == [5] and x.grad.item() == 60


def test_a_hook_on_a_leaf_changes_what_is_gathered():
    x = leaf(2.0)
    x.register_hook(lambda g: g.clamp(max=1.0))
    (x * 5).backward()
    assert x.grad.item() == 1


def test_a_hook_after_accumulation_sees_the_sum_and_may_take_it():
    x, seen = leaf(2.0), []
    x.register_hook(lambda g: g * 10)
    handle = x.register_post_accumulate_grad_hook(lambda t: seen.append((t is x, t.grad.item())))
    for _ in range(2):
        (x * 2 + x * 3).backward()
    assert seen == [(True, 50), (True, 100)]
    handle.remove()
    x.register_post_accumulate_grad_hook(lambda t: setattr(t, "grad", None))
    ag.autograd.backward([x * 5])
    assert len(seen) == 2 and x.grad is None
    with pytest.raises(RuntimeError, match="needs a leaf that requires a gradient"):
        (x * 1).register_post_accumulate_grad_hook(print)


def test_steps_of_an_optimizer_in_hooks_after_accumulation_are_those_after_backward():
    def losses(layer, after, before):
        found = []
        for _ in range(4):
            loss = (layer(x) - 1).pow(2).sum()
            found.append(loss.item())
            before()
            loss.backward()
            after()
        return found

    x = ag.tensor([[1.0, -2.0], [0.5, 3.0]])
    plain, fused = nn.Linear(2, 2), nn.Linear(2, 2)
    fused.load_state_dict(plain.state_dict())
    whole = nn.optim.Adam(plain.parameters(), 0.1)
    steps = {p: nn.optim.Adam([p], 0.1) for p in fused.parameters()}
    for p in steps:
        p.register_post_accumulate_grad_hook(lambda p: (steps[p].step(), steps[p].zero_grad()))
    assert losses(fused, lambda: None, lambda: None) == losses(plain, whole.step, whole.zero_grad)
    assert all(p.grad is None for p in steps)


def test_a_hook_after_accumulation_keeps_no_tensor():
    x = leaf(1.0)
    x.register_post_accumulate_grad_hook(print)
    gone = weakref.ref(x)
    del x
    assert gone() is None


def test_the_hooks_of_an_input_run_once():
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    y = x * 2
    y.register_hook(lambda g: g * 10)
    assert ag.grad((y * 3).sum(), y, retain_graph=True)[0].tolist() == [30, 30]
    assert ag.grad(y, y, ag.ones(2))[0].tolist() == [10, 10]


class Keeping(ag.Function):
    """Passes on its gradient, and keeps it."""

    kept: list = []

    @staticmethod
    def forward(ctx, x):
        return x * 1

    @staticmethod
    def backward(ctx, g):
        Keeping.kept.append(g)
        return g


def hooked(x, kept):
    x.register_hook(kept.append)
    return x


def replaced(x, kept):
    x.register_hook(lambda g: kept.append(g * 1) or kept[-1])
    return x


def through_a_function(x, kept):
    Keeping.kept = kept
    return Keeping.apply(x)


@pytest.mark.parametrize("keep", [hooked, replaced, through_a_function])
def test_the_gradient_of_a_leaf_is_its_own_array(keep):
    x, kept = ag.tensor([1.0, 2.0], requires_grad=True), []
    upstream = ag.tensor([3.0, 4.0])
    keep(x, kept).backward(upstream)
    x.grad.zero_()
    assert [g.tolist() for g in kept] == [[3, 4]] and upstream.tolist() == [3, 4]


def test_a_gradient_without_a_history_is_its_own_array_in_a_walk_that_is_recorded():
    x, kept = ag.tensor([1.0, 2.0], requires_grad=True), []
    y = (x * 1).zero_()
    x.register_hook(kept.append)
    y.backward(ag.ones(2), create_graph=True)
    x.grad.add_(1)
    assert kept[0].tolist() == [0, 0]


def test_the_gradient_that_is_gathered_stays_one_tensor():
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    (x * 3).sum().backward()
    first = x.grad
    (x * 4).sum().backward()
    assert x.grad is first and first.tolist() == [7, 7]
    (x * x).sum().backward(create_graph=True)
    assert x.grad is not first and first.tolist() == [7, 7] and x.grad.requires_grad


def test_retained_gradients_are_gathered_by_grad_too():
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    y = x * 2
    y.retain_grad()
    (g,) = ag.grad((y * y).sum(), y, retain_graph=True)
    g.zero_()
    assert y.grad.tolist() == [4, 8]
    ag.grad((y * y).sum(), x, retain_graph=True)
    assert y.grad.tolist() == [8, 16]
    (y * y).sum().backward(inputs=[y])
    assert y.grad.tolist() == [12, 24]


def test_an_input_whose_own_graph_was_freed_still_has_a_gradient():
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    y = x * x
    y.sum().backward()
    assert ag.grad((y * y).sum(), y)[0].tolist() == [2, 8]


def test_threads_gather_into_one_leaf_without_losing_a_gradient():
    x = ag.zeros(20_000, requires_grad=True)  # so many that NumPy adds them while other threads run

    ready = threading.Barrier(9)

    def work():
        ready.wait()
        for _ in range(500):
            (x * 1).sum().backward()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:  # all have begun before they are switched so often: coverage follows each from its beginning
        thread.start()
    interval = sys.getswitchinterval()
    try:
        ready.wait()
        sys.setswitchinterval(1e-6)
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert (x.grad == 4000).all()


def test_a_hook_needs_a_gradient():
    with pytest.raises(RuntimeError, match=r"register_hook\(\) needs a tensor"):
        ag.ones(1).register_hook(print)


# Derivatives of any order ---------------------------------------------------------------------------------------------


def test_third_derivatives_by_nesting_grad():
    x = leaf(0.7)
    y = (x.sin() * x.exp()).sum()
    for _ in range(3):
        (y,) = ag.grad(y, x, create_graph=True)
    v = 0.7  # (e^x sin x)''' = 2 e^x (cos x - sin x)
    np.testing.assert_allclose(y.item(), 2 * np.exp(v) * (np.cos(v) - np.sin(v)), rtol=1e-12)


def test_backward_with_create_graph_gives_gradients_that_can_be_derived():
    x = leaf(3.0)
    (x**3).backward(create_graph=True)
    g, x.grad = x.grad, None
    assert g.requires_grad
    g.backward()
    assert x.grad.item() == 18


def test_without_create_graph_a_gradient_has_no_history():
    x = leaf(3.0)
    (x**3).backward()
    assert not x.grad.requires_grad
    assert not ag.grad(x**3, x)[0].requires_grad


def test_a_gradient_penalty_reaches_the_weights():
    w, x = leaf(2.0, -1.0), leaf(0.5, 0.25)
    out = (w * x).tanh().sum()
    (g,) = ag.grad(out, x, create_graph=True)
    penalty = (g * g).sum()
    penalty.backward()
    eps, found = 1e-6, w.grad.numpy()

    def value(weights):
        return ((weights * (1 - np.tanh(weights * x.detach().numpy()) ** 2)) ** 2).sum()

    for i in range(2):
        step = np.eye(2)[i] * eps
        numeric = (value(w.detach().numpy() + step) - value(w.detach().numpy() - step)) / (2 * eps)
        np.testing.assert_allclose(found[i], numeric, rtol=1e-6)


# Grad modes -----------------------------------------------------------------------------------------------------------


def test_no_grad_as_a_context_and_nested():
    x = leaf(1.0)
    with ag.no_grad():
        assert not (x * 2).requires_grad and not ag.is_grad_enabled()
        with ag.enable_grad():
            assert (x * 2).requires_grad
        assert not (x * 2).requires_grad
    assert (x * 2).requires_grad and ag.is_grad_enabled()


@pytest.mark.parametrize("decorator", [ag.no_grad, ag.no_grad(), ag.inference_mode(), ag.inference_mode])
def test_no_grad_as_a_decorator(decorator):
    @decorator
    def double(x):
        """Twice x."""
        return x * 2

    assert not double(leaf(1.0)).requires_grad and ag.is_grad_enabled()
    assert double.__name__ == "double" and double.__doc__ == "Twice x."
    assert not double(double(leaf(1.0))).requires_grad


def test_no_grad_on_a_generator_function_holds_inside_and_not_between_its_steps():
    x = leaf(1.0)

    @ag.no_grad()
    def steps():
        sent = yield (x * 2).requires_grad
        yield sent, (x * 2).requires_grad
        return "done"

    generator = steps()
    assert next(generator) is False and ag.is_grad_enabled() and (x * 2).requires_grad
    assert generator.send("hello") == ("hello", False) and ag.is_grad_enabled()
    with pytest.raises(StopIteration) as stop:
        next(generator)
    assert stop.value.value == "done"


def test_an_exception_thrown_into_a_generator_under_no_grad_reaches_the_function():
    @ag.no_grad()
    def steps():
        try:
            yield 1
        except KeyError:
            yield ag.is_grad_enabled()

    generator = steps()
    assert next(generator) == 1 and generator.throw(KeyError) is False and ag.is_grad_enabled()
    with pytest.raises(ValueError, match="mine"):
        generator.throw(ValueError("mine"))


def test_closing_a_generator_under_no_grad_closes_the_function():
    closed = []

    @ag.no_grad()
    def steps():
        try:
            yield 1
        finally:
            closed.append(ag.is_grad_enabled())  # not as outside

    generator = steps()
    next(generator)
    generator.close()
    assert closed == [False] and ag.is_grad_enabled()


def test_the_grad_mode_comes_back_after_an_exception():
    with pytest.raises(ValueError):
        with ag.no_grad():
            raise ValueError

    @ag.no_grad()
    def fails():
        raise ValueError

    with pytest.raises(ValueError):
        fails()
    assert ag.is_grad_enabled()


def test_the_grad_mode_comes_back_after_a_backward_that_fails():
    x = leaf(1.0)
    y = x * 1
    y.register_hook(lambda g: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        y.backward()
    assert ag.is_grad_enabled()


def test_set_grad_enabled_as_a_context_a_call_and_a_decorator():
    with ag.set_grad_enabled(False):
        assert not ag.is_grad_enabled()
    assert ag.is_grad_enabled()
    ag.set_grad_enabled(False)
    assert not ag.is_grad_enabled()
    ag.set_grad_enabled(True)
    assert ag.is_grad_enabled()

    @ag.set_grad_enabled(False)
    def inside():
        return ag.is_grad_enabled()

    assert ag.is_grad_enabled() and inside() is False and ag.is_grad_enabled()


def test_a_context_can_be_entered_again():
    off = ag.no_grad()
    with off, off:
        assert not ag.is_grad_enabled()
    assert ag.is_grad_enabled()
    switch = ag.set_grad_enabled(False)
    with switch:
        with switch:
            assert not ag.is_grad_enabled()
    assert ag.is_grad_enabled()


def test_threads_each_have_their_own_grad_mode():
    seen = {}

    def work():
        seen["at start"] = ag.is_grad_enabled()
        with ag.no_grad():
            inside.set()
            assert checked.wait(10)
            seen["within"] = ag.is_grad_enabled()

    inside, checked = threading.Event(), threading.Event()
    with ag.no_grad():
        thread = threading.Thread(target=work)
        thread.start()
        assert inside.wait(10)
        with ag.enable_grad():
            seen["here"] = (leaf(1.0) * 2).requires_grad
        checked.set()
        thread.join()
    assert seen == {"at start": True, "within": False, "here": True}


def test_threads_may_walk_graphs_at_the_same_time():
    def work(k):
        x = leaf(*range(1, 50))
        for _ in range(30):
            (x * x * k).sum().backward()
        found[k] = x.grad.numpy()

    found = {}
    threads = [threading.Thread(target=work, args=(k,)) for k in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for k in range(1, 5):
        np.testing.assert_array_equal(found[k], 60.0 * k * np.arange(1, 50))


def test_a_leaf_keeps_the_array_that_its_rule_made_and_copies_one_that_somebody_else_holds():
    held = []

    def address(array):
        return array.__array_interface__["data"][0]

    class Twice(ag.Function):
        keep = False

        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            result = g * 2
            held.append(result if Twice.keep else address(result.array))
            return result

    x = leaf(1.0, 2.0)
    for _ in range(50):  # as long as the interpreter may choose faster calls, too
        x.grad = None
        Twice.apply(x).sum().backward()
        assert address(x.grad.array) == held.pop()
    Twice.keep = True
    for _ in range(50):
        x.grad = None
        Twice.apply(x).sum().backward()
        assert not np.shares_memory(x.grad.array, held.pop().array)
