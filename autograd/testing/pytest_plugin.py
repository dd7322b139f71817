"""For pytest: the marker and the fixture `gradcheck`. In the conftest.py at the root of your tests:

    pytest_plugins = ["autograd.testing.pytest_plugin"]

A test that is marked returns a function and its inputs; the fixture is a function that checks them.

    @pytest.mark.gradcheck(order=2)
    def test_my_op():
        return my_op, [randn(3, 4, dtype=float64, requires_grad=True)]

    def test_my_layer(gradcheck):
        gradcheck(MyLayer(), randn(3, 4))
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from autograd.checking import GradcheckError, gradcheck_module, gradgradcheck
from autograd.checking import gradcheck as first_order
from autograd.errors import require

pytest = require("pytest", "dev")


def check(func: Any, inputs: Any, order: int = 1, **options: Any) -> None:
    """Fail the test with the report, unless the gradients of a function or a module are right, up to `order`."""
    __tracebackhide__ = True
    checks: list[Callable] = [first_order, gradgradcheck]
    if hasattr(func, "named_parameters"):
        checks = [gradcheck_module, partial(gradcheck_module, order=2)]
    for one_order in checks[:order]:
        try:
            one_order(func, inputs, **options)
        except GradcheckError as error:
            pytest.fail(f"{error}\n\n{error.report.table() if error.report else ''}", pytrace=False)


@pytest.fixture(scope="session")
def gradcheck() -> Callable:
    """`gradcheck(func, inputs, order=1, **options)`: fails the test with a report unless the gradients are right."""
    return check


def pytest_configure(config: Any) -> None:
    """Registers the marker."""
    text = "gradcheck(order=1, **options): the test returns (function, inputs), whose gradients are checked"
    config.addinivalue_line("markers", text)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: Any) -> bool | None:
    """Checks what a marked test returns."""
    marker = pyfuncitem.get_closest_marker("gradcheck")
    if marker is None:
        return None
    names = pyfuncitem._fixtureinfo.argnames
    returned = pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names})
    if not isinstance(returned, tuple) or len(returned) != 2:
        pytest.fail("a test that is marked gradcheck returns (function, inputs)", pytrace=False)
    check(*returned, *marker.args, **marker.kwargs)
    return True
