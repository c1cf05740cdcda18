package io.sparkllama.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkllama.engine.LlamaEngine;
import io.sparkllama.engine.ModelFile;
import io.sparkllama.engine.api.AdapterFile;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.GenerationRequest;
import io.sparkllama.engine.api.GenerationResult;
import io.sparkllama.engine.api.OverlongPolicy;
import io.sparkllama.engine.api.Penalties;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.RowKey;
import io.sparkllama.engine.api.SamplingParams;
import io.sparkllama.engine.gguf.GgufContents;
import io.sparkllama.engine.gguf.GgufWriter;
import io.sparkllama.engine.gguf.MetadataValue;
import io.sparkllama.engine.gguf.QuantizationType;
import io.sparkllama.engine.gguf.TensorInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;

/**
 * Measures what adapters cost: the same rows with the model as it is, with one adapter for all, and
 * with as many adapters as given in each batch, by turns. Adapters are of random numbers, in F16,
 * on every matrix of every layer.
 *
 * <p>Arguments: model (GGUF), folder for the adapters, adapters, rank, rows, prompt tokens, new
 * tokens, rounds. Prints one JSON object a round and kind.
 */
public final class AdapterCost {
  private final ModelFile model;
  private final List<AdapterFile> adapters;
  private final int rows;
  private final int promptTokens;
  private final int newTokens;

  private AdapterCost(ModelFile model, List<AdapterFile> adapters, int[] sizes) {
    this.model = model;
    this.adapters = adapters;
    this.rows = sizes[0];
    this.promptTokens = sizes[1];
    this.newTokens = sizes[2];
  }

  public static void main(String[] arguments) throws Exception {
    ModelFile model = ModelFile.open(Path.of(arguments[0]));
    int[] numbers = new int[arguments.length - 2];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = Integer.parseInt(arguments[i + 2]);
    }
    List<AdapterFile> adapters = new ArrayList<>();
    for (int i = 0; i < numbers[0]; i++) {
      Path file = Path.of(arguments[1]).resolve("adapter-" + i + ".gguf");
      write(file, model, numbers[1], i);
      adapters.add(new AdapterFile("adapter-" + i, file, 1));
    }
    AdapterCost bench =
        new AdapterCost(model, adapters, new int[] {numbers[2], numbers[3], numbers[4]});
    for (int round = 0; round < numbers[5]; round++) {
      for (int count : new int[] {0, 1, numbers[0]}) {
        System.out.println(bench.line(count));
      }
    }
  }

  private ObjectNode line(int count) throws Exception {
    EngineOptions options =
        EngineOptions.defaults()
            .withContextLength(promptTokens + newTokens + 16)
            .withPrefixCache(false)
            .withAdapters(adapters.subList(0, count));
    try (LlamaEngine engine = LlamaEngine.open(model, options)) {
      answer(engine, count, 2); // what a process does once
      double prefill = answer(engine, count, 1);
      double both = answer(engine, count, newTokens);
      ObjectNode json = new ObjectMapper().createObjectNode();
      json.put("adapters", count);
      json.put("prefill_tokens_per_second", (double) rows * promptTokens / prefill);
      json.put("decode_tokens_per_second", (double) rows * (newTokens - 1) / (both - prefill));
      return json;
    }
  }

  /** Returns the seconds that all rows take, together in each step. */
  private double answer(LlamaEngine engine, int count, int tokens) throws Exception {
    // No row may end early: the batch would be smaller in one kind than in another.
    Map<Integer, Double> noEnd =
        Arrays.stream(model.endTokens()).boxed().collect(Collectors.toMap(id -> id, id -> -100.0));
    SamplingParams sampling =
        SamplingParams.greedy(tokens).withPenalties(new Penalties(1, 0, 0, noEnd));
    List<CompletableFuture<GenerationResult>> answers = new ArrayList<>();
    List<Prompt> prompts = new ArrayList<>();
    for (int row = 0; row < rows; row++) {
      prompts.add(Prompt.ofData(text(new Random(row))));
    }
    long begin = System.nanoTime();
    for (int row = 0; row < rows; row++) {
      Optional<String> adapter =
          count == 0 ? Optional.empty() : Optional.of("adapter-" + row % count);
      answers.add(
          engine.generate(
              new GenerationRequest(
                      new RowKey(0, row), prompts.get(row), sampling, OverlongPolicy.ERROR)
                  .withAdapter(adapter)));
    }
    for (CompletableFuture<GenerationResult> answer : answers) {
      if (answer.get().tokens().length != tokens) {
        throw new IllegalStateException("A row has too few tokens: " + answer.get());
      }
    }
    return (System.nanoTime() - begin) * 1e-9;
  }

  /** Returns a text of as many tokens as a prompt has. */
  private String text(Random random) {
    StringBuilder text = new StringBuilder();
    while (model.countTokens(Prompt.ofData(text.toString())) < promptTokens) {
      text.append(' ').append((char) ('a' + random.nextInt(26)));
    }
    return text.toString();
  }

  private static void write(Path file, ModelFile model, int rank, long seed) throws IOException {
    GgufContents contents = new GgufContents();
    contents.put(
        "general.architecture",
        MetadataValue.ofString(model.gguf().metadata().string("general.architecture")));
    contents.put("general.type", MetadataValue.ofString("adapter"));
    contents.put("adapter.type", MetadataValue.ofString("lora"));
    contents.put("adapter.lora.alpha", MetadataValue.ofFloat32(rank));
    Map<String, Long> sizes = new LinkedHashMap<>(); // numbers of each matrix
    for (TensorInfo tensor : model.gguf().tensors()) {
      if (tensor.name().startsWith("blk.") && tensor.dimensions().length == 2) {
        contents.tensor(tensor.name() + ".lora_a", QuantizationType.F16, tensor.columns(), rank);
        contents.tensor(tensor.name() + ".lora_b", QuantizationType.F16, rank, tensor.rows());
        sizes.put(tensor.name() + ".lora_a", tensor.columns() * rank);
        sizes.put(tensor.name() + ".lora_b", tensor.rows() * rank);
      }
    }
    Files.createDirectories(file.getParent());
    Random random = new Random(seed);
    try (GgufWriter writer = GgufWriter.create(file, contents)) {
      for (Map.Entry<String, Long> matrix : sizes.entrySet()) {
        ByteBuffer bytes =
            ByteBuffer.allocate(Math.toIntExact(matrix.getValue() * Short.BYTES))
                .order(ByteOrder.LITTLE_ENDIAN);
        for (long i = 0; i < matrix.getValue(); i++) {
          bytes.putShort((short) (random.nextInt(0x2000) + (random.nextBoolean() ? 0 : 0x8000)));
        }
        writer.write(matrix.getKey(), bytes.flip());
      }
      writer.finish();
    }
  }
}
