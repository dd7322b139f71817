"""The convolutional network of the digits demo."""

import numpy as np

import nn.functional as F
from autograd import randn
from models.cnn import CNN


def test_it_is_two_convolutions_and_two_linear_layers():
    model, images = CNN((2, 3), 4).eval(), randn(5, 1, 28, 28)
    (w1, b1), (w2, b2), (w3, b3), (w4, b4) = ((layer.weight, layer.bias) for layer in model.layers)
    a = F.max_pool2d(F.conv2d(images, w1, b1, padding=2).relu(), 2)
    a = F.max_pool2d(F.conv2d(a, w2, b2).relu(), 2).reshape(5, -1)
    expected = (a @ w3.T + b3).relu() @ w4.T + b4
    np.testing.assert_allclose(model(images).detach().numpy(), expected.detach().numpy(), rtol=1e-4, atol=1e-5)


def test_in_training_it_drops_numbers():
    model, images = CNN(), randn(5, 1, 28, 28)
    assert not np.array_equal(model(images).detach().numpy(), model(images).detach().numpy())
    model = CNN(dropout=0.0)
    np.testing.assert_array_equal(model(images).detach().numpy(), model.eval()(images).detach().numpy())
