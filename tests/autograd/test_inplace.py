"""Changes in place: right where they can be, an error where a gradient would be wrong."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd as ag
from autograd import ops


def leaf(*values):
    return ag.tensor(values, dtype=ag.float64, requires_grad=True)


# A saved array --------------------------------------------------------------------------------------------------------


def written(y):
    with ag.writing(y) as [array]:
        np.multiply(array, 2, out=array)


CHANGES = {
    "add_": lambda y: y.add_(1),
    "+=": lambda y: y.__iadd__(1),
    "[i] =": lambda y: y.__setitem__(0, 5.0),
    "[mask] =": lambda y: y.__setitem__(y > 0, 5.0),
    "zero_": lambda y: y.zero_(),
    "copy_": lambda y: y.copy_(ag.ones(2)),
    "detach": lambda y: y.detach().mul_(2),
    "a view of the detached": lambda y: y.detach()[:1].fill_(7),
    "a view": lambda y: y[:1].add_(1),
    "a reshaped view": lambda y: y.view(2, 1).mul_(2),
    "a transposed view": lambda y: y.view(2, 1).t().mul_(2),
    "writing": written,
    "no_grad": lambda y: ag.no_grad()(lambda: y.add_(1))(),
    "masked_fill_": lambda y: y.masked_fill_(y > 0, 0.0),
    "uniform_": lambda y: y.detach().uniform_(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_saved_array_changed_in_place_is_an_error_that_names_the_op(change):
    x = leaf(1.0, 2.0)
    y = x * 1
    z = y.square()  # saves y
    CHANGES[change](y)
    with pytest.raises(RuntimeError, match=r"'square' saved.*\(2,\).*changed in place.*clone"):
        z.sum().backward()


@pytest.mark.parametrize("change", CHANGES)
def test_a_saved_array_of_a_cloned_tensor_may_be_changed(change):
    x = leaf(1.0, 2.0)
    y = x * 1
    z = y.square()
    CHANGES[change](y.clone())
    z.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [2, 4])


def test_a_saved_result_changed_in_place_is_an_error_that_names_the_op():
    x = leaf(1.0, 2.0)
    y = x.exp()
    y.add_(1)
    with pytest.raises(RuntimeError, match="'out', which 'exp' saved"):
        y.sum().backward()


def test_a_quotient_may_be_changed_in_place_since_its_operands_are_what_is_saved():
    x, y = leaf(1.0, 2.0, 3.0), leaf(2.0, 4.0, 5.0)
    quotient = x / y
    quotient[0] /= 10
    quotient.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), [0.05, 0.25, 0.2])
    np.testing.assert_allclose(y.grad.numpy(), [-0.025, -0.125, -0.12])


def test_a_leaf_changed_between_forward_and_backward_is_an_error():
    w = leaf(1.0, 2.0)
    loss = (w * w).sum()
    with ag.no_grad():
        w -= 0.1
    with pytest.raises(RuntimeError, match="'mul' saved"):
        loss.backward()


def test_a_leaf_changed_between_steps_is_fine():
    w = leaf(1.0, 2.0)
    for _ in range(3):
        w.grad = None
        (w * w).sum().backward()
        np.testing.assert_array_equal(w.grad.numpy(), 2 * w.detach().numpy())
        with ag.no_grad():
            w -= 0.1 * w.grad


def test_an_array_that_no_rule_needs_may_be_changed():
    x = leaf(1.0, 2.0)
    y = x + 1
    z = y + 2  # the rule of add needs neither
    y.detach().add_(100)
    z.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [1, 1])


@pytest.mark.parametrize("write", [lambda t: t.add_(1), lambda t: t[:1].fill_(7), lambda t: t.__setitem__(0, 5.0)])
def test_a_write_through_data_is_left_to_the_user(write):
    y = leaf(1.0, 2.0) * 1
    z = y.square()
    write(y.data)
    (g,) = ag.grad(z.sum(), y)
    np.testing.assert_array_equal(g.numpy(), 2 * y.detach().numpy())


@pytest.mark.parametrize("assign", [lambda w, new: setattr(w, "data", new), lambda w, new: w.data.copy_(new)])
def test_a_backward_reads_the_numbers_that_data_was_given_after_the_forward(assign):
    w, x = leaf(1.0, 2.0), leaf(3.0, 4.0)
    first = (w * x).sum()
    assign(w, leaf(10.0, 20.0).detach())
    second = (w * x).sum()
    new = ag.zeros_like(w, requires_grad=False)
    new.detach().copy_(ag.tensor([5.0, 6.0]))  # a change of another tensor, which is none of w
    assign(w, new)
    (first + second).backward(retain_graph=True)
    (first + second).backward()
    assert x.grad.tolist() == [20, 24] and w.grad.tolist() == [12, 16]


def test_what_an_op_made_and_saved_of_its_result_is_not_what_data_is_given_later():
    x = leaf(1.0, 2.0)
    y = x.exp()
    w = ag.tensor([[3.0, 4.0]], dtype=ag.float64, requires_grad=True)
    total = y.sum() + ag.nn.functional.linear(x, w).sum()  # which saves the transpose of w, in torch
    before, y.data, w.data = y.tolist(), ag.zeros_like(y), ag.zeros_like(w)
    total.backward()
    np.testing.assert_allclose(x.grad.numpy(), [before[0] + 3, before[1] + 4], rtol=1e-6)


def test_another_tensor_of_the_same_memory_keeps_its_numbers_when_data_is_assigned():
    w, x = leaf(1.0, 2.0), leaf(3.0, 4.0)
    for other in (w.detach(), w.data, w.view(2)):
        total = (other * x).sum()
        w.data = ag.zeros_like(w)
        (g,) = ag.grad(total, x)
        assert g.tolist() == other.tolist() == [1, 2]
        w.data = other.data


def test_a_change_in_place_after_data_was_assigned_is_noticed():
    w, x = leaf(1.0, 2.0), leaf(3.0, 4.0)
    total = (w * x).sum()
    w.data = ag.zeros_like(w)
    with ag.no_grad():
        w.add_(1)
    with pytest.raises(RuntimeError, match="changed in place"):
        total.backward()


def test_data_of_another_shape_is_not_read_by_an_earlier_graph():
    w, x = leaf(1.0, 2.0), leaf(3.0, 4.0)
    total = (w * x).sum()
    w.data = ag.zeros(3)
    total.backward()
    assert x.grad.tolist() == [1, 2] and w.grad is None


def test_data_that_is_assigned_again_and_again_does_not_pile_up():
    w = leaf(1.0, 2.0)
    for _ in range(200_000):  # a chain of so many owners of one memory would end in a stack overflow
        w.data = w.data
    address = w.data_ptr()
    assert w.data[1:].storage_offset() == 1 and w.data[1:].untyped_storage().data_ptr() == address
    del w


def test_a_tensor_takes_the_memory_of_another():
    x, y = ag.zeros(2, 3, requires_grad=True), ag.arange(6.0).view(3, 2).T
    with pytest.raises(RuntimeError, match=r"set_\(\) .* in no_grad"):
        x.set_(y)
    with ag.no_grad():
        assert x.set_(y) is x and x.is_leaf and x.requires_grad
    y[0, 1] = 9
    (x * x).sum().backward()
    assert x.tolist() == [[0, 9, 4], [1, 3, 5]] and x.grad.equal(2 * y)
    assert y.set_() is y and y.shape == (0,) and y.dtype == ag.float32


@pytest.mark.parametrize("shape", [(), (0,), (2, 3)])
def test_a_python_function_of_each_number(shape):
    x = ag.randn(shape)
    before, first = x.clone(), x.view(-1)
    assert x.apply_(lambda number: 0 if number < 0.5 else 1) is x
    assert x.dtype == ag.float32 and x.equal((before >= 0.5).float()) and first.equal(x.view(-1))
    y = ag.ones(2, requires_grad=True)
    square = (y * 1).exp()
    with pytest.raises(RuntimeError, match="apply_.. has no derivative"):
        y.apply_(float)
    square.detach().apply_(lambda number: 2 * number)
    with pytest.raises(RuntimeError, match="changed in place|modified"):
        square.sum().backward()


def test_a_detached_tensor_and_data_share_memory():
    x = leaf(1.0, 2.0)
    x.data.mul_(3)
    x.detach()[0] = 7
    np.testing.assert_array_equal(x.detach().numpy(), [7, 6])


def test_the_error_holds_for_second_order_graphs_too():
    x = leaf(1.0, 2.0)
    y = x * 1
    (g,) = ag.grad((y**3).sum(), x, create_graph=True)
    y.detach().add_(1)
    with pytest.raises(RuntimeError, match="changed in place"):
        g.sum().backward()


# Gradients through changes in place -----------------------------------------------------------------------------------

STEPS = {
    "add_": (lambda y, v: y.add_(v), lambda y, v: y + v),
    "add_ with alpha": (lambda y, v: y.add_(v, alpha=3), lambda y, v: y + 3 * v),
    "sub_": (lambda y, v: y.sub_(v), lambda y, v: y - v),
    "mul_": (lambda y, v: y.mul_(v), lambda y, v: y * v),
    "mul_ by itself": (lambda y, v: y.mul_(y), lambda y, v: y * y),
    "div_": (lambda y, v: y.div_(v), lambda y, v: y / v),
    "pow_": (lambda y, v: y.pow_(3), lambda y, v: y**3),
    "exp_": (lambda y, v: y.exp_(), lambda y, v: y.exp()),
    "tanh_": (lambda y, v: y.tanh_(), lambda y, v: y.tanh()),
    "square_": (lambda y, v: y.square_(), lambda y, v: y.square()),
    "clamp_": (lambda y, v: y.clamp_(1.2, 2.2), lambda y, v: y.clamp(1.2, 2.2)),
    "lerp_": (lambda y, v: y.lerp_(v, 0.25), lambda y, v: y + 0.25 * (v - y)),
    "masked_fill_": (lambda y, v: y.masked_fill_(y > 1.5, 0), lambda y, v: y.masked_fill(y > 1.5, 0)),
    "copy_": (lambda y, v: y.copy_(v), lambda y, v: y * 0 + v),
    "copy_ of a row": (lambda y, v: y.copy_(v[:1]), lambda y, v: y * 0 + v[:1]),
    "zero_": (lambda y, v: y.zero_(), lambda y, v: y * 0),
    "fill_": (lambda y, v: y.fill_(2), lambda y, v: y * 0 + 2),
    "[i] =": (lambda y, v: y.__setitem__(0, v[1]), lambda y, v: ag.stack([v[1], y[1], y[2]])),
    "[i] = number": (lambda y, v: y.__setitem__(0, 1.0), lambda y, v: ag.cat([ag.ones(1), y[1:]])),
    "[1:] =": (lambda y, v: y.__setitem__(slice(1, None), v[:2] * 2), lambda y, v: ag.cat([y[:1], v[:2] * 2])),
    "[i] *=": (lambda y, v: y.__setitem__(0, y[0] * v[0]), lambda y, v: ag.stack([y[0] * v[0], y[1], y[2]])),
    "addcmul_": (lambda y, v: y.addcmul_(v, v, value=2), lambda y, v: y + 2 * v * v),
    "index_add_": (
        lambda y, v: y.index_add_(0, ag.tensor([0, 0]), v[:2]),
        lambda y, v: y + ag.cat([v[:2].sum().view(1), ag.zeros(2)]),
    ),
    "two of them": (lambda y, v: y.mul_(v).add_(y), lambda y, v: y * v + y * v),
}


@pytest.mark.parametrize("step", STEPS)
def test_a_change_in_place_has_the_gradient_of_the_same_step_out_of_place(step):
    in_place, out_of_place = STEPS[step]
    grads = []
    for act in (in_place, out_of_place):
        x, v = leaf(1.0, 2.0, 3.0), leaf(1.5, 2.5, 3.5)
        y = x * 1.1
        result = act(y, v)
        y = y if act is in_place else result
        (y * ag.tensor([1.0, 2.0, 4.0], dtype=ag.float64)).sum().backward()
        grads.append([y.detach().numpy()] + [np.zeros(3) if t.grad is None else t.grad.numpy() for t in (x, v)])
    for found, expected in zip(*grads, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_change_in_place_can_be_derived_twice():
    def f(x):
        y = x * 1
        y.mul_(x)
        y[0] = y[1] * x[0]
        return y

    assert ag.gradcheck(f, leaf(0.5, 2.0)) and ag.gradgradcheck(f, leaf(0.5, 2.0))


INDICES = st.sampled_from(
    [
        0,
        -1,
        slice(1, None),
        (slice(None), 1),
        (0, 2),
        (slice(None), slice(None, None, 2)),
        ...,
        None,
        (slice(None), None, 0),
        ag.tensor([2, 0]),
        ([0, 2], [1, 3]),
        (0, [3, 1]),
        (slice(None), [3, 1]),
        (0, slice(None)),
        ag.tensor([True, False, True]),
        np.array([[True, False, True, False]] * 3),
    ]
)


@given(INDICES, st.integers(0, 2**32 - 1), st.booleans())
@settings(max_examples=60, deadline=None)
def test_assigning_to_an_index_differentiates_correctly_for_x_and_for_v(index, seed, of_one):
    rng = np.random.default_rng(seed)
    x = ag.tensor(rng.standard_normal((3, 4)), requires_grad=True)
    place = x.detach()[index].shape
    v = ag.tensor(rng.standard_normal(() if of_one else place), requires_grad=True)

    def f(x, v):
        y = x * 1
        y[index] = v
        return y * y

    assert ag.gradcheck(f, (x, v))


@pytest.mark.parametrize("index", [(0, slice(None), [1, 0]), (slice(None), 0, None, [1, 0]), (0, ..., [1, 0])])
def test_a_number_before_an_array_keeps_torchs_order_of_dims(index):
    x = ag.tensor(np.arange(24.0).reshape(2, 3, 4), requires_grad=True)
    numbers = tuple(i if isinstance(i, int) or i is Ellipsis else slice(None) for i in index if i is not None)
    rest = tuple(i for i in index if not isinstance(i, int))
    expected = x.detach().numpy()[numbers][rest]
    np.testing.assert_array_equal(x[index].detach().numpy(), expected)
    v = ag.tensor(-np.arange(float(expected.size)).reshape(expected.shape), requires_grad=True)

    def f(x, v):
        y = x * 1
        y[index] = v
        return y

    np.testing.assert_array_equal(f(x, v)[index].detach().numpy(), v.detach().numpy())
    assert ag.gradcheck(f, (x, v))


def test_an_ellipsis_for_no_dim_does_not_come_between_arrays():
    x = ag.arange(4).view(2, 2)
    assert x[None, [1, 0], ..., [0]].tolist() == [[2, 0]]
    x[None, [1, 0], ..., [0]] = ag.tensor([[7, 8]])
    assert x.tolist() == [[8, 1], [7, 3]]


def test_a_tensor_without_gradient_gets_the_history_of_what_is_written_into_it():
    v = leaf(1.0, 2.0)
    out = ag.zeros(2, 2, dtype=ag.float64)
    out[0] = v
    out[1] = v * 10
    (out * out).sum().backward()
    np.testing.assert_array_equal(v.grad.numpy(), [202, 404])


def test_a_fresh_view_may_be_written_into():
    v = leaf(1.0, 2.0)
    out = ag.zeros(4, dtype=ag.float64).view(2, 2)
    out[1] = v
    out.sum().backward()
    np.testing.assert_array_equal(v.grad.numpy(), [1, 1])


def test_writing_a_gradient_into_a_view_of_a_tensor_without_one_gives_both_a_history():
    v = leaf(1.0)
    out = ag.zeros(2, 2, dtype=ag.float64)
    row = out[0]
    row[0] = v[0] * 3
    assert out.requires_grad and row.requires_grad
    (out.sum() + 10 * row.sum()).backward()
    np.testing.assert_array_equal(v.grad.numpy(), [33])


# Views ----------------------------------------------------------------------------------------------------------------


def test_a_view_follows_a_change_of_its_base():
    x = leaf(1.0, 2.0)
    y = x * 1
    view = y[:1]
    y.mul_(10)
    view.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [10, 0])


@pytest.mark.parametrize("requires_grad", [True, False])
def test_a_view_that_became_a_leaf_is_the_base_of_its_own_views(requires_grad):
    x = ag.zeros(2, 3)
    x.copy_(ag.arange(6.0).reshape(2, 3))
    x = x.transpose(0, 1)
    x.requires_grad = requires_grad
    view = x[1:]
    with ag.no_grad():
        x += 1
    assert view.tolist() == [[2, 5], [3, 6]] and view.requires_grad == requires_grad
    if requires_grad:
        (x[1:] * view).sum().backward()
        assert x.grad.tolist() == [[0, 0], [4, 10], [6, 12]]


def test_a_base_follows_a_change_of_its_view():
    x = leaf(1.0, 2.0)
    y = x * 1
    y[:1].mul_(10)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [10, 1])


def test_a_view_of_a_root_may_be_changed():
    x = leaf(3.0)
    y = (x * 1).sum()
    y.view(1).mul_(3)
    y.backward()
    np.testing.assert_array_equal(x.grad.numpy(), [3])


def test_the_changed_tensor_itself_is_not_stale():
    x = leaf(1.0, 2.0)
    y = x * 1
    y.mul_(10)
    y[:1].sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [10, 0])


VIEWS = {
    "an element": lambda x: x[0, 1],
    "all of it": lambda x: x[()],
    "a number selected": lambda x: x.select(0, 1)[2],
    "a diagonal": lambda x: x.diagonal(),
    "a diagonal beside": lambda x: x.diagonal(1, -1, 0),
    "windows apart": lambda x: x.unfold(1, 2, 2),
    "windows along the first dim": lambda x: x.unfold(-2, 1, 2),
    "a diagonal of windows": lambda x: x.unfold(0, 2, 2)[0].diagonal(),
    "expanded to its own shape": lambda x: x.expand(3, 4),
    "one of the repeats of an expanded one": lambda x: x.expand(2, 3, 4)[1],
    "a view": lambda x: x.view(2, 6).t()[1:],
}


@pytest.mark.parametrize("view", VIEWS)
def test_a_write_into_a_view_is_a_write_into_its_base(view):
    x = ag.tensor(np.arange(1.0, 13).reshape(3, 4), requires_grad=True)
    places = VIEWS[view](ag.arange(12).view(3, 4)).numpy()
    expected = x.detach().numpy().copy()
    expected.reshape(-1)[places] = expected.reshape(-1)[places] ** 2

    def f(x):
        y = x * 1
        part = VIEWS[view](y)
        part.mul_(part)
        return y

    np.testing.assert_array_equal(f(x).detach().numpy(), expected)
    assert ag.gradcheck(f, x) and ag.gradgradcheck(f, x)


def test_iteration_gives_views():
    x = ag.zeros(3)
    for v in x:
        v += 1
    assert x.tolist() == [1, 1, 1]


def test_a_view_is_refused_where_the_elements_would_have_to_be_copied():
    x = ag.arange(6).view(2, 3)
    with pytest.raises(RuntimeError, match=r"\(3, 2\) and strides \(1, 3\) cannot be viewed as \(6,\).*reshape"):
        x.t().view(-1)
    assert x.t().reshape(-1).tolist() == [0, 3, 1, 4, 2, 5]
    x.t().view(3, 2, 1).zero_()
    assert not x.any()


COPIES = {
    "advanced": lambda x: x[:, [0, 2]],
    "a mask": lambda x: x[:, ag.tensor([True, False, True])],
    "index_select": lambda x: x.index_select(1, ag.tensor([0, 2])),
    "repeat_interleave": lambda x: x.repeat_interleave(2, 1),
}


def test_floats_of_lists_and_ndarrays_are_indices_but_not_those_of_tensors():
    x = ag.arange(12).reshape(3, 4)
    for at in ([0.9, 2.0], np.array([0.9, 2.0])):
        assert x[at].equal(x[[0, 2]]) and x[ag.tensor([1, 0]), at].equal(x[[1, 0], [0, 2]])
        y = x.clone()
        y[at] = 7
        assert y.tolist() == [[7] * 4, [4, 5, 6, 7], [7] * 4]
    assert x[np.array([])].shape == (0, 4)
    with pytest.raises(IndexError):
        x[ag.tensor([0.0])]


@pytest.mark.parametrize("copy", COPIES)
def test_what_is_taken_by_an_index_is_row_major(copy):
    taken = COPIES[copy](ag.ones(2, 3))
    taken.view(-1).zero_()
    assert not taken.any()


def test_clone_keeps_the_order_of_dims_and_contiguous_does_not():
    x = ag.ones(2, 3).t()
    assert x.clone().stride() == (1, 3) and x.contiguous().stride() == (2, 1)
    assert ag.ones(2, 1).expand(2, 3).clone().stride() == (3, 1)


def test_what_retain_grad_asked_for_follows_a_tensor_through_its_changes():
    x = leaf(1.0, 2.0)
    y = x * 1
    view = y[:1]
    for t in (y, view):
        t.retain_grad()
    y.mul_(3)
    view.mul_(2)
    (y.sum() + view.sum()).backward()
    assert view.grad.tolist() == [1] and y.grad.tolist() == [2, 1] and x.grad.tolist() == [12, 3]


def test_a_value_that_is_assigned_may_have_more_dims_of_one_element():
    x, v = leaf(1.0, 2.0), ag.tensor([[[5.0]]], dtype=ag.float64, requires_grad=True)
    for index in (0, [1], slice(None)):
        y = x * 1
        y[index] = v
        (g,) = ag.grad(y.sum(), v)
        assert g.tolist() == [[[y.numel() if index == slice(None) else 1]]]


def test_an_overwritten_tensor_depends_on_its_old_elements_no_more():
    x = leaf(1.0, 2.0)
    y = x * 1
    y.fill_(3)
    (g,) = ag.grad((y * y).sum(), x, create_graph=True)
    assert g.tolist() == [0, 0] and not g.requires_grad


# What may not be changed ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", ["add_", "+=", "[i] =", "zero_", "copy_", "masked_fill_"])
def test_assigning_into_a_leaf_that_requires_grad_is_a_clear_error(change):
    x = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match=r"leaf.* that requires grad is changed in place.*no_grad"):
        CHANGES[change](x)
    np.testing.assert_array_equal(x.detach().numpy(), [1, 2])
    with ag.no_grad():
        CHANGES[change](x)
    assert x.requires_grad and x.is_leaf


def test_a_result_of_another_shape_or_kind_does_not_fit_in_place():
    with pytest.raises(RuntimeError, match=r"\(2, 3\).*\(3,\)"):
        ag.zeros(3).add_(ag.zeros(2, 3))
    with pytest.raises(RuntimeError, match="float32 cannot be written in place of one of int64"):
        ag.zeros(3, dtype=ag.int64).add_(1.5)
    with pytest.raises(RuntimeError, match=r"value of shape \(2,\).*\(3,\)"):
        ag.zeros(3)[:] = ag.zeros(2)
    with pytest.raises(RuntimeError, match=r"fill_ takes one number.*\(2,\)"):
        ag.zeros(3).fill_(ag.zeros(2))


@pytest.mark.parametrize("change", ["add_", "zero_", "copy_", "uniform_"])
def test_an_expanded_tensor_cannot_be_changed_in_place(change):
    for x in (ag.zeros(1), leaf(0.0)):
        with pytest.raises(RuntimeError, match=r"\(2,\).*share places in memory.*clone"):
            CHANGES[change](x.expand(2))
        CHANGES[change](x.expand(2).clone())
        assert not x.any()


def test_windows_that_overlap_cannot_be_changed_in_place():
    with pytest.raises(RuntimeError, match="share places in memory"):
        ag.zeros(4).unfold(0, 2, 1).add_(1)


def test_an_expanded_tensor_without_elements_may_be_changed():
    ag.zeros(1).expand(2)[:0].add_(1)


def test_a_view_cannot_forget_its_history_in_place():
    with pytest.raises(RuntimeError, match="use detach"):
        (leaf(1.0) * 1)[:1].detach_()


def test_a_change_in_place_keeps_the_dtype_and_the_memory():
    x = ag.zeros(3)
    array = x.array
    x += ag.ones(3, dtype=ag.float64)
    x.copy_(ag.tensor([1, 2, 3]))
    assert x.array is array and x.dtype == ag.float32
    np.testing.assert_array_equal(array, [1, 2, 3])


def test_random_numbers_in_place_come_from_the_generator():
    def draw():
        g = ag.Generator().manual_seed(3)
        return [ag.empty(50).normal_(1, 2, generator=g), ag.empty(50).uniform_(2, 3, generator=g),
                ag.empty(50).bernoulli_(0.5, generator=g), ag.empty(50).random_(3, 6, generator=g),
                ag.empty(50).exponential_(2.0, generator=g), ag.empty(50).cauchy_(generator=g),
                ag.empty(50).log_normal_(generator=g)]  # fmt: skip

    first = draw()
    assert all(a.equal(b) for a, b in zip(first, draw(), strict=True))
    assert 2 <= first[1].min() and first[1].max() < 3 and set(first[2].tolist()) == {0, 1}
    assert set(first[3].tolist()) == {3, 4, 5} and first[4].min() >= 0
    with pytest.raises(RuntimeError, match="int64"):
        ag.zeros(3, dtype=ag.int64).normal_()


def test_a_flipped_tensor_has_memory_of_its_own():
    x = ag.tensor([[0, 1, 2], [3, 4, 5]])
    y = x.flip(1)
    y[:, :1] = -1
    assert x.tolist() == [[0, 1, 2], [3, 4, 5]]


VIEWS_OF_A_LEAF = {
    "x[0][1] = v": lambda w: w[0].__setitem__(1, 5.0),
    "a slice": lambda w: w[:1].add_(1),
    "a new axis": lambda w: w.unsqueeze(0).mul_(2),
    "a transpose": lambda w: w.t().zero_(),
    "a row of a transpose": lambda w: w.t()[0].zero_(),
    "a reshape": lambda w: w.view(-1).fill_(1),
    "a slice of a reshape": lambda w: w.view(-1)[:3].fill_(1),
    "a piece": lambda w: w.split(1)[0].zero_(),
    "a window": lambda w: w.unfold(1, 2, 2)[0].zero_(),
    "a diagonal": lambda w: w.diagonal().zero_(),
    "an unbound row": lambda w: w.unbind(0)[1].zero_(),
    "a part split into heads": lambda w: ops.split_heads(w, heads=1, parts=3)[1].mul_(2),
    "a transpose split into heads": lambda w: ops.split_heads(w.t(), heads=2, parts=1)[0].mul_(2),
}


@pytest.mark.parametrize("change", VIEWS_OF_A_LEAF)
def test_changing_a_leaf_that_requires_grad_through_a_view_is_a_clear_error(change):
    w = ag.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], requires_grad=True)
    with pytest.raises(RuntimeError, match="a view, of shape .*, of a leaf that requires grad.*no_grad"):
        VIEWS_OF_A_LEAF[change](w)
    np.testing.assert_array_equal(w.detach().numpy(), [[1, 2, 3], [4, 5, 6]])
    with ag.no_grad():
        VIEWS_OF_A_LEAF[change](w)
    assert not np.array_equal(w.detach().numpy(), [[1, 2, 3], [4, 5, 6]])


def test_a_view_of_what_a_leaf_was_copied_into_may_be_changed():
    w = ag.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], requires_grad=True)
    copies = [w.clone(), w[[0, 1]], w[w > 0], w.t().reshape(-1), w[:, :2].reshape(-1), w * 1]
    copies.append(ops.merge_heads(ag.stack([w, w])))
    for copy in copies:
        copy[:1].mul_(2)
    np.testing.assert_array_equal(w.detach().numpy(), [[1, 2, 3], [4, 5, 6]])


def test_shapes_change_in_place_with_their_history():
    x = ag.tensor([[1.0], [2.0]], requires_grad=True)
    y = x * 3
    assert (
        y.squeeze_(1) is y and tuple(y.unsqueeze_(0).t_().shape) == (2, 1) and tuple(y.transpose_(0, 1).shape) == (1, 2)
    )
    (y * ag.tensor([1.0, 10.0])).sum().backward()
    assert x.grad.tolist() == [[3], [30]]
    with pytest.raises(RuntimeError, match="squeeze_ of a leaf that requires grad"):
        x.squeeze_()


def test_a_leaf_whose_shape_changes_without_grad_remains_a_leaf():
    w = ag.ones(2, 3, requires_grad=True)
    with ag.no_grad():
        assert w.t_() is w and w.unsqueeze_(0).shape == (1, 3, 2)
    (w * w).sum().backward()
    assert w.is_leaf and w.grad.shape == (1, 3, 2)


OF_A_SQUARE = {
    "a row": lambda p: p[0],
    "a column": lambda p: p[:, 1],
    "transposed": lambda p: p.t(),
    "flat": lambda p: p.reshape(-1),
    "of a view": lambda p: p.t()[1],
}
CHANGED_SHAPES = {
    "unsqueeze_": lambda p: p.unsqueeze_(0),
    "t_": lambda p: p.t_(),
    "two changes": lambda p: p.t_().unsqueeze_(1),
}


@given(
    st.sampled_from(sorted(OF_A_SQUARE)),
    st.sampled_from(sorted(CHANGED_SHAPES)),
    st.sampled_from(sorted(OF_A_SQUARE)),
    st.sampled_from(["whole", "view"]),
    st.booleans(),
)
def test_views_of_a_tensor_whose_shape_changes_in_place_remain_views_of_its_elements(early, change, late, what, fresh):
    values = np.array([[1.0, 2.0], [3.0, 4.0]])

    def function(x):
        p = ag.tensor(values) if fresh else x * 2
        q = OF_A_SQUARE[early](p)
        assert CHANGED_SHAPES[change](p) is p
        r = OF_A_SQUARE[late](p.reshape(2, 2))
        (p if what == "whole" else q).mul_(x.sum())
        return (q * q).sum() + (p * p * p).sum() + r.sum()

    assert ag.gradcheck(function, [ag.tensor(values + 0.5, requires_grad=True)])


def test_resize_of_a_new_tensor_keeps_all_elements():
    x = ag.arange(6.0, requires_grad=True)
    assert x.resize(2, 3).tolist() == [[0, 1, 2], [3, 4, 5]] and x.resize((3, 2)).requires_grad
    with pytest.raises(ag.ShapeError, match="6 elements"):
        x.resize(4)


def test_resize_keeps_the_elements_that_fit():
    x = ag.arange(6).reshape(2, 3)
    assert x.resize_(2, 2) is x and x.tolist() == [[0, 1], [2, 3]]
    assert x.resize_((3, 3)).reshape(-1)[:4].tolist() == [0, 1, 2, 3]
    y = ag.zeros(2)
    assert y.new().resize_as_(x).shape == (3, 3) and y.resize_as_(ag.ones(2, 1)) is y and y.tolist() == [[0], [0]]


def test_an_expanded_tensor_can_be_written_to_where_no_element_is_repeated():
    x = ag.zeros(3).expand(2, 3)
    x[0] = 5
    assert x.tolist() == [[5, 5, 5]] * 2
    with pytest.raises(RuntimeError, match="share places in memory"):
        x[:, 0] = 1


def test_what_is_written_into_an_expanded_view_has_its_gradient():
    x, w = leaf(1.0, 2.0), leaf(5.0)
    base = x * 1
    base.expand(3, 2)[0, 1] = w[0] * 2
    (base * base).sum().backward()
    assert base.tolist() == [1, 10] and x.grad.tolist() == [2, 0] and w.grad.tolist() == [40]


def test_whole_numbers_are_written_in_place_of_narrower_ones_and_floats_are_not():
    x = ag.tensor([1, 2], dtype=ag.uint8)
    x += ag.tensor([3, -3])
    assert x.dtype == ag.uint8 and x.tolist() == [4, 255]
    assert ag.sum(ag.ones(2, 2, dtype=ag.int16), 0, out=x).tolist() == [2, 2]
    for wrong in (ag.ones(2), ag.ones(2, dtype=ag.complex64)):
        with pytest.raises(RuntimeError, match="cannot be written in place of one of uint8"):
            x += wrong
