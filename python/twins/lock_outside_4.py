"""with L: c[0] += 1; work(1), then work(4). An operation is an acquisition."""

from twins._locks import Locks

sweep = Locks(1, 4)


def setup(threads):
    return sweep.setup(threads)


def worker(shared, index):
    return shared.worker(index)


def check(shared, operations):
    return shared.check(operations)
