"""Thread 0: s += i, the operation. Thread 1: time.sleep until the next request is due, answer it. The others: s += i."""

from twins._mixed import busy, service, without_operations

latencies = True


def setup(threads):
    return None


def worker(shared, index):
    if index == 0:
        return busy()
    return without_operations(service(index) if index == 1 else busy())
