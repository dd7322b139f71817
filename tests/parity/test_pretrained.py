"""Models and tokenizers in Hugging Face's files, beside `transformers`: logits to 1e-4 in float32, both directions."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import autograd as ag
from models.config import GPTConfig
from models.generate import generate
from models.gpt import GPT
from models.tokenizers import BPETokenizer

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
ROOT = Path(__file__).parents[2]
SMALL_GPT2 = {"vocab_size": 97, "n_positions": 24, "n_embd": 48, "n_layer": 3, "n_head": 4}
SMALL_LLAMA = {"vocab_size": 97, "max_position_embeddings": 24, "hidden_size": 48, "num_hidden_layers": 3}
SMALL_LLAMA |= {"num_attention_heads": 6, "num_key_value_heads": 6, "intermediate_size": 70}
ENDS = {"bos_token_id": None, "eos_token_id": None}

CONFIGS = {
    "gpt2": ("GPT2", {}),
    "gpt2, other sizes": ("GPT2", {"n_inner": 50, "n_head": 1, "layer_norm_epsilon": 1e-3}),
    "gpt2, untied": ("GPT2", {"tie_word_embeddings": False}),
    "gpt2, attention upcast": ("GPT2", {"reorder_and_upcast_attn": True}),
    **{
        f"gpt2, {name}": ("GPT2", {"activation_function": name})
        for name in ("gelu", "relu", "gelu_pytorch_tanh", "gelu_fast")
    },
    "llama": ("Llama", {}),
    "llama, grouped queries": ("Llama", {"num_key_value_heads": 2}),
    "llama, one head of keys": ("Llama", {"num_key_value_heads": 1, "rms_norm_eps": 1e-3}),
    "llama, another base": ("Llama", {"rope_parameters": {"rope_type": "default", "rope_theta": 500.0}}),
    "llama, tied": ("Llama", {"tie_word_embeddings": True}),
    "llama, biases": ("Llama", {"attention_bias": True, "mlp_bias": True, "num_key_value_heads": 3}),
}


def theirs(family, settings, seed=0):
    """A model of transformers with random weights, also where it would start with zeros and ones."""
    small = SMALL_GPT2 if family == "GPT2" else SMALL_LLAMA
    config = getattr(transformers, f"{family}Config")(**{**small, **ENDS, **settings})
    torch.manual_seed(seed)
    model = getattr(transformers, "GPT2LMHeadModel" if family == "GPT2" else "LlamaForCausalLM")(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return model


def logits(model, idx):
    if isinstance(model, GPT):
        with ag.no_grad():
            return model(ag.tensor(idx)).numpy()
    with torch.no_grad():
        return model(torch.tensor(idx)).logits.numpy()


def some_text(model, T, B=2):
    return np.random.default_rng(1).integers(0, model.config.vocab_size, (B, T))


@pytest.mark.parametrize("shards", ["5GB", "30KB"])
@pytest.mark.parametrize(("family", "settings"), CONFIGS.values(), ids=CONFIGS)
def test_logits_are_those_of_transformers_in_both_directions(family, settings, shards, tmp_path):
    expected = theirs(family, settings)
    expected.save_pretrained(tmp_path / "theirs", max_shard_size=shards)
    assert (tmp_path / "theirs" / "model.safetensors").exists() == (shards == "5GB")
    model = GPT.from_pretrained(tmp_path / "theirs", dropout=0.0)
    idx = some_text(expected, 24)
    np.testing.assert_allclose(logits(model, idx), logits(expected, idx), rtol=0, atol=1e-4)

    model.save_pretrained(tmp_path / "ours")
    back, report = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "ours", output_loading_info=True)
    assert type(back) is type(expected) and not any(report.values())
    assert all((value == back.state_dict()[name]).all() for name, value in expected.state_dict().items())
    np.testing.assert_allclose(logits(back.eval(), idx), logits(expected, idx), rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", ["gpt2", "llama, grouped queries", "llama, another base"])
def test_greedy_text_with_a_cache_is_that_of_transformers(name, tmp_path):
    expected = theirs(*CONFIGS[name])
    expected.save_pretrained(tmp_path)
    prompt = some_text(expected, 5, B=3)
    settings = {"max_new_tokens": 19, "do_sample": False, "pad_token_id": 0}
    text = expected.generate(torch.tensor(prompt), attention_mask=torch.ones(3, 5, dtype=torch.long), **settings)
    model = GPT.from_pretrained(tmp_path)
    assert generate(model, prompt, 19, temperature=0).tolist() == text.tolist()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_other_dtypes_are_converted_exactly(dtype, tmp_path):
    expected = theirs("GPT2", {}).to(getattr(torch, dtype))
    expected.save_pretrained(tmp_path)
    weight = expected.transformer.h[0].mlp.c_fc.weight.detach().float().numpy()
    assert (
        GPT.from_pretrained(tmp_path, dropout=0.0).transformer.h[0].mlp.c_fc.weight.detach().numpy().T == weight
    ).all()


@pytest.mark.parametrize("change", [{"position": "rotary", "norm": "rms", "activation": "swiglu", "bias": False}, {}])
def test_a_model_made_here_is_read_by_transformers(change, tmp_path):
    ag.manual_seed(0)
    model = GPT(GPTConfig(**{"vocab_size": 97, "block_size": 24, "n_layer": 2, "n_head": 4, "n_embd": 32, **change}))
    with ag.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * ag.randn(*parameter.shape))
    model.save_pretrained(tmp_path)
    back = transformers.AutoModelForCausalLM.from_pretrained(tmp_path).eval()
    idx = some_text(model, 24)
    np.testing.assert_allclose(logits(model, idx), logits(back, idx), rtol=0, atol=1e-4)


def test_gpt_2_small_at_its_full_size(tmp_path):
    torch.manual_seed(0)
    expected = transformers.GPT2LMHeadModel(transformers.GPT2Config()).eval()
    expected.save_pretrained(tmp_path)
    model, idx = GPT.from_pretrained(tmp_path), some_text(expected, 40, B=1)
    np.testing.assert_allclose(logits(model, idx), logits(expected, idx), rtol=0, atol=1e-4)


PEAK = r"""
import pathlib, re, sys
import autograd as ag
from models.gpt import GPT
def peak():  # resource.getrusage would count what the process was before it became this program
    return int(re.search(r"VmHWM:\s*(\d+) kB", pathlib.Path("/proc/self/status").read_text())[1])
before = peak()
GPT.from_pretrained(sys.argv[1]).next_logits(ag.tensor([[1, 2, 3]]))
print(peak() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux says how much memory a process has had")
def test_loading_takes_at_most_1_2_times_the_file_and_all_of_it_is_used(tmp_path):
    GPT(GPTConfig()).save_pretrained(tmp_path)
    size = (tmp_path / "model.safetensors").stat().st_size
    done = subprocess.run(
        [sys.executable, "-c", PEAK, tmp_path],
        cwd=ROOT,
        env={**os.environ, "CHAINRULE_KERNELS": "numpy"},  # compiled kernels are larger than what is left
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert 0.9 * size < 1024 * int(done.stdout) < 1.2 * size


# tokenizers -----------------------------------------------------------------------------------------------------------


def test_a_tokenizer_saved_here_is_read_by_transformers_and_comes_back(tmp_path):
    ours = BPETokenizer.train(
        "the cat sat on the mat; the café — 東京 😀😀\n\n" * 3, 300, special=["<|endoftext|>", "[PAD]"]
    )
    for tokenizer in (ours, BPETokenizer.gpt2()):
        tokenizer.save_pretrained(tmp_path / "ours")
        for cls in (transformers.AutoTokenizer, transformers.GPT2Tokenizer):
            read = cls.from_pretrained(tmp_path / "ours")
            for text in ("the cat sat", " the  café\n\n 😀東京<|endoftext|>it's 12 ½"):
                assert read(text).input_ids == tokenizer.encode(text, allowed_special="all")
                assert read.decode(read(text).input_ids) == text
            assert read.eos_token == "<|endoftext|>" and len(read) == tokenizer.vocab_size
            read.save_pretrained(tmp_path / "theirs")
            assert BPETokenizer.from_pretrained(tmp_path / "theirs").state() == tokenizer.state()
