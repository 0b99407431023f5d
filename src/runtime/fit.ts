import { type Build, racesByDesign } from './builds.js';

/** What must be known of a workload to say which builds can run it. */
interface Fitted {
  readonly group?: string;
  readonly unsafe?: boolean;
  readonly rooted?: boolean;
}

/** Why a build cannot run a workload; null if it can. */
export function whyUnfit(build: Build, { group, unsafe, rooted }: Fitted): string | null {
  if (racesByDesign(build) && unsafe === false) return 'has no locks, and its heap would be wrecked';
  // Workloads of group memory make no objects.
  if (build.refcount !== 'none' || rooted === true || group === 'memory') return null;
  return 'counts no references, and some would be held where no collector finds them';
}
