"""A writer of events that writes none; it stands for torch.utils.tensorboard as well."""


class SummaryWriter:
    def __init__(self, *args, **kwargs):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        pass

    def __getattr__(self, name):
        return lambda *args, **kwargs: None
