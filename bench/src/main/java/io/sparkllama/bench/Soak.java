package io.sparkllama.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkllama.engine.LlamaEngine;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.GenerationRequest;
import io.sparkllama.engine.api.GenerationResult;
import io.sparkllama.engine.api.Isolation;
import io.sparkllama.engine.api.KvCacheType;
import io.sparkllama.engine.api.OverlongPolicy;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.RowKey;
import io.sparkllama.engine.api.SamplingParams;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayDeque;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;

/**
 * Answers very many short rows with little KV cache, and again with plenty: memory must not grow,
 * and the answers must be the same bytes.
 *
 * <p>Arguments: model (GGUF), rows, MiB of KV cache, sequences, new tokens. Prints one JSON object
 * for each of the two runs, with the process's resident memory outside files at each tenth. Run
 * with a small fixed heap that is touched at the start ({@code -Xms1g -Xmx1g -XX:+AlwaysPreTouch}),
 * so that what grows is native.
 */
public final class Soak {
  private static final int TENTHS = 10;
  private static final String[] THINGS = {
    "camera", "bicycle", "kettle", "lamp", "phone", "printer", "radio", "scooter", "tent", "watch"
  };

  private final Path model;
  private final int rows;
  private final int newTokens;

  private Soak(Path model, int rows, int newTokens) {
    this.model = model;
    this.rows = rows;
    this.newTokens = newTokens;
  }

  public static void main(String[] arguments) throws Exception {
    Soak soak =
        new Soak(
            Path.of(arguments[0]), Integer.parseInt(arguments[1]), Integer.parseInt(arguments[4]));
    EngineOptions options =
        EngineOptions.defaults()
            .withKvCacheType(KvCacheType.F32)
            .withIsolation(Isolation.NONE); // the memory of all of it is this process's
    int sequences = Integer.parseInt(arguments[3]);
    options = options.withBatchLimits(sequences, Math.max(512, sequences), 512);
    String little = soak.run(options.withKvCacheMemory(Long.parseLong(arguments[2]) << 20));
    String plenty = soak.run(options.withKvCacheMemory(1L << 30));
    if (!little.equals(plenty)) {
      throw new IllegalStateException("The answers differ: " + little + ", " + plenty);
    }
  }

  private String run(EngineOptions options) throws Exception {
    ObjectNode json = new ObjectMapper().createObjectNode();
    ArrayNode memory = json.putArray("anonymous_memory_mib");
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    long begin = System.nanoTime();
    try (LlamaEngine engine = LlamaEngine.open(model, options)) {
      SamplingParams sampling =
          new SamplingParams(0.8, 0, 1, 0, 3, newTokens, List.of(), List.of());
      ArrayDeque<CompletableFuture<GenerationResult>> flying = new ArrayDeque<>();
      int done = 0;
      for (int row = 0; row < rows || !flying.isEmpty(); row++) {
        if (row < rows) {
          flying.add(
              engine.generate(
                  new GenerationRequest(
                      new RowKey(0, row),
                      Prompt.ofData(text(row)),
                      sampling,
                      OverlongPolicy.ERROR)));
        }
        if (flying.size() == 4 * options.maxSequences() || row >= rows) {
          GenerationResult answer = flying.remove().get();
          if (answer.error().isPresent()) {
            throw new IllegalStateException("A row failed: " + answer.error().get());
          }
          digest.update(answer.text().getBytes(StandardCharsets.UTF_8));
          digest.update((byte) answer.tokens().length);
          if (++done % (rows / TENTHS) == 0) {
            memory.add(anonymousMemory() >> 20);
          }
        }
      }
      json.put("kv_cache_mib", options.kvCacheMemory() >> 20);
      json.put("rows", rows);
      json.put("seconds", (System.nanoTime() - begin) * 1e-9);
      json.put("preemptions", engine.statistics().preemptions());
      json.put("computed_tokens", engine.statistics().computedTokens());
      json.put("sampled_tokens", engine.statistics().sampledTokens());
      json.put("steps", engine.statistics().steps());
      json.put(
          "host_milliseconds_a_step",
          (engine.statistics().times().schedule() + engine.statistics().times().completion())
              / 1e6
              / engine.statistics().steps());
    }
    String answers = HexFormat.of().formatHex(digest.digest());
    json.put("sha256_of_answers", answers);
    System.out.println(json);
    return answers;
  }

  private static String text(int row) {
    Random random = new Random(row);
    return "Order "
        + random.nextInt(1_000_000)
        + ": the "
        + THINGS[random.nextInt(THINGS.length)]
        + " came late and I want "
        + random.nextInt(1000)
        + " back.";
  }

  /** Reads resident memory that is no file's, in bytes (Linux, proc(5)). */
  private static long anonymousMemory() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("RssAnon:")) {
        return Long.parseLong(line.replaceAll("\\D", "")) << 10;
      }
    }
    throw new IllegalStateException("/proc/self/status has no RssAnon");
  }
}
