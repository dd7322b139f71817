"""Every public function, with arguments that no program should pass: an answer, or an error that says what is wrong.

Crashes, hangs and huge allocations end the test, too. `make hostile` draws many more calls.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import autograd as ag
from autograd.base import TensorBase
from autograd.ops import OPS
from tests.hostile.judge import fault
from tests.hostile.targets import TARGETS, Target
from tests.hostile.values import FORMS, HOSTILE, as_tensor, shown
from tests.properties.calls import Call
from tests.properties.cases import CASES
from tests.properties.composed import COMPOSED


def examples(count: int) -> settings:
    """Calls that are shown as they were drawn; twenty times as many under `--hypothesis-profile=explore`."""
    explore = settings.get_current_profile_name() == "explore"
    return settings(max_examples=count * (20 if explore else 1), phases=[Phase.generate])


@st.composite
def spoiled(draw: Any, target: Target) -> Call:
    """A plausible call with something else in the place of one or two of its arguments."""
    call = draw(target.calls)
    args, keywords = list(call.args), dict(call.keywords)
    for _ in range(draw(st.sampled_from([1, 1, 2]))):
        if place := [*range(target.kept, len(args)), *keywords]:
            chosen: Any = draw(st.sampled_from(place))
            (keywords if isinstance(chosen, str) else args)[chosen] = draw(HOSTILE)
    return Call(tuple(args), keywords)


WITH_CASES = [name for name in TARGETS if name.startswith("ops.")]


@pytest.mark.parametrize("name", WITH_CASES)
@examples(3)
@given(data=st.data())
def test_a_spoiled_call_of_an_op_gives_an_answer_or_an_error_that_says_enough(name, data):
    check(name, data)


@pytest.mark.parametrize("name", [name for name in TARGETS if name not in WITH_CASES])
@examples(2)
@given(data=st.data())
def test_a_hostile_call_gives_an_answer_or_an_error_that_says_enough(name, data):
    check(name, data)


def check(name: str, data: Any) -> None:
    target = TARGETS[name]
    call = data.draw(spoiled(target))
    shown_call = ", ".join([*map(shown, call.args), *(f"{k}={shown(v)}" for k, v in call.keywords.items())])
    found = fault(lambda: target.function(*call.args, **call.keywords), given=call.args)
    assert found is None, f"{name}({shown_call}): {found}"


# The same values in another form ------------------------------------------------------------------------------------

CALLS = {n: (OPS[n].function, case) for n, case in CASES.items()}
CALLS |= {f"{n}, composed": (case.ours, case.draw) for n, case in COMPOSED.items()}


def results(function: Any, call: Call, form: Any, mixed: bool) -> list[Any]:
    """The results of the call and the gradients of its tensors, all arguments in this form.

    `mixed`: the arguments after the first are ndarrays, where the op takes such.
    """
    args = [form(a) if isinstance(a, np.ndarray) else a for a in call.args]
    op = getattr(function, "op", None)
    args = [
        as_tensor(a, op is None or op.is_differentiable(i)) if isinstance(a, np.ndarray) and not (mixed and i) else a
        for i, a in enumerate(args)
    ]
    outs = function(*args, **call.keywords)
    outs = [out for out in (outs if isinstance(outs, (tuple, list)) else (outs,)) if isinstance(out, TensorBase)]
    leaves = [a for a in args if isinstance(a, TensorBase) and a.requires_grad]
    live = [out for out in outs if out.requires_grad]
    grads = ag.grad(live, leaves, [ag.ones_like(out) for out in live], allow_unused=True) if live else []
    return [None if x is None else x.array for x in (*outs, *grads)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", CALLS)
@examples(1)
@given(data=st.data())
def test_values_in_any_memory_layout_byte_order_or_subclass_give_the_same_or_an_error(name, dtype, data):
    function, strategy = CALLS[name]
    call = data.draw(strategy).cast(dtype)
    mixed = name in OPS and data.draw(st.booleans())
    close = {"rtol": 1e-4, "atol": 1e-4} if dtype == np.float32 else {"rtol": 1e-9, "atol": 1e-9}
    with np.errstate(all="ignore"):
        expected = results(function, call, np.array, mixed)
        for form in FORMS:
            try:
                found = results(function, call, FORMS[form], mixed)
            except (TypeError, RuntimeError) as error:
                assert form in ("masked", "read-only", "in shared memory"), f"{form}: {error}"
                continue
            for a, b in zip(found, expected, strict=True):
                if b is None:
                    assert a is None, form
                    continue
                assert type(a) is np.ndarray and a.dtype == b.dtype and a.dtype.isnative, form
                np.testing.assert_allclose(a, b, **close, err_msg=form)


def test_an_array_whose_elements_may_be_missing_is_refused():
    masked = np.ma.masked_array([1.0, 2.0], [True, False])
    for call in (ag.tensor, ag.Tensor, ag.as_tensor, ag.exp, lambda a: ag.ones(2) * a):
        with pytest.raises(TypeError, match=r"masked array cannot become a tensor.* array\.filled"):
            call(masked)


def test_a_matrix_and_the_other_byte_order_become_plain_arrays():
    numbers = np.arange(4.0).reshape(2, 2)
    for other in (np.asmatrix(numbers), numbers.astype(">f8")):
        for x in (ag.tensor(other), ag.as_tensor(other), ag.Tensor(other, dtype=ag.float64), ag.ones(2, 2) * other):
            assert type(x.array) is np.ndarray and x.array.dtype.isnative
            np.testing.assert_array_equal((x * x).array, numbers * numbers)
