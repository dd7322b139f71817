"""The site that `make docs` builds: no link is broken, and it opens from the disk without a network."""

import os
import re
import subprocess
import sys
import zlib
from importlib import import_module
from types import ModuleType

import pytest

import autograd
import nn
from tests.browser import MISSING, WITHOUT, Browser
from tests.docs.pages import ROOT

pytest.importorskip("mkdocs", reason="mkdocs is not installed: it is in the extra docs")


# Families whose operations programs use by the functions of `nn.functional`, which wrap them.
WRAPPED = {"activations", "neural", "normalization", "pooling", "recurrent"}

# Gives what the search has found, once that is anything.
FOUND = """
    const look = setInterval(() => {
      const text = document.querySelector(".md-search-result__list")?.innerText;
      if (text) { clearInterval(look); arguments[0](text); }
    }, 50);
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1", "CHAINRULE_KERNELS": "numpy"}
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", folder]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr  # a broken link or anchor is an error
    return folder


def test_the_reference_has_every_public_name_of_autograd_and_nn_with_a_docstring(site):
    # What has no docstring is not in the reference.
    inventory = (site / "objects.inv").read_bytes().split(b"\n", 4)[4]
    named = {line.split(" ", 1)[0].rpartition(".")[2] for line in zlib.decompress(inventory).decode().splitlines()}
    families = {file.stem for file in (ROOT / "autograd/ops").glob("[a-z]*.py")} - WRAPPED
    modules = [import_module(f"autograd.ops.{family}") for family in families]
    public = {name for module in modules for name in getattr(module, "__all__", ())}
    wanted = {name: getattr(autograd, name) for name in dir(autograd)}
    wanted = {name: value for name, value in wanted.items() if not isinstance(value, ModuleType)}  # of torch's paths
    wanted |= {name: value for name, value in vars(nn.init).items() if getattr(value, "__module__", "") == "nn.init"}
    for package in (nn, nn.functional, nn.optim, nn.optim.lr_scheduler, nn.utils, nn.data):
        wanted |= {name: getattr(package, name) for name in dir(package)}
    own = ("autograd", "nn", "models")
    public |= {
        name
        for name, value in wanted.items()
        if not name.startswith("_") and callable(value) and getattr(value, "__module__", "").startswith(own)
    }
    assert len(public) > 600
    missing = sorted(public - named)
    assert not missing, missing


def test_every_page_is_in_the_contents(site):
    contents = (ROOT / "mkdocs.yml").read_text("utf-8")
    pages = {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")}
    assert pages <= set(re.findall(r"[\w/]+\.md", contents))


@pytest.mark.skipif(bool(MISSING), reason=WITHOUT)
def test_a_phone_shows_the_pages_and_searches_them_without_a_network(site):
    with Browser(390, 844) as browser:
        for page in (
            "index",
            "derivations",
            "performance",
            "programs",
            "api/operations",
            "api/value",
            "tutorial/gpt",
            "notebooks/2_digits",
        ):
            browser.open(site / f"{page}.html")
            assert browser.run("return document.documentElement.scrollWidth") <= 390, page
        assert browser.serious_violations() == []
        browser.resize(1280, 800)
        browser.open(site / "index.html")
        browser.run("document.querySelector('[data-md-component=search-query]').focus()")
        browser.type("softmax")
        assert "Softmax" in browser.run_async(FOUND)
        assert browser.complaints() == []
        assert {url.partition(":")[0] for url in browser.requests()} <= {"file", "data"}
