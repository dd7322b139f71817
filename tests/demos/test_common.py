"""What the demos share, and the list of them."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from demos.__main__ import demos, main
from demos.common import parser, pyplot, run

FOLDER = Path(__file__).parents[2] / "demos"


def test_every_demo_is_listed_with_one_line(capsys):
    main()
    lines = capsys.readouterr().out.splitlines()[2:]
    starts = 'if __name__ == "__main__":'
    names = [path.stem for path in FOLDER.glob("[!_]*.py") if starts in path.read_text(encoding="utf-8")]
    names = sorted(names + [path.parent.name for path in FOLDER.glob("*/__main__.py")])
    assert [line.split()[0] for line in lines] == names == list(demos())
    assert all(demos().values())


def test_the_list_is_made_without_importing_a_demo():
    code = "import demos.__main__ as m, sys; m.main(); assert 'numpy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=FOLDER.parent, check=True, capture_output=True)


def test_plotting_needs_no_screen_and_writes_a_file(tmp_path):
    plt = pyplot()
    figure, axes = plt.subplots()
    axes.plot([0, 1])
    figure.savefig(tmp_path / "line.png")
    plt.close(figure)
    assert (tmp_path / "line.png").read_bytes().startswith(b"\x89PNG")


def test_the_parser_takes_a_seed_and_shows_the_defaults(capsys):
    options = parser("A demo.", seed=3)
    assert options.parse_args([]).seed == 3 and options.parse_args(["--seed", "5"]).seed == 5
    with pytest.raises(SystemExit):
        options.parse_args(["-h"])
    assert "A demo." in (text := capsys.readouterr().out) and "default: 3" in text


@pytest.mark.parametrize("error", [ValueError("no"), ArithmeticError("no"), ImportError("no"), FileNotFoundError("no")])
def test_what_cannot_be_done_ends_with_one_line(error, capsys):
    def work(args):
        raise error

    with pytest.raises(SystemExit) as stopped:
        run(parser("A demo."), [], work)
    assert stopped.value.code == 2 and capsys.readouterr().err.endswith(": no\n")


def test_an_error_of_the_system_names_the_file(capsys):
    with pytest.raises(SystemExit):
        run(parser("A demo."), [], lambda args: open("absent.txt"))
    assert capsys.readouterr().err.endswith(": absent.txt: No such file or directory\n")


def test_ctrl_c_at_any_other_time_ends_without_a_traceback(capsys):
    def work(args):
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as stopped:
        run(parser("A demo."), [], work)
    assert stopped.value.code == 130 and capsys.readouterr().err == "\nstopped\n"


def test_an_error_of_the_program_itself_keeps_its_traceback():
    with pytest.raises(KeyError):
        run(parser("A demo."), [], lambda args: {}["absent"])


def test_help_names_the_command_and_shows_the_defaults_that_there_are(capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["/somewhere/demos/moons.py"])
    options = parser("A demo.")
    options.add_argument("--steps", type=int, default=7, help="training steps")
    options.add_argument("--text", help="a text")
    options.add_argument("--fast", action="store_true", help="hurry")
    with pytest.raises(SystemExit):
        options.parse_args(["-h"])
    text = capsys.readouterr().out
    assert text.startswith("usage: python -m demos.moons ")
    assert "(default: 7)" in text and "(default: 0)" in text and "None" not in text and "False" not in text


def test_output_that_no_one_reads_any_more_ends_a_demo_in_silence():
    program = "from demos.common import parser, run; run(parser('x'), [], lambda _: [print(i) for i in range(10**6)])"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as demo:
        assert demo.stdout.readline() == b"0\n"
        demo.stdout.close()
        assert demo.stderr.read() == b"" and demo.wait() == 128 + signal.SIGPIPE
