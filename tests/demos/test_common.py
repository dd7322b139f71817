"""What the demos share, and the list of them."""

import subprocess
import sys
from pathlib import Path

import pytest

from demos.__main__ import HELPERS, demos, main
from demos.common import out_dir, parser, pyplot

FOLDER = Path(__file__).parents[2] / "demos"


def test_every_demo_is_listed_with_one_line(capsys):
    main()
    lines = capsys.readouterr().out.splitlines()[2:]
    names = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in HELPERS)
    assert [line.split()[0] for line in lines] == names == list(demos())
    assert all(demos().values())


def test_the_list_is_made_without_importing_a_demo():
    code = "import demos.__main__ as m, sys; m.main(); assert 'numpy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=FOLDER.parent, check=True, capture_output=True)


def test_the_folder_for_results_is_made_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert out_dir("a").is_dir() and out_dir("a") == Path("out/a")


def test_plotting_needs_no_screen_and_writes_a_file(tmp_path):
    plt = pyplot()
    figure, axes = plt.subplots()
    axes.plot([0, 1])
    figure.savefig(tmp_path / "line.png")
    plt.close(figure)
    assert (tmp_path / "line.png").read_bytes().startswith(b"\x89PNG")


def test_without_matplotlib_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r'pip install "chainrule\[plot\]"'):
        pyplot()


def test_the_parser_takes_a_seed_and_shows_the_defaults(capsys):
    options = parser("A demo.", seed=3)
    assert options.parse_args([]).seed == 3 and options.parse_args(["--seed", "5"]).seed == 5
    with pytest.raises(SystemExit):
        options.parse_args(["-h"])
    assert "A demo." in (text := capsys.readouterr().out) and "default: 3" in text
