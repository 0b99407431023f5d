"""s[5] of a shared tuple, unrolled eight times; the element is a small int, immortal since Python 3.12."""

from twins._reads import reader


def setup(threads):
    return tuple(range(10))


def worker(shared, index):
    return reader(shared)
