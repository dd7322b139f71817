"""Programs for many processes, run in one."""

import pytest

import autograd as torch
import nn
from autograd.compat import distributed as dist


@pytest.fixture
def group():
    dist.init_process_group("gloo", rank=0, world_size=1)
    yield
    dist.destroy_process_group()


def test_a_group_of_one(group):
    x = torch.tensor([1.0, 2.0])
    assert (
        dist.is_initialized() and dist.get_rank() == 0 and dist.get_world_size() == 1 and dist.get_backend() == "gloo"
    )
    assert dist.all_reduce(x, op=dist.ReduceOp.SUM) is None and dist.all_reduce(x, async_op=True).wait()
    dist.broadcast(x, src=0)
    assert dist.get_global_rank(dist.GroupMember.WORLD, 0) == 0 and dist.get_process_group_ranks() == [0]
    assert dist.reduce_op.SUM is dist.ReduceOp.SUM
    parts, whole = [torch.zeros(2)], torch.zeros(2)
    dist.all_to_all(parts, [x])
    assert dist.all_to_all_single(whole, x, async_op=True).wait() and whole.equal(x) and parts[0].equal(x)
    dist.barrier()
    gathered, objects = [torch.zeros(2)], [None]
    dist.all_gather(gathered, x)
    dist.all_gather_object(objects, "a")
    assert x.tolist() == gathered[0].tolist() == [1, 2] and objects == ["a"]
    with pytest.raises(RuntimeError, match="there is no other process"):
        dist.send(x, 1)


def test_more_than_one_process_is_refused(monkeypatch):
    for start in (lambda: dist.init_process_group(world_size=2, rank=0), lambda: dist.init_process_group("nccl")):
        monkeypatch.setenv("WORLD_SIZE", "2")
        with pytest.raises(RuntimeError, match="a group of 2 processes was asked for"):
            start()
    assert not dist.is_initialized()
    for use in (dist.get_rank, dist.barrier, lambda: nn.parallel.DistributedDataParallel(nn.Linear(1, 1))):
        with pytest.raises(ValueError, match="call init_process_group"):
            use()


def test_parallel_modules_are_the_module(group):
    model, x = nn.Linear(3, 2), torch.ones(4, 3)
    for kind in (nn.DataParallel, torch.nn.parallel.DistributedDataParallel):
        parallel = kind(model, device_ids=None)
        assert parallel(x).equal(model(x)) and parallel.module is model
        assert list(parallel.state_dict()) == ["module.weight", "module.bias"]
    with parallel.no_sync():
        parallel(x).sum().backward()
    assert model.weight.grad is not None
    assert torch.nn.parallel.data_parallel(model, x).equal(model(x))


def test_a_module_that_would_be_sharded_is_whole(group):
    from autograd.distributed.algorithms._checkpoint.checkpoint_wrapper import CheckpointImpl, checkpoint_wrapper
    from autograd.distributed.device_mesh import init_device_mesh
    from autograd.distributed.fsdp import CPUOffload, FSDPModule, MixedPrecision, ShardingStrategy, fully_shard
    from autograd.distributed.fsdp import FullyShardedDataParallel as FSDP
    from autograd.distributed.fsdp.wrap import transformer_auto_wrap_policy

    model, x = nn.Linear(3, 2), torch.ones(4, 3)
    whole = FSDP(
        model, auto_wrap_policy=transformer_auto_wrap_policy, sharding_strategy=ShardingStrategy.FULL_SHARD,
        mixed_precision=MixedPrecision(param_dtype=torch.bfloat16), cpu_offload=CPUOffload(offload_params=False),
    )  # fmt: skip
    assert isinstance(whole, FSDP) and not isinstance(fully_shard(model), FSDPModule) and fully_shard(model) is model
    assert checkpoint_wrapper(model, checkpoint_impl=CheckpointImpl.NO_REENTRANT) is model and whole(x).equal(model(x))
    whole(x).sum().backward()
    with FSDP.state_dict_type(whole, None), FSDP.summon_full_params(whole):
        assert list(whole.state_dict()) == ["module.weight", "module.bias"]
    before = whole.clip_grad_norm_(1.0)
    assert before > 1 and torch.cat([p.grad.view(-1) for p in model.parameters()]).norm().item() == pytest.approx(1)
    mesh = init_device_mesh("cpu", (1, 1), mesh_dim_names=("data", "model"))
    assert mesh["data"].size() == 1 and mesh.get_local_rank() == 0 and mesh["model"].get_group() is dist.group.WORLD
    with pytest.raises(RuntimeError, match="a mesh of 4 processes was asked for"):
        init_device_mesh("cpu", (2, 2))
    dist.destroy_process_group()
    for use in (FSDP, fully_shard):
        with pytest.raises(ValueError, match="call init_process_group"):
            use(model)


def test_an_optimizer_that_is_kept_in_parts_is_whole_among_one_process():
    parts = torch.distributed.optim.ZeroRedundancyOptimizer
    optimizer = parts(nn.Linear(3, 2).parameters(), optimizer_class=nn.optim.SGD, lr=0.5)
    assert type(optimizer) is nn.optim.SGD and optimizer.param_groups[0]["lr"] == 0.5
    assert dist.Backend("gloo") == dist.Backend.GLOO
    assert not isinstance(torch.ones(2), torch.distributed.tensor.DTensor) and dist.Shard(1).dim == 1


def test_the_samplers_are_those_of_nn_data():
    assert torch.utils.data.distributed.DistributedSampler is nn.data.DistributedSampler


def _fail_in_the_second(i):
    if i:
        raise SystemExit(3)


def test_spawn_waits_for_its_processes_and_says_which_failed():
    spawn = torch.multiprocessing.spawn
    assert spawn(_fail_in_the_second, nprocs=1) is None
    with pytest.raises(RuntimeError, match=r"process 1, started by spawn\(\), ended with exit code 3"):
        spawn(_fail_in_the_second, nprocs=2)


def test_collectives_that_have_a_derivative_change_nothing_among_one_process():
    from autograd.distributed import nn as dist_nn

    x = torch.tensor([1.0, 2.0], requires_grad=True)
    (gathered,) = torch.distributed.nn.functional.all_gather(x)
    total = dist_nn.all_reduce(x) * 2 + dist_nn.scatter([x]) + dist_nn.broadcast(gathered, src=0)
    total.sum().backward()
    assert x.grad.tolist() == [4.0, 4.0]
    with pytest.raises(RuntimeError, match="src must be 0, .*not 1"):
        dist_nn.broadcast(x, 1)


def test_processes_have_no_others_to_wait_for():
    with torch.distributed.algorithms.join.Join([nn.Linear(2, 2)]):
        assert not isinstance(nn.Linear(2, 2), torch._dynamo.eval_frame.OptimizedModule)
