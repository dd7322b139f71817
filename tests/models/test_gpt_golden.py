"""Ten training losses of a fixed GPT, by the engine and by a forward and backward that are written by hand."""

import math

import numpy as np

import autograd as ag
from models.config import GPTConfig
from models.gpt import GPT
from models.inventory import inventory
from nn import optim
from nn.train import decay_groups

GOLDEN = [
    2.746854264115896,
    2.5825366028048427,
    2.5583162861757818,
    2.5663535390532712,
    2.559441771464745,
    2.549847339630623,
    2.509607867983538,
    2.5228943649340896,
    2.4558546836218373,
    2.556539262779078,
]
GOLDEN_CONFIG = GPTConfig(vocab_size=13, block_size=7, n_layer=2, n_head=2, n_embd=8)
LR, BETAS, EPS, DECAY = 0.02, (0.9, 0.99), 1e-8, 0.1


def fixed_weights():
    """From NumPy's legacy generator, whose stream never changes."""
    rng = np.random.RandomState(0)
    return {row.name: 0.3 * rng.standard_normal(row.shape) for row in inventory(GOLDEN_CONFIG)}


def fixed_batches():
    """A melody of 13 tokens, from ten times three places in it."""
    melody = np.random.RandomState(1).permutation(13)
    text = melody[(np.random.RandomState(2).randint(0, 13, (10, 3, 1)) + np.arange(8)) % 13]
    return [(batch[:, :-1], batch[:, 1:]) for batch in text]


def layer_norm_by_hand(x, g, b):
    centred = x - x.mean(-1, keepdims=True)
    scale = 1 / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)
    hat = centred * scale
    return hat * g + b, (hat, scale)


def layer_norm_back(dy, g, cache):
    hat, scale = cache
    rows = (0, 1)
    dhat = dy * g
    dx = scale * (dhat - dhat.mean(-1, keepdims=True) - hat * (dhat * hat).mean(-1, keepdims=True))
    return dx, (dy * hat).sum(rows), dy.sum(rows)


def linear_back(dy, x, w):
    return dy @ w, np.einsum("bto,bti->oi", dy, x), dy.sum((0, 1))


def heads(x):
    B, T, C = x.shape
    return x.reshape(B, T, 2, C // 2).transpose(0, 2, 1, 3)


def joined(x):
    return x.transpose(0, 2, 1, 3).reshape(x.shape[0], x.shape[2], -1)


def loss_and_gradients_by_hand(w, idx, targets):
    """GPT-2's forward and backward in plain NumPy, every derivative written out."""
    B, T = idx.shape
    D = GOLDEN_CONFIG.head_size
    name = "transformer.h.{}.{}".format
    x = w["transformer.wte.weight"][idx] + w["transformer.wpe.weight"][:T]
    kept = []
    for i in range(2):
        a, ln_1 = layer_norm_by_hand(x, w[name(i, "ln_1.weight")], w[name(i, "ln_1.bias")])
        q, k, v = map(heads, np.split(a @ w[name(i, "attn.c_attn.weight")].T + w[name(i, "attn.c_attn.bias")], 3, -1))
        scores = np.where(np.tri(T, dtype=bool), q @ k.transpose(0, 1, 3, 2) / math.sqrt(D), -np.inf)
        e = np.exp(scores - scores.max(-1, keepdims=True))
        p = e / e.sum(-1, keepdims=True)
        y = joined(p @ v)
        x = x + y @ w[name(i, "attn.c_proj.weight")].T + w[name(i, "attn.c_proj.bias")]
        m, ln_2 = layer_norm_by_hand(x, w[name(i, "ln_2.weight")], w[name(i, "ln_2.bias")])
        h = m @ w[name(i, "mlp.c_fc.weight")].T + w[name(i, "mlp.c_fc.bias")]
        t = np.tanh(math.sqrt(2 / math.pi) * (h + 0.044715 * h**3))
        u = 0.5 * h * (1 + t)
        x = x + u @ w[name(i, "mlp.c_proj.weight")].T + w[name(i, "mlp.c_proj.bias")]
        kept.append((a, ln_1, q, k, v, p, y, m, ln_2, h, t, u))
    f, ln_f = layer_norm_by_hand(x, w["transformer.ln_f.weight"], w["transformer.ln_f.bias"])
    logits = f @ w["transformer.wte.weight"].T
    e = np.exp(logits - logits.max(-1, keepdims=True))
    probabilities = e / e.sum(-1, keepdims=True)
    picked = np.take_along_axis(probabilities, targets[..., None], -1)
    loss = -np.log(picked).mean()

    d = {}
    dlogits = (probabilities - (targets[..., None] == np.arange(13))) / targets.size
    df, d["transformer.wte.weight"], _ = linear_back(dlogits, f, w["transformer.wte.weight"])
    dx, d["transformer.ln_f.weight"], d["transformer.ln_f.bias"] = layer_norm_back(
        df, w["transformer.ln_f.weight"], ln_f
    )
    for i in (1, 0):
        a, ln_1, q, k, v, p, y, m, ln_2, h, t, u = kept[i]

        def back(layer, dy, x, i=i):
            dx, d[name(i, f"{layer}.weight")], d[name(i, f"{layer}.bias")] = linear_back(
                dy, x, w[name(i, f"{layer}.weight")]
            )
            return dx

        def back_norm(layer, dy, cache, i=i):
            weight = w[name(i, f"{layer}.weight")]
            dx, d[name(i, f"{layer}.weight")], d[name(i, f"{layer}.bias")] = layer_norm_back(dy, weight, cache)
            return dx

        du = back("mlp.c_proj", dx, u)
        slope = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * h**2)
        dh = du * (0.5 * (1 + t) + 0.5 * h * (1 - t**2) * slope)
        dx = dx + back_norm("ln_2", back("mlp.c_fc", dh, m), ln_2)
        dy = heads(back("attn.c_proj", dx, y))
        dp, dv = dy @ v.transpose(0, 1, 3, 2), p.transpose(0, 1, 3, 2) @ dy
        ds = p * (dp - (dp * p).sum(-1, keepdims=True)) / math.sqrt(D)
        dqkv = np.concatenate([joined(ds @ k), joined(ds.transpose(0, 1, 3, 2) @ q), joined(dv)], -1)
        dx = dx + back_norm("ln_1", back("attn.c_attn", dqkv, a), ln_1)
    np.add.at(d["transformer.wte.weight"], idx, dx)
    d["transformer.wpe.weight"] = dx.sum(0)
    return loss, d


def losses_by_hand():
    w = fixed_weights()
    mean, square = ({name: np.zeros_like(array) for name, array in w.items()} for _ in range(2))
    losses = []
    for step, batch in enumerate(fixed_batches(), 1):
        loss, d = loss_and_gradients_by_hand(w, *batch)
        losses.append(loss)
        for name, g in d.items():
            mean[name] = BETAS[0] * mean[name] + (1 - BETAS[0]) * g
            square[name] = BETAS[1] * square[name] + (1 - BETAS[1]) * g**2
            decay = LR * DECAY * w[name] if w[name].ndim == 2 else 0.0
            corrected = mean[name] / (1 - BETAS[0] ** step), square[name] / (1 - BETAS[1] ** step)
            w[name] = w[name] - decay - LR * corrected[0] / (np.sqrt(corrected[1]) + EPS)
    return losses


def losses_by_the_engine():
    model = GPT(GOLDEN_CONFIG).double()
    model.load_state_dict(fixed_weights() | {"lm_head.weight": fixed_weights()["transformer.wte.weight"]})
    optimizer = optim.AdamW(decay_groups(model, DECAY), lr=LR, betas=BETAS, eps=EPS)
    losses = []
    for idx, targets in fixed_batches():
        optimizer.zero_grad()
        loss = model.loss(ag.tensor(idx), ag.tensor(targets))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def test_ten_training_losses_are_those_computed_by_hand_and_those_of_yesterday():
    by_hand = losses_by_hand()
    np.testing.assert_allclose(by_hand, GOLDEN, rtol=1e-11)
    np.testing.assert_allclose(losses_by_the_engine(), by_hand, rtol=1e-11)


def test_every_gradient_is_the_one_computed_by_hand():
    model = GPT(GOLDEN_CONFIG).double()
    model.load_state_dict(fixed_weights() | {"lm_head.weight": fixed_weights()["transformer.wte.weight"]})
    idx, targets = fixed_batches()[0]
    model.loss(ag.tensor(idx), ag.tensor(targets)).backward()
    _, gradients = loss_and_gradients_by_hand(fixed_weights(), idx, targets)
    assert gradients.keys() == dict(model.named_parameters()).keys()
    for name, parameter in model.named_parameters():
        np.testing.assert_allclose(parameter.grad.numpy(), gradients[name], rtol=1e-9, atol=1e-12, err_msg=name)
