package io.sparkllama.engine.tokenizer;

import io.sparkllama.engine.SharedData;
import io.sparkllama.engine.gguf.GgufFile;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Opens the tokenizers of the shared data, each once; tests are skipped where there is none. */
final class SharedTokenizers {
  private static final Map<Path, Tokenizer> OPEN = new ConcurrentHashMap<>();

  private SharedTokenizers() {}

  /** Opens the tokenizer of a model or vocabulary, by its path below the shared data. */
  static Tokenizer open(String path) {
    return OPEN.computeIfAbsent(
        SharedData.path(path), file -> Tokenizers.of(GgufFile.read(file).metadata()));
  }

  static Tokenizer vocabulary(String name) {
    return open("tokenizers/" + name + ".gguf");
  }
}
