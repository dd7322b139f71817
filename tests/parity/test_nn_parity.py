"""Every layer, loss and optimiser beside PyTorch's, in float64: values and all gradients to 1e-10."""

import inspect
import warnings

import numpy as np
import pytest

import autograd as ag
import nn
import nn.functional as F

torch = pytest.importorskip("torch")
TF = torch.nn.functional
TOLERANCE = {"rtol": 1e-10, "atol": 1e-10}


def close(ours, theirs):
    if ours is None or theirs is None:
        assert ours is theirs
        return
    np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), **TOLERANCE)


def pair(array):
    """The same array as a leaf on both sides; integers and truth values need no gradient."""
    array = np.asarray(array)
    floating = array.dtype.kind == "f"
    return ag.tensor(array, requires_grad=floating), torch.tensor(array, requires_grad=floating)


def compare(ours, theirs, *arrays):
    """Values, and the gradients of a random weighting of the outputs."""
    pairs = [None if a is None else pair(a) for a in arrays]
    out, expected = (f(*[None if p is None else p[i] for p in pairs]) for i, f in enumerate((ours, theirs)))
    outs = out if isinstance(out, tuple) else (out,)
    wanted = expected if isinstance(expected, tuple) else (expected,)
    for o, w in zip(outs, wanted, strict=True):
        close(o, w)
        if o is not None and o.requires_grad:
            weights = np.random.default_rng(7).normal(size=tuple(o.shape))
            (o * ag.tensor(weights)).sum().backward(retain_graph=True)
            (w * torch.tensor(weights)).sum().backward(retain_graph=True)
    for p in pairs:
        if p is not None:
            close(p[0].grad, p[1].grad)


def rng(seed):
    return np.random.default_rng(seed)


seeds = pytest.mark.parametrize("seed", range(5))

ACTIVATIONS = [
    ("relu", {}), ("leaky_relu", {"negative_slope": 0.3}), ("elu", {"alpha": 0.7}),
    ("celu", {"alpha": 0.5}),  # PyTorch keeps this alpha in float32
    ("selu", {}), ("gelu", {}), ("gelu", {"approximate": "tanh"}), ("silu", {}), ("mish", {}), ("sigmoid", {}),
    ("logsigmoid", {}), ("tanh", {}), ("softplus", {}), ("softplus", {"beta": 3.0, "threshold": 5.0}),
    ("softsign", {}), ("hardtanh", {"min_val": -0.5, "max_val": 2.0}), ("relu6", {}), ("glu", {"dim": 1}),
    ("softmax", {"dim": 1}), ("log_softmax", {"dim": 0}), ("softmin", {"dim": -1}), ("normalize", {"p": 3.0, "dim": 0}),
    ("normalize", {}), ("pad", {"pad": (1, 2, -1, 3), "value": 0.5}),
]  # fmt: skip


@seeds
@pytest.mark.parametrize(("name", "settings"), ACTIVATIONS, ids=str)
def test_functions_of_one_tensor(name, settings, seed):
    x = rng(seed).normal(size=(3, 4, 2)) * 5
    compare(lambda x: getattr(F, name)(x, **settings), lambda x: getattr(TF, name)(x, **settings), x)


@seeds
def test_functions_of_several_tensors(seed):
    r = rng(seed)
    compare(F.linear, TF.linear, r.normal(size=(2, 3, 4)), r.normal(size=(5, 4)), r.normal(size=5))
    compare(
        F.bilinear,
        TF.bilinear,
        r.normal(size=(3, 4)),
        r.normal(size=(3, 5)),
        r.normal(size=(2, 4, 5)),
        r.normal(size=2),
    )
    compare(F.cosine_similarity, TF.cosine_similarity, r.normal(size=(3, 4)), r.normal(size=(3, 4)))
    norm = (r.normal(size=(2, 3, 4)), r.normal(size=(3, 4)), r.normal(size=(3, 4)))
    compare(lambda x, w, b: F.layer_norm(x, (3, 4), w, b), lambda x, w, b: TF.layer_norm(x, (3, 4), w, b), *norm)
    compare(lambda x, w: F.rms_norm(x, (3, 4), w), lambda x, w: TF.rms_norm(x, (3, 4), w), *norm[:2])
    index = r.integers(0, 6, (2, 5))
    compare(
        lambda i, w: F.embedding(i, w, padding_idx=2), lambda i, w: TF.embedding(i, w, padding_idx=2),
        index, r.normal(size=(6, 3)),
    )  # fmt: skip
    close(F.one_hot(ag.tensor(index), 7), TF.one_hot(torch.tensor(index), 7))


DISTANCES = [("mse_loss", {}), ("l1_loss", {}), ("smooth_l1_loss", {"beta": 0.4}), ("huber_loss", {"delta": 0.4})]


@seeds
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(("name", "settings"), DISTANCES, ids=str)
def test_distances(name, settings, reduction, seed):
    x, y = rng(seed).normal(size=(2, 3, 4))
    keywords = {**settings, "reduction": reduction}
    compare(lambda x, y: getattr(F, name)(x, y, **keywords), lambda x, y: getattr(TF, name)(x, y, **keywords), x, y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for f, g in ((getattr(F, name), getattr(TF, name)),):
            compare(lambda x, y: f(x, y, **keywords), lambda x, y: g(x, y, **keywords), x, y[:, :1])  # noqa: B023


@seeds
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shape", [(5,), (6, 5), (3, 5, 2), (2, 5, 3, 2)])
def test_cross_entropies(shape, weighted, reduction, seed):
    r = rng(seed)
    x = r.normal(size=shape) * 3
    y = r.integers(0, 5, shape[:1] + shape[2:] if len(shape) > 1 else ())
    if y.ndim:
        y.flat[0] = 1
    w = r.uniform(0.2, 2, 5) if weighted else None
    axis = min(len(shape) - 1, 1)
    p = np.exp(x * 0.3) / np.exp(x * 0.3).sum(axis, keepdims=True)
    weights = [None if w is None else kind(w) for kind in (ag.tensor, torch.tensor)]
    for smoothing in (0.0, 0.1):
        for ignore in (-100, 1):
            keywords = {"reduction": reduction, "label_smoothing": smoothing, "ignore_index": ignore}
            compare(
                lambda x, y: F.cross_entropy(x, y, weights[0], **keywords),  # noqa: B023
                lambda x, y: TF.cross_entropy(x, y, weights[1], **keywords),  # noqa: B023
                x, y,
            )  # fmt: skip
        keywords = {"reduction": reduction, "label_smoothing": smoothing}
        compare(
            lambda x, p: F.cross_entropy(x, p, weights[0], **keywords),  # noqa: B023
            lambda x, p: TF.cross_entropy(x, p, weights[1], **keywords),  # noqa: B023
            x, p,
        )  # fmt: skip
    keywords = {"reduction": reduction, "ignore_index": 1}
    compare(
        lambda x, y: F.nll_loss(x, y, weights[0], **keywords),
        lambda x, y: TF.nll_loss(x, y, weights[1], **keywords),
        x, y,
    )  # fmt: skip


@seeds
@pytest.mark.parametrize("reduction", ["mean", "sum", "none", "batchmean"])
@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides")
def test_losses_of_probabilities(reduction, seed):
    r = rng(seed)
    x, p, y = r.normal(size=(3, 4)), r.uniform(0.05, 0.95, (3, 4)), r.uniform(size=(3, 4))
    logs = np.log(r.dirichlet(np.ones(4), 3))
    for target, log_target in ((y, False), (logs, True)):
        keywords = {"reduction": reduction, "log_target": log_target}
        compare(lambda x, y: F.kl_div(x, y, **keywords), lambda x, y: TF.kl_div(x, y, **keywords), logs - 1, target)  # noqa: B023
    if reduction == "batchmean":
        return
    w = r.uniform(size=4)
    names = ("binary_cross_entropy", "binary_cross_entropy_with_logits")
    for name, values in zip(names, (p, x), strict=True):
        compare(
            lambda x, y: getattr(F, name)(x, y, ag.tensor(w), reduction=reduction),  # noqa: B023
            lambda x, y: getattr(TF, name)(x, y, torch.tensor(w), reduction=reduction),  # noqa: B023
            values, y,
        )  # fmt: skip
    compare(
        lambda x, y: F.binary_cross_entropy_with_logits(x, y, pos_weight=ag.tensor(w), reduction=reduction),
        lambda x, y: TF.binary_cross_entropy_with_logits(x, y, pos_weight=torch.tensor(w), reduction=reduction),
        x, y,
    )  # fmt: skip


def test_what_happens_when_every_target_is_ignored():
    x, y = np.zeros((2, 3)), np.array([-100, -100])
    for reduction in ("mean", "sum", "none"):
        close(
            F.cross_entropy(ag.tensor(x), ag.tensor(y), reduction=reduction),
            TF.cross_entropy(torch.tensor(x), torch.tensor(y), reduction=reduction),
        )


@seeds
def test_scaled_dot_product_attention(seed):
    r = rng(seed)
    q, k, v = r.normal(size=(2, 2, 3, 4)), r.normal(size=(2, 2, 5, 4)), r.normal(size=(2, 2, 5, 6))
    allowed = r.random((2, 1, 3, 5)) < 0.5
    allowed[0, 0, 1] = False  # a query that may look nowhere
    for mask in (None, allowed):
        masks = [None if mask is None else kind(mask) for kind in (ag.tensor, torch.tensor)]
        for scale in (None, 0.3):
            compare(
                lambda q, k, v: F.scaled_dot_product_attention(q, k, v, masks[0], scale=scale),  # noqa: B023
                lambda q, k, v: TF.scaled_dot_product_attention(q, k, v, masks[1], scale=scale),  # noqa: B023
                q, k, v,
            )  # fmt: skip
    bias = r.normal(size=(3, 5))
    compare(F.scaled_dot_product_attention, TF.scaled_dot_product_attention, q, k, v, bias)
    for length in (5, 2):
        compare(
            lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True),
            lambda q, k, v: TF.scaled_dot_product_attention(q, k, v, is_causal=True),
            q[:, :, :3], k[:, :, :length], v[:, :, :length],
        )  # fmt: skip
    compare(
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, enable_gqa=True),
        lambda q, k, v: TF.scaled_dot_product_attention(q, k, v, enable_gqa=True),
        q, k[:, :1], v[:, :1],
    )  # fmt: skip


# -- layers ---------------------------------------------------------------------------------------------------------


def twins(ours, theirs):
    """Two modules in float64 with the same weights; they have the same keys in the same order."""
    ours, theirs = ours.double(), theirs.double()
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert [n for n, _ in ours.named_parameters()] == [n for n, _ in theirs.named_parameters()]
    ours.load_state_dict({key: value.numpy() for key, value in theirs.state_dict().items()})
    return ours, theirs


def compare_modules(ours, theirs, *arrays, **keywords):
    ours, theirs = twins(ours, theirs)
    both = [
        {k: v if isinstance(v, bool) else kind(v) for k, v in keywords.items()} for kind in (ag.tensor, torch.tensor)
    ]
    compare(lambda *a: ours(*a, **both[0]), lambda *a: theirs(*a, **both[1]), *arrays)
    for (name, p), (_, q) in zip(ours.named_parameters(), theirs.named_parameters(), strict=True):
        assert (p.grad is None) == (q.grad is None), name
        close(p.grad, q.grad)


LAYERS = {
    "Linear": (lambda m: m.Linear(4, 3), (2, 4)),
    "Linear without bias": (lambda m: m.Linear(4, 3, bias=False), (2, 5, 4)),
    "LayerNorm": (lambda m: m.LayerNorm(4), (2, 3, 4)),
    "LayerNorm of two": (lambda m: m.LayerNorm((3, 4), eps=0.1, bias=False), (2, 3, 4)),
    "RMSNorm": (lambda m: m.RMSNorm(4), (2, 3, 4)),
    "Sequential": (
        lambda m: m.Sequential(m.Flatten(), m.Linear(12, 6), m.GELU(), m.Unflatten(1, (2, 3)), m.LayerNorm(3)),
        (2, 3, 4),
    ),
    "activations": (
        lambda m: m.Sequential(m.ReLU(), m.LeakyReLU(0.2), m.SiLU(), m.ELU(), m.Softplus(2.0), m.Softmax(1)),
        (2, 4),
    ),
    "ReLU in place": (lambda m: m.Sequential(m.Linear(4, 4), m.ReLU(inplace=True), m.LogSoftmax(-1)), (2, 4)),
    "Dropout in evaluation": (lambda m: m.Sequential(m.Dropout(0.5), m.Identity()).eval(), (2, 4)),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name):
    make, shape = LAYERS[name]
    compare_modules(make(nn), make(torch.nn), rng(0).normal(size=shape))


def test_embedding_and_bilinear():
    index = np.array([[1, 2, 2], [0, 3, 1]])
    compare_modules(nn.Embedding(4, 3, padding_idx=1), torch.nn.Embedding(4, 3, padding_idx=1), index)
    x, y = rng(0).normal(size=(2, 3, 4)), rng(1).normal(size=(2, 3, 5))
    compare_modules(nn.Bilinear(4, 5, 2), torch.nn.Bilinear(4, 5, 2), x, y)


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("settings", [{}, {"bias": False}, {"kdim": 4, "vdim": 3}], ids=str)
def test_multihead_attention(settings, batch_first):
    r = rng(0)
    make = lambda m: m.MultiheadAttention(6, 2, batch_first=batch_first, **settings)  # noqa: E731
    t, s, b = 3, 5, 2
    q, k, v = (
        r.normal(size=(b, n, c)) for n, c in ((t, 6), (s, settings.get("kdim", 6)), (s, settings.get("vdim", 6)))
    )
    if not batch_first:
        q, k, v = (x.transpose(1, 0, 2) for x in (q, k, v))
    padding = np.array([[False, False, False, True, True], [False, True, False, False, False]])
    future = ~np.tri(t, s, dtype=bool)
    added = r.normal(size=(b * 2, t, s))
    for need_weights in (True, False):
        compare_modules(make(nn), make(torch.nn), q, k, v, need_weights=need_weights)
        compare_modules(make(nn), make(torch.nn), q, k, v, key_padding_mask=padding, need_weights=need_weights)
        compare_modules(
            make(nn), make(torch.nn), q, k, v, key_padding_mask=padding, attn_mask=future, need_weights=need_weights
        )
        compare_modules(make(nn), make(torch.nn), q, k, v, attn_mask=added, need_weights=need_weights)
    compare_modules(make(nn), make(torch.nn), q, k, v, average_attn_weights=False)
    square = ~np.tri(t, dtype=bool)
    if not settings:
        compare_modules(make(nn), make(torch.nn), q, q, q, attn_mask=square, is_causal=True, need_weights=False)
        compare_modules(make(nn), make(torch.nn), q[0], q[0], q[0])


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize("activation", ["relu", "gelu", "silu"])
def test_transformer_encoder(activation, norm_first, batch_first):
    def make(m, f):
        act = f.silu if activation == "silu" else activation
        layer = m.TransformerEncoderLayer(8, 2, 16, 0.0, act, batch_first=batch_first, norm_first=norm_first)
        return m.TransformerEncoder(layer, 2, norm=m.LayerNorm(8))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch tells which of its fast paths it takes
        theirs = make(torch.nn, TF)
    x = rng(0).normal(size=(2, 5, 8) if batch_first else (5, 2, 8))
    padding = np.array([[False] * 5, [False] * 3 + [True] * 2])
    compare_modules(make(nn, F), theirs, x, mask=~np.tri(5, dtype=bool), src_key_padding_mask=padding)
    theirs.zero_grad()
    compare_modules(make(nn, F), theirs, x)


LOSSES = [
    ("MSELoss", {}), ("L1Loss", {"reduction": "sum"}), ("SmoothL1Loss", {"beta": 0.3}), ("HuberLoss", {"delta": 0.3}),
    ("BCELoss", {}), ("BCEWithLogitsLoss", {}), ("KLDivLoss", {"reduction": "batchmean"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "settings"), LOSSES, ids=str)
def test_loss_modules(name, settings):
    x, y = rng(0).uniform(0.1, 0.9, (2, 3, 4))
    compare(getattr(nn, name)(**settings), getattr(torch.nn, name)(**settings), x, y)


# -- optimisers -----------------------------------------------------------------------------------------------------

OPTIMISERS = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.1, "dampening": 0.3}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "maximize": True}),
    ("Adam", {"lr": 0.1}),
    ("Adam", {"lr": 0.1, "betas": (0.5, 0.7), "weight_decay": 0.1, "amsgrad": True, "maximize": True}),
    ("AdamW", {}),
    ("AdamW", {"lr": 0.1, "weight_decay": 0.3, "betas": (0.8, 0.99), "eps": 1e-4, "amsgrad": True}),
    ("Adamax", {"weight_decay": 0.1}),
    ("NAdam", {"weight_decay": 0.1, "lr": 0.1}),
    ("NAdam", {"weight_decay": 0.1, "decoupled_weight_decay": True, "momentum_decay": 0.1}),
    ("RMSprop", {}),
    ("RMSprop", {"momentum": 0.5, "centered": True, "weight_decay": 0.1, "alpha": 0.9, "maximize": True}),
    ("Adagrad", {"lr_decay": 0.1, "initial_accumulator_value": 0.5, "weight_decay": 0.1}),
    ("Adadelta", {"weight_decay": 0.1, "lr": 0.5}),
    ("RAdam", {"betas": (0.9, 0.9), "weight_decay": 0.1}),
    ("RAdam", {"decoupled_weight_decay": True, "weight_decay": 0.1, "maximize": True}),
    ("ASGD", {"t0": 4, "alpha": 0.6, "lambd": 0.01, "weight_decay": 0.1}),
    ("Rprop", {"etas": (0.4, 1.3), "step_sizes": (1e-3, 0.02)}),
    ("Adafactor", {"weight_decay": 0.1}),
    ("Adafactor", {"lr": 0.5, "eps": (1e-3, 1e-2), "d": 1.5, "beta2_decay": -0.6, "maximize": True}),
]


@pytest.fixture
def float64_scalars():
    """PyTorch's NAdam keeps a product of scalars in the default dtype."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize(("name", "settings"), OPTIMISERS, ids=str)
@pytest.mark.usefixtures("float64_scalars")
def test_optimisers_over_steps(name, settings):
    r = rng(0)
    pairs = [pair(r.normal(size=shape)) for shape in ((3, 2), (4,), ())]
    ours = getattr(nn.optim, name)([p for p, _ in pairs], **settings)
    theirs = getattr(torch.optim, name)([q for _, q in pairs], **settings)
    for step in range(12):
        for p, q in pairs:
            g = r.normal(size=tuple(p.shape))
            p.grad, q.grad = ag.tensor(g), torch.tensor(g)
        ours.step()
        theirs.step()
        if step == 5:  # go on from a saved state
            state = ours.state_dict()
            ours = getattr(nn.optim, name)([p for p, _ in pairs], **settings)
            ours.load_state_dict(state)
        for p, q in pairs:
            close(p, q)
    names = {key for entry in theirs.state_dict()["state"].values() for key in entry if entry[key] is not None}
    assert {key for entry in ours.state_dict()["state"].values() for key in entry} == names


@pytest.mark.parametrize("name", sorted({name for name, _ in OPTIMISERS}))
def test_optimisers_have_the_arguments_and_defaults(name):
    ours, theirs = getattr(nn.optim, name), getattr(torch.optim, name)
    assert [(p.name, p.kind) for p in inspect.signature(ours).parameters.values()] == [
        (p.name, p.kind) for p in inspect.signature(theirs).parameters.values()
    ]
    assert ours([ag.ones(1)]).defaults == theirs([torch.ones(1)]).defaults


@pytest.mark.parametrize("norm_type", [1.0, 2.0, float("inf")])
@pytest.mark.parametrize("max_norm", [0.1, 100.0])
def test_clipping(norm_type, max_norm):
    r = rng(0)
    pairs = [pair(r.normal(size=shape)) for shape in ((3, 2), (4,))]
    for p, q in pairs:
        g = r.normal(size=tuple(p.shape))
        p.grad, q.grad = ag.tensor(g), torch.tensor(g)
    close(
        nn.utils.clip_grad_norm_([p for p, _ in pairs], max_norm, norm_type),
        torch.nn.utils.clip_grad_norm_([q for _, q in pairs], max_norm, norm_type),
    )
    for p, q in pairs:
        close(p.grad, q.grad)


# -- initialisation -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("gain", ["linear", "relu", "leaky_relu", "tanh", "sigmoid", "selu", "conv2d"])
def test_gains(gain):
    assert nn.init.calculate_gain(gain) == pytest.approx(torch.nn.init.calculate_gain(gain), rel=1e-15)


INITIALISERS = [
    ("uniform_", {"a": -1.0, "b": 3.0}), ("normal_", {"mean": 1.0, "std": 2.0}),
    ("trunc_normal_", {"std": 0.7, "a": -1.0, "b": 0.5}), ("xavier_uniform_", {"gain": 2.0}), ("xavier_normal_", {}),
    ("kaiming_uniform_", {"a": 5**0.5}), ("kaiming_normal_", {"mode": "fan_out", "nonlinearity": "relu"}),
    ("orthogonal_", {"gain": 3.0}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "settings"), INITIALISERS, ids=str)
def test_initialisers_draw_from_the_same_distribution(name, settings):
    ag.manual_seed(0)
    torch.manual_seed(0)
    ours = getattr(nn.init, name)(ag.empty(200, 300), **settings).numpy().ravel()
    theirs = getattr(torch.nn.init, name)(torch.empty(200, 300), **settings).numpy().ravel()
    shares = np.linspace(0.02, 0.98, 25)
    np.testing.assert_allclose(np.quantile(ours, shares), np.quantile(theirs, shares), atol=0.05 * float(theirs.std()))


STARTS = [("Linear", (50, 400)), ("Embedding", (400, 50)), ("MultiheadAttention", (64, 4)), ("Bilinear", (20, 20, 500))]


@pytest.mark.parametrize(("name", "sizes"), STARTS, ids=str)
def test_layers_start_from_the_same_distribution(name, sizes):
    ag.manual_seed(0)
    torch.manual_seed(0)
    ours, theirs = (getattr(m, name)(*sizes).state_dict() for m in (nn, torch.nn))
    assert list(ours) == list(theirs)
    for key, value in theirs.items():
        a, b = ours[key].numpy().astype(float), value.numpy().astype(float)
        assert a.shape == b.shape and a.std() == pytest.approx(b.std(), rel=0.15, abs=1e-7), key
        assert a.mean() == pytest.approx(b.mean(), abs=0.15 * b.std() + 1e-7), key


def test_repr_of_a_layer_begins_as_pytorchs():
    for make, _ in LAYERS.values():
        theirs = [line.rstrip("(") for line in repr(make(torch.nn)).splitlines()]
        ours = [line.partition("  # ")[0].rstrip("(") for line in repr(make(nn)).splitlines()]
        assert ours == theirs
