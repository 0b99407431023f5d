/** What a scenario may choose in its world. */
export interface WorldOptions {
  /**
   * `model` (default): a block is never handed out twice in an execution, so that each late access is seen.
   * `reuse`: the block last freed by a thread is the next one it hands out (same tag and size), as real heaps do.
   * `real`: the build's own allocator, itself under exploration.
   */
  readonly allocator?: 'model' | 'reuse' | 'real';
  /** Whether blocks that are alive after `after` and a last merge of all queues are a fault. Default true. */
  readonly leaks?: boolean;
  /** Waits may end without a reason (once a thread). Default false. */
  readonly spuriousWakes?: boolean;
  /** Timed waits may end before anything else happens, so often in each thread. Default 0: only when all else waits. */
  readonly timeouts?: number;
  /** The clock may jump by this many milliseconds at each reading, as a choice. Default 0: it stands still. */
  readonly clockJumps?: number;
  /** Unmarked data races on plain accesses are faults of the code: true; by default in `atomic`, `biased`, `side-table`. */
  readonly dataRaces?: boolean;
}
