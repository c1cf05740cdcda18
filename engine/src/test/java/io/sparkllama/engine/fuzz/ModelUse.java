package io.sparkllama.engine.fuzz;

import io.sparkllama.engine.ModelFile;
import io.sparkllama.engine.api.InvalidTextException;
import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.gguf.GgufContents;
import io.sparkllama.engine.gguf.GgufFile;
import io.sparkllama.engine.gguf.TensorInfo;
import io.sparkllama.engine.gguf.TensorReader;
import io.sparkllama.engine.importer.ModelImporter;
import io.sparkllama.engine.importer.family.HyperParameters;
import io.sparkllama.engine.importer.family.ModelFamilies;
import io.sparkllama.engine.importer.family.ModelFamily;
import io.sparkllama.engine.importer.json.JsonObject;
import io.sparkllama.engine.tokenizer.Tokenizer;
import io.sparkllama.engine.tokenizer.Tokenizers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Uses files as the product does: reads weights, cuts a text into tokens, imports a checkpoint. */
final class ModelUse {
  private static final String TEXT = "ab  a</s><|x|> b\tAb,12345 don't\r\n é\u2581\ud83d\ude42\0";

  private ModelUse() {}

  /** Reads a GGUF's tensors, its tokenizer and its model; the last refusal is thrown. */
  static void ofGguf(Path path) throws IOException {
    GgufFile file = GgufFile.read(path);
    readTensors(file);
    ModelFormatException noTokenizer = null;
    try {
      cut(Tokenizers.of(file.metadata()));
    } catch (ModelFormatException e) {
      noTokenizer = e; // a file without a tokenizer may hold a model's shape all the same
    }
    use(ModelFile.open(path));
    if (noTokenizer != null) {
      throw new AssertionError("the model was opened without its tokenizer", noTokenizer);
    }
  }

  /**
   * Imports a file's folder and opens what was written, which must not be refused any more; the
   * config.json is read beyond what fits.
   */
  static void ofCheckpoint(Path file) throws IOException {
    Path folder = file.getParent();
    JsonObject config = JsonObject.read(folder.resolve("config.json"));
    ModelFamily family = ModelFamilies.of(config);
    HyperParameters shape = family.shape().apply(config);
    family.madeTensors(config, shape);
    family.writeMetadata(config, shape, new GgufContents());
    Path output = folder.resolve("out.gguf");
    try {
      new ModelImporter(folder, Optional.empty()).write(output, (written, total) -> {});
      useImported(output);
    } finally {
      Files.deleteIfExists(output);
    }
    if (Files.exists(folder.resolve("out.gguf.part"))) {
      throw new AssertionError("the import left a part of its output");
    }
  }

  /** Opens what an import wrote: it is for the importer to refuse what would not be read. */
  private static void useImported(Path output) {
    try {
      use(ModelFile.open(output));
    } catch (ModelFormatException e) {
      throw new AssertionError("the import wrote what is refused", e);
    }
  }

  private static void readTensors(GgufFile file) throws IOException {
    try (TensorReader reader = TensorReader.open(file)) {
      for (TensorInfo tensor : file.tensors()) {
        if (tensor.rows() > 0 && tensor.columns() > 0) {
          reader.readRow(tensor, tensor.rows() - 1);
        }
      }
    }
  }

  private static void use(ModelFile model) {
    cut(model.tokenizer());
    model.endTokens();
    model.chatTemplate();
    model.toolChatTemplate();
    model.beginText();
    model.endText();
    model.contextLength();
  }

  private static void cut(Tokenizer tokenizer) {
    for (Prompt prompt : new Prompt[] {Prompt.ofTemplate(TEXT), Prompt.ofData(TEXT)}) {
      try {
        tokenizer.decode(tokenizer.encodeWithBos(prompt));
      } catch (InvalidTextException e) {
        // The vocabulary need not have all characters.
        continue;
      }
    }
  }
}
