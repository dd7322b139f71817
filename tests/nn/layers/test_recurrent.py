import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd as ag
import nn
from autograd.errors import ShapeError
from autograd.ops import recurrent
from nn.utils.rnn import (
    PackedSequence,
    pack_padded_sequence,
    pack_sequence,
    pad_packed_sequence,
    pad_sequence,
    unpack_sequence,
    unpad_sequence,
)

seeds = st.integers(0, 2**20)
KINDS = {"RNN": {}, "RNN relu": {"nonlinearity": "relu"}, "LSTM": {}, "GRU": {}}
kinds = st.sampled_from(sorted(KINDS))
CLOSE = {"rtol": 1e-10, "atol": 1e-12}


def made(kind, seed, *sizes, **keywords):
    """The layer, or the cell, in float64."""
    ag.manual_seed(seed)
    name, _, relu = kind.partition(" ")
    name += "Cell" if keywords.pop("cell", False) else ""
    return getattr(nn, name)(*sizes, **keywords, **KINDS[kind], dtype=ag.float64)


def states(state):
    return state if isinstance(state, tuple) else (state,)


def sequences(seed, lengths, width=2):
    rng = np.random.default_rng(seed)
    return [ag.tensor(rng.normal(size=(n, width)), requires_grad=True) for n in lengths]


@settings(max_examples=40)
@given(kinds, st.lists(st.integers(1, 4), min_size=1, max_size=4), st.booleans(), st.integers(1, 2), seeds)
def test_a_packed_batch_gives_each_sequence_what_it_gets_alone(kind, lengths, bidirectional, layers, seed):
    model = made(kind, seed, 2, 3, num_layers=layers, bidirectional=bidirectional)
    inputs = sequences(seed, lengths)
    packed, state = model(pack_sequence(inputs, enforce_sorted=False))
    outputs = unpack_sequence(packed)
    sum((out * out).sum() for out in outputs).backward()
    together = [x.grad.array for x in inputs]
    for i, x in enumerate(inputs):
        x.grad = None
        out, alone = model(x)
        np.testing.assert_allclose(outputs[i].detach().array, out.detach().array, **CLOSE)
        for a, b in zip(states(state), states(alone), strict=True):
            np.testing.assert_allclose(a[:, i].detach().array, b.detach().array, **CLOSE)
        (out * out).sum().backward()
        np.testing.assert_allclose(together[i], x.grad.array, **CLOSE)


@settings(max_examples=30)
@given(kinds, st.integers(1, 4), st.booleans(), seeds)
def test_a_layer_is_its_cell_at_each_step(kind, T, bias, seed):
    layer, cell = made(kind, seed, 2, 3, bias=bias), made(kind, seed, 2, 3, bias=bias, cell=True)
    cell.load_state_dict({name.removesuffix("_l0"): value for name, value in layer.state_dict().items()})
    x = ag.tensor(np.random.default_rng(seed).normal(size=(T, 2, 2)))
    out, last = layer(x)
    state = None
    for t in range(T):
        state = cell(x[t], state)
        np.testing.assert_allclose(out[t].detach().array, states(state)[0].detach().array, **CLOSE)
    for a, b in zip(states(last), states(state), strict=True):
        np.testing.assert_allclose(a[0].detach().array, b.detach().array, **CLOSE)


@settings(max_examples=30)
@given(kinds, st.integers(1, 4), seeds)
def test_the_second_direction_is_the_first_on_reversed_time(kind, T, seed):
    model = made(kind, seed, 2, 3, bidirectional=True)
    one = made(kind, seed, 2, 3)
    reverse = {n.removesuffix("_reverse"): w for n, w in model.state_dict().items() if n.endswith("_reverse")}
    one.load_state_dict(reverse)
    x = ag.tensor(np.random.default_rng(seed).normal(size=(T, 2, 2)))
    both, backward = model(x)[0].detach().array, one(x.flip(0))[0].detach().array
    np.testing.assert_allclose(both[..., 3:], backward[::-1], **CLOSE)


@settings(max_examples=30)
@given(kinds, st.booleans(), st.integers(1, 4), st.integers(1, 4), seeds)
def test_the_state_carries_a_sequence_on(kind, batch_first, before, after, seed):
    model = made(kind, seed, 2, 3, num_layers=2, batch_first=batch_first)
    dim = 1 if batch_first else 0
    shape = (2, before + after, 2) if batch_first else (before + after, 2, 2)
    x = ag.tensor(np.random.default_rng(seed).normal(size=shape))
    whole, last = model(x)
    first, state = model(x.narrow(dim, 0, before))
    second, state = model(x.narrow(dim, before, after), state)
    np.testing.assert_allclose(whole.detach().array, ag.cat([first, second], dim).detach().array, **CLOSE)
    for a, b in zip(states(last), states(state), strict=True):
        np.testing.assert_allclose(a.detach().array, b.detach().array, **CLOSE)


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4), st.booleans(), st.integers(0, 2), seeds)
def test_what_is_packed_is_padded_and_unpacked_again(lengths, batch_first, more, seed):
    inputs = sequences(seed, lengths)
    padded = pad_sequence(inputs, batch_first, padding_value=7.0)
    packed = pack_padded_sequence(padded, lengths, batch_first, enforce_sorted=False)
    assert packed.data.shape[0] == sum(lengths) == packed.batch_sizes.sum().item()
    again, sizes = pad_packed_sequence(packed, batch_first, 7.0, total_length=max(lengths) + more)
    assert sizes.tolist() == lengths
    np.testing.assert_array_equal(
        again.narrow(1 if batch_first else 0, 0, max(lengths)).detach().array, padded.detach().array
    )
    for parts in (unpack_sequence(packed), unpad_sequence(again, sizes, batch_first)):
        for x, part in zip(inputs, parts, strict=True):
            np.testing.assert_array_equal(x.detach().array, part.detach().array)


def test_a_packed_sequence_is_a_named_tuple_with_the_casts_of_a_tensor():
    packed = pack_sequence(sequences(0, [3, 1]))
    data, batch_sizes, order, back = packed
    assert data is packed.data and batch_sizes.tolist() == [2, 1, 1] and order is back is None
    assert packed.float().data.dtype == packed.to(ag.float32).data.dtype == ag.float32
    assert packed.double().data.dtype == ag.float64 and packed.cpu() is packed
    assert packed.to("cpu", dtype=packed.data.dtype) is packed
    for name in ("half", "float", "long", "int", "short", "char", "byte"):
        cast, data = getattr(packed, name)(), getattr(packed.data, name)()
        assert cast.data.dtype == data.dtype and cast.data.equal(data) and cast.batch_sizes is packed.batch_sizes
    assert PackedSequence(data, batch_sizes, ag.tensor([1, 0])).unsorted_indices.tolist() == [1, 0]


def test_errors_say_what_was_expected():
    x = ag.zeros(4, 3, 2)
    with pytest.raises(ShapeError, match="Expected 5, got 2"):
        nn.LSTM(5, 3)(x)
    with pytest.raises(ShapeError, match=r"c_0 of size \(1, 3, 6\), got \[1, 3, 5\]"):
        nn.LSTM(2, 6)(x, (ag.zeros(1, 3, 6), ag.zeros(1, 3, 5)))
    with pytest.raises(ShapeError, match=r"hx of size \(3, 6\), beside an input \(3, 2\), got \(2, 6\)"):
        nn.GRUCell(2, 6)(x[0], ag.zeros(2, 6))
    with pytest.raises(ValueError, match=r"RNN input dtype \(.*float64\) does not match weight dtype"):
        nn.GRU(2, 3)(x.double())
    with pytest.raises(RuntimeError, match="sorted in decreasing order"):
        pack_padded_sequence(x, [1, 4, 2])
    with pytest.raises(ShapeError, match="length 5 is more than the 4 steps"):
        pack_padded_sequence(x, [5, 4, 2])


CONFIGURATIONS = [
    (
        lambda: nn.RNN(2, 3, nonlinearity="gelu"),
        ValueError,
        "Unknown nonlinearity 'gelu'. Select from 'tanh' or 'relu'",
    ),
    (lambda: nn.LSTM(2, 3.0), TypeError, "hidden_size should be of type int, got: float"),
    (lambda: nn.LSTM(2, 3, num_layers=0), ValueError, "num_layers must be greater than zero"),
    (lambda: nn.GRU(2, 3, proj_size=1), (TypeError, ValueError), "proj_size"),
    (lambda: nn.LSTM(2, 3, proj_size=3), ValueError, "proj_size must be smaller than hidden_size .* got 3"),
    (lambda: nn.GRU(2, 3)(ag.ones(2)), ShapeError, "GRU: Expected input to be 2D or 3D, got 1D instead"),
    (lambda: nn.GRU(2, 3)(ag.ones(0, 1, 2)), ShapeError, "sequence length to be larger than 0"),
    (lambda: nn.RNNCell(2, 3)(ag.ones(1, 1, 2)), ShapeError, "RNNCell: Expected input to be 1D or 2D, got 3D"),
    (lambda: nn.LSTMCell(2, 3)(ag.ones(1, 4)), ShapeError, "inconsistent input_size: got 4 expected 2"),
]


@pytest.mark.parametrize(("call", "kind", "match"), CONFIGURATIONS, ids=range(len(CONFIGURATIONS)))
def test_what_makes_no_sense_is_named(call, kind, match):
    with pytest.raises(kind, match=match):
        call()


def test_settings_that_are_not_usual_are_shown_and_a_dropout_of_one_layer_warns():
    with pytest.warns(UserWarning, match="num_layers greater than 1, but got dropout=0.5 and num_layers=1"):
        layer = nn.LSTM(2, 3, bias=False, dropout=0.5, bidirectional=True)
    assert repr(layer).startswith("LSTM(2, 3, bias=False, dropout=0.5, bidirectional=True)")
    assert repr(nn.RNNCell(2, 3, bias=False, nonlinearity="relu")).startswith(
        "RNNCell(2, 3, bias=False, nonlinearity=relu)"
    )
    assert [[tuple(w.shape) for w in row] for row in layer.all_weights] == [[(12, 2), (12, 3)]] * 2


@given(kinds, seeds)
def test_a_cell_takes_one_element_without_a_batch(kind, seed):
    cell = {"RNN": nn.RNNCell, "GRU": nn.GRUCell, "LSTM": nn.LSTMCell}[kind.split()[0]](2, 3, dtype=ag.float64)
    x = ag.tensor(np.random.default_rng(seed).normal(size=(1, 2)))
    one, batch = (out if isinstance(out, tuple) else (out,) for out in (cell(x[0]), cell(x)))
    for a, b in zip(one, batch, strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy()[0])


@given(seed=seeds, batch_first=st.booleans())
def test_one_sequence_is_a_batch_of_one_and_a_projection_narrows_the_state(seed, batch_first):
    layer = nn.LSTM(2, 4, proj_size=3, batch_first=batch_first, dtype=ag.float64)
    rng = np.random.default_rng(seed)
    x, h, c = (ag.tensor(rng.normal(size=size)) for size in ((5, 2), (1, 3), (1, 4)))
    out, (h_n, c_n) = layer(x, (h, c))
    batch = x.unsqueeze(0 if batch_first else 1)
    expected, (h_b, c_b) = layer(batch, (h.unsqueeze(1), c.unsqueeze(1)))
    np.testing.assert_allclose(out.detach().numpy(), expected.detach().numpy().reshape(5, 3))
    np.testing.assert_allclose(h_n.detach().numpy(), h_b.detach().numpy()[:, 0])
    assert out.shape == (5, 3) and h_n.shape == (1, 3) and c_n.shape == (1, 4)
    np.testing.assert_allclose(out[-1].detach().numpy(), h_n[0].detach().numpy())


@given(kinds, seeds)
def test_a_batch_of_no_sequences_has_outputs_and_gradients_of_no_elements(kind, seed):
    x = ag.zeros(3, 0, 2, dtype=ag.float64, requires_grad=True)
    model = made(kind, seed, 2, 4)
    out, _ = model(x)
    out.sum().backward()
    assert out.shape == (3, 0, 4) and x.grad.shape == x.shape
    assert not any(p.grad.array.any() for p in model.parameters())


@pytest.mark.parametrize("dtype", [ag.float32, ag.float64])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_threads_that_share_the_sequences_give_what_one_gives(kind, dtype, monkeypatch):
    model = made(kind, 0, 2, 3, num_layers=2, bidirectional=True).to(dtype)
    inputs = [x.detach().to(dtype) for x in sequences(0, [6, 5, 5, 4, 1])]

    def outputs_and_gradients():
        model.zero_grad()
        out, state = model(pack_sequence(inputs))
        sum((t * t).sum() for t in (out.data, *states(state))).backward()
        return [t.detach().array for t in (out.data, *states(state))] + [p.grad.array for p in model.parameters()]

    alone = outputs_and_gradients()
    monkeypatch.setattr(recurrent, "FEW_SEQUENCES", 1)
    monkeypatch.setattr(recurrent, "WORTH_A_THREAD", 1)
    for a, b in zip(alone, outputs_and_gradients(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_programs_initialise_the_weights_by_their_names_as_in_d2l():
    layer = nn.GRU(2, 3, num_layers=2, bidirectional=True)
    assert layer._flat_weights_names == [name for name, _ in layer.named_parameters()]
    assert [*map(id, layer._flat_weights)] == [*map(id, layer.parameters())]
    del layer.weight_hh_l0
    layer.weight_hh_l0 = dropped = ag.ones(9, 3)  # as programs drop weights
    layer._flat_weights = [getattr(layer, name) for name in layer._flat_weights_names]
    assert layer._flat_weights[1] is dropped and layer(ag.ones(4, 1, 2))[0].shape == (4, 1, 6)
