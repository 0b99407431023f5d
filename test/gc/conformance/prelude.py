"""What the programs of cases/ find in CPython besides gc and weakref; conformance tests only."""

import gc
import json
import sys
import textwrap
import weakref

import _testcapi

log = []
saved = []


def plain(value):
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return type(value).__name__


def out(*values):
    log.extend([plain(value) for value in values])


def function_in(globals):
    """A function whose globals are this dict, and its name in it."""
    exec("def f(): pass\n", globals)


def class_in(globals):
    """A class whose only function has this dict as its globals, and its name in it."""
    exec("class A:\n    def __init__(self): pass\n", globals)


def same(sequence, value):
    """How many items of the sequence are this object."""
    return sum(1 for item in sequence if item is value)


def unraisable(hook):
    log.append("unraisable " + hook.exc_type.__name__)


def with_tp_del(cls):
    return _testcapi.with_tp_del(cls)


NAMES = [out, function_in, class_in, same, with_tp_del]


def run_case(source):
    namespace = {value.__name__: value for value in NAMES}
    namespace.update(gc=gc, weakref=weakref, saved=saved)
    exec("def case():\n" + textwrap.indent(source, "    "), namespace)
    case = namespace.pop("case")
    # A variable that an inner function shares would be held by a cell, which is an object, too.
    assert not case.__code__.co_cellvars, case.__code__.co_cellvars
    thresholds = gc.get_threshold()
    gc.collect()
    gc.disable()
    log.clear()
    sys.unraisablehook = unraisable
    try:
        case()
        return json.dumps(log)
    finally:
        gc.set_debug(0)
        gc.set_threshold(*thresholds)
        gc.unfreeze()
        gc.callbacks.clear()
        saved.clear()
        log.clear()
        gc.garbage.clear()
        gc.collect()
        gc.garbage.clear()
        sys.unraisablehook = sys.__unraisablehook__
