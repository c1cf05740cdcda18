package io.sparkllama.job;

import io.sparkllama.engine.ModelFile;
import io.sparkllama.engine.api.Prompt;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Puts a worker into a folder for {@code engine.native-dir} that ends or hangs at some tokens: the
 * product's objects, with what {@code tests/faulty_worker.cc} plants. A job finds it there as it
 * finds any worker that is not to be extracted.
 */
public record FaultyWorker(Path folder) {
  private static final Path BUILT =
      Path.of(System.getProperty("sparkllama.basedir", ".."), "engine/target/native/faulty-worker");

  /**
   * Makes one.
   *
   * @param faults a word and a token's id each
   */
  public static FaultyWorker in(Path folder, List<String> faults) throws IOException {
    Files.createDirectories(folder);
    Files.copy(BUILT, folder.resolve("sparkllama-worker"), StandardCopyOption.COPY_ATTRIBUTES);
    Files.write(folder.resolve("sparkllama-worker.faults"), faults);
    return new FaultyWorker(folder);
  }

  /** Returns settings of a job that runs in it. */
  public List<String> settings() {
    return List.of("engine.native-dir=" + folder);
  }

  /** Returns a token that stands in one text and not in another. */
  public static int tokenOf(Path model, String text, String other) {
    ModelFile file = ModelFile.open(model);
    Set<Integer> others = new HashSet<>();
    for (int id : file.tokenizer().encodeWithBos(Prompt.ofData(other))) {
      others.add(id);
    }
    for (int id : file.tokenizer().encodeWithBos(Prompt.ofData(text))) {
      if (!others.contains(id)) {
        return id;
      }
    }
    throw new AssertionError("No token is of the text alone.");
  }
}
