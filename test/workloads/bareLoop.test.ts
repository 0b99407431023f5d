import { describe, expect, it } from 'vitest';
import { BareLoop } from '#ungil/workloads/bareLoop.js';
import { Calibration, CHUNK_MS } from '#ungil/workloads/calibration.js';

describe('the bare loop', () => {
  it('runs for as long as it is told to, and is done before its result is looked at', () => {
    const loop = new BareLoop();
    expect(loop.isCold).toBe(true);
    const start = performance.now();
    const rate = loop.run(5);
    expect(performance.now() - start).toBeGreaterThanOrEqual(5);
    expect(rate).toBeGreaterThan(0);
    expect(loop.isCold).toBe(false);
    expect(loop.run(1)).toBeGreaterThan(0);
  });

  it('notices when its work was not done', () => {
    const loop = new BareLoop();
    const { cells } = loop as unknown as { cells: Int32Array };
    loop.run(1);
    cells[77]--;
    expect(() => loop.run(1)).toThrow(/a bare loop has added \d+ in place of \d+ to its cell 77/);
  });
});

/** Warms up with a call that does `operations` in `ms`, a look taking a ten thousandth. */
function calibrated(operations: number, ms: number, coarse = false): Calibration {
  const calibration = new Calibration(coarse);
  calibration.begin();
  for (let chunk = 0; chunk < 40; chunk++) {
    calibration.add(operations * calibration.calls, ms * calibration.calls + 0.0001);
  }
  return calibration;
}

describe('calls between two looks at the clock', () => {
  it.each([1e-4, 1e-3, 0.01, 0.15])(
    'take no longer than planned, nor much less, if one takes %s ms',
    (ms) => {
      const { calls } = calibrated(128, ms);
      expect(calls * ms).toBeLessThanOrEqual(CHUNK_MS);
      expect(calls * ms).toBeGreaterThan(CHUNK_MS / 2);
    },
  );

  it('are one where a call is long, or said to be', () => {
    expect(calibrated(128, 5).calls).toBe(1);
    expect(calibrated(128, 1e-4, true).calls).toBe(1);
  });

  it('tell how many operations they are, however many a call does', () => {
    expect(calibrated(8361, 0.045)).toMatchObject({ calls: 4, operations: 4 * 8361 });
    expect(calibrated(1, 30, true)).toMatchObject({ calls: 1, operations: 1 });
  });

  it('are found by the fastest chunk: the first ones are not compiled, some wait for the GIL', () => {
    const calibration = new Calibration(false);
    calibration.begin();
    for (const factor of [400, 100, 10, 1, 1, 1, 1, 1, 1, 1, 1, 5000]) {
      calibration.add(128 * calibration.calls, 0.002 * factor * calibration.calls);
    }
    expect(calibration.calls).toBeGreaterThan(64);
    expect(calibration.calls).toBeLessThanOrEqual(100);
  });

  it('grow by a factor of two at most: a reading that is too short is followed by others', () => {
    const calibration = new Calibration(false);
    calibration.begin();
    calibration.add(128, 0);
    expect(calibration.calls).toBe(2);
  });

  it('are a guess without a warm-up', () => {
    expect(new Calibration(false)).toMatchObject({ calls: 64, operations: 0 });
    expect(new Calibration(true).calls).toBe(1);
  });
});
