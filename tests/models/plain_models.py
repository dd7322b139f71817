"""GPT-2 and LLaMA in NumPy, by the names of Hugging Face's files: short, slow, and shared with nothing that ships."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Tensors = dict[str, np.ndarray]
GPT2 = {"model_type": "gpt2", "vocab_size": 11, "n_positions": 6, "n_layer": 2, "n_head": 2, "n_embd": 8}
LLAMA = {"model_type": "llama", "vocab_size": 11, "max_position_embeddings": 6, "num_hidden_layers": 2}
LLAMA |= {"num_attention_heads": 4, "num_key_value_heads": 2, "hidden_size": 16, "intermediate_size": 9}


def gpt2_tensors(config: dict[str, Any], rng: np.random.Generator) -> Tensors:
    """Random weights of a GPT-2, with those masks that the published file has."""
    C, V, T = config["n_embd"], config["vocab_size"], config["n_positions"]
    F = config.get("n_inner") or 4 * C
    shapes: dict[str, tuple[int, ...]] = {"wte.weight": (V, C), "wpe.weight": (T, C)}
    for i in range(config["n_layer"]):
        for name, ins, outs in (
            ("attn.c_attn", C, 3 * C),
            ("attn.c_proj", C, C),
            ("mlp.c_fc", C, F),
            ("mlp.c_proj", F, C),
        ):
            shapes |= {f"h.{i}.{name}.weight": (ins, outs), f"h.{i}.{name}.bias": (outs,)}
        shapes |= {f"h.{i}.{norm}.{kind}": (C,) for norm in ("ln_1", "ln_2") for kind in ("weight", "bias")}
        shapes[f"h.{i}.attn.bias"] = (1, 1, T, T)
    shapes |= {"ln_f.weight": (C,), "ln_f.bias": (C,)}
    tensors = {f"transformer.{name}": rng.normal(0, 0.5, shape).astype(np.float32) for name, shape in shapes.items()}
    if not config.get("tie_word_embeddings", True):
        tensors["lm_head.weight"] = rng.normal(0, 0.5, (V, C)).astype(np.float32)
    return tensors


def llama_tensors(config: dict[str, Any], rng: np.random.Generator) -> Tensors:
    """Random weights of a LLaMA."""
    C, V, F = config["hidden_size"], config["vocab_size"], config["intermediate_size"]
    kv = C // config["num_attention_heads"] * config["num_key_value_heads"]
    bias = config.get("attention_bias", False)
    shapes: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (V, C), "model.norm.weight": (C,)}
    for i in range(config["num_hidden_layers"]):
        at = f"model.layers.{i}"
        shapes |= {f"{at}.input_layernorm.weight": (C,), f"{at}.post_attention_layernorm.weight": (C,)}
        linear = {"q_proj": (C, C), "k_proj": (kv, C), "v_proj": (kv, C), "o_proj": (C, C)}
        linear = {f"self_attn.{name}": shape for name, shape in linear.items()}
        linear |= {"mlp.gate_proj": (F, C), "mlp.up_proj": (F, C), "mlp.down_proj": (C, F)}
        for name, shape in linear.items():
            shapes |= {f"{at}.{name}.weight": shape, **({f"{at}.{name}.bias": shape[:1]} if bias else {})}
    if not config.get("tie_word_embeddings", False):
        shapes["lm_head.weight"] = (V, C)
    return {name: rng.normal(0, 0.5, shape).astype(np.float32) for name, shape in shapes.items()}


def attend(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Causal attention of one head: q, k and v (T, D)."""
    scores = q @ k.T / math.sqrt(q.shape[-1])
    scores[np.triu_indices(len(q), 1)] = -np.inf
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True) @ v


ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "gelu_new": lambda x: 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    "gelu": lambda x: 0.5 * x * (1 + np.vectorize(math.erf)(x / math.sqrt(2))),
    "relu": lambda x: np.maximum(x, 0),
}


def gpt2_logits(config: dict[str, Any], tensors: Tensors, idx: list[int]) -> np.ndarray:
    """The logits (T, V) of token ids (T)."""
    w = {name.removeprefix("transformer."): value.astype(np.float64) for name, value in tensors.items()}
    eps, H = config.get("layer_norm_epsilon", 1e-5), config["n_head"]

    def norm(x: np.ndarray, name: str) -> np.ndarray:
        centred = x - x.mean(-1, keepdims=True)
        return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + eps) * w[f"{name}.weight"] + w[f"{name}.bias"]

    def linear(x: np.ndarray, name: str) -> np.ndarray:
        return x @ w[f"{name}.weight"] + w[f"{name}.bias"]

    x = w["wte.weight"][idx] + w["wpe.weight"][: len(idx)]
    for i in range(config["n_layer"]):
        parts = np.split(linear(norm(x, f"h.{i}.ln_1"), f"h.{i}.attn.c_attn"), 3, -1)
        heads = [attend(*head) for head in zip(*(np.split(part, H, -1) for part in parts))]
        x = x + linear(np.concatenate(heads, -1), f"h.{i}.attn.c_proj")
        hidden = linear(norm(x, f"h.{i}.ln_2"), f"h.{i}.mlp.c_fc")
        x = x + linear(ACTIVATIONS[config.get("activation_function", "gelu_new")](hidden), f"h.{i}.mlp.c_proj")
    return norm(x, "ln_f") @ w.get("lm_head.weight", w["wte.weight"]).T


def llama_logits(config: dict[str, Any], tensors: Tensors, idx: list[int]) -> np.ndarray:
    """The logits (T, V) of token ids (T)."""
    w = {name.removeprefix("model."): value.astype(np.float64) for name, value in tensors.items()}
    H, KV = config["num_attention_heads"], config["num_key_value_heads"]
    D = config["hidden_size"] // H
    rates = config.get("rope_theta", 10000.0) ** (-np.arange(0, D, 2) / D)
    turns = np.exp(1j * np.arange(len(idx))[:, None] * rates)  # (T, D / 2)

    def norm(x: np.ndarray, name: str) -> np.ndarray:
        return x / np.sqrt((x**2).mean(-1, keepdims=True) + config.get("rms_norm_eps", 1e-6)) * w[f"{name}.weight"]

    def linear(x: np.ndarray, name: str) -> np.ndarray:
        return x @ w[f"{name}.weight"].T + w.get(f"{name}.bias", 0.0)

    def turn(x: np.ndarray) -> np.ndarray:
        turned = (x[:, : D // 2] + 1j * x[:, D // 2 :]) * turns
        return np.concatenate([turned.real, turned.imag], -1)

    x = w["embed_tokens.weight"][idx]
    for i in range(config["num_hidden_layers"]):
        at, h = f"layers.{i}", norm(x, f"layers.{i}.input_layernorm")
        q, k, v = (np.split(linear(h, f"{at}.self_attn.{n}_proj"), m, -1) for n, m in (("q", H), ("k", KV), ("v", KV)))
        heads = [attend(turn(q[j]), turn(k[j * KV // H]), v[j * KV // H]) for j in range(H)]
        x = x + linear(np.concatenate(heads, -1), f"{at}.self_attn.o_proj")
        h = norm(x, f"{at}.post_attention_layernorm")
        gate = linear(h, f"{at}.mlp.gate_proj")
        x = x + linear(gate / (1 + np.exp(-gate)) * linear(h, f"{at}.mlp.up_proj"), f"{at}.mlp.down_proj")
    return norm(x, "norm") @ w.get("lm_head.weight", w["embed_tokens.weight"]).T


def write_config(folder: Path, config: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(config if isinstance(config, str) else json.dumps(config), encoding="utf-8")
    return folder


def write_tensors(file: Path, tensors: Tensors, dtype: str = "F32", align: int = 8) -> None:
    """A file of the format safetensors: the length of the header, the header, the bytes, which are mostly aligned."""
    as_stored: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "F32": lambda x: x,
        "F16": lambda x: x.astype(np.float16),
        "F64": lambda x: x.astype(np.float64),
        "BF16": lambda x: (x.view(np.uint32) >> 16).astype(np.uint16),
        "I8": lambda x: x.astype(np.int8),
    }
    header, data = {}, b""
    for name, value in tensors.items():
        stored = as_stored[dtype](np.ascontiguousarray(value)).tobytes()
        header[name] = {"dtype": dtype, "shape": value.shape, "data_offsets": [len(data), len(data) + len(stored)]}
        data += stored
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % align)
    file.write_bytes(len(text).to_bytes(8, "little") + text + data)


def write_shards(folder: Path, tensors: Tensors, names: list[str]) -> None:
    """The tensors in turn in several files, and their index."""
    where = {name: names[i % len(names)] for i, name in enumerate(tensors)}
    for file in names:
        write_tensors(folder / file, {name: tensors[name] for name, place in where.items() if place == file}, align=1)
    index = {"metadata": {"total_size": 0}, "weight_map": where}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
