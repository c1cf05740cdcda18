package io.sparkllama.job.plugin;

import io.sparkllama.engine.SetAsideShare;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Remembers what an engine had set aside when each of its users came first: an engine outlives the
 * jobs that share it, and none is to end for what those before it have met.
 */
final class SetAsideBases {
  /** Of users that may be at work at once there are fewer; those of long ago ask no more. */
  private static final int MOST = 1_000;

  private final Map<String, SetAsideShare> bases =
      new LinkedHashMap<>(16, 0.75f, true) { // in the order of their last use
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, SetAsideShare> eldest) {
          return size() > MOST;
        }
      };

  /**
   * Returns what the engine had set aside when this user first asked.
   *
   * @param now asked where this is the first time
   */
  synchronized SetAsideShare of(String user, Supplier<SetAsideShare> now) {
    return bases.computeIfAbsent(user, first -> now.get());
  }
}
