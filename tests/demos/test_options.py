"""Wrong options end every demo with one line that says what is wrong, before anything is trained or written."""

import sys

import pytest

from demos import calculator, digits, heads, it, moons, neurons, text, training, translate, walkthrough

MODULES = (calculator, digits, heads, it, moons, neurons, text, training, translate, walkthrough)
DEMOS = {module.__name__.rpartition(".")[2]: module for module in MODULES}
COUNT = "must be at least 1, got"
WRONG = {
    **{name: [("--steps 0", f"--steps {COUNT} 0"), ("--steps -5", f"--steps {COUNT} -5")] for name in DEMOS},
    "digits": [
        ("--steps -5", f"--steps {COUNT} -5"),
        ("--epochs 0", f"--epochs {COUNT} 0"),
        ("--batch -1", f"--batch {COUNT} -1"),
        ("--images many", "--images must be a whole number, got many"),
        *((f"--lr {lr}", f"--lr must be a finite number above 0, got {lr}") for lr in ("0", "nan", "inf", "x")),
        ("--network best", "--network: invalid choice: 'best'"),
    ],
}
WRONG["neurons"] = [("--epochs 0", f"--epochs {COUNT} 0")]
WRONG["moons"].append(("--points 1", "--points must be at least 2, got 1"))
WRONG["heads"].append(("--width 30 --heads 4", "--heads must divide --width, which is 30, got 4"))
WRONG["training"] += [
    ("--text short.txt", "short.txt has 190 characters; at least 320 are needed"),
    ("--text same.txt", "same.txt has fewer than two different characters"),
]
WRONG["walkthrough"].append(("--rate nan", "--rate must be a finite number above 0, got nan"))
WRONG["text"] += [
    ("--text absent.txt", "absent.txt: No such file or directory"),
    ("--text latin.txt", "latin.txt is not in UTF-8"),
    ("--text empty.txt", "empty.txt has fewer than two different characters"),
    ("--text short.txt", "a context of 64 needs 65 characters, and the trained or the held-out part has"),
    ("--text short.txt --context 4 --prompt €", "unknown character '€'"),
    ("--text short.txt --context 4 --heads 3", "--heads must divide --width, which is 128, got 3"),
    ("--text short.txt --context 4 --resume", "there is no run to resume in out/text: train first"),
    ("--resume run-3", "there is no run run-3 in out/text: train first"),
    ("--sample", "there is no checkpoint out/text/latest/best."),
    ("--sample --model old.ckpt", "old.ckpt is not a .safetensors or .npz file; pickles, which earlier versions wrote"),
    ("--dropout 1", "--dropout must be at least 0 and below 1, got 1"),
    ("--temperature -1", "--temperature must be a finite number of at least 0, got -1"),
    ("--top-p 0", "--top-p must be above 0 and at most 1, got 0"),
]


def check(name, arguments, words, folder, capsys):
    """The demo ends with exit code 2 and one line; it writes nothing, though it may make the folder for its results."""
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(SystemExit) as stopped:
        DEMOS[name].main(arguments.split())
    out, err = capsys.readouterr()
    (line,) = err.splitlines()
    assert stopped.value.code == 2 and words in line and "loss" not in out
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "short.txt").write_text("to be or not to be\n" * 10, encoding="utf-8")
    (tmp_path / "same.txt").write_text("a" * 400, encoding="utf-8")
    (tmp_path / "empty.txt").touch()
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9")
    return tmp_path


@pytest.mark.parametrize("name", ["text", "calculator", "translate", "digits"])
def test_a_checkpoint_of_an_earlier_version_is_not_resumed(name, folder, capsys):
    (folder / "out" / name).mkdir(parents=True)
    (folder / "out" / name / "last.ckpt").write_bytes(b"\x80\x05N.")
    check(name, "--resume", f"out/{name}/last.ckpt is a pickle of an earlier version", folder, capsys)


CASES = [(name, *case) for name, cases in WRONG.items() for case in cases]
CASES += [(name, "--seed -1", "--seed must be at least 0, got -1") for name in DEMOS]
CASES += [(name, "--no-such-option", "unrecognized arguments: --no-such-option") for name in DEMOS]


@pytest.mark.parametrize(("name", "arguments", "words"), CASES)
def test_a_wrong_option_is_named_in_one_line(name, arguments, words, folder, capsys):
    check(name, arguments, words, folder, capsys)


@pytest.mark.parametrize("name", DEMOS)
@pytest.mark.parametrize("taken", ["out", "out/{}"])
def test_where_no_results_can_be_written_the_line_says_where_to_go(name, taken, folder, capsys):
    file = folder / taken.format(name)
    file.parent.mkdir(exist_ok=True)
    file.write_text("a file where the folder should be", encoding="utf-8")
    check(name, "", f"the results cannot be written to the folder out/{name} ", folder, capsys)


@pytest.mark.parametrize("name", sorted({*DEMOS} - {"text"}))  # which draws nothing
def test_without_matplotlib_the_line_says_how_to_install_it(name, folder, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    check(name, "", 'pip install "chainrule[plot]"', folder, capsys)
