"""Damaged files are read or refused with one clear error, in little memory, with nothing opened elsewhere."""

from pathlib import Path
from random import Random

import pytest

pytest.importorskip("PIL")
pytest.importorskip("safetensors")
from tests.fuzz.mutations import mutated  # noqa: E402
from tests.fuzz.readers import READERS, fault, spoiled  # noqa: E402

CORPUS = sorted(path for path in Path(__file__).with_name("corpus").glob("*/*") if path.is_dir())


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", READERS)
def test_a_damaged_file_is_one_clear_error_or_a_value(name, tmp_path):
    for seed in range(150):
        found = fault(READERS[name], spoiled(Random(seed), READERS[name]), tmp_path)
        assert found is None, f"seed {seed}: {found}"


def test_a_file_that_is_cut_anywhere_can_be_damaged_further():
    for name in ("checkpoint", "run to go on"):
        for files in READERS[name].valid:
            for file, content in files.items():
                for end in range(0, len(content), max(len(content) // 100, 1)):
                    mutated(Random(end), file, content[:end])


@pytest.mark.parametrize("case", CORPUS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_was_found_once_stays_mended(case, tmp_path):
    reader = READERS[case.parent.name.replace("-", " ")]
    assert fault(reader, {file.name: file.read_bytes() for file in case.iterdir()}, tmp_path) is None


@pytest.mark.parametrize("name", READERS)
def test_valid_files_are_read(name, tmp_path):
    for files in READERS[name].valid:
        for file, content in files.items():
            (tmp_path / file).write_bytes(content)
        READERS[name].read(tmp_path if READERS[name].folder else tmp_path / next(iter(files)))


def test_the_judge_tells_what_readers_must_not_do(tmp_path):
    reader = READERS["tokenizer"]
    files = {"file.json": b"{}"}

    def outside(path: Path) -> None:
        open("/dev/null", "rb").close()

    def greedy(path: Path) -> None:
        bytes(1 << 26)

    def nameless(path: Path) -> None:
        raise ValueError("it is damaged")

    def another(path: Path) -> None:
        raise KeyError("x")

    for read, what in ((outside, "opened"), (greedy, "bytes"), (nameless, "not name the file"), (another, "KeyError")):
        assert what in (fault(reader._replace(read=read), files, tmp_path) or "")
