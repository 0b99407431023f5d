"""with L: c[0] += 1. An operation is an acquisition."""

from twins._locks import Locks

sweep = Locks(0, 0)


def setup(threads):
    return sweep.setup(threads)


def worker(shared, index):
    return shared.worker(index)


def check(shared, operations):
    return shared.check(operations)
