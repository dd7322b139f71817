"""One's own model is found in a file or in the folder of a run; what is none is named in one line."""

import pytest

from demos.explorer import __main__ as command
from demos.explorer import gpt
from demos.explorer.asked import Asked
from demos.explorer.explorer import Explorer
from demos.explorer.models import load_models, saved_in
from models.checkpoint import save_gpt
from models.config import GPTConfig
from models.gpt import GPT
from models.tokenizers import BPETokenizer, CharTokenizer

TOKENS = CharTokenizer("ab")


def save(path, tokens=TOKENS, width=4):
    path.parent.mkdir(parents=True, exist_ok=True)
    save_gpt(path, GPT(GPTConfig(2, 4, n_layer=1, n_head=1, n_embd=width)), tokens)


def test_a_file_a_run_and_the_folder_of_a_demo_name_a_model_and_the_best_weights_come_first(tmp_path):
    save(tmp_path / "text" / "latest" / "weights.npz", width=4)
    for path in (tmp_path / "text", tmp_path / "text" / "latest", tmp_path / "text" / "latest" / "weights.npz"):
        own = load_models(path).gpts["own"]
        with own.use() as model:
            assert (own.title, model.config.n_embd) == (str(path), 4)
    save(tmp_path / "text" / "latest" / "best.npz", width=8)
    with load_models(tmp_path / "text").gpts["own"].use() as model:
        assert model.config.n_embd == 8
    assert next(iter(load_models(tmp_path / "text").gpts)) == "own"
    assert saved_in(tmp_path / "nothing.npz") == tmp_path / "nothing.npz"


def test_a_folder_with_the_files_of_hugging_face_is_a_model(tmp_path):
    pytest.importorskip("safetensors")
    tokens = BPETokenizer.train("abab", 260, special=["<|endoftext|>"])
    model = GPT(GPTConfig(tokens.vocab_size + 1, 8, 1, 1, 8))
    model.transformer.ln_f.bias.array[:] = model.lm_head.weight.array[-1] = 1  # the likeliest id has no token
    model.save_pretrained(tmp_path, tokens)
    explorer = Explorer(load_models(tmp_path))
    row = gpt.look(explorer, Asked({"prompt": "ab"}))["distribution"]["rows"][0]
    assert (row["text"], row["piece"]) == (f"<{tokens.vocab_size}>", "") and row["p"] > 0.5


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nothing.npz", "train a model first, or name another file"),
        ("", "has no saved model (best or weights): name the folder of a run, or a checkpoint"),
        ("broken.npz", "broken.npz"),
        ("silent.npz", "has no tokenizer, so it can read no text"),
    ],
)
def test_what_is_no_model_is_one_line_and_exit_code_2(tmp_path, capsys, name, reason):
    (tmp_path / "broken.npz").write_bytes(b"no archive")
    save(tmp_path / "silent.npz", None)
    with pytest.raises(SystemExit) as stop:
        command.main(["--model", str(tmp_path / name), "--port", "0", "--no-browser"])
    said = capsys.readouterr().err
    assert stop.value.code == 2 and reason in said and said.count("\n") == 1 and str(tmp_path) in said
