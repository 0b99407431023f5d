"""Full binary trees of instances. A node without children has none of these attributes of its own."""


class Node:
    left = None
    right = None
    parent = None


def nodes_of(depth):
    """Nodes of a full tree whose root is `depth` above its leaves."""
    return 2 ** (depth + 1) - 1


def bottom_up(depth):
    """From the leaves up."""
    if depth == 0:
        return Node()
    left = bottom_up(depth - 1)
    right = bottom_up(depth - 1)
    node = Node()
    node.left = left
    node.right = right
    return node


def top_down(depth):
    """From the root down."""
    root = Node()
    populate(root, depth)
    return root


def populate(node, depth):
    if depth == 0:
        return
    left = Node()
    right = Node()
    node.left = left
    node.right = right
    populate(left, depth - 1)
    populate(right, depth - 1)


def linked(depth):
    """From the leaves up, every node with a reference to its parent: a tree of cycles."""
    node = Node()
    if depth > 0:
        adopt(node, 0, linked(depth - 1))
        adopt(node, 1, linked(depth - 1))
    return node


def adopt(node, place, child):
    """Makes `child` the left (0) or right (1) child of `node`, and the node its parent."""
    child.parent = node
    if place == 0:
        node.left = child
    else:
        node.right = child


def count(node):
    """Nodes of a tree."""
    if node.left is None:
        return 1
    return 1 + count(node.left) + count(node.right)


def strays(node):
    """Of a tree of linked nodes: how many children do not know their parents."""
    return sum((child.parent is not node) + strays(child) for child in (node.left, node.right) if child is not None)
