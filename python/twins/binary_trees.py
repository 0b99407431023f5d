"""binary-trees of the Computer Language Benchmarks Game: trees of tuples, made, walked and dropped; an operation is a node.

Depths are 4, 6, ... in equal numbers of nodes, beside a long-lived tree, each thread its own.
"""

MIN_DEPTH = 4
MAX_DEPTH = 14


def make(depth):
    if depth == 0:
        return (None, None)
    depth -= 1
    return (make(depth), make(depth))


def count(tree):
    left, right = tree
    if left is None:
        return 1
    return 1 + count(left) + count(right)


def nodes_of(depth):
    return 2 ** (depth + 1) - 1


def verdict(tree, depth):
    nodes = count(tree)
    return None if nodes == nodes_of(depth) else f"a tree of depth {depth} has {nodes} nodes"


def expect_whole(tree, depth):
    wrong = verdict(tree, depth)
    if wrong is not None:
        raise ValueError(wrong)


def setup(threads):
    return [None] * threads


def worker(shared, index):
    depth = MIN_DEPTH
    left = 2 ** (MAX_DEPTH - MIN_DEPTH)
    expect_whole(make(MAX_DEPTH + 1), MAX_DEPTH + 1)
    shared[index] = make(MAX_DEPTH)

    def run(ignored):
        nonlocal depth, left
        if left == 0:
            depth = MIN_DEPTH if depth == MAX_DEPTH else depth + 2
            left = 2 ** (MAX_DEPTH - depth)
        left -= 1
        expect_whole(make(depth), depth)
        return nodes_of(depth)

    return run


def check(shared, operations):
    verdicts = [verdict(tree, MAX_DEPTH) for tree in shared]
    return next((wrong for wrong in verdicts if wrong is not None), None)
