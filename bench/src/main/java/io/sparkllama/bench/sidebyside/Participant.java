package io.sparkllama.bench.sidebyside;

import java.util.Optional;

/**
 * Is a contestant as the report knows it.
 *
 * @param name as in the report's tables
 * @param process empty where the contestant is left out, or was
 * @param introduction what it told of itself; where it is left out, why
 * @param secondsToLoad from its start to its introduction
 */
record Participant(
    String name, Optional<ContestantProcess> process, Reply introduction, double secondsToLoad) {

  boolean takes(Work work) {
    return process.isPresent()
        && introduction instanceof Reply.Ready ready
        && ready.works().contains(work.kind());
  }

  /** Returns its version, or why it is left out. */
  String version() {
    if (introduction instanceof Reply.Ready ready) {
      return ready.version();
    }
    return "left out: " + ((Reply.Refused) introduction).error();
  }
}
