"""MKL beside other libraries of threads, each test in a process of its own."""

import ctypes.util
import importlib.util
import os
import subprocess
import sys

import pytest

from autograd.kernels import blas

pytestmark = pytest.mark.skipif(
    not (blas.mkl() and importlib.util.find_spec("numba")), reason='this needs MKL: pip install "chainrule[fast]"'
)

PRODUCTS = """
import ctypes, ctypes.util, os, signal
import numpy as np
from autograd import kernels, tensor
from autograd.kernels import blas
from nn import functional as F

def gomp():
    ctypes.CDLL(ctypes.util.find_library("gomp"), mode=ctypes.RTLD_GLOBAL)

def near(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())

def products():
    rng = np.random.default_rng(0)
    for n in (200, 255, 320, 600):
        x, w = rng.standard_normal((2, n, n), np.float32)
        exact_x, exact_w = x.astype(np.float64), w.astype(np.float64)
        near(kernels.matmul(x, w), exact_x @ exact_w)
        weight = tensor(w, requires_grad=True)
        out = F.linear(tensor(x), weight)
        out.sum().backward()
        near(out.detach().numpy(), exact_x @ exact_w.T)
        near(weight.grad.numpy(), np.broadcast_to(exact_x.sum(0), (n, n)))
    q, k, v = rng.standard_normal((3, 1, 2, 600, 64), np.float32)
    weights = np.exp(q.astype(np.float64) @ k.astype(np.float64).swapaxes(-1, -2) / 8)
    near(kernels.attention(q, k, v, None, False, 1 / 8)[0], weights / weights.sum(-1, keepdims=True) @ v)
"""


def run(program, **settings):
    """What the program printed, and its warnings; two threads, even on one core."""
    others = {name: value for name, value in os.environ.items() if not name.endswith(("_NUM_THREADS", "_LAYER"))}
    env = {**others, "CHAINRULE_KERNELS": "numba", "MKL_NUM_THREADS": "2", "MKL_DYNAMIC": "FALSE", **settings}
    shown = subprocess.run([sys.executable, "-c", PRODUCTS + program], env=env, capture_output=True, text=True)
    assert shown.returncode == 0, shown.stderr
    return shown.stdout, shown.stderr


needs_gomp = pytest.mark.skipif(not ctypes.util.find_library("gomp"), reason="there is no libgomp here")


ORDERS = ["{0}; products()", "products(); {0}; products()", "kernels.backend(); {0}; products()"]


def products_are_right_beside(package, order):
    """The products stay MKL's and right, on one and two threads, where the calls of the program come in this order."""
    calls = order.format(package)
    _, warned = run(f"{calls}\nfor count in (1, 2):\n  with blas.blas_threads(count): products()\nassert blas.mkl()")
    assert "MKL" not in warned


@needs_gomp
@pytest.mark.parametrize("order", ORDERS)
def test_products_are_right_before_and_after_libgomp_is_loaded(order):
    products_are_right_beside("gomp()", order)


@needs_gomp
@pytest.mark.skipif(not hasattr(os, "fork"), reason="a process cannot fork here")
def test_a_forked_process_does_not_wait_for_the_threads_of_libgomp():
    program = """
gomp()
products()
if os.fork() == 0:
    signal.alarm(30)
    products()
    os._exit(0)
print(os.waitstatus_to_exitcode(os.wait()[1]))
"""
    assert run(program)[0] == "0\n"


@pytest.mark.parametrize("layer", ["", "SEQUENTIAL"])
def test_the_layer_of_threads_is_that_of_the_environment(layer):
    settings = {"MKL_THREADING_LAYER": layer} if layer else {}
    assert run("products(); print(blas.mkl().threads())", **settings)[0] == ("1\n" if layer else "2\n")


@needs_gomp
def test_mkl_is_given_up_with_a_warning_where_its_first_products_are_wrong():
    program = """
gomp()
path = next(p.locate() for p in blas.metadata.files("mkl") if p.name.startswith(("libmkl_rt", "mkl_rt")))
ctypes.CDLL(str(path)).MKL_Set_Threading_Layer(0)  # Intel's, which takes half of its OpenMP from libgomp
products()
assert blas.mkl() is None
"""
    assert "RuntimeWarning: MKL gives wrong matrix products" in run(program)[1]


def test_mkl_is_given_up_with_a_warning_where_its_products_become_wrong():
    program = """
products()
nothing = ctypes.CFUNCTYPE(None)(lambda: None)
blas._Checked.mkl = blas.mkl()._replace(sgemm=ctypes.cast(nothing, ctypes.c_void_p).value)
import colorsys
products()
assert blas.mkl() is None
"""
    assert "RuntimeWarning: MKL gives wrong matrix products" in run(program)[1]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"OPENBLAS_NUM_THREADS": "1"}, 1),
        ({"MKL_NUM_THREADS": "1"}, 1),
        ({"MKL_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "1"}, 2),
        ({"OMP_NUM_THREADS": "1"}, 1),
    ],
)
def test_mkl_takes_the_threads_that_the_environment_allows(settings, expected):
    others = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    program = "from autograd.kernels.blas import mkl; print(mkl().threads())"
    shown = subprocess.run(
        [sys.executable, "-c", program], env={**others, **settings}, capture_output=True, text=True, check=True
    )
    assert int(shown.stdout) == min(expected, os.cpu_count() or 1)


def test_no_mkl_where_its_package_is_not_installed(monkeypatch):
    def missing(name):
        raise blas.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(blas.metadata, "distribution", missing)
    assert blas._load_mkl() is None
