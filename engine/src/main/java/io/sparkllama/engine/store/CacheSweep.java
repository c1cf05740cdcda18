package io.sparkllama.engine.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Removes models from a cache before it takes another one: what was not used for a month, and where
 * the disk has no room, those that were not used for longest. All can be brought again, and a job
 * that is refused for want of room cannot wait for someone to tidy up.
 */
final class CacheSweep {
  private static final Logger LOG = LoggerFactory.getLogger(CacheSweep.class);

  /** A job of every month keeps its model. */
  private static final Duration LONG_UNUSED = Duration.ofDays(35);

  /** Who has found a model here takes less to mark that it uses it. */
  private static final Duration JUST_USED = Duration.ofHours(1);

  private final Path cache;
  private final Instant now;

  CacheSweep(Path cache, Instant now) {
    this.cache = cache;
    this.now = now;
  }

  /**
   * Removes what it may, until the disk has room for so many bytes. Where it cannot have it, only
   * what is out of use anyway. One model that cannot be looked at or removed stays.
   *
   * @param own the name in the cache of what the room is for, which is left alone
   */
  void makeRoom(long bytes, String own) throws IOException {
    List<CachedModel> models =
        CachedModel.of(cache).stream().filter(model -> !model.name().equals(own)).toList();
    long most = usableSpace();
    for (CachedModel model : models) {
      most += isFree(model) && !isUsed(model) ? model.bytes() : 0;
    }
    for (CachedModel model : models) {
      boolean lacking = usableSpace() < bytes && bytes <= most;
      if (isOutOfUse(model) || (lacking && isFree(model))) {
        remove(model);
      }
    }
  }

  private static boolean isUsed(CachedModel model) {
    try {
      return model.isUsed();
    } catch (IOException e) {
      LOG.warn("A model in the cache cannot be looked at, and stays: {}", model.folder(), e);
      return true;
    }
  }

  private static void remove(CachedModel model) {
    try {
      if (model.remove()) {
        LOG.info(
            "Removed a model from the cache that was not used since {}: {} bytes in {}",
            model.lastUse(),
            model.bytes(),
            model.folder());
      }
    } catch (IOException e) {
      LOG.warn("A model that is not used stays in the cache: {}", model.folder(), e);
    }
  }

  private boolean isOutOfUse(CachedModel model) {
    return Duration.between(model.lastUse(), now).compareTo(LONG_UNUSED) > 0;
  }

  private boolean isFree(CachedModel model) {
    return Duration.between(model.lastUse(), now).compareTo(JUST_USED) > 0;
  }

  private long usableSpace() throws IOException {
    return Files.getFileStore(cache).getUsableSpace();
  }
}
