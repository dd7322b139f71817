"""The web server of the explorer: pages, files, and the questions that pages ask of the models.

A page is a module of this package with a title, and with `QUESTIONS`: functions of (explorer, asked) that return what
JSON can hold. POST /api/PAGE/QUESTION calls one in a thread, so that the server goes on answering others meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from string import Template
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from demos.explorer import digits, gpt, training
from demos.explorer.asked import Asked, plain
from demos.explorer.explorer import Explorer
from demos.explorer.subjects import sums
from nn.report import assets

FOLDER = Path(__file__).parent / "page"
PAGES = {"digits": digits, "gpt": gpt, "training": training}
THREADS = 4  # that compute answers
MOST_WAITING = 200  # questions that are computed or wait for a thread
LARGEST = 1 << 20  # bytes of a question
PATIENCE = 10.0  # seconds in which a question must have arrived
OURS = ("127.0.0.1", "localhost", "[::1]")  # names of this machine
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
log = logging.getLogger(__name__)


class OnlyOurs:
    """Refuses what was asked under another name than this machine's, or by a page of another site.

    A site whose name is made to lead to this machine (DNS rebinding) would otherwise read what the server answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            given = {name: value.decode("latin-1") for name, value in scope["headers"]}
            host, origin = given.get(b"host", ""), given.get(b"origin")
            if _name(host) not in OURS or origin not in (None, f"http://{host}"):
                text = (
                    f"this server answers only its own pages, at {OURS[0]}, not a request to {host!r} from {origin!r}"
                )
                await JSONResponse({"error": text}, 403)(scope, receive, send)
                return
        await self.app(scope, receive, send)


def _name(host: str) -> str:
    """A host without its port."""
    name, _, port = host.rpartition(":")
    return name if name and port.isdecimal() else host


class Answers:
    """Answers questions in threads."""

    def __init__(self, explorer: Explorer) -> None:
        self.explorer, self.waiting = explorer, 0
        self.threads = ThreadPoolExecutor(THREADS, "answers")

    async def __call__(self, request: Request) -> Response:
        page, name = request.path_params["page"], request.path_params["name"]
        questions = getattr(PAGES.get(page), "QUESTIONS", {})
        if name not in questions:
            raise HTTPException(404, f"there is no question {name!r} of a page {page!r}")
        if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            raise HTTPException(415, "a question must have the content type application/json")
        if self.waiting >= MOST_WAITING:
            raise HTTPException(503, f"{self.waiting} questions are waiting already: try again in a moment")
        self.waiting += 1
        try:
            body = await _body(request)
            return await asyncio.get_running_loop().run_in_executor(self.threads, self._answer, questions[name], body)
        finally:
            self.waiting -= 1

    def _answer(self, question: Callable[[Explorer, Asked], dict[str, Any]], body: bytes) -> Response:
        try:
            return JSONResponse(plain(question(self.explorer, Asked.read(body))))
        except (ArithmeticError, LookupError, ValueError) as error:
            text = str(error.args[0] if isinstance(error, KeyError) else error)
            return JSONResponse({"error": text}, 400)


async def _body(request: Request) -> bytes:
    """The body of a request, which must come soon and be small."""
    parts, size = [], 0
    try:
        async with asyncio.timeout(PATIENCE):
            async for part in request.stream():
                parts.append(part)
                size += len(part)
                if size > LARGEST:
                    raise HTTPException(413, f"a question may have at most {LARGEST:,} bytes")
    except TimeoutError:
        raise HTTPException(408, f"the question did not arrive within {PATIENCE:g} seconds") from None
    except ClientDisconnect:
        raise HTTPException(400, "the connection was closed before the question was complete") from None
    return b"".join(parts)


async def _refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if request.url.path.startswith("/api/"):
        return JSONResponse({"error": error.detail}, error.status_code)
    return HTMLResponse(_shell("", "Not found", f"<main><h1>{error.detail}</h1></main>"), error.status_code)


async def _failure(request: Request, error: Exception) -> Response:
    """A mistake of ours: the page says so, and the terminal has the traceback."""
    log.error("%s failed", request.url.path, exc_info=error)
    return JSONResponse({"error": f"the explorer made a mistake: {error!r}; its terminal says more"}, 500)


def _shell(name: str, title: str, main: str) -> str:
    """A page: the head and the links that all pages have, and its own part."""
    links = {page: ' aria-current="page"' if page == name else "" for page in PAGES}
    shell = Template((FOLDER / "shell.html").read_text(encoding="utf-8"))
    return shell.substitute(title=title, main=main, **links)


async def _page(request: Request) -> Response:
    name = request.path_params.get("page", "index")
    if name != "index" and name not in PAGES:
        raise HTTPException(404, "There is no such page")
    title = PAGES[name].TITLE if name in PAGES else "Explorer"
    return HTMLResponse(_shell(name, title, (FOLDER / f"{name}.html").read_text(encoding="utf-8")))


async def _part(request: Request) -> Response:
    """The style and the charts that all pages of the library share."""
    kinds = {"style.css": ("style", "text/css"), "charts.js": ("script", "text/javascript")}
    if request.path_params["name"] not in kinds:
        raise HTTPException(404, "There is no such part")
    name, kind = kinds[request.path_params["name"]]
    return Response(assets()[name], media_type=kind)


def warm_up(explorer: Explorer) -> None:
    """Do once what takes long the first time: reading test images, compiling kernels, making the calculator's data."""
    digits.warm_up(explorer)
    sums()


def app(explorer: Explorer) -> Starlette:
    """The application, which any server of ASGI can run."""
    answers = Answers(explorer)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        answers.threads.shutdown(wait=False, cancel_futures=True)

    routes = [
        Route("/", _page),
        Route("/api/{page}/{name}", answers.__call__, methods=["POST"]),
        Route("/parts/{name}", _part),
        Mount("/files", StaticFiles(directory=FOLDER)),
        Route("/{page}", _page),
    ]
    made = Starlette(
        routes=routes, lifespan=lifespan, exception_handlers={HTTPException: _refusal, Exception: _failure}
    )
    made.add_middleware(Headers)
    made.add_middleware(OnlyOurs)
    return made


class Headers:
    """Adds HEADERS to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] += [(n.lower().encode(), v.encode()) for n, v in HEADERS.items()]
            await send(message)

        await self.app(scope, receive, with_headers)
