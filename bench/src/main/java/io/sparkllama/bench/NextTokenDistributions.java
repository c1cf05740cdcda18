package io.sparkllama.bench;

import io.sparkllama.engine.ModelFile;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.KvCacheType;
import io.sparkllama.engine.gguf.GgufFile;
import io.sparkllama.engine.model.ModelConfig;
import io.sparkllama.engine.model.WeightMap;
import io.sparkllama.engine.runner.BatchBuffer;
import io.sparkllama.engine.runner.BatchHeader;
import io.sparkllama.engine.runner.BatchSection;
import io.sparkllama.engine.runner.NativeModelRunner;
import io.sparkllama.engine.store.CacheDirectory;
import io.sparkllama.engine.store.PackedModel;
import io.sparkllama.engine.store.PackedPlace;
import io.sparkllama.engine.store.PackedPlan;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Writes the engine's distribution of the next token after every token of a fixed sequence: natural
 * logarithms, float32, little-endian, [tokens, vocabulary]. What {@code peers/kl_divergence.py}
 * compares.
 *
 * <p>Arguments: model (GGUF), number of tokens, file to write.
 */
public final class NextTokenDistributions {
  private final BatchBuffer buffer;
  private final NativeModelRunner runner;
  private final int vocabularySize;

  private NextTokenDistributions(NativeModelRunner runner, int vocabularySize) {
    this.runner = runner;
    this.buffer = runner.newBuffer();
    this.vocabularySize = vocabularySize;
  }

  public static void main(String[] arguments) throws IOException {
    Path model = Path.of(arguments[0]);
    int tokens = Integer.parseInt(arguments[1]);
    GgufFile file = GgufFile.read(model);
    ModelConfig config = ModelFile.open(model).config();
    WeightMap weights = WeightMap.of(file, config);
    EngineOptions options = EngineOptions.defaults().withKvCacheType(KvCacheType.F16);
    try (PackedModel packed =
            PackedModel.open(
                PackedPlace.in(CacheDirectory.standard(), file),
                file,
                PackedPlan.of(config, weights),
                options.nativeDirectory());
        NativeModelRunner runner =
            NativeModelRunner.open(config, weights, file.parts(), packed, options);
        OutputStream out = Files.newOutputStream(Path.of(arguments[2]))) {
      NextTokenDistributions bench = new NextTokenDistributions(runner, config.vocabularySize());
      for (int position = 0; position < tokens; position++) {
        out.write(bench.after(position));
      }
    }
  }

  /** Returns the token at a position; {@code peers/kl_divergence.py} has the same. */
  private int tokenAt(int position) {
    return (int) (300 + 104_729L * position % (vocabularySize - 300));
  }

  // One step of one token, whose keys and values lie in the blocks 0, 1, 2, ...
  private byte[] after(int position) {
    for (BatchHeader word : BatchHeader.values()) {
      if (word != BatchHeader.VERSION) {
        buffer.set(word, 0);
      }
    }
    buffer.set(BatchHeader.SEQUENCES, 1);
    buffer.set(BatchHeader.TOKENS, 1);
    buffer.set(BatchHeader.LOGITS_ROWS, 1);
    buffer.set(BatchHeader.CANDIDATES, vocabularySize);
    buffer.setInt(BatchSection.SEQUENCE_FIRST_TOKEN, 0, 0);
    buffer.setInt(BatchSection.SEQUENCE_TOKEN_COUNT, 0, 1);
    buffer.setInt(BatchSection.SEQUENCE_CONTEXT_LENGTH, 0, position + 1);
    for (int block = 0; block <= position / runner.blockSize(); block++) {
      buffer.setInt(BatchSection.SEQUENCE_BLOCK_TABLE, block, block);
    }
    buffer.setInt(BatchSection.SEQUENCE_ADAPTER, 0, -1);
    buffer.setInt(BatchSection.SEQUENCE_MASK, 0, -1);
    buffer.setFloat(BatchSection.SEQUENCE_TOP_P, 0, 1);
    buffer.setInt(BatchSection.TOKEN_ID, 0, tokenAt(position));
    buffer.setInt(BatchSection.TOKEN_POSITION, 0, position);
    buffer.setInt(BatchSection.TOKEN_SEQUENCE, 0, 0);
    buffer.setInt(BatchSection.TOKEN_KV_SLOT, 0, position);
    buffer.setInt(BatchSection.LOGITS_TOKEN, 0, 0);
    buffer.setInt(BatchSection.LOGITS_FLAGS, 0, 0);
    buffer.setInt(BatchSection.LOGITS_FIRST_CANDIDATE, 0, 0);
    buffer.setInt(BatchSection.LOGITS_CANDIDATE_COUNT, 0, vocabularySize);
    buffer.setInt(BatchSection.LOGITS_TOP_COUNT, 0, 0);
    for (int id = 0; id < vocabularySize; id++) {
      buffer.setInt(BatchSection.CANDIDATE_ID, id, id);
    }
    runner.submit(buffer);
    runner.collect();
    ByteBuffer row = ByteBuffer.allocate(4 * vocabularySize).order(ByteOrder.LITTLE_ENDIAN);
    for (int id = 0; id < vocabularySize; id++) {
      row.putFloat(buffer.getFloat(BatchSection.RESULT_CANDIDATE_LOG_PROBABILITY, id));
    }
    return row.array();
  }
}
