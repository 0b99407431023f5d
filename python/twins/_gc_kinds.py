"""The objects that workloads of the collector make."""


class C:
    """One attribute, x."""


def pair():
    """Two instances that refer to each other; nothing else refers to the second one."""
    first = C()
    second = C()
    second.x = first
    first.x = second
    return first


def instance():
    one = C()
    one.x = None
    return one


def self_list():
    """A list in itself."""
    one = []
    one.append(one)


def self_dict():
    """A dict in itself."""
    one = {}
    one["x"] = one


# By kind of live object: how to make one, and how many objects that makes.
LIVE = {
    "lists": (list, 1),
    "dicts": (lambda: {"x": None}, 1),
    "instances": (instance, 1),
    "pairs": (pair, 2),
}

# By kind of garbage, likewise.
GARBAGE = {"lists": (self_list, 1), "pairs": (pair, 2), "dicts": (self_dict, 1)}


def fill(kind, objects):
    """A list of so many live objects, those behind the first of a pair included."""
    make, size = LIVE[kind]
    return [make() for _ in range(0, objects, size)]
