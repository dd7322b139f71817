"""`share_memory_`: what one process writes into a shared tensor, those that it starts see, and the other way round."""

import multiprocessing

import autograd.multiprocessing as mp
import pytest

import autograd as torch
import nn


def _train(net, optimizer, view, copied):
    """A worker of A3C: its gradients become those of the shared net."""
    local = nn.Linear(3, 2)
    local.load_state_dict(net.state_dict())
    local(torch.ones(3)).sum().backward()
    for own, shared in zip(local.parameters(), net.parameters()):
        shared._grad = own.grad
    optimizer.step()
    view.add_(1)
    copied.add_(1)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_process_trains_the_net_that_it_shares(method):
    net = nn.Linear(3, 2)
    assert net.share_memory() is net and all(p.is_shared() and p.requires_grad for p in net.parameters())
    before = [p.detach().clone() for p in net.parameters()]
    optimizer = torch.optim.SGD(net.parameters(), lr=0.5)
    table, copied = torch.arange(12.0).view(3, 4).share_memory_(), torch.zeros(2)
    assert table.is_shared() and table[1:].is_shared() and not copied.is_shared()
    process = mp.get_context(method).Process(target=_train, args=(net, optimizer, table[1:, ::2], copied))
    process.start()
    process.join(60)
    assert process.exitcode == 0
    for old, new in zip(before, net.parameters()):
        assert new.allclose(old - 0.5)
    expected = torch.arange(12.0).view(3, 4)
    expected[1:, ::2] += 1
    assert table.equal(expected) and copied.equal(torch.zeros(2))


def test_a_shared_tensor_is_as_it_was():
    x = torch.randn(2, 3, requires_grad=True)
    (x * x).sum().backward()
    expected, grad = x.detach().clone(), x.grad
    assert x.share_memory_() is x and x.share_memory_() is x
    assert x.equal(expected) and x.grad is grad and x.is_leaf and x.requires_grad
    (x * x).sum().backward()
    assert x.grad.allclose(4 * expected)
    for empty in (torch.zeros(0, 3), torch.tensor(2)):
        before = empty.clone()
        assert empty.share_memory_().equal(before) and empty.dtype == before.dtype and empty.is_shared()


def test_a_tensor_in_a_queue_is_a_copy():
    x, queue = torch.ones(2).share_memory_(), multiprocessing.get_context("fork").SimpleQueue()
    queue.put(x)
    assert queue.get().add_(1).tolist() == [2, 2] and x.tolist() == [1, 1]
