package io.sparkllama.engine.api;

/** Names where native code runs. */
public enum Isolation {
  /** Within this process: a native fault ends it. */
  NONE,
  /** In a worker process: a native fault, or a hang, costs a restart and a replay. */
  PROCESS
}
