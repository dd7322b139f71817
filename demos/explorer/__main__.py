"""A local page on live models: draw a digit, look inside a GPT, watch a model learn.

Everything runs on this machine: the page is served only to it, and requests nothing from the network. Small trained
models are included; to look inside your own GPT, pass --model.
"""

from __future__ import annotations

import os
import socket
import threading
import webbrowser
from argparse import Namespace
from pathlib import Path

from autograd.errors import require
from demos.common import checked, parser, run

HOST = "127.0.0.1"


def listening(port: int) -> socket.socket:
    """A socket that listens at the port, or, where that is 0, at any free one. Raises ValueError if it is taken.

    Who connects before the server runs has to wait for it, and is not refused.
    """
    # asyncio sends at once, and not after 40 ms with more, where the socket says that it is one of TCP
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, os.name == "posix")
    try:
        found.bind((HOST, port))
        found.listen(100)
    except OSError as error:
        raise ValueError(f"port {port} cannot be used ({error.strerror}): name another with --port") from error
    return found


def work(args: Namespace) -> None:
    """Serve until Ctrl-C."""
    for package in ("starlette", "uvicorn", "PIL"):
        require(package, "explorer")
    import uvicorn

    from demos.explorer.explorer import Explorer
    from demos.explorer.models import load_models
    from demos.explorer.server import app, warm_up

    with listening(args.port) as place:
        explorer = Explorer(load_models(args.model))
        address = f"http://{HOST}:{place.getsockname()[1]}/"
        print(f"the explorer is at {address} (Ctrl-C ends it)", flush=True)
        threading.Thread(target=warm_up, args=[explorer], daemon=True).start()
        if not args.no_browser:
            threading.Timer(0.5, webbrowser.open, [address]).start()
        config = uvicorn.Config(app(explorer), log_level="warning", timeout_keep_alive=30, timeout_graceful_shutdown=1)
        uvicorn.Server(config).run([place])


def main(arguments: list[str] | None = None) -> None:
    """Read the options, then serve."""
    options = parser(__doc__)
    options.prog = "python -m demos.explorer"
    port = checked(int, lambda n: 0 <= n < 65536, "from 0 to 65535", "a whole number")
    options.add_argument("--port", type=port, default=8000, help="port on this machine; 0 takes any free one")
    options.add_argument("--no-browser", action="store_true", help="do not open the page in a browser")
    own = "a GPT of your own: a checkpoint, the folder of a run, or one with Hugging Face's files"
    options.add_argument("--model", type=Path, help=own)
    run(options, arguments, work)


if __name__ == "__main__":
    main()
