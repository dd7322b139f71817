"""The multilayer perceptron: the function that its config describes."""

import numpy as np
import pytest

from autograd import manual_seed, randn
from models.mlp import ACTIVATIONS, MLP, MLPConfig, digits, nielsen


def numpy_forward(model: MLP, a: np.ndarray, hidden, output) -> np.ndarray:
    *first, last = [(layer.weight.array, layer.bias.array) for layer in model.layers]
    for w, b in first:
        a = hidden(a @ w.T + b)
    return output(a @ last[0].T + last[1])


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def relu(z):
    return np.maximum(z, 0)


@pytest.mark.parametrize("sizes", [(5, 3), (5, 4, 3), (6, 5, 4, 3)])
@pytest.mark.parametrize(("output", "function"), [(None, lambda z: z), ("sigmoid", sigmoid)])
def test_it_is_its_layers_one_after_another(sizes, output, function):
    model, x = MLP(MLPConfig(sizes, output=output)), randn(7, sizes[0])
    expected = numpy_forward(model, x.array, relu, function)
    np.testing.assert_allclose(model(x).detach().numpy(), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_parameter_gets_a_gradient_under_each_activation(activation):
    manual_seed(0)
    model = MLP(MLPConfig((4, 8, 2), activation))
    model(randn(16, 4)).sum().backward()
    assert all(np.abs(parameter.grad.array).max() > 0 for parameter in model.parameters())


def test_parameters_have_the_names_and_shapes_of_the_layers():
    shapes = {name: tuple(p.shape) for name, p in digits().named_parameters()}
    assert shapes == {
        "layers.0.weight": (400, 784),
        "layers.0.bias": (400,),
        "layers.1.weight": (200, 400),
        "layers.1.bias": (200,),
        "layers.2.weight": (10, 200),
        "layers.2.bias": (10,),
    }


def test_nielsens_network_is_784_30_10_of_sigmoids_from_the_standard_normal():
    manual_seed(1)
    model, x = nielsen(), randn(3, 784)
    assert model.config.sizes == (784, 30, 10) and sum(p.numel() for p in model.parameters()) == 23_860
    expected = numpy_forward(model, x.array.astype(float), sigmoid, sigmoid)
    np.testing.assert_allclose(model(x).detach().numpy(), expected, rtol=1e-3, atol=1e-5)
    weights = model.layers[0].weight.array
    assert abs(weights.mean()) < 0.03 and abs(weights.std() - 1) < 0.03  # 4.6 and 6.5 standard errors of 23,520 draws
    assert all(p.array.std() > 0.3 for p in model.parameters())


def test_dropout_acts_in_training_alone():
    model, x = MLP(MLPConfig((6, 64, 3), dropout=0.5)), randn(2, 6)
    assert not np.allclose(model(x).array, model(x).array)
    model.eval()
    np.testing.assert_array_equal(model(x).array, model(x).array)


def test_the_seed_decides_the_weights():
    def drawn(seed: int) -> list[np.ndarray]:
        manual_seed(seed)
        return [p.array for p in nielsen().parameters()]

    assert all(np.array_equal(a, b) for a, b in zip(drawn(3), drawn(3)))
    assert not np.array_equal(drawn(3)[0], drawn(4)[0])


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"sizes": (784,)}, "two numbers or more"),
        ({"sizes": (784, 0, 10)}, "none below 1"),
        ({"sizes": (2, 1), "activation": "step"}, "no activation 'step': choose one of relu, gelu"),
        ({"sizes": (2, 1), "output": "softmax"}, "no activation 'softmax'"),
        ({"sizes": (2, 1), "dropout": 1.0}, "dropout"),
    ],
)
def test_a_config_that_is_no_network_is_an_error_that_says_why(settings, match):
    with pytest.raises(ValueError, match=match):
        MLPConfig(**settings)
