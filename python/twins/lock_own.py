"""with L[thread]: c[thread] += 1; work(1). An operation is an acquisition."""

from twins._locks import Locks

sweep = Locks(1, 0, choice="own")


def setup(threads):
    return sweep.setup(threads)


def worker(shared, index):
    return shared.worker(index)


def check(shared, operations):
    return shared.check(operations)
