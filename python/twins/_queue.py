"""Producers and consumers through queue.Queue(64).

Every second thread makes items and puts them in, the others take them out. Alone a thread does both in turn. An
operation is a put or a get of a number, a request an item's way from before its put to behind its get; one in eight is
timed, as in ungil.
"""

import queue
import threading
import time

CAPACITY = 64
TIMED_EVERY = 8
FIRST = 300
LAST = 0xFFFF

if hasattr(queue, "ShutDown"):
    Queue = queue.Queue
    ShutDown = queue.ShutDown
else:

    class ShutDown(Exception):
        """As in Python 3.13."""

    class Queue(queue.Queue):
        """With the shutdown of Python 3.13, on which a sample's end relies."""

        is_shutdown = False

        def shutdown(self):
            with self.mutex:
                self.is_shutdown = True
                self.not_empty.notify_all()
                self.not_full.notify_all()

        def put(self, item):
            with self.not_full:
                while self._qsize() >= self.maxsize and not self.is_shutdown:
                    self.not_full.wait()
                if self.is_shutdown:
                    raise ShutDown
                self._put(item)
                self.unfinished_tasks += 1
                self.not_empty.notify()

        def get(self):
            with self.not_empty:
                while not self._qsize() and not self.is_shutdown:
                    self.not_empty.wait()
                if not self._qsize():
                    raise ShutDown
                item = self._get()
                self.not_full.notify()
                return item


class Pipe:
    """The queue, and what went through it."""

    def __init__(self, batch):
        self.batch = batch
        self.queue = None
        self.threads = 0
        self.lock = threading.Lock()
        self.sums = [0, 0]

    def setup(self, threads):
        self.queue = Queue(CAPACITY)
        self.threads = threads
        self.sums = [0, 0]
        return self

    def sum_of(self, load):
        return load if self.batch == 1 else sum(load)

    def drain(self):
        """Shuts the queue down and drops what is in it. Gives the sum of that."""
        total = 0
        self.queue.shutdown()
        try:
            while True:
                total += self.sum_of(self.queue.get()[1])
        except ShutDown:
            return total

    def worker(self, index):
        q = self.queue
        size = self.batch
        puts = self.threads == 1 or index % 2 == 0
        gets = self.threads == 1 or index % 2 == 1
        clock = time.perf_counter_ns
        latencies = []
        made = 0
        since = 0
        number = FIRST

        def next_number():
            nonlocal number
            number = FIRST if number == LAST else number + 1
            return number

        def make():
            nonlocal made
            if size == 1:
                load = next_number()
            else:
                load = []
                for _ in range(size):
                    load.append(next_number())
            made += 1
            return (clock() if made % TIMED_EVERY == 0 else None, load)

        def run(count):
            done = put = got = 0
            try:
                while done < count:
                    if puts:
                        item = make()
                        q.put(item)
                        put += self.sum_of(item[1])
                        done += size
                    if gets:
                        stamp, load = q.get()
                        if stamp is not None and stamp >= since:
                            latencies.append(clock() - stamp)
                        got += self.sum_of(load)
                        done += size
            except ShutDown:
                pass
            with self.lock:
                self.sums[0] += put
                self.sums[1] += got
            return done

        def begin():
            nonlocal since
            if index == 0:
                left = self.drain()
                with self.lock:
                    self.sums[1] += left
                q.is_shutdown = False
            since = clock()

        run.latencies = latencies
        run.begin = begin
        run.end = q.shutdown
        return run

    def check(self, operations):
        put, got = self.sums
        got += self.drain()
        return None if put == got else f"the items were {put} together, and {got} came out"
