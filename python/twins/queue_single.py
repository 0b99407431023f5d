"""q.put((time, i)) here, q.get() there. An operation is a number's put or get."""

from twins._queue import Pipe

latencies = True
pipe = Pipe(1)


def setup(threads):
    return pipe.setup(threads)


def worker(shared, index):
    return shared.worker(index)


def check(shared, operations):
    return shared.check(operations)
