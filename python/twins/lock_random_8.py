"""k = random(8); with L[k]: c[k] += 1; work(1), then work(1). An operation is an acquisition."""

from twins._locks import Locks

sweep = Locks(1, 1, locks=8, choice="random")


def setup(threads):
    return sweep.setup(threads)


def worker(shared, index):
    return shared.worker(index)


def check(shared, operations):
    return shared.check(operations)
