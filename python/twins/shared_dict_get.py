"""d[5] of a shared dict of small ints, unrolled eight times; key and value are immortal since Python 3.12."""

from twins._reads import reader


def setup(threads):
    return {key: key for key in range(10)}


def worker(shared, index):
    return reader(shared)
