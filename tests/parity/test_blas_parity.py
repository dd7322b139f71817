"""Products by MKL beside the packages that load their own libraries of threads, each test in a process of its own."""

import importlib.util

import pytest

from tests.autograd.test_blas import ORDERS, products_are_right_beside, pytestmark  # noqa: F401

PACKAGES = {
    "torch": "import torch; torch.ones(600, 600) @ torch.ones(600, 600)",
    "scipy": "import scipy.linalg; scipy.linalg.solve(np.eye(600), np.ones(600))",
    "sklearn": "from sklearn.cluster import KMeans; KMeans(2, n_init=1).fit(np.eye(3000, 2))",
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("package", PACKAGES)
def test_products_are_right_before_and_after_the_package_is_imported(package, order):
    if not importlib.util.find_spec(package):
        pytest.skip(f"{package} is not installed")
    products_are_right_beside(PACKAGES[package], order)
