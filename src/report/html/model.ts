import type { CompareJson } from '../json.js';
import type { RaceJson } from '../raceJson.js';
import { findResult, type Result } from '../results.js';
import type { WorkloadInfo } from '../types.js';
import type { Detail } from './detail.js';

/** What all sections of the report draw from. */
export interface Model {
  /** As a reader of compare.json sees it: a figure that is not defined is null. */
  readonly json: CompareJson;
  readonly results: readonly Result[];
  /** In the order measured. Elements carry the index: `data-w`. */
  readonly workloads: readonly string[];
  /** Likewise: `data-b`. */
  readonly builds: readonly string[];
  /** Rising. */
  readonly threads: readonly number[];
  /** The highest number of threads. */
  readonly most: number;
  readonly infos: readonly WorkloadInfo[];
  readonly race: RaceJson | null;
  readonly detail: Detail;
}

/** What a section says; null: there is nothing to say, and `missing` tells why. */
export interface Section {
  readonly id: string;
  readonly title: string;
  readonly html: string | null;
  /** A sentence; empty: not worth one. */
  readonly missing: string;
}

export interface ModelSources {
  readonly workloads: readonly WorkloadInfo[];
  readonly race: RaceJson | null;
}

export function toModel(json: CompareJson, { workloads, race }: ModelSources, detail: Detail): Model {
  const results = json.results;
  const unique = <T>(values: readonly T[]): T[] => [...new Set(values)];
  const threads = unique(results.map((result) => result.threads)).sort((a, b) => a - b);
  return {
    json,
    results,
    workloads: unique(results.map((result) => result.workload)),
    builds: unique(results.map((result) => result.build)),
    threads,
    most: threads[threads.length - 1] ?? 1,
    infos: workloads,
    race,
    detail,
  };
}

export function infoOf(model: Model, workload: string): WorkloadInfo | undefined {
  return model.infos.find((info) => info.name === workload);
}

export function groupOf(model: Model, workload: string): string {
  return infoOf(model, workload)?.group ?? 'sharing';
}

export function find(model: Model, workload: string, build: string, threads: number): Result | undefined {
  return findResult(model.results, workload, build, threads);
}

/** A figure that is there. */
export function isFigure(value: number | null | undefined): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

/** The result was right, so that its figures mean something. */
export function isRight(result: Result | undefined): result is Result {
  return result !== undefined && result.wrong === null && isFigure(result.opsPerSecond.median);
}
