"""A trace keeps values, gradients, module paths and source lines; without one nothing is kept."""

import os
import threading
import weakref

import numpy as np

import autograd as ag
import nn
import nn.functional as F
from autograd.tracing import trace
from models.config import GPTConfig
from models.gpt import GPT


def test_without_a_trace_a_node_keeps_nothing_for_show():
    y = ag.ones(2, requires_grad=True) * 2
    assert y.node.record is None


def test_a_trace_keeps_outputs_inputs_and_gradients():
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    with trace() as t:
        y = x * 3
        loss = y.exp().sum()
    loss.backward()
    assert [node.name for node in t.nodes] == ["mul", "exp", "sum"]
    product = t.nodes[0].record
    np.testing.assert_array_equal(product.out, [3, 6])
    np.testing.assert_array_equal(product.inputs[0], [1, 2])
    np.testing.assert_allclose(product.grad, np.exp([3, 6]), rtol=1e-6)
    assert not (x * 2).node.record


def test_what_is_traced_stays_as_it_was_when_the_tensor_changes_in_place():
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    with trace() as t:
        y = x + 1
    y.detach().zero_()
    np.testing.assert_array_equal(t.nodes[0].record.out, [2, 3])


def test_a_trace_knows_the_source_line_and_the_function():
    x = ag.ones(2, requires_grad=True)
    with trace() as t:
        x.softmax(0)
    source = t.nodes[-1].record.source
    assert source.file == __file__ and source.function == "test_a_trace_knows_the_source_line_and_the_function"
    assert "softmax" in open(__file__, encoding="utf-8").read().splitlines()[source.line - 1]
    assert str(source).startswith("test_tracing.py:")


def test_a_trace_knows_the_module_path():
    model = nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.Tanh(), nn.Linear(3, 1)))
    with trace() as t:
        model(ag.ones(1, 2)).sum()
    assert [node.record.module for node in t.nodes] == ["Sequential.0", "Sequential.1.0", "Sequential.1.1", ""]


def test_nested_traces_and_threads_do_not_mix():
    x = ag.ones(1, requires_grad=True)
    with trace() as outer:
        x * 1
        with trace() as inner:
            x * 2
        thread = threading.Thread(target=lambda: x * 4)
        thread.start()
        thread.join()
        x * 3
    assert len(outer.nodes) == 2 and len(inner.nodes) == 1


def test_a_trace_ends_with_an_exception():
    x = ag.ones(1, requires_grad=True)
    try:
        with trace():
            raise KeyError
    except KeyError:
        pass
    assert (x * 2).node.record is None


def test_a_trace_makes_no_reference_cycle():
    x = ag.ones(1, requires_grad=True)
    with trace() as t:
        y = x * 2
    node = weakref.ref(y.node)
    del y, t
    assert node() is None


def test_a_trace_knows_the_functions_and_how_often_they_were_called():
    model = nn.Linear(2, 2)
    with trace() as t:
        x = F.softmax(model(model(ag.ones(1, 2))), -1)
        F.mse_loss(x, ag.zeros(1, 2))
        F.mse_loss(x, ag.zeros(1, 2))
    assert [tuple(node.record.calls) for node in t.nodes[:3]] == [
        (("Linear", "Linear", 0), ("F.linear", "function", 0)),
        (("Linear", "Linear", 1), ("F.linear", "function", 0)),
        (("F.softmax", "function", 0),),
    ]
    assert {call for node in t.nodes[3:] for call in node.record.calls} == {
        ("F.mse_loss", "function", i) for i in range(2)
    }


def test_a_trace_knows_what_was_saved_and_the_names_of_parameters_after_the_walk():
    model = nn.Linear(2, 2)
    with trace() as t:
        loss = model(ag.ones(1, 2)).exp().sum()
    loss.backward()
    linear, exponential, _ = (node.record for node in t.nodes)
    assert {linear.names[parameter.node] for parameter in model.parameters()} == {"weight", "bias"}
    assert exponential.saved["out"] is not None and t.nodes[1].saved is not exponential.saved


def test_what_calls_a_function_of_the_library_is_not_always_the_user():
    model = GPT(GPTConfig(vocab_size=4, block_size=4, n_layer=1, n_head=1, n_embd=4))
    with trace() as t:
        model(ag.tensor([[0, 1]]))
    records = [node.record for node in t.nodes]
    assert {record.source.file for record in records} == {__file__}
    assert {os.path.basename(record.written.file) for record in records} >= {"block.py", "linear.py", "norm.py"}


def test_functions_that_are_made_for_each_number_of_dims_have_their_names():
    with trace() as t:
        F.max_pool2d(F.conv2d(ag.ones(1, 1, 4, 4), ag.ones(1, 1, 3, 3, requires_grad=True)), 2)
    assert [node.record.calls[-1].name for node in t.nodes] == ["conv2d", "max_pool2d"]
