"""GCOld of D. Detlefs, with parents: old trees are changed while young ones die; an operation is a node.

A step replaces a subtree of an old tree by a new one, makes short-lived trees of three times as many nodes, and swaps subtrees
between old trees, each thread its own. Nodes know their parents, so that nothing that dies is freed by its count.
"""

from twins._random import generator
from twins._trees import adopt, count, linked, nodes_of, strays

OLD_TREES = 32
OLD_DEPTH = 9
# Depth of what is replaced, made for a short time, or swapped.
PART_DEPTH = 4
YOUNG = 3
SWAPS = 2
STEP_NODES = (1 + YOUNG) * nodes_of(PART_DEPTH)
# From the root to the parent of a part.
STEPS = OLD_DEPTH - PART_DEPTH - 1


def setup(threads):
    return [None] * threads


def child_of(node, place):
    return node.left if place == 0 else node.right


def worker(shared, index):
    below = generator(index)
    old = shared[index] = [linked(OLD_DEPTH) for _ in range(OLD_TREES)]

    def parent_of_part():
        node = old[below(OLD_TREES)]
        path = below(1 << STEPS)
        for step in range(STEPS):
            node = child_of(node, (path >> step) & 1)
        return node

    def replace_part():
        parent = parent_of_part()
        adopt(parent, below(2), linked(PART_DEPTH))

    def swap_parts():
        # Both are at the same depth of their trees, hence neither is below the other.
        one = parent_of_part()
        other = parent_of_part()
        place = below(2)
        mine = child_of(one, place)
        adopt(one, place, child_of(other, place))
        adopt(other, place, mine)

    def run(count):
        done = 0
        while done < count:
            replace_part()
            for _ in range(YOUNG):
                linked(PART_DEPTH)
            for _ in range(SWAPS):
                swap_parts()
            done += STEP_NODES
        return done

    return run


def check(shared, operations):
    for old in shared:
        nodes = sum(count(tree) for tree in old)
        lost = sum(strays(tree) for tree in old)
        if nodes != OLD_TREES * nodes_of(OLD_DEPTH):
            return f"the old trees have {nodes} nodes, not {OLD_TREES * nodes_of(OLD_DEPTH)}"
        if lost > 0:
            return f"{lost} nodes of the old trees do not know their parents"
    return None
