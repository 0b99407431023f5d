import { FiberEngine } from '#ungil/explore/fiberEngine.js';
import type { LoadedScenarios } from '#ungil/explore/loadScenarios.js';
import { EventCell } from '#ungil/explore/machineLayout.js';
import { type ScenarioSpec, scenario, type WorldOptions } from '#ungil/scenarios/scenario.js';
import type { World } from '#ungil/scenarios/world.js';

/** `OpKind`, which tests cannot inline. */
export const KIND = {
  load: 3,
  store: 4,
  add: 5,
  exchange: 10,
  cas: 11,
  wait: 12,
  notify: 13,
  pause: 14,
  clock: 15,
  choose: 20,
} as const;

export interface Op {
  readonly kind: keyof typeof KIND | 'read' | 'write' | 'timed';
  /** Index of a shared word. */
  readonly word: number;
  /** Operand; `cas` expects what the thread read last. */
  readonly value: number;
}

export type Program = readonly (readonly Op[])[];

/**
 * An engine for a program written out: each thread performs its operations in order and keeps what it read. The
 * outcome is everything that anybody can have seen.
 */
export function engineFor(
  loaded: LoadedScenarios,
  program: Program,
  words = 3,
  world: WorldOptions = {},
): FiberEngine {
  const { hooks } = loaded;
  const seen: (number | string)[][] = [];
  function* body(s: number, w: World, me: number): Generator {
    seen[me] = [];
    let last = 0;
    for (const { kind, word, value } of program[me]) {
      if (kind === 'read' || kind === 'write') {
        if (hooks[kind](w.i32, s + word, -1)) yield;
        if (kind === 'write') w.i32[s + word] = value;
        else seen[me].push(w.i32[s + word]);
        continue;
      }
      const a = kind === 'cas' ? last : kind === 'choose' ? 2 : value;
      const b = kind === 'cas' ? value : kind === 'wait' ? Number.POSITIVE_INFINITY : 10;
      if (hooks.point(kind === 'timed' ? KIND.wait : KIND[kind], w.i32, s + word, a, b, -1)) yield;
      if (kind === 'pause') continue;
      const result = hooks.exec();
      if (typeof result === 'number') last = result;
      if (result !== undefined) seen[me].push(result);
    }
  }
  const spec: ScenarioSpec<number> = {
    about: 'a random program',
    setup: (w) => w.words(words, 'x'),
    threads: program.map(() => body as unknown as (s: number, w: World, me: number) => void),
    after: (s, w) => ({ memory: [...w.i32.subarray(s, s + words)].join(), seen: JSON.stringify(seen) }),
    outcomes: { '*': 'expected' },
    world,
    maxSteps: 200,
  };
  const one = scenario('program', spec);
  const setting = { scenario: one, spec, overrides: [], scheme: 'none' } as never;
  const bytes = 16 << 20;
  const place = loaded.memories.take(bytes);
  const engine = new FiberEngine(loaded, setting, place);
  const close = engine.close.bind(engine);
  engine.close = () => {
    close();
    loaded.memories.give(bytes, place);
  };
  return engine;
}

/**
 * The class of the execution that an engine has just made: its steps in the order that dependence alone prescribes
 * (Foata's normal form).
 */
export function canonicalClass(engine: FiberEngine): string {
  const { c, events } = engine.machine;
  const steps = c[1];
  const levels: string[][] = [];
  const placed: { level: number; thread: number; location: number; touch: number }[] = [];
  const count = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let step = 0; step < steps; step++) {
    const e = step * EventCell.Words;
    const thread = events[e];
    const location = events[e + 2];
    const touch = events[e + 3];
    const edge = events[e + 4];
    let level = 0;
    placed.forEach((other, i) => {
      const depends =
        other.thread === thread ||
        i === edge ||
        (other.location === location && conflicts(other.touch, touch));
      if (depends) level = Math.max(level, other.level + 1);
    });
    placed.push({ level, thread, location, touch });
    levels[level] ??= [];
    levels[level].push(`${thread}.${count[thread]++}`);
  }
  return levels.map((level) => level.sort().join(' ')).join(' | ');
}

function conflicts(p: number, q: number): boolean {
  const write = (a: number, b: number): boolean => (a & 2) !== 0 && (b & 3) !== 0;
  const queue = (a: number, b: number): boolean => (a & 8) !== 0 && (b & 12) !== 0;
  return write(p, q) || write(q, p) || queue(p, q) || queue(q, p);
}
