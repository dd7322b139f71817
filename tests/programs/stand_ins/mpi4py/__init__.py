"""MPI of one process."""


class _World:
    def Get_rank(self):  # noqa: N802
        return 0

    def Get_size(self):  # noqa: N802
        return 1

    def Bcast(self, array, root=0):  # noqa: N802
        pass

    def Allreduce(self, array, result, op=None):  # noqa: N802
        result[...] = array


class MPI:
    COMM_WORLD = _World()
    SUM = MIN = MAX = None
