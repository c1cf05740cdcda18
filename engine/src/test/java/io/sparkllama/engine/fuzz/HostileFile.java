package io.sparkllama.engine.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** Names the kinds of files from outside, and puts one of them into an otherwise whole model. */
enum HostileFile {
  GGUF("model.gguf", GgufFuzzIT.class),
  SAFETENSORS("model.safetensors", SafetensorsFuzzIT.class),
  TORCH("pytorch_model.bin", TorchFuzzIT.class),
  TOKENIZER_JSON("tokenizer.json", TokenizerJsonFuzzIT.class),
  TOKENIZER_MODEL("tokenizer.model", TokenizerModelFuzzIT.class),
  MODEL_CONFIG("config.json", ModelConfigFuzzIT.class),
  ADAPTER("adapter.gguf", AdapterFuzzIT.class);

  private final String fileName;
  private final Class<?> fuzzTest;

  HostileFile(String fileName, Class<?> fuzzTest) {
    this.fileName = fileName;
    this.fuzzTest = fuzzTest;
  }

  /** Returns the file's name in a model's folder. */
  String fileName() {
    return fileName;
  }

  /** Returns the folder of resources that the fuzz test's inputs lie in. */
  String inputs() {
    return fuzzTest.getSimpleName() + "Inputs/readsOrRefuses";
  }

  /** Writes the other files of a model into an empty folder; this one comes with each input. */
  Trial in(Path folder) throws IOException {
    for (Map.Entry<String, byte[]> file : SeedFiles.around(this).entrySet()) {
      Files.write(folder.resolve(file.getKey()), file.getValue());
    }
    return new Trial(folder.resolve(fileName), use());
  }

  private Use use() {
    return switch (this) {
      case GGUF -> ModelUse::ofGguf;
      case ADAPTER -> AdapterUse::of;
      case SAFETENSORS, TORCH, TOKENIZER_JSON, TOKENIZER_MODEL, MODEL_CONFIG ->
          ModelUse::ofCheckpoint;
    };
  }

  /** Does with a file what the product would. */
  private interface Use {
    void of(Path file) throws IOException;
  }

  /** Examines inputs one after the other; not thread-safe. */
  static final class Trial {
    private final Path file;
    private final Use use;
    private final ReaderPromise promise;

    private Trial(Path file, Use use) {
      this.file = file;
      this.use = use;
      this.promise = new ReaderPromise(file.getParent());
    }

    /** Returns whether the input was accepted; throws where its reader breaks its promise. */
    boolean accepts(byte[] input) throws IOException {
      Files.write(file, input);
      return promise.holds(input.length, () -> use.of(file));
    }
  }
}
