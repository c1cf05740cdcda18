package io.sparkllama.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkllama.engine.gguf.GgufContents;
import io.sparkllama.engine.gguf.GgufWriter;
import io.sparkllama.engine.gguf.MetadataValue;
import io.sparkllama.engine.gguf.QuantizationType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Runs jobs whose rows take adapters, on a really trained model. */
@Timeout(value = 300, unit = TimeUnit.SECONDS)
class AdapterJobTest {
  private static final List<String> TEXTS = List.of("Once upon a time", "The big dog", "Lily saw");
  private static final int WIDTH = 64;
  private static final int RANK = 4;

  private static SparkSession spark;

  @TempDir static Path cache;
  @TempDir Path folder;

  private String job;

  @BeforeAll
  static void start() {
    spark = LocalSpark.session();
  }

  @BeforeEach
  void prepare() throws Exception {
    job =
        """
        task = complete
        model { path = "%s", cache-directory = "%s" }
        prompt.template = "{{ text }}"
        generation.max-tokens = 12
        input { path = "%s", format = json, key = id }
        output { path = "%s", columns = [style] }
        """
            .formatted(
                SharedModel.stories(), cache, folder.resolve("rows.jsonl"), folder.resolve("out"));
    StringBuilder rows = new StringBuilder();
    int id = 0;
    for (String text : TEXTS) {
      for (String style : List.of("null", "\"a\"", "\"b\"", "\"none such\"")) {
        rows.append(
            "{\"id\": \"%d\", \"text\": \"%s\", \"style\": %s}\n".formatted(id++, text, style));
      }
    }
    Files.writeString(folder.resolve("rows.jsonl"), rows);
  }

  @Test
  void eachRowHasTheAnswerOfItsAdapter() throws Exception {
    String adapters = adapters(adapter("a", 1), adapter("b", 2));
    JobProcess mixed =
        JobProcess.run(folder, job, adapters, "prompt.adapter-column=style", "--json");
    assertThat(mixed.code()).as(mixed.err()).isEqualTo(0);
    assertThat(new ObjectMapper().readTree(mixed.out()).get("errors").asInt()).isEqualTo(3);
    Map<String, Row> byRow = answers();

    Map<String, Map<String, Row>> alone = new HashMap<>();
    alone.put(null, run());
    alone.put("a", run(adapters, "model.adapter=a"));
    alone.put("b", run(adapters, "model.adapter=b"));
    for (int id = 0; id < 4 * TEXTS.size(); id++) {
      String key = String.valueOf(id);
      String style = byRow.get(key).getString(1);
      Row completion = byRow.get(key).getStruct(2);
      if ("none such".equals(style)) {
        assertThat(completion.getStruct(5).getString(0)).isEqualTo("unknown-adapter");
        assertThat(completion.getStruct(5).getString(1)).doesNotContain(style);
      } else {
        assertThat(completion)
            .as("%s with %s", key, style)
            .isEqualTo(alone.get(style).get(key).getStruct(2));
      }
    }
    String base = alone.get(null).get("0").getStruct(2).toString();
    assertThat(alone.get("a").get("0").getStruct(2).toString()).isNotEqualTo(base);
    assertThat(alone.get("b").get("0").getStruct(2).toString())
        .isNotEqualTo(base)
        .isNotEqualTo(alone.get("a").get("0").getStruct(2).toString());
  }

  @Test
  void anotherAdapterFileEndsAResumedJob() throws Exception {
    Path file = adapter("a", 1);
    run(adapters(file), "model.adapter=a", "limit.rows=3");
    JobProcess same =
        JobProcess.run(folder, job, adapters(file), "model.adapter=a", "output.mode=resume");
    assertThat(same.code()).as(same.err()).isZero();
    assertThat(answers()).hasSize(4 * TEXTS.size());

    adapter("a", 2);
    JobProcess other =
        JobProcess.run(folder, job, adapters(file), "model.adapter=a", "output.mode=resume");
    assertThat(other.code()).isEqualTo(2);
    assertThat(other.err()).contains("another value of: model.adapters.a");
  }

  @Test
  void anAdapterThatDoesNotFitIsRefusedBeforeAnyWork() throws Exception {
    Path model = SharedModel.stories();
    JobProcess run = JobProcess.run(folder, job, adapters(model), "model.adapter=" + nameOf(model));
    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).contains("general.type");
    assertThat(folder.resolve("out")).doesNotExist();

    JobProcess missing =
        JobProcess.run(
            folder, job, adapters(folder.resolve("missing.gguf")), "model.adapter=missing");
    assertThat(missing.code()).isEqualTo(2);
    assertThat(missing.err()).contains("model.adapters").contains("missing");

    Path file = adapter("a", 1);
    JobProcess changed =
        JobProcess.run(
            folder,
            job,
            "model.adapters=[{ name = a, path = \"%s\", sha256 = %s }]"
                .formatted(file, "ab".repeat(32)),
            "model.adapter=a");
    assertThat(changed.code()).isEqualTo(2);
    assertThat(changed.err()).contains("cannot be had: a").contains("SHA-256");
  }

  private Map<String, Row> run(String... arguments) throws Exception {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.add("output.mode=overwrite");
    JobProcess run = JobProcess.run(folder, job, all.toArray(String[]::new));
    assertThat(run.code()).as(run.err()).isIn(0, 75);
    return answers();
  }

  private Map<String, Row> answers() {
    Map<String, Row> answers = new HashMap<>();
    for (Row row : spark.read().parquet(folder.resolve("out").toString()).collectAsList()) {
      assertThat(answers.put(row.getString(0), row)).isNull();
    }
    return answers;
  }

  private static String adapters(Path... files) {
    List<String> list = new ArrayList<>();
    for (Path file : files) {
      list.add("{ name = %s, path = \"%s\" }".formatted(nameOf(file), file));
    }
    return "model.adapters=[" + String.join(", ", list) + "]";
  }

  private static String nameOf(Path file) {
    String name = file.getFileName().toString();
    return name.substring(0, name.indexOf('.'));
  }

  /** Writes an adapter of the model's output projections and V, with random numbers. */
  private Path adapter(String name, long seed) throws Exception {
    GgufContents contents = new GgufContents();
    contents.put("general.architecture", MetadataValue.ofString("llama"));
    contents.put("general.type", MetadataValue.ofString("adapter"));
    contents.put("adapter.type", MetadataValue.ofString("lora"));
    contents.put("adapter.lora.alpha", MetadataValue.ofFloat32(RANK));
    List<String> names = new ArrayList<>();
    for (int layer = 0; layer < 5; layer++) {
      for (String weight : List.of("attn_output", "attn_q")) {
        String tensor = "blk." + layer + "." + weight + ".weight";
        contents.tensor(tensor + ".lora_a", QuantizationType.F32, WIDTH, RANK);
        contents.tensor(tensor + ".lora_b", QuantizationType.F32, RANK, WIDTH);
        names.addAll(List.of(tensor + ".lora_a", tensor + ".lora_b"));
      }
    }
    Path file = folder.resolve(name + ".gguf");
    Random random = new Random(seed);
    try (GgufWriter writer = GgufWriter.create(file, contents)) {
      for (String matrix : names) {
        ByteBuffer bytes =
            ByteBuffer.allocate(WIDTH * RANK * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < WIDTH * RANK; i++) {
          bytes.putFloat((float) (random.nextGaussian() * 0.3));
        }
        writer.write(matrix, bytes.flip());
      }
      writer.finish();
    }
    return file;
  }
}
