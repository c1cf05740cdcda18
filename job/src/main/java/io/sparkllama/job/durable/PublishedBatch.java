package io.sparkllama.job.durable;

import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Is a batch where readers find it. It comes there in one step, whole: with what its rows left
 * unanswered and with its dead letters, which are then brought to their own places. So it counts
 * from that step on, whichever run has made it, and no run ever takes it away again.
 *
 * @param place of the rows
 * @param rest where the rows go that a limit has left
 * @param letters where the dead letters go
 */
record PublishedBatch(StoredPath place, StoredPath rest, StoredPath letters) {
  /** Is the last file of a batch; Spark's own says nothing, and this one what there must be. */
  static final String SUCCESS = "_SUCCESS";

  /** Hold, until they are brought to their places, what readers of the rows skip. */
  static final String REST = "_rest";

  static final String LETTERS = "_letters";

  /** Says what a batch holds, before it is published. */
  static void finish(StoredPath open, long rows) throws IOException {
    WorkManifest manifest =
        new WorkManifest(rows, WorkFolder.files(open), MissingNode.getInstance());
    open.child(SUCCESS).write(manifest.json());
  }

  /**
   * Tells whether it is there with all its files and no others. It is not where a storage copies
   * files one by one and was interrupted, nor is the batch without rows that an output begins with.
   */
  boolean isWhole() throws IOException {
    Optional<WorkManifest> manifest = manifest();
    return manifest.isPresent() && names().equals(Set.copyOf(manifest.get().files()));
  }

  /** Returns the rows of a whole one. */
  long rows() throws IOException {
    return manifest().orElseThrow(() -> new IOException("A batch has gone: " + place)).rows();
  }

  private Optional<WorkManifest> manifest() throws IOException {
    StoredPath file = place.child(SUCCESS);
    return file.bytes().flatMap(bytes -> WorkManifest.find(bytes, file));
  }

  private Set<String> names() throws IOException {
    return new HashSet<>(WorkFolder.files(place));
  }

  /**
   * Brings what it left unanswered and its letters to their places; who goes on may do so again.
   */
  void settle() throws IOException {
    settle(place.child(LETTERS), letters);
    settle(place.child(REST), rest);
  }

  private static void settle(StoredPath from, StoredPath to) throws IOException {
    if (!from.exists() || from.moveToFree(to) || !from.exists()) {
      return;
    }
    to.delete(); // half copied, by a storage that copies files one by one
    if (!from.moveToFree(to)) {
      throw new IOException("A part of the output cannot be renamed: " + from);
    }
  }

  /**
   * Puts a finished batch here.
   *
   * @return whether it is here now; not where another run's is
   */
  boolean publish(StoredPath open) throws IOException {
    List<String> files = WorkFolder.files(open);
    if (!open.moveToFree(place)) {
      return false;
    }
    if (!isWhole()) {
      // A storage that copies files one by one let another run come between: each takes its own.
      for (String file : files) {
        place.child(file).delete();
      }
      return false;
    }
    return true;
  }

  /**
   * Makes room: removes a batch that is not whole. A whole one that another run puts here meanwhile
   * stays: it is listed only where it is found whole after that, and its files have other names.
   */
  void clear() throws IOException {
    List<StoredPath> listed = place.allChildren();
    if (isWhole()) {
      return;
    }
    for (StoredPath child : listed) {
      child.delete();
    }
    place.deleteEmpty();
  }
}
