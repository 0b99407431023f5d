import { ANY_ORDER, type ConformanceCase } from './conformanceCase.js';

const STILL_COUNTED =
  '8.4, 8.6: the worklist has a reference to each object until it is cleared; what finalisers take apart is still counted';

/** `__del__`, resurrection, and what cannot be freed. */
export const FINALISERS: readonly ConformanceCase[] = [
  {
    name: 'legacy_finalizer',
    source: `
class A:
    def __tp_del__(self): pass
A = with_tp_del(A)
class B: pass
a = A()
a.a = a
b = B()
b.b = b
gc.collect()
del a, b
out(gc.collect(), len(gc.garbage), gc.get_stats()[2]['uncollectable'] > 0)
gc.garbage[0].a = None
gc.garbage.clear()
out(gc.collect())`,
  },
  {
    name: 'legacy_finalizer: what such an object holds stays with it',
    source: `
class A:
    def __tp_del__(self): pass
A = with_tp_del(A)
a = A()
l = [a]
a.l = l
m = [l]
m.append(m)
del a, l, m
out(gc.collect(), len(gc.garbage))
gc.garbage[0].l = None
gc.garbage.clear()
out(gc.collect())`,
  },
  {
    name: 'saveall',
    source: `
gc.collect()
out(len(gc.garbage))
l = []
l.append(l)
number = 17
gc.set_debug(gc.DEBUG_SAVEALL)
del l
out(gc.collect(), len(gc.garbage), gc.garbage[0][0] is gc.garbage[0])
gc.set_debug(0)
l = gc.garbage.pop()
out(len(gc.garbage), len(l))
del l
out(gc.collect())`,
  },
  {
    name: 'saveall keeps what finalisers have seen',
    source: `
class A:
    def __del__(self):
        out('del')
a = A()
a.a = a
del a
gc.set_debug(gc.DEBUG_SAVEALL)
out(gc.collect(), len(gc.garbage))
gc.set_debug(0)
gc.garbage.clear()
out(gc.collect())`,
  },
  {
    name: 'del: a finaliser by count, collections due at every allocation',
    source: `
class A:
    def __del__(self):
        saved.append([])
        out('del')
gc.set_threshold(1)
gc.enable()
a = A()
del a
b = A()
b = None
gc.disable()
out(len(saved))`,
  },
  {
    name: 'finaliser in a cycle',
    source: `
class A:
    def __del__(self):
        out('del', self.me is self)
a = A()
a.me = a
del a
out('collect', gc.collect(), gc.collect())`,
  },
  {
    name: 'finalisers of a chain, by count: from the outside in',
    source: `
class A:
    def __init__(self, name, next):
        self.name = name
        self.next = next
    def __del__(self):
        out(self.name)
a = A('a', A('b', A('c', None)))
del a
out(gc.collect())`,
  },
  {
    name: 'finalisers of a ring, by a collection',
    source: `
class A:
    def __init__(self, name):
        self.name = name
    def __del__(self):
        out(self.name)
a = A('a')
b = A('b')
c = A('c')
a.next = c
c.next = b
b.next = a
del a, b, c
out(gc.collect())`,
    freeThreaded: ANY_ORDER,
  },
  {
    name: 'finalisers run before anything is cleared',
    source: `
class A:
    def __del__(self):
        out(self.other.name, len(self.other.list))
a = A()
b = A()
a.name = 'a'
b.name = 'b'
a.list = [1]
b.list = [1, 2]
a.other = b
b.other = a
del a, b
out(gc.collect())`,
    freeThreaded: ANY_ORDER,
  },
  {
    name: 'is_finalized',
    source: `
class A:
    def __del__(self):
        saved.append(self)
a = A()
out(gc.is_finalized(a), gc.is_finalized([]), gc.is_finalized(3))
del a
out(gc.is_finalized(saved[0]))
b = A()
b.b = b
del b
gc.collect()
out(len(saved), gc.is_finalized(saved[1]))`,
  },
  {
    name: 'resurrection_only_happens_once_per_object',
    source: `
class A:
    def __init__(self):
        self.me = self
    def __del__(self):
        out('del')
        saved.append(self)
a = A()
del a
out(gc.collect(), len(saved))
out(gc.collect())
saved.clear()
out(gc.collect(), len(saved), gc.collect())`,
  },
  {
    name: 'resurrection_is_transitive',
    source: `
class Cargo: pass
class A:
    def __del__(self):
        saved.append(self)
a = A()
cargo = Cargo()
cargo.me = cargo
cargo.list = [cargo, {'deep': (cargo, 1)}]
a.cargo = cargo
a.me = a
del a, cargo
out(gc.collect(), len(saved), gc.collect())
out(saved[0].cargo.list[1]['deep'][0] is saved[0].cargo)
saved.clear()
out(gc.collect())`,
  },
  {
    name: 'resurrection_does_not_block_cleanup_of_other_objects',
    source: `
class A:
    def __init__(self):
        self.me = self
class Z:
    def __init__(self):
        self.me = self
    def __del__(self):
        saved.append(self)
for i in range(30):
    A()
out(gc.collect())
for i in range(30):
    A()
Z()
out(gc.collect(), len(saved))
saved.clear()
out(gc.collect())`,
  },
  {
    name: 'one of a ring comes back, and all that it reaches',
    source: `
class A:
    def __init__(self, name):
        self.name = name
    def __del__(self):
        if self.name == 'b':
            saved.append(self)
a = A('a')
b = A('b')
c = A('c')
a.next = b
b.next = c
c.next = a
del a, b, c
out(gc.collect(), saved[0].next.name, saved[0].next.next.name, saved[0].next.next.next is saved[0])
saved.clear()
out(gc.collect())`,
  },
  {
    name: 'one who hangs on a ring comes back, the ring goes',
    source: `
class A:
    def __del__(self):
        saved.append(self)
ring = []
ring.append(ring)
a = A()
a.list = [7]
ring.append(a)
del a, ring
out(gc.collect(), len(saved), saved[0].list)
saved.clear()
out(gc.collect())`,
  },
  {
    name: 'resurrection by count, then a cycle',
    source: `
class A:
    def __del__(self):
        out('del')
        saved.append(self)
a = A()
del a
a = saved.pop()
a.me = a
del a
out(gc.collect(), len(saved))`,
  },
  {
    name: 'a finaliser takes its cycle apart (boom)',
    source: `
class Boom:
    def __del__(self):
        self.attr = None
a = Boom()
b = Boom()
a.attr = b
b.attr = a
gc.collect()
del a, b
out(gc.collect(), len(gc.garbage), gc.collect())`,
    freeThreaded: { why: STILL_COUNTED, log: [2, 0, 0] },
  },
  {
    name: 'a finaliser drops another object with a finaliser (bug 21435)',
    source: `
class B:
    def __del__(self):
        out('B')
class A:
    def __del__(self):
        out('A')
        self.b = None
a = A()
a.me = a
a.b = B()
a.b.a = a
del a
out(gc.collect(), gc.collect())`,
    freeThreaded: { why: STILL_COUNTED, log: ['A', 'B', 2, 0] },
  },
  {
    name: 'a finaliser makes garbage',
    source: `
class A:
    def __del__(self):
        l = []
        l.append(l)
a = A()
a.me = a
del a
out(gc.collect(), gc.collect(), gc.collect())`,
  },
  {
    name: 'a finaliser collects, in the middle of a collection',
    source: `
class A:
    def __del__(self):
        out('inner', gc.collect())
a = A()
a.me = a
del a
out('outer', gc.collect())`,
  },
  {
    name: 'a finaliser collects, called by a count',
    source: `
class A:
    def __del__(self):
        out('inner', gc.collect())
l = []
l.append(l)
a = A()
del l, a
out('outer', gc.collect())`,
  },
  {
    name: 'a finaliser that throws',
    source: `
class A:
    def __del__(self):
        raise ValueError('no')
a = A()
del a
b = A()
b.me = b
c = []
c.append(c)
del b, c
out(gc.collect(), gc.collect())`,
  },
  {
    name: 'a finaliser in what a cycle holds',
    source: `
class A:
    def __init__(self, name):
        self.name = name
    def __del__(self):
        out(self.name)
l = [A('a'), [A('b')], {'k': A('c')}]
l.append(l)
del l
out(gc.collect())`,
    freeThreaded: ANY_ORDER,
  },
  {
    name: 'an object of which a finaliser makes a second cycle',
    source: `
class A:
    def __del__(self):
        self.other = [self]
        saved.append(self.other)
a = A()
del a
out(gc.collect(), len(saved))
saved.clear()
out(gc.collect(), gc.collect())`,
  },
];
