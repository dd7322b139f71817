"""Nothing is accelerated."""


class Accelerator:
    pass
