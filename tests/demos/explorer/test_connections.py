"""A real server goes on answering while clients are slow, go away or send rubbish; the command says what is wrong."""

import json
import socket
import subprocess
import sys
import threading
import urllib.request

import pytest

from demos.explorer import __main__ as command
from demos.explorer import server
from tests.demos.explorer.conftest import running


@pytest.fixture
def address(explorer):
    with running(explorer) as address:
        yield address


@pytest.fixture
def question(monkeypatch):
    return lambda function: monkeypatch.setitem(server.digits.QUESTIONS, "test", function)


def ask(address, body=b"{}"):
    request = urllib.request.Request(f"{address}/api/digits/test", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as found:
        return json.load(found)


def connected(address):
    host, port = address.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=20)


def head(address, length):
    """The head of a question whose body has this length."""
    fields = {"Host": address.removeprefix("http://"), "Content-Type": "application/json", "Content-Length": length}
    lines = ["POST /api/digits/test HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def answer(connection):
    """All that comes until the server closes, or has answered."""
    found = b""
    while b"}" not in found and (part := connection.recv(4096)):
        found += part
    return found.decode()


def test_a_slow_question_is_given_up_and_others_are_answered_meanwhile(address, question, monkeypatch):
    monkeypatch.setattr(server, "PATIENCE", 0.3)
    question(lambda explorer, asked: {"fine": True})
    with connected(address) as slow:
        slow.sendall(head(address, 100) + b"{")
        assert ask(address) == {"fine": True}
        found = answer(slow)
    assert found.startswith("HTTP/1.1 408") and "did not arrive" in found


def test_a_client_that_goes_away_in_the_middle_of_a_question_leaves_nothing_behind(address, question, explorer):
    question(lambda explorer, asked: {"fine": True})
    for _ in range(20):
        with connected(address) as gone:
            gone.sendall(head(address, 100) + b'{"x"')
    assert ask(address) == {"fine": True}


def test_a_client_that_goes_away_before_the_answer_leaves_nothing_behind(address, question):
    started, gate = threading.Semaphore(0), threading.Event()

    def slow(explorer, asked):
        started.release()
        return {"opened": gate.wait(20)}

    question(slow)
    for _ in range(server.THREADS):
        with connected(address) as gone:
            gone.sendall(head(address, 2) + b"{}")
            assert started.acquire(timeout=20)
    gate.set()
    assert ask(address) == {"opened": True}


def test_a_question_that_is_too_large_is_refused_before_all_of_it_has_come(address, question):
    question(lambda explorer, asked: {"fine": True})
    with connected(address) as large:
        large.sendall(head(address, 10 * server.LARGEST) + b" " * (server.LARGEST + 1))
        assert answer(large).startswith("HTTP/1.1 413")
    assert ask(address) == {"fine": True}


RUBBISH = {"zeros": b"\x00" * 100, "half a line": b"GET\r\n\r\n", "TLS": b"\x16\x03\x01\x02\x00"}


@pytest.mark.parametrize("rubbish", RUBBISH.values(), ids=RUBBISH)
def test_rubbish_is_no_reason_to_stop(address, question, rubbish):
    question(lambda explorer, asked: {"fine": True})
    with connected(address) as broken:
        broken.sendall(rubbish)
    assert ask(address) == {"fine": True}


def test_it_listens_to_this_machine_alone():
    with command.listening(0) as place:
        assert place.getsockname()[0] == "127.0.0.1"


def test_its_answers_are_sent_at_once():
    """asyncio sets TCP_NODELAY, without which an answer waits 40 ms, on connections of sockets that name TCP alone."""
    with command.listening(0) as place:
        assert place.proto == socket.IPPROTO_TCP


def test_a_port_that_is_taken_is_one_line_and_exit_code_2(capsys):
    with command.listening(0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SystemExit) as stop:
            command.main(["--port", str(port), "--no-browser"])
    said = capsys.readouterr().err
    assert stop.value.code == 2 and said.count("\n") == 1 and f"port {port} cannot be used" in said and "--port" in said


def test_a_missing_package_is_named_with_the_command_that_installs_it(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(SystemExit) as stop:
        command.main(["--no-browser"])
    assert stop.value.code == 2 and 'pip install "chainrule[explorer]"' in capsys.readouterr().err


def test_the_command_serves_until_it_is_interrupted():
    run = subprocess.Popen(
        [sys.executable, "-m", "demos.explorer", "--port", "0", "--no-browser"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        line = run.stdout.readline()
        address = line.split()[4]
        with urllib.request.urlopen(address, timeout=20) as page:
            assert b"Training" in page.read()
        run.send_signal(2)
        _, said = run.communicate(timeout=20)
    finally:
        run.kill()
    assert "Traceback" not in said
