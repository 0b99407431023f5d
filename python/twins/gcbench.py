"""GCBench of J. Ellis, P. Kovac and H. Boehm: binary trees of growing depth that live shortly; an operation is a node.

They are built from the root down and from the leaves up in turn, beside a long-lived tree and a long-lived list of floats, each
thread its own. Depths are two less than there and the list has a fifth of its length, as in ungil.
"""

from twins._trees import bottom_up, count, nodes_of, top_down

STRETCH_DEPTH = 16
LONG_LIVED_DEPTH = 14
MIN_DEPTH = 4
MAX_DEPTH = 14
ARRAY_LENGTH = 100_000
PROBE = 1000


def setup(threads):
    return [None] * threads


def trees_of(depth):
    """All depths make about the same number of nodes."""
    return 2 ** (MAX_DEPTH - depth)


def worker(shared, index):
    depth = MIN_DEPTH
    left = trees_of(MIN_DEPTH)
    downwards = True
    # Room for what is to come, as there.
    bottom_up(STRETCH_DEPTH)
    shared[index] = [top_down(LONG_LIVED_DEPTH), [None] + [1 / i for i in range(1, ARRAY_LENGTH)]]

    def run(ignored):
        nonlocal depth, left, downwards
        if left == 0:
            depth = MIN_DEPTH if depth == MAX_DEPTH else depth + 2
            left = trees_of(depth)
        left -= 1
        if downwards:
            top_down(depth)
        else:
            bottom_up(depth)
        downwards = not downwards
        return nodes_of(depth)

    return run


def check(shared, operations):
    for tree, array in shared:
        nodes = count(tree)
        if nodes != nodes_of(LONG_LIVED_DEPTH):
            return f"the long-lived tree has {nodes} nodes"
        if array[PROBE] != 1 / PROBE:
            return f"element {PROBE} of the long-lived list is {array[PROBE]}"
    return None
