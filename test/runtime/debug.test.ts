import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, test } from 'vitest';
import { poolOf } from '#ungil/allocators/blockWords.js';
import { Chunk } from '#ungil/allocators/delayedFree.js';
import { Page } from '#ungil/allocators/mimalloc/layout.js';
import { pageOf } from '#ungil/allocators/mimalloc/page.js';
import { Arena, Pool, State } from '#ungil/allocators/pymalloc/layout.js';
import { FatalError, ProgramError } from '#ungil/memory/errors.js';
import {
  BrcBucket,
  Control,
  GcBits,
  Header,
  HeapTag,
  Immortal,
  SharedState,
  ThreadBlock,
} from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { DebugBiasedRefCounter } from '#ungil/refcount/debugBiased.js';
import { bucketOf } from '#ungil/refcount/mergeQueue.js';
import { buildNamed, withDebug } from '#ungil/runtime/builds.js';
import { DebugParts } from '#ungil/runtime/debugParts.js';
import { Thread } from '#ungil/runtime/thread.js';
import { MIB } from '../allocators/support.js';
import { program, rejection, SAFE_BUILDS, withRuntime } from '../support/runtimes.js';

/** Threads of a debug build that take turns in this one. */
class DebugScene {
  readonly memory = SharedMemory.create(64 * MIB);
  readonly heap = this.memory.i32;
  readonly threads: Thread[];
  readonly t: Thread;
  readonly u: Thread;

  constructor(name: string) {
    const build = withDebug(buildNamed(name), true);
    const count = build.lock === 'gil' ? 1 : 2;
    this.threads = Array.from(
      { length: count },
      (_, slot) => new Thread(this.memory, build, slot, new DebugParts()),
    );
    this.t = this.threads[0]!;
    this.u = this.threads[count - 1]!;
    this.t.start();
    this.t.initialiseInterpreter();
    if (count === 2) this.u.start(1);
  }

  /** An object of thread 0 with one reference. */
  object(): number {
    return this.t.numbers.float(1.5);
  }
  setShared(object: number, count: number, state: SharedState): void {
    this.heap[object + Header.Shared] = (count << SharedState.Shift) | state;
  }
  get biased(): DebugBiasedRefCounter {
    return this.t.refs as DebugBiasedRefCounter;
  }
}

type Row = [invariant: string, what: string, build: string, breakIt: (s: DebugScene, h: Int32Array) => void];

/** What each row does is wrong; the assertion must name the invariant. */
const ROWS: Row[] = [
  [
    'INV-1.1',
    'a merged object with an owner',
    'free-threaded',
    (s) => {
      const object = s.object();
      s.setShared(object, 1, SharedState.Merged);
      s.t.refs.incref(object);
    },
  ],
  [
    'INV-1.1',
    'the state is published before the owner is gone',
    'free-threaded',
    (s) => {
      const refs = s.biased as unknown as { clearOwner(): void };
      refs.clearOwner = () => {};
      const object = s.object();
      s.setShared(object, 1, SharedState.MaybeWeakref);
      s.t.refs.decref(object);
    },
  ],
  [
    'INV-1.2',
    'an increment that takes the state back',
    'free-threaded',
    (s) => {
      const object = s.object();
      s.setShared(object, 1, SharedState.Queued);
      const atomics = s.u.refs as unknown as { atomics: { add(word: number, value: number): number } };
      const add = atomics.atomics.add.bind(atomics.atomics);
      atomics.atomics.add = (word, value) => add(word, value - SharedState.Queued);
      s.u.refs.incref(object);
    },
  ],
  [
    'INV-1.3',
    'a count given up by a stranger',
    'free-threaded',
    (s) => {
      const stranger = s.u.refs as unknown as { mergeZeroLocal(object: number): void };
      stranger.mergeZeroLocal(s.object());
    },
  ],
  [
    'INV-1.4',
    'a decrement too many by the owner',
    'free-threaded',
    (s, h) => {
      const object = s.object();
      h[object + Header.Local] = 0;
      s.t.refs.decref(object);
    },
  ],
  [
    'INV-1.4',
    'a count of a freed object',
    'free-threaded',
    (s, h) => {
      const object = s.object();
      h[object] = 64;
      s.t.refs.incref(object);
    },
  ],
  ['INV-1.4', 'a reference to nothing', 'free-threaded', (s) => s.t.refs.incref(Control.Scratch)],
  [
    'INV-1.4',
    'destruction with a count left',
    'free-threaded',
    (s) => s.t.refs.deallocator.dealloc(s.object()),
  ],
  ['INV-1.5', 'destruction of None', 'free-threaded', (s) => s.t.refs.deallocator.dealloc(Control.None)],
  [
    'INV-1.6',
    'an object queued twice',
    'free-threaded',
    (s) => {
      const object = s.object();
      s.u.refs.decref(object);
      (s.u.refs as DebugBiasedRefCounter).queue.enqueue(object);
    },
  ],
  [
    'INV-2.1',
    'a merged object without a count',
    'free-threaded',
    (s, h) => {
      const object = s.object();
      h[object]! &= ~Header.OwnerMask;
      s.setShared(object, 0, SharedState.Merged);
      s.u.refs.decref(object);
    },
  ],
  [
    'INV-2.1',
    'a merge that comes out negative',
    'free-threaded',
    (s) => {
      const object = s.object();
      s.setShared(object, -5, SharedState.MaybeWeakref);
      s.biased.explicitMerge(object, 0);
    },
  ],
  [
    'INV-2.2',
    'an object queued in another state',
    'free-threaded',
    (s) => {
      (s.u.refs as DebugBiasedRefCounter).queue.enqueue(s.object());
    },
  ],
  [
    'INV-2.3',
    'a merge by a stranger',
    'free-threaded',
    (s) => {
      (s.u.refs as DebugBiasedRefCounter).explicitMerge(s.object(), 0);
    },
  ],
  [
    'INV-2.4',
    'a count after the thread has left',
    'free-threaded',
    (s) => {
      const object = s.object();
      s.t.refs.exit();
      s.t.refs.incref(object);
    },
  ],
  [
    'INV-2.4',
    'a queue left behind',
    'free-threaded',
    (s, h) => {
      const queue = s.biased.queue as unknown as { unlinkThread(bucket: number): void };
      queue.unlinkThread = () => {
        h[s.t.block + ThreadBlock.BrcQueue] = 64;
      };
      s.t.refs.exit();
    },
  ],
  [
    'INV-1.4',
    'a plain count below one',
    'gil',
    (s, h) => {
      const object = s.object();
      h[object + Header.Local] = 0;
      s.t.refs.incref(object);
    },
  ],
  [
    'INV-1.5',
    'an immortal that leaves its range',
    'gil',
    (s, h) => {
      const object = s.object();
      // The last value of the range, counted up past the guard of increments.
      h[object + Header.Local] = Immortal.PlainMinimum;
      const refs = s.t.refs as unknown as { isImmortal(object: number): boolean };
      refs.isImmortal = () => false;
      s.t.refs.incref(object);
    },
  ],
  [
    'INV-1.4',
    'an atomic count below one',
    'gilectomy',
    (s, h) => {
      const object = s.object();
      h[object + Header.Shared] = 0;
      s.t.refs.incref(object);
    },
  ],
  [
    'INV-3.1',
    'arenas out of order',
    'gil',
    (s, h) => {
      const blocks = Array.from({ length: 31 * 70 }, () => s.t.allocator.alloc(128, HeapTag.Mem));
      s.t.allocator.free(blocks[0]!, HeapTag.Mem);
      h[h[Control.InterpreterAllocator + State.UsableArenas]! + Arena.FreePoolCount] = 0;
      s.t.allocator.free(blocks[1]!, HeapTag.Mem);
    },
  ],
  [
    'INV-3.2',
    'a pool whose count is wrong',
    'gil',
    (s, h) => {
      const block = s.t.allocator.alloc(4, HeapTag.Mem);
      h[poolOf(h, block) + Pool.Count]!++;
      s.t.allocator.alloc(4, HeapTag.Mem);
    },
  ],
  [
    'INV-3.2',
    'a free of no block of the pool',
    'gil',
    (s) => {
      s.t.allocator.free(s.t.allocator.alloc(8, HeapTag.Mem) + 4, HeapTag.Mem);
    },
  ],
  [
    'INV-3.2',
    'a double free',
    'gil',
    (s) => {
      const [block] = [s.t.allocator.alloc(8, HeapTag.Mem), s.t.allocator.alloc(8, HeapTag.Mem)];
      s.t.allocator.free(block, HeapTag.Mem);
      s.t.allocator.free(block, HeapTag.Mem);
    },
  ],
  [
    'INV-4.1',
    'a double free',
    'free-threaded',
    (s) => {
      const [block] = [s.t.allocator.alloc(8, HeapTag.Gc), s.t.allocator.alloc(8, HeapTag.Gc)];
      s.t.allocator.free(block, HeapTag.Gc);
      s.t.allocator.free(block, HeapTag.Gc);
    },
  ],
  [
    'INV-4.1',
    'a page whose blocks do not add up',
    'gilectomy',
    (s, h) => {
      const block = s.t.allocator.alloc(2_000, HeapTag.Gc);
      h[pageOf(h, block) + Page.Used]! += 2;
      for (let i = 0; i < 70; i++) s.t.allocator.alloc(2_000, HeapTag.Gc);
    },
  ],
  [
    'INV-4.1',
    'a free list that is a circle',
    'free-threaded',
    (s, h) => {
      const page = pageOf(h, s.t.allocator.alloc(12, HeapTag.Gc));
      h[h[page + Page.Free]!] = h[page + Page.Free]!;
      for (let i = 0; i < 70; i++) s.t.allocator.alloc(12, HeapTag.Gc);
    },
  ],
  [
    'INV-4.2',
    'a free list that leaves the page',
    'free-threaded',
    (s, h) => {
      const page = pageOf(h, s.t.allocator.alloc(12, HeapTag.Gc));
      h[page + Page.Free]! += 4;
      s.t.allocator.alloc(12, HeapTag.Gc);
    },
  ],
  [
    'INV-4.2',
    'a free of no block',
    'free-threaded',
    (s) => {
      s.t.allocator.free(s.t.allocator.alloc(12, HeapTag.Gc) + 4, HeapTag.Gc);
    },
  ],
  [
    'INV-4.2',
    'a free as another tag',
    'free-threaded',
    (s) => {
      s.t.allocator.free(s.t.allocator.alloc(12, HeapTag.Gc), HeapTag.Mem);
    },
  ],
  [
    'INV-4.2',
    'more blocks than there is room for',
    'free-threaded',
    (s, h) => {
      const block = s.t.allocator.alloc(12, HeapTag.Gc);
      h[pageOf(h, block) + Page.Reserved] = 3;
      s.t.allocator.free(block, HeapTag.Gc);
    },
  ],
  [
    'INV-4.3',
    'a page that another thread owns',
    'free-threaded',
    (s, h) => {
      h[pageOf(h, s.t.allocator.alloc(12, HeapTag.Gc)) + Page.Owner] = s.u.id;
      s.t.allocator.alloc(12, HeapTag.Gc);
    },
  ],
  [
    'INV-5.1',
    'a read sequence in the future',
    'free-threaded',
    (s, h) => {
      h[Control.ReadSequence]! += 20;
      s.t.state.qsbr.advance();
    },
  ],
  [
    'INV-5.1',
    'a sequence that goes back',
    'free-threaded',
    (s, h) => {
      s.t.state.qsbr.advance();
      h[Control.WriteSequence]! -= 4;
      s.t.state.qsbr.quiescentState();
    },
  ],
  [
    'INV-5.1',
    'a thread in the future',
    'free-threaded',
    (s, h) => {
      h[s.t.block + ThreadBlock.QsbrSequence]! += 20;
      s.t.state.qsbr.advance();
    },
  ],
  [
    'INV-5.1',
    'a quiescent state while offline',
    'free-threaded',
    (s) => {
      s.t.state.qsbr.detach();
      s.t.state.qsbr.quiescentState();
    },
  ],
  [
    'INV-5.1',
    'an impossible goal',
    'free-threaded',
    (s) => {
      s.t.state.qsbr.poll(s.t.state.qsbr.current() + 40);
    },
  ],
  [
    'INV-5.2',
    'a goal that counts as reached too early',
    'free-threaded',
    (s, h) => {
      const goal = s.t.state.qsbr.advance();
      const qsbr = s.t.state.qsbr as unknown as { scan(minimum: number): number };
      qsbr.scan = (minimum) => minimum;
      h[Control.ReadSequence] = h[s.t.block + ThreadBlock.QsbrSequence]!;
      s.t.state.qsbr.poll(goal);
    },
  ],
  [
    'INV-5.3',
    'goals out of order',
    'free-threaded',
    (s, h) => {
      s.t.allocator.freeDelayed(s.t.allocator.alloc(12, HeapTag.Mem));
      s.t.allocator.freeDelayed(s.t.allocator.alloc(12, HeapTag.Mem));
      h[h[s.t.block + ThreadBlock.DelayedHead]! + Chunk.Items + 1]! += 2;
      s.t.processDelayed();
    },
  ],
  [
    'INV-5.3',
    'a delayed free twice',
    'free-threaded',
    (s) => {
      const block = s.t.allocator.alloc(12, HeapTag.Mem);
      s.t.allocator.freeDelayed(block);
      s.t.allocator.freeDelayed(block);
    },
  ],
  [
    'INV-5.3',
    'a goal before the one before',
    'free-threaded',
    (s) => {
      const { qsbr } = s.t.state;
      (qsbr as unknown as { lastGoal: number }).lastGoal = 99;
      qsbr.deferredAdvance(10);
    },
  ],
];

describe('an assertion of the debug build', () => {
  test.each(ROWS)('names %s: %s (%s)', (invariant, _what, build, breakIt) => {
    const scene = new DebugScene(build);
    const broken = () => breakIt(scene, scene.heap);
    expect(broken).toThrow(FatalError);
    const again = new DebugScene(build);
    expect(() => breakIt(again, again.heap)).toThrow(
      new RegExp(`^${invariant.replace('.', '\\.')} is violated in thread slot [01]: .*\\d`),
    );
  });

  it('stays quiet while nothing is broken', () => {
    const scene = new DebugScene('free-threaded');
    expect(scene.t.refs).toBeInstanceOf(DebugBiasedRefCounter);
    const object = scene.object();
    scene.u.refs.incref(object);
    scene.u.refs.setMaybeWeakref(object);
    scene.u.refs.decref(object);
    scene.u.refs.decref(object);
    scene.t.mergeQueued();
    expect(scene.heap[bucketOf(scene.t.id) + BrcBucket.Head]).toBe(scene.t.block);
    expect(
      scene.heap[object] === undefined || (scene.memory.u8[object * 4 + 3]! & GcBits.Tracked) === 0,
    ).toBe(true);
    scene.u.exit();
    scene.t.exit();
  });
});

describe.each(SAFE_BUILDS)('build %s in debug', (build) => {
  it('runs programs as ever', () =>
    withRuntime({ build, threads: 2, debug: true }, async (runtime) => {
      await runtime.run(program('leaks'), { args: { case: 'clean' } });
      await runtime.run(program('basics'), { args: {} }).catch((error) => {
        // A case that the fixture does not know is its own complaint, no violated invariant.
        expect(String(error)).not.toMatch(/INV-/);
        throw error;
      });
      expect(runtime.leaks()).toEqual([]);
    }));
});

it('a violated invariant ends the run as an error of its thread', () =>
  withRuntime({ build: 'free-threaded', threads: 2, debug: true }, async (runtime) => {
    const run = runtime.run(new URL('../fixtures/runtime/violates.mjs', import.meta.url));
    const error = await rejection(run, ProgramError);
    expect(error.original.name).toBe('FatalError');
    expect(error.message).toMatch(
      /INV-4\.2 is violated in thread slot \d+: a free of \d+, which is no block/,
    );
  }));

describe('the release builds', () => {
  const root = fileURLToPath(new URL('../../dist/', import.meta.url));

  /** Modules that an entry loads by its static imports. */
  function loaded(entry: string): string[] {
    const seen = new Set<string>();
    const queue = [entry];
    for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
      if (seen.has(file)) continue;
      seen.add(file);
      const text = readFileSync(path.join(root, file), 'utf8');
      for (const match of text.matchAll(/^\s*(?:import|export)\b[^;]*?from '(\.[^']+)'/gm)) {
        queue.push(path.posix.join(path.posix.dirname(file), match[1]!));
      }
    }
    return [...seen];
  }

  it('load no debug class, and no assertion', () => {
    const files = [...loaded('workers/thread.js'), ...loaded('src/runtime/runtime.js')];
    expect(files).toContain('src/refcount/biased.js');
    expect(files.length).toBeGreaterThan(60);
    expect(files.filter((file) => /\/debug(?!Hooks)[A-Z]|invariant\.js|\/check\//.test(file))).toEqual([]);
    const texts = files.map((file) =>
      readFileSync(path.join(root, file), 'utf8')
        .replace(/\/\*[\s\S]*?\*\//g, '')
        .replace(/\/\/.*$/gm, ''),
    );
    expect(files.filter((_, i) => /INV-/.test(texts[i]!))).toEqual([]);
    // What the debug builds load does have them.
    const debug = loaded('src/runtime/debugParts.js');
    expect(debug).toContain('src/refcount/debugBiased.js');
    expect(readFileSync(path.join(root, 'src/refcount/debugBiased.js'), 'utf8')).toMatch(/INV-1\.2/);
  });
});
