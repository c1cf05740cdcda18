package io.sparkllama.job.durable;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Is a batch as a folder. It comes to its place in one step, whole: with what its rows left
 * unanswered and with its dead letters, which are then brought to their own places. So it counts
 * from that step on, whichever run has made it, and no run ever takes it away again.
 *
 * @param place of the rows
 * @param rest where the rows go that a limit has left
 * @param letters where the dead letters go
 */
record BatchFolder(StoredPath place, StoredPath rest, StoredPath letters)
    implements PublishedBatch {
  /** Is the last file of a batch; Spark's own says nothing, and this one what there must be. */
  static final String SUCCESS = "_SUCCESS";

  private static final String BESIDE = "beside"; // files of the rest and the letters

  /** Says what a batch holds, before it is published. */
  static void finish(StoredPath open, long rows) throws IOException {
    ObjectNode also = JsonNodeFactory.instance.objectNode();
    ArrayNode beside = also.putArray(BESIDE);
    for (String folder : List.of(OpenBatch.REST, OpenBatch.LETTERS)) {
      open.child(folder).filesBelow().forEach(file -> beside.add(folder + "/" + file));
    }
    WorkManifest manifest =
        new WorkManifest(
            rows, WorkFolder.files(open), beside.isEmpty() ? MissingNode.getInstance() : also);
    open.child(SUCCESS).write(manifest.json());
  }

  /**
   * Tells whether it is there with all its files and no others. It is not where a storage copies
   * files one by one and was interrupted, nor is the batch without rows that an output begins with.
   */
  boolean isWhole() throws IOException {
    Optional<WorkManifest> manifest = manifest();
    if (manifest.isEmpty() || !names().equals(Set.copyOf(manifest.get().files()))) {
      return false;
    }
    for (JsonNode file : manifest.get().input().path(BESIDE)) {
      if (!place.child(file.asText()).exists() && !settled(file.asText()).exists()) {
        return false;
      }
    }
    return true;
  }

  /** Returns where a file beside the rows comes to. */
  private StoredPath settled(String file) {
    String rests = OpenBatch.REST + "/";
    return file.startsWith(rests)
        ? rest.child(file.substring(rests.length()))
        : letters.child(file.substring(OpenBatch.LETTERS.length() + 1));
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

  @Override
  public OptionalLong counted() throws IOException {
    return isWhole() ? OptionalLong.of(rows()) : OptionalLong.empty();
  }

  @Override
  public void settle() throws IOException {
    settle(place.child(OpenBatch.LETTERS), letters);
    settle(place.child(OpenBatch.REST), rest);
  }

  /**
   * Brings a folder to its place. A part of it may be there: a storage that copies files one by one
   * takes a file away when its copy is whole, so that what is here is to be copied, again or not.
   */
  static void settle(StoredPath from, StoredPath to) throws IOException {
    if (!from.exists() || from.moveToFree(to)) {
      return;
    }
    for (String file : from.filesBelow()) {
      from.child(file).copyOver(to.child(file));
    }
    from.delete();
  }

  @Override
  public void prepare(Answers answers, RunControl control) throws IOException {
    finish(answers.place(), answers.count());
    clear(control);
  }

  @Override
  public boolean publish(Answers answers, RunControl control) throws IOException {
    control.check();
    return publish(answers.place());
  }

  /**
   * Puts a finished batch here.
   *
   * @return whether it is here now; not where another run's is
   */
  boolean publish(StoredPath open) throws IOException {
    List<String> files = WorkFolder.files(open);
    if (open.moveToFree(place) && isWhole()) {
      return true;
    }
    // A storage that copies files one by one may have let another run come between: each takes its
    // own away. Where all went well for the other, none of these is here.
    for (String file : files) {
      place.child(file).delete();
    }
    return false;
  }

  /**
   * Makes room: removes a batch that is not whole. A whole one that another run puts here meanwhile
   * stays: it is listed only where it is found whole after that, and its files have other names.
   *
   * @throws IOException where another run has taken the lock
   */
  void clear(RunControl control) throws IOException {
    List<StoredPath> listed = place.allChildren();
    if (isWhole()) {
      return;
    }
    for (StoredPath child : listed) {
      if (child.name().startsWith("_")) {
        control.check(); // these are called alike in all batches, so that it may be a successor's
      }
      child.delete();
    }
    place.deleteEmpty();
  }
}
