import threading
import time
from contextlib import contextmanager

import pytest
import uvicorn
from starlette.testclient import TestClient

from autograd import manual_seed
from demos.explorer.__main__ import listening
from demos.explorer.explorer import Explorer
from demos.explorer.models import Models, Served
from demos.explorer.server import app
from models import mlp
from models.config import GPTConfig
from models.gpt import GPT
from models.tokenizers import CharTokenizer
from tests.browser import Browser

HERE = "http://127.0.0.1:8000"


@pytest.fixture
def explorer():
    """Untrained models: what holds of the server holds of any."""
    manual_seed(0)
    tokens = CharTokenizer("\n abcdefgh")
    gpt = GPT(GPTConfig(tokens.vocab_size, block_size=16, n_layer=2, n_head=2, n_embd=16))
    models = Models(Served("Digits", mlp.digits(), None, {}), {"tiny": Served("Tiny", gpt, tokens, {})})
    return Explorer(models)


@pytest.fixture
def client(explorer):
    with TestClient(app(explorer), base_url=HERE, raise_server_exceptions=False) as asking:
        yield asking


@pytest.fixture(scope="module")
def window():
    """A browser that the tests of a page share."""
    with Browser() as browser:
        yield browser


@contextmanager
def running(explorer):
    """A server of the explorer on a free port of this machine; yields its address."""
    with listening(0) as place:
        server = uvicorn.Server(uvicorn.Config(app(explorer), log_level="warning", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, args=([place],))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{place.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def shown(window, address, width=1280):
    """A page in the window; afterwards the console has said nothing, and only this machine was asked."""
    window.resize(width, 900)
    window.complaints(), window.requests()
    window.open(address)
    yield window
    assert window.complaints() == []
    home = address.rpartition("/")[0]
    assert all(url.startswith((f"{home}/", "data:")) for url in window.requests())
