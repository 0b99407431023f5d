import { Geometry } from '../memory/layout.js';
import type { Body } from '../scenarios/scenario.js';
import { World } from '../scenarios/world.js';
import type { StressCounts } from './stressCounts.js';
import { type Meeting, Stress } from './stressMeeting.js';
import type { StressParts } from './stressParts.js';

/** States of a stride, as in jcstress: the threads run through them side by side. */
const STATES = 1024;

/** Where their words lie: behind everything that the runtime has. */
const FIRST_WORD: number = Geometry.SegmentWords;

/** At most so many turns of a loop between the meeting and the body, so that no thread always comes first. */
const MAX_SKEW = 31;

/** A world without threads of the runtime, with words for many states. */
class WordsWorld extends World {
  end = FIRST_WORD;

  override words(count: number, name: string): number {
    const address = this.end;
    if (address + count > this.i32.length) throw new RangeError(`${STATES} times ${name} does not fit`);
    this.end = address + count;
    this.i32.fill(0, address, this.end);
    return address;
  }
}

/**
 * Runs the bodies of a scenario that uses nothing but words: each over all states of a stride in order, and all of
 * them on one state at a time. The first worker makes the words again, and counts what has come out.
 */
export class StressStrides {
  private readonly world: WordsWorld;
  private readonly states: unknown[] = [];
  private readonly image: Int32Array;
  /** By state: bits of the threads that threw. */
  private readonly threw: Int32Array;
  private readonly body: Body<unknown>;
  private random = 1;

  /** Every worker makes the states, in turn: their words get the same contents. */
  constructor(
    private readonly parts: StressParts,
    private readonly meeting: Meeting,
  ) {
    const { memory, setting, services, control, thread, bodies } = parts;
    const { spec, scheme } = setting;
    this.body = bodies[thread];
    this.random += thread;
    this.world = new WordsWorld(memory, scheme, bodies.length, spec.world ?? {}, services);
    for (let i = 0; i < STATES; i++) this.states.push(spec.setup?.(this.world));
    this.world.beginRun();
    this.image = memory.i32.slice(FIRST_WORD, this.world.end);
    this.threw = control.subarray(Stress.Words, Stress.Words + STATES);
  }

  /** Words of the control block that are used. */
  static readonly ControlWords = Stress.Words + STATES;

  /** Until the host stops it. */
  run(counts: StressCounts): void {
    const { control, thread } = this.parts;
    for (;;) {
      if (thread === 0) this.renew();
      this.meeting.wait();
      if (control[Stress.Going] === 0) return;
      this.runStride();
      this.meeting.wait();
      if (thread === 0) this.count(counts);
    }
  }

  private renew(): void {
    const { control, memory } = this.parts;
    memory.i32.set(this.image, FIRST_WORD);
    this.threw.fill(0);
    control[Stress.Going] = 1 - Atomics.load(control, Stress.Stop);
  }

  private runStride(): void {
    const { states, world, body, meeting } = this;
    const { services, thread } = this.parts;
    services.begin(thread);
    for (let i = 0; i < STATES; i++) {
      meeting.wait();
      this.skew();
      try {
        body(states[i], world, thread);
      } catch {
        Atomics.or(this.threw, i, 1 << thread);
      }
      if (services.told.length > 0) this.noteViolation(i);
    }
    services.thread = -1;
  }

  private noteViolation(state: number): void {
    this.parts.services.told.length = 0;
    Atomics.or(this.threw, state, VIOLATION);
  }

  private skew(): void {
    this.random = (Math.imul(this.random, 1664525) + 1013904223) | 0;
    for (let left = (this.random >>> 16) & MAX_SKEW; left > 0; left--);
  }

  private count(counts: StressCounts): void {
    const { spec } = this.parts.setting;
    for (let i = 0; i < STATES; i++) {
      const threw = this.threw[i];
      if (threw !== 0) counts.add([(threw & VIOLATION) !== 0 ? 'broken invariant' : 'error'], null);
      else counts.add([], spec.after?.(this.states[i], this.world) ?? {});
    }
    this.parts.control[Stress.Progress]++;
    counts.tell();
  }
}

const VIOLATION = 1 << 30;
