"""Images on their way into a network."""

import numpy as np

from autograd import manual_seed
from demos.data.images import Digits, pixels


def test_bytes_become_rows_of_0_to_1():
    images = np.arange(2 * 28 * 28).astype(np.uint8).reshape(2, 28, 28)
    rows = pixels(images)
    np.testing.assert_array_equal(pixels(images, (1, 28, 28)).numpy()[:, 0].reshape(len(images), -1), rows.numpy())
    assert rows.dtype == np.float32 and tuple(rows.shape) == (2, 784)
    np.testing.assert_array_equal(rows.array[1], images[1].ravel() / np.float32(255))


def test_an_image_is_moved_by_up_to_the_shift_and_otherwise_stays_as_it_is():
    images = np.zeros((1, 28, 28), np.uint8)
    images[0, 10:12, 20] = (100, 200)
    manual_seed(0)
    moved = Digits(np.repeat(images, 200, 0), np.arange(200) % 10, shift=1)
    rows, labels = moved.batch(list(range(200)))
    y, x = np.nonzero(rows.array.reshape(200, 28, 28) == np.float32(100 / 255))[1:]
    assert {*zip(y.tolist(), x.tolist())} == {(10 + dy, 20 + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)}
    assert labels.tolist() == (np.arange(200) % 10).tolist()
    still, _ = Digits(images, np.zeros(1), shift=0).batch([0])
    np.testing.assert_array_equal(still.array, images.reshape(1, -1) / np.float32(255))
