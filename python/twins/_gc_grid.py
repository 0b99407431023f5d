"""Rings of lists, dropped, beside live lists; other lists are made for each ring. Collections start by themselves."""

from twins._gc_kinds import fill

# The other lists are kept until so many newer ones have been made.
KEPT = 1000


def drop_ring(length):
    """Lists in a ring, each with the next one in it, and nobody outside."""
    first = last = []
    for _ in range(1, length):
        following = []
        last.append(following)
        last = following
    last.append(first)


def grid(cycle, live, extra):
    """The three functions of a twin. An operation is an object in a ring."""

    def setup(threads):
        return fill("lists", live)

    def worker(shared, index):
        kept = [None] * KEPT
        place = 0

        def run(count):
            nonlocal place
            done = 0
            while done < count:
                drop_ring(cycle)
                for _ in range(extra):
                    kept[place] = []
                    place = place + 1 if place + 1 < KEPT else 0
                done += cycle
            return done

        return run

    def check(shared, operations):
        return None if len(shared) == live else f"{len(shared)} live lists are left, not {live}"

    return setup, worker, check
