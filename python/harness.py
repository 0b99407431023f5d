"""Runs the Python twin of one of ungil's workloads on the interpreter that runs this file.

    python3 harness.py --twin fib --threads 1,2 --time 100 --repeats 5 --warmup 50
    python3 harness.py --describe

One line of JSON a sample goes to standard output, and one for each number of threads when its run is over:

    {"twin": "fib", "threads": 2, "repeat": 0, "operations": [n, n], "seconds": [s, s], "wall": s}
    {"twin": "fib", "threads": 2, "wrong": null}

`operations` and `seconds` are by thread, `wall` is from the common start to the last thread's end; a thread that only
helps has null operations. `wrong` is what the twin's check complains of. Twins with request times add "latency":
[[ns, count], ...], rising: so many requests took at most so long, and longer than the entry before; the last one is
exact. What fails is one line with "error", and exit status 1.

Written so that interpreters from 2.7 on can read it: an old one is to say its version, not a SyntaxError.
"""

import argparse
import importlib
import json
import math
import os
import platform
import sys
import sysconfig
import threading
import time

OLDEST = (3, 11)
# A thread looks at the clock after each call of its twin, which takes about so long.
BATCH_SECONDS = 0.001
LARGEST_BATCH = 1 << 22
# Buckets of request times to a power of two: each is 3 % wide.
BUCKETS = 32


def describe():
    """What this interpreter is, as a dict."""
    is_gil_enabled = getattr(sys, "_is_gil_enabled", None)
    return {
        "implementation": platform.python_implementation(),
        "version": platform.python_version(),
        "freeThreaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
        "gilEnabled": True if is_gil_enabled is None else is_gil_enabled(),
        "executable": sys.executable,
        "compiler": platform.python_compiler(),
        "platform": platform.platform(),
    }


def write_line(record):
    """One record to standard output, at once."""
    sys.stdout.write(json.dumps(record) + "\n")
    sys.stdout.flush()


class Run(object):
    """One twin with one number of threads: set up, warmed up, sampled, checked. `setup` runs in thread 0."""

    def __init__(self, twin, threads, settings):
        self.twin = twin
        self.threads = threads
        self.settings = settings
        self.barrier = threading.Barrier(threads)
        self.start = threading.Barrier(threads, action=self._begin)
        self.began = 0.0
        self.shared = None
        self.operations = [0] * threads
        self.ends = [0.0] * threads
        self.totals = [0] * threads
        self.workers = [None] * threads
        self.error = None

    def go(self):
        """Runs the threads to their end. Gives what went wrong in them, or None."""
        bodies = [threading.Thread(target=self._body, args=(index,)) for index in range(self.threads)]
        for body in bodies:
            body.daemon = True
            body.start()
        for body in bodies:
            body.join()
        return self.error

    def wrong(self):
        """What the twin's own check says of the result, or None. After `go`."""
        check = getattr(self.twin, "check", None)
        return None if check is None else check(self.shared, sum(self.totals))

    def _begin(self):
        self.began = time.perf_counter()

    def _body(self, index):
        try:
            self._run(index)
        except threading.BrokenBarrierError:
            pass
        except BaseException as error:  # Whatever it is, the other threads must not wait for this one.
            self.error = self.error or "%s: %s" % (type(error).__name__, error)
            self.barrier.abort()
            self.start.abort()

    def _run(self, index):
        if index == 0:
            self.shared = self.twin.setup(self.threads)
        self.barrier.wait()
        run = self.twin.worker(self.shared, index)
        self.workers[index] = run
        batch = self._calibrate(index, run)
        call(run, "end")
        self.barrier.wait()
        for repeat in range(self.settings.repeats):
            if getattr(run, "latencies", None) is not None:
                del run.latencies[:]
            call(run, "begin")
            self._sample(index, run, batch, self.settings.time)
            self.barrier.wait()
            if index == 0:
                self._report(repeat)
            self.barrier.wait()

    def _calibrate(self, index, run):
        """Warms up, all threads together. Gives how many operations take about BATCH_SECONDS."""
        batch = 64
        self.start.wait()
        deadline = self.began + self.settings.warmup / 1e3
        while True:
            before = time.perf_counter()
            self.totals[index] += run(batch)
            after = time.perf_counter()
            if after >= deadline:
                return batch
            if after - before < BATCH_SECONDS / 2 and batch < LARGEST_BATCH:
                batch *= 2

    def _sample(self, index, run, batch, milliseconds):
        clock = time.perf_counter
        operations = 0
        self.start.wait()
        deadline = self.began + milliseconds / 1e3
        now = self.began
        while now < deadline:
            operations += run(batch)
            now = clock()
        call(run, "end")
        self.operations[index] = operations
        self.ends[index] = now
        self.totals[index] += operations

    def _report(self, repeat):
        record = {
            "twin": self.settings.twin,
            "threads": self.threads,
            "repeat": repeat,
            "operations": [
                None if getattr(worker, "helps", False) else done for worker, done in zip(self.workers, self.operations)
            ],
            "seconds": [end - self.began for end in self.ends],
            "wall": max(self.ends) - self.began,
        }
        if getattr(self.twin, "latencies", False):
            record["latency"] = histogram(self.workers)
        write_line(record)


def call(run, name):
    """Calls a step of a twin's worker that not all have: what it does before or behind a sample."""
    step = getattr(run, name, None)
    if step is not None:
        step()


def histogram(workers):
    """Request times of all workers, in buckets: pairs of the most nanoseconds and the number of requests."""
    counts = {}
    for worker in workers:
        for nanoseconds in getattr(worker, "latencies", ()):
            bucket = math.ceil(BUCKETS * math.log(max(nanoseconds, 1), 2))
            counts[bucket] = counts.get(bucket, 0) + 1
    entries = [[round(2 ** (bucket / BUCKETS)), counts[bucket]] for bucket in sorted(counts)]
    if entries:
        entries[-1][0] = max(max(worker.latencies) for worker in workers if getattr(worker, "latencies", ()))
    return entries


def end_with_parent():
    """Ends this process when the other end of standard input is closed: whoever started it is gone."""

    def watch():
        while os.read(0, 4096):
            pass
        os._exit(1)

    watcher = threading.Thread(target=watch)
    watcher.daemon = True
    watcher.start()


def parse(arguments):
    """Command line to settings; ends the process on bad usage."""
    parser = argparse.ArgumentParser(description="Runs the Python twin of a workload of ungil.")
    parser.add_argument("--describe", action="store_true", help="say what this interpreter is, as JSON")
    parser.add_argument("--twin", metavar="NAME", help="a workload's name, as in twins/")
    parser.add_argument("--threads", metavar="COUNTS", default="1", help="numbers of threads, as in 1,2")
    parser.add_argument("--time", metavar="MS", type=float, default=100, help="milliseconds of a sample")
    parser.add_argument("--repeats", metavar="N", type=int, default=5, help="samples for each number of threads")
    parser.add_argument("--warmup", metavar="MS", type=float, default=50, help="milliseconds before the first sample")
    parser.add_argument(
        "--end-with-stdin", action="store_true", help="end when standard input does, as when the parent died"
    )
    settings = parser.parse_args(arguments)
    if settings.describe:
        return settings
    if settings.twin is None:
        parser.error("--twin or --describe is missing")
    try:
        settings.counts = [int(count) for count in settings.threads.split(",")]
    except ValueError:
        settings.counts = [0]
    if min(settings.counts) < 1:
        parser.error("--threads takes whole numbers from 1, separated by commas, not %s" % settings.threads)
    return settings


def main(arguments):
    """Gives the exit status."""
    settings = parse(arguments)
    if settings.describe:
        write_line(describe())
        return 0
    if sys.version_info < OLDEST:
        sys.stderr.write("Python %s is too old; accepted: %d.%d or later\n" % ((platform.python_version(),) + OLDEST))
        return 2
    if settings.end_with_stdin:
        end_with_parent()
    # No __pycache__ beside the twins: their folder may belong to somebody else.
    sys.dont_write_bytecode = True
    try:
        twin = importlib.import_module("twins." + settings.twin.replace("-", "_"))
    except ImportError as error:
        write_line({"twin": settings.twin, "error": "ImportError: %s" % error})
        return 1
    for threads in settings.counts:
        run = Run(twin, threads, settings)
        error = run.go()
        if error is not None:
            write_line({"twin": settings.twin, "threads": threads, "error": error})
            return 1
        write_line({"twin": settings.twin, "threads": threads, "wrong": run.wrong()})
    return 0


if __name__ == "__main__":
    # Daemon threads may still run, and this process has nothing to tidy up: its results are written.
    status = main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(status)
