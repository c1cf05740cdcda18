package io.sparkllama.job.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.sparkllama.engine.api.InvalidConfigurationException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JobFileTest {
  @TempDir Path folder;

  @Test
  void readsEveryKindOfValue() {
    ConfigValues values =
        read(
            """
            task = classify
            model.path = "m.gguf"
            input { path = a.csv, options { header = true, sep = ";" }, key = [id, part], partitions = 3 }
            prompt { overlong = truncate-middle }
            generation { temperature = 0.5, seed = -7, stop-tokens = 3, repetition-penalty = 1.1 }
            generation.logit-bias { 15 = -100, "2" = 0.5 }
            engine { kv-cache-memory = 512m, kv-cache-type = f32 }
            spark { master = "local[2]", executor.memory = 4g }
            """);
    assertThat(values.value(JobKeys.TASK)).isEqualTo(TaskName.CLASSIFY);
    assertThat(values.value(JobKeys.INPUT_OPTIONS)).isEqualTo(Map.of("header", "true", "sep", ";"));
    assertThat(values.optional(JobKeys.INPUT_PATH)).contains(List.of("a.csv"));
    assertThat(values.optional(JobKeys.INPUT_KEY)).contains(List.of("id", "part"));
    assertThat(values.value(JobKeys.INPUT_PARTITIONS)).isEqualTo(3);
    assertThat(values.value(JobKeys.PROMPT_OVERLONG)).isEqualTo(OverlongPrompt.TRUNCATE_MIDDLE);
    assertThat(values.value(GenerationKeys.TEMPERATURE)).isEqualTo(0.5);
    assertThat(values.value(GenerationKeys.SEED)).isEqualTo(-7);
    assertThat(values.value(GenerationKeys.STOP_TOKENS)).containsExactly(3);
    assertThat(values.value(GenerationKeys.REPETITION_PENALTY)).isEqualTo(1.1);
    assertThat(values.value(GenerationKeys.PRESENCE_PENALTY)).isZero();
    assertThat(values.value(GenerationKeys.LOGIT_BIAS)).isEqualTo(Map.of(15, -100.0, 2, 0.5));
    assertThat(values.value(EngineKeys.KV_CACHE_MEMORY))
        .isEqualTo(new SizeOrShare.Size(512L << 20));
    assertThat(values.spark())
        .isEqualTo(Map.of("spark.master", "local[2]", "spark.executor.memory", "4g"));
  }

  /** Spark would take it without a word. */
  @Test
  void refusesASettingOfSparksThatIsNamedTwice() {
    assertThatExceptionOfType(InvalidConfigurationException.class)
        .isThrownBy(() -> read("spark { \"spark.executor.memory\" = 4g }"))
        .withMessageContaining("leave the second away (line 1): spark.spark.executor.memory");
  }

  @Test
  void readsASizeOrAShareOfIt() {
    for (String text : List.of("50%", "\"50%\"", "50.0 %")) {
      assertThat(read("engine.kv-cache-memory = " + text).value(EngineKeys.KV_CACHE_MEMORY))
          .isEqualTo(new SizeOrShare.Share(50))
          .hasToString("50%");
    }
    assertThat(
            JobFile.readText("", List.of("engine.kv-cache-memory=12.5%"))
                .value(EngineKeys.KV_CACHE_MEMORY))
        .hasToString("12.5%");
    for (String text : List.of("0%", "-1%", "101%", "%", "x%", "NaN%", "-1", "[50%]")) {
      refused(
          () -> read("engine.kv-cache-memory = \"" + text + "\""),
          "engine.kv-cache-memory must be a size in bytes such as 512m or 2GiB, or a share above 0%"
              + " and at most 100% such as 50%");
    }
  }

  @Test
  void takesDefaultsAndLeavesOptionalKeysOut() {
    ConfigValues values = read("task = complete");
    assertThat(values.value(JobKeys.INPUT_FORMAT)).isEqualTo("parquet");
    assertThat(values.optional(JobKeys.INPUT_KEY)).isEmpty();
    assertThat(values.names(JobKeys.INPUT_FORMAT)).isFalse();
    refused(() -> values.value(JobKeys.MODEL_PATH), "model.path is missing");
  }

  @Test
  void readsATextOfTheCommandLineAsItStandsOrInQuotesAsAFileWould() {
    for (Map.Entry<String, String> given :
        Map.of("a\\nb", "a\\nb", "\"a\\nb\"", "a\nb", "\"", "\"").entrySet()) {
      ConfigValues values =
          JobFile.readText("task = complete", List.of("prompt.template=" + given.getKey()));
      assertThat(values.optional(JobKeys.PROMPT_TEMPLATE)).contains(given.getValue());
    }
  }

  @Test
  void refusesUnknownKeysWithTheNearestKnownOne() {
    refused("generation.max-token = 3", "generation.max-token.", "mean generation.max-tokens?");
    refused("outputs.path = x", "outputs.", "Unknown key");
    refused("input.opions { header = true }", "input.opions.", "mean input.options?");
    refused("tusk = complete", "tusk.", "Did you mean task?");
  }

  @Test
  void refusesValuesOfAWrongTypeWithKeyValueAndWhatIsAllowed() {
    refused(
        "input.partitions = many",
        "input.partitions must be a whole number between 0 and 1000000",
        "line 1",
        "many");
    refused("generation.temperature = -1", "generation.temperature must be a number of at least 0");
    refused("generation.top-p = 0", "above 0 and at most 1");
    refused("task = sumarize", "task must be one of complete, classify, summarize, score");
    refused("engine.kv-cache-memory = lots", "a size in bytes such as 512m");
    refused("engine.kv-cache-memory = -5", "a size in bytes such as 512m");
    refused("generation.stop-tokens = [1, x]", "a list of whole numbers");
    refused("generation.repetition-penalty = 0", "a number between 0.01 and 100");
    refused("generation.presence-penalty = 2.5", "a number between -2 and 2");
    refused("generation.frequency-penalty = -3", "a number between -2 and 2");
    for (String biases :
        List.of(
            "3", "{ a = 1 }", "{ \"-1\" = 1 }", "{ 1 = 101 }", "{ 1 = x }", "{ 1 = 1, 01 = 2 }")) {
      refused("generation.logit-bias = " + biases, "at most 1024 token ids, each once");
    }
    refused("input.options = 3", "an object with plain values");
    refused("input.path = { a = b }", "a list of texts");
    refused("model.path = null", "model.path must be");
    refused("input = 3", "input");
    refused("spark = 3", "spark must be an object");
    refused("generation.seed = 1.5", "generation.seed must be a whole number");
  }

  @Test
  void readsOverridesByTheirKeysType() {
    ConfigValues values =
        JobFile.readText(
            "task = complete, output.columns = [a], engine.threads = 1",
            List.of(
                "model.path=hdfs://host:9000/m[1].gguf",
                "spark.master=local[2]",
                "output.columns=[b, c]",
                "engine.threads=2",
                "prompt.template=Q: {{ text }} = ",
                "input.path=/data/a b.csv",
                "generation.logit-bias={ \"7\" = 3 }",
                "generation.logit-bias.8=-2",
                "engine.kv-cache-memory=1MiB"));
    assertThat(values.value(JobKeys.MODEL_PATH)).isEqualTo("hdfs://host:9000/m[1].gguf");
    assertThat(values.spark()).containsEntry("spark.master", "local[2]");
    assertThat(values.value(OutputKeys.OUTPUT_COLUMNS)).containsExactly("b", "c");
    assertThat(values.value(EngineKeys.THREADS)).isEqualTo(2);
    assertThat(values.value(GenerationKeys.LOGIT_BIAS)).isEqualTo(Map.of(7, 3.0, 8, -2.0));
    assertThat(values.value(JobKeys.PROMPT_TEMPLATE)).isEqualTo("Q: {{ text }} = ");
    assertThat(values.optional(JobKeys.INPUT_PATH)).contains(List.of("/data/a b.csv"));
    assertThat(values.value(EngineKeys.KV_CACHE_MEMORY)).isEqualTo(new SizeOrShare.Size(1 << 20));
    refused(() -> JobFile.readText("", List.of("engine.thread=2")), "mean engine.threads?");
    refused(() -> JobFile.readText("", List.of("engine.threads=x")), "engine.threads must be");
    refused(() -> JobFile.readText("", List.of("nonsense")), "key=value: nonsense");
    refused(() -> JobFile.readText("", List.of("a..b=1")), "Unknown key");
  }

  @Test
  void readsTheFileByItself() throws Exception {
    System.setProperty("generation.seed", "99");
    try {
      Path file = folder.resolve("job.conf");
      Files.writeString(file, "task = complete\nmodel.path = ${?SPARKLLAMA_UNSET_VARIABLE}\n");
      ConfigValues values = JobFile.read(file, List.of());
      assertThat(values.names(GenerationKeys.SEED)).isFalse();
      assertThat(values.names(JobKeys.MODEL_PATH)).isFalse();
      Files.writeString(file, "model.path = ${?PATH}");
      assertThat(JobFile.read(file, List.of()).value(JobKeys.MODEL_PATH))
          .isEqualTo(System.getenv("PATH"));
      Files.writeString(file, "model.path = ${no.such.key}");
      refused(() -> JobFile.read(file, List.of()), "refers to a value that is not there");
      Files.writeString(file, "task = {");
      refused(() -> JobFile.read(file, List.of()), "cannot be read");
      refused(
          () -> JobFile.read(folder.resolve("none.conf"), List.of()),
          "does not exist",
          "none.conf");
    } finally {
      System.clearProperty("generation.seed");
    }
  }

  private static ConfigValues read(String text) {
    return JobFile.readText(text, List.of());
  }

  private static void refused(String text, String... parts) {
    refused(() -> read(text), parts);
  }

  private static void refused(
      org.assertj.core.api.ThrowableAssert.ThrowingCallable call, String... parts) {
    assertThatExceptionOfType(InvalidConfigurationException.class)
        .isThrownBy(call)
        .satisfies(e -> assertThat(e.getMessage()).contains(parts));
  }
}
