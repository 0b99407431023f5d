"""s[5] of a shared list, unrolled eight times; the element is a small int, immortal since Python 3.12."""

from twins._reads import reader


def setup(threads):
    return list(range(10))


def worker(shared, index):
    return reader(shared)


def check(shared, operations):
    return None if shared == list(range(10)) else f"the list is {shared} now"
