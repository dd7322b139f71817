"""Learning-rate schedules, and the factors of which LambdaLR makes one."""

from nn.optim.lr_scheduler import composed, cycles, one_cycle, plateau, schedules
from nn.optim.lr_scheduler.composed import *
from nn.optim.lr_scheduler.cycles import *
from nn.optim.lr_scheduler.one_cycle import *
from nn.optim.lr_scheduler.plateau import *
from nn.optim.lr_scheduler.schedules import *
from nn.optim.lr_scheduler.schedules import LRScheduler as _LRScheduler  # its first name

__all__ = [*composed.__all__, *cycles.__all__, *one_cycle.__all__, *plateau.__all__, *schedules.__all__]
