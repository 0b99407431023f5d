"""Thread 0: time.sleep until the next request is due, answer it. The other threads: s += i. An operation is an answer."""

from twins._mixed import busy, service, without_operations

latencies = True


def setup(threads):
    return None


def worker(shared, index):
    return service(index) if index == 0 else without_operations(busy())
