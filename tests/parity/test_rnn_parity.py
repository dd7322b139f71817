"""Recurrent layers, cells and packed sequences beside PyTorch's, from the same weights: outputs, states, gradients."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd as ag
import nn
from nn.utils import rnn
from tests.parity.beside import CLOSE, both, compare, pair_of

torch = pytest.importorskip("torch")
torch_rnn = torch.nn.utils.rnn
LAYERS = {"RNN": {"nonlinearity": "tanh"}, "RNN relu": {"nonlinearity": "relu"}, "LSTM": {}, "GRU": {}}


@st.composite
def networks(draw):
    """The name and the keywords of a layer; `T` and `B` of its input (B = 0: one sequence); the lengths, if packed."""
    name = draw(st.sampled_from(sorted(LAYERS)))
    keywords = {
        **LAYERS[name],
        "num_layers": draw(st.integers(1, 3)),
        "bias": draw(st.booleans()),
        "batch_first": draw(st.booleans()),
        "bidirectional": draw(st.booleans()),
    }
    hidden = draw(st.integers(1, 9))
    if name == "LSTM" and hidden > 1 and draw(st.booleans()):
        keywords["proj_size"] = draw(st.integers(1, hidden - 1))
    lengths = draw(st.none() | st.lists(st.integers(1, 5), min_size=1, max_size=4))
    return name.partition(" ")[0], draw(st.integers(1, 5)), hidden, keywords, draw(st.integers(0, 3)), lengths


@pytest.mark.parametrize("dtype", [ag.float64, ag.float32])
@settings(max_examples=60)
@given(networks(), st.integers(1, 5), st.booleans(), st.integers(0, 2**20))
def test_layers(dtype, network, T, with_state, seed):
    name, size, hidden, keywords, B, lengths = network
    rng = np.random.default_rng(seed)
    ours, theirs = pair_of(name, size, hidden, dtype=dtype, **keywords)
    if lengths:
        T, B = max(lengths), len(lengths)
    shape = (T, B, size) if B else (T, size)
    shape = (B, T, size) if B and keywords["batch_first"] else shape
    x = both(rng, *shape, dtype=dtype)
    inputs, given_state = [x], [None, None]
    if with_state:
        layers = keywords["num_layers"] * (1 + keywords["bidirectional"])
        batch = (B,) if B else ()
        sizes = [keywords.get("proj_size") or hidden, *([hidden] if name == "LSTM" else [])]
        states = [both(rng, layers, *batch, s, dtype=dtype) for s in sizes]
        inputs += states
        given_state = [tuple(part) if name == "LSTM" else part[0] for part in zip(*states, strict=True)]
    if lengths:
        how = {"batch_first": keywords["batch_first"], "enforce_sorted": False}
        packed = rnn.pack_padded_sequence(x[0], lengths, **how), torch_rnn.pack_padded_sequence(x[1], lengths, **how)
        outputs = ours(packed[0], given_state[0]), theirs(packed[1], given_state[1])
        assert outputs[0][0].batch_sizes.tolist() == outputs[1][0].batch_sizes.tolist()
        first = {"batch_first": keywords["batch_first"]}
        outputs = [
            (pad(out[0], **first)[0], out[1])
            for pad, out in zip((rnn.pad_packed_sequence, torch_rnn.pad_packed_sequence), outputs, strict=True)
        ]
    else:
        outputs = ours(x[0], given_state[0]), theirs(x[1], given_state[1])
    compare(ours, theirs, inputs, outputs, rng, CLOSE[dtype])


@settings(max_examples=60)
@given(st.sampled_from(sorted(LAYERS)), st.booleans(), st.integers(0, 3), st.booleans(), st.integers(0, 2**20))
def test_cells(name, bias, B, with_state, seed):
    rng = np.random.default_rng(seed)
    keywords = {"bias": bias, **LAYERS[name]}
    name = name.partition(" ")[0]
    ours, theirs = pair_of(f"{name}Cell", 3, 4, **keywords)
    batch = (B,) if B else ()
    inputs = [both(rng, *batch, 3)]
    state = [(), ()]
    if with_state:
        states = [both(rng, *batch, 4) for _ in range(2 if name == "LSTM" else 1)]
        inputs += states
        state = [(tuple(part) if name == "LSTM" else part[0],) for part in zip(*states, strict=True)]
    compare(
        ours, theirs, inputs, (ours(inputs[0][0], *state[0]), theirs(inputs[0][1], *state[1])), rng, CLOSE[ag.float64]
    )


@pytest.mark.parametrize("name", sorted(LAYERS))
@settings(max_examples=15)
@given(seed=st.integers(0, 2**20))
def test_second_order(name, seed):
    """A gradient penalty: the derivative by all parameters of the squared norm of the gradient by the input."""
    rng = np.random.default_rng(seed)
    keywords = LAYERS[name]
    ours, theirs = pair_of(name.partition(" ")[0], 2, 3, bidirectional=True, **keywords)
    x = both(rng, 3, 2, 2)
    penalties = []
    for library, model, t in ((ag, ours, x[0]), (torch, theirs, x[1])):
        out = model(t)[0]
        inputs = [t, *model.parameters()]
        (by_x,) = (library.autograd.grad if library is torch else library.grad)(
            (out * out).sum(), [t], create_graph=True
        )
        (by_x * by_x).sum().backward()
        penalties.append(inputs)
    for mine, reference in zip(*penalties, strict=True):
        np.testing.assert_allclose(mine.grad.array, reference.grad.numpy(), rtol=1e-8, atol=1e-9)


@settings(max_examples=60)
@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=5),
    st.booleans(),
    st.integers(0, 3),
    st.lists(st.integers(1, 2), max_size=2),
    st.integers(0, 2**20),
)
def test_packing_and_padding(lengths, batch_first, extra, trailing, seed):
    rng = np.random.default_rng(seed)
    sequences = [both(rng, n, *trailing) for n in lengths]
    packs, padded = [], []
    for i, (library, tensor) in enumerate(((rnn, ag.tensor), (torch_rnn, torch.tensor))):
        mine = [s[i] for s in sequences]
        pack = library.pack_sequence(mine, enforce_sorted=False)
        packs.append(pack)
        padded.append(
            library.pad_packed_sequence(pack, batch_first, padding_value=-1.0, total_length=max(lengths) + extra)
        )
        for side in ("left", "right"):
            padded[i] += (library.pad_sequence(mine, batch_first, 2.0, side),)
        padded[i] += tuple(library.unpack_sequence(pack))
        padded[i] += tuple(library.unpad_sequence(padded[i][0].clone(), tensor(lengths), batch_first))
    if len(set(lengths)) == len(lengths):  # the order of equal lengths is free
        for ours, theirs in zip(*packs, strict=True):
            np.testing.assert_array_equal(ours.detach().array, theirs.detach().numpy())
    for ours, theirs in zip(padded[0], padded[1], strict=True):
        np.testing.assert_array_equal(ours.detach().array, theirs.detach().numpy())
    for p in padded:
        (p[0] * p[0]).sum().backward()
    for ours, theirs in sequences:
        np.testing.assert_allclose(ours.grad.array, theirs.grad.numpy())


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_state_dicts_reprs_and_weights_have_torchs_names_and_order(name):
    keywords = {**LAYERS[name], "num_layers": 2, "bidirectional": True, "batch_first": True, "dropout": 0.5}
    ours, theirs = pair_of(name.partition(" ")[0], 3, 4, **keywords)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert ours.extra_repr() == theirs.extra_repr()
    assert ours._all_weights == theirs._all_weights
    for mine, reference in zip(ours.all_weights, theirs.all_weights, strict=True):
        assert [tuple(w.shape) for w in mine] == [tuple(w.shape) for w in reference]
    cell = {key: value for key, value in LAYERS[name].items() if value != "tanh"}
    ours, theirs = pair_of(f"{name.partition(' ')[0]}Cell", 3, 4, bias=False, **cell)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert ours.extra_repr() == theirs.extra_repr()


def test_the_wrong_calls_that_torch_refuses():
    """Each with an error of the same kind."""
    x, lengths = np.zeros((4, 3, 2), np.float32), [1, 4, 2]
    calls = [
        lambda lib, util, t: lib.LSTM(2, 0),
        lambda lib, util, t: lib.LSTM(2, 3, proj_size=3),
        lambda lib, util, t: lib.GRU(2, 3, proj_size=1),
        lambda lib, util, t: lib.RNN(2, 3, nonlinearity="gelu"),
        lambda lib, util, t: lib.LSTM(2, 3, dropout=1.5),
        lambda lib, util, t: lib.LSTM(5, 3)(t(x)),
        lambda lib, util, t: lib.LSTM(2, 3)(t(x[0, 0])),
        lambda lib, util, t: lib.LSTM(2, 3)(t(x.astype(np.float64))),
        lambda lib, util, t: lib.LSTM(2, 3)(t(x), (t(np.zeros((1, 4, 3), np.float32)),) * 2),
        lambda lib, util, t: lib.GRU(2, 3)(t(x), t(np.zeros((1, 3, 2), np.float32))),
        lambda lib, util, t: lib.GRU(2, 3)(t(x[:0])),
        lambda lib, util, t: lib.GRUCell(5, 3)(t(x[0])),
        lambda lib, util, t: lib.LSTMCell(2, 3)(t(x)),
        lambda lib, util, t: util.pack_padded_sequence(t(x), lengths),
        lambda lib, util, t: util.pack_padded_sequence(t(x), [4, 0, 0]),
        lambda lib, util, t: util.pack_padded_sequence(t(x), [4, 1]),
        lambda lib, util, t: util.pad_packed_sequence(util.pack_sequence([t(x[:, 0])]), total_length=3),
    ]
    for i, call in enumerate(calls):
        with pytest.raises(Exception) as theirs:  # noqa: PT011
            call(torch.nn, torch_rnn, torch.tensor)
        with pytest.raises(theirs.type):
            call(nn, rnn, ag.tensor)
            pytest.fail(f"call {i} did not raise")


def test_dropout_is_applied_between_layers_alone():
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        nn.LSTM(2, 3, dropout=0.5)
    assert "expects num_layers greater than 1" in str(found[0].message)
    x = ag.randn(5, 2, 3)
    model = nn.GRU(3, 4, 2, dropout=0.5)
    assert not np.array_equal(model(x)[0].detach().array, model(x)[0].detach().array)
    dropped = nn.GRU(3, 4, 2, dropout=1.0)  # the second layer sees zeros
    np.testing.assert_array_equal(dropped(x)[0].detach().array, dropped(2 * x)[0].detach().array)
    model.eval()
    np.testing.assert_array_equal(model(x)[0].detach().array, model(x)[0].detach().array)
