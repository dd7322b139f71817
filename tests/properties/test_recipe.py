"""CONTRIBUTING's recipe, performed: an op is its five lines and a case, in a file of its own."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

OP = '''
import numpy as np
from autograd.ops.table import op

@op(np.cbrt, inplace=True, x=lambda g, out: g / (3 * out * out))
def cbrt(x):
    """The cube root of x."""
    return np.cbrt(x)

from tests.properties.calls import one
from tests.properties.cases import CASES

CASES["cbrt"] = one(0.3, 3)
'''

USES = """
import autograd as ag
from tests.properties.test_table import *

X = np.array([1.0, 8.0, 27.0])

def test_cbrt_has_its_value_its_methods_and_its_gradient():
    x = ag.tensor(X, requires_grad=True)
    for found in (cbrt(x), x.cbrt(), np.cbrt(x), (x * 1).cbrt_()):
        np.testing.assert_allclose(found.detach().numpy(), [1, 2, 3], rtol=1e-15)
        (g,) = ag.grad(found.sum(), x)
        np.testing.assert_allclose(g.numpy(), [1 / 3, 1 / 12, 1 / 27])
    np.testing.assert_array_equal(cbrt(X), np.cbrt(X))
    assert ag.gradcheck(cbrt, x) and ag.gradgradcheck(cbrt, x)
"""


def test_an_op_is_five_lines_and_a_case(tmp_path):
    (tmp_path / "test_of_mine.py").write_text(OP + USES)
    program = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tmp_path, "-k", "cbrt"]
    done = subprocess.run([*program, tmp_path], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert "7 passed" in done.stdout, done.stdout
