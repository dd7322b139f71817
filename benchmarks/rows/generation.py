"""Greedy text from a GPT of GPT-2's smallest size (124 million parameters, random) with keys and values kept.

Ours goes through the project's public `generate`; PyTorch's peer keeps its keys and values in buffers made beforehand,
as does JAX's, compiled. The number that must agree is the mean of the token ids.
"""

from benchmarks.rows.gpt_model import GPT2, tokens, weights
from benchmarks.timing import Row

PROMPT, NEW = 16, 16
ROWS = [
    Row(
        "generation at GPT-2-small size, batch 1, a token",
        "generation",
        ("numpy", "fast", "torch", "jax"),
        GPT2,
        per=1e-3 * NEW,
        rate="tokens/s",
        steps=1,
        turns=8,
        at_most={"torch": 1.0},
        loss_within=1e-6,
    )
]


def prompt(sizes):
    """Token ids (1, PROMPT)."""
    return tokens(1, PROMPT, sizes["vocabulary"])[0]


def ours(**sizes):
    from benchmarks.rows.gpt import our_model
    from models.generate import generate

    model, idx = our_model(**sizes), prompt(sizes)
    return lambda: generate(model, idx, NEW, temperature=0).array[0, PROMPT:].mean()


def torch(**sizes):
    import torch

    from benchmarks.rows.gpt_torch import GPT

    model = GPT(weights(**sizes), **sizes)
    start = torch.from_numpy(prompt(sizes))
    shape = (1, sizes["heads"], sizes["context"], sizes["width"] // sizes["heads"])
    caches = [(torch.zeros(shape), torch.zeros(shape)) for _ in range(sizes["layers"])]

    @torch.inference_mode()
    def step():
        unseen, new, at = start, [], 0
        for _ in range(NEW):
            logits = model(unseen, caches, at, last_only=True)
            at += unseen.shape[1]
            unseen = logits[:, -1].argmax(-1, keepdim=True)
            new.append(unseen.item())
        return sum(new) / NEW

    return step


def jax(**sizes):
    import jax
    import jax.numpy as jnp

    layers, heads, width, context = (sizes[name] for name in ("layers", "heads", "width", "context"))
    p = {name.removeprefix("transformer."): jnp.asarray(w) for name, w in weights(**sizes).items()}
    start = prompt(sizes)

    def norm(x, weight):
        x = x - x.mean(-1, keepdims=True)
        return x * jax.lax.rsqrt((x * x).mean(-1, keepdims=True) + 1e-5) * weight

    def run(p, idx, cache, at):
        """The likeliest next token after idx (T), and the cache (L, 2, H, S, D) with idx in it."""
        T = len(idx)
        x = p["wte.weight"][idx] + jax.lax.dynamic_slice_in_dim(p["wpe.weight"], at, T)
        seen = jnp.arange(context) <= at + jnp.arange(T)[:, None]  # T,S
        for i in range(layers):
            w = {name: p[f"h.{i}.{name}.weight"] for name in ("ln_1", "attn.c_attn", "attn.c_proj", "ln_2")}
            qkv = (norm(x, w["ln_1"]) @ w["attn.c_attn"].T).reshape(T, 3, heads, -1).transpose(1, 2, 0, 3)  # 3,H,T,D
            cache = jax.lax.dynamic_update_slice(cache, qkv[None, 1:], (i, 0, 0, at, 0))
            scores = qkv[0] @ cache[i, 0].swapaxes(-1, -2) * (width // heads) ** -0.5
            y = jax.nn.softmax(jnp.where(seen, scores, -jnp.inf)) @ cache[i, 1]  # H,T,D
            x = x + y.transpose(1, 0, 2).reshape(T, width) @ w["attn.c_proj"].T
            h = jax.nn.gelu(norm(x, w["ln_2"]) @ p[f"h.{i}.mlp.c_fc.weight"].T, approximate=True)
            x = x + h @ p[f"h.{i}.mlp.c_proj.weight"].T
        return (norm(x[-1], p["ln_f.weight"]) @ p["wte.weight"].T).argmax()[None], cache

    compiled = jax.jit(run, donate_argnums=2)
    cache = [jnp.zeros((layers, 2, heads, context, width // heads))]

    def step():
        unseen, new, at = start[0], [], 0
        for _ in range(NEW):
            token, cache[0] = compiled(p, unseen, cache[0], at)
            at += len(unseen)
            unseen = token
            new.append(int(token[0]))
        return sum(new) / NEW

    return step
