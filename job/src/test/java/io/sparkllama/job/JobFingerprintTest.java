package io.sparkllama.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.store.ModelManifest;
import io.sparkllama.job.config.JobFile;
import io.sparkllama.job.config.SizeOrShare;
import io.sparkllama.job.plugin.AdapterSpecification;
import io.sparkllama.job.plugin.EngineSpecification;
import io.sparkllama.job.sink.Fingerprint;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JobFingerprintTest {
  private static final String COMPLETE =
      """
      task = complete
      model.path = "m.gguf"
      prompt { user = "{{ text }}", date = 2026-01-31 }
      """;
  private static final String CLASSIFY =
      """
      task = classify
      model.path = "m.gguf"
      prompt { user = "{{ text }}", date = 2026-01-31 }
      """;

  private static final EngineSpecification ENGINE =
      EngineSpecification.of(
          "file:/m.gguf",
          manifest("a"),
          Optional.empty(),
          EngineOptions.defaults(),
          new SizeOrShare.Size(0));

  @TempDir Path folder;

  @Test
  void aFileCountsAsWhatItHolds() throws Exception {
    Path format = Files.writeString(folder.resolve("a.jinja"), "{{ messages }}");
    Path moved = Files.copy(format, folder.resolve("b.jinja"));
    Path tools = Files.writeString(folder.resolve("tools.json"), "[{}]");
    String[] first = {"prompt.chat-template=" + format, "prompt.tools=" + tools};
    Fingerprint before = of(COMPLETE, first);
    before.refuseOther(of(COMPLETE, "prompt.chat-template=" + moved, first[1]));
    Files.writeString(format, "{{ messages[0] }}");
    Files.writeString(tools, "[{ }]");
    assertThatThrownBy(() -> before.refuseOther(of(COMPLETE, first)))
        .hasMessageEndingWith("another value of: prompt.chat-template, prompt.tools");
  }

  @Test
  void labelsCountAndNotWhereTheyStand() throws Exception {
    Path file = Files.writeString(folder.resolve("labels.txt"), "cat\ndog\n");
    Fingerprint before = of(CLASSIFY, "classify.labels-file=" + file);
    before.refuseOther(of(CLASSIFY, "classify.labels=[cat, dog]", "classify.gold=text"));
    assertThatThrownBy(() -> before.refuseOther(of(CLASSIFY, "classify.labels=[dog, cat]")))
        .hasMessageEndingWith("another value of: classify.labels");
    String split = "prompt.overlong=split";
    Fingerprint divided = of(CLASSIFY, split, "classify.labels=[cat, dog]");
    assertThatThrownBy(
            () -> divided.refuseOther(of(CLASSIFY, split, "classify.labels=[cat, dog, cow]")))
        .hasMessageEndingWith("another value of: classify.labels");
  }

  @Test
  void anAdapterCountsAsWhatItHoldsAndItsScale() {
    Fingerprint before = withAdapters(new AdapterSpecification("x", "file:/x", manifest("b"), 1));
    before.refuseOther(
        withAdapters(new AdapterSpecification("x", "file:/moved", manifest("b"), 1)));
    for (AdapterSpecification other :
        List.of(
            new AdapterSpecification("x", "file:/x", manifest("c"), 1),
            new AdapterSpecification("x", "file:/x", manifest("b"), 0.5))) {
      assertThatThrownBy(() -> before.refuseOther(withAdapters(other)))
          .hasMessageEndingWith("another value of: model.adapters.x");
    }
    assertThatThrownBy(() -> before.refuseOther(withAdapters()))
        .hasMessageEndingWith("another value of: model.adapters.x");
    String listed = "model.adapters=[{ name = x, path = a }, { name = y, path = b }]";
    assertThatThrownBy(
            () ->
                of(COMPLETE, listed, "model.adapter=x")
                    .refuseOther(of(COMPLETE, listed, "model.adapter=y")))
        .hasMessageEndingWith("another value of: model.adapter");
    assertThatThrownBy(
            () ->
                of(COMPLETE, listed, "prompt.adapter-column=a")
                    .refuseOther(of(COMPLETE, listed, "prompt.adapter-column=b")))
        .hasMessageEndingWith("another value of: prompt.adapter-column");
  }

  private static Fingerprint withAdapters(AdapterSpecification... adapters) {
    JobConfig config = JobConfig.of(JobFile.readText(COMPLETE, List.of()));
    return JobFingerprint.of(
        config,
        config.pipeline().task(),
        ENGINE.withAdapters(List.of(adapters)),
        columns(3),
        columns(2));
  }

  private static ModelManifest manifest(String digit) {
    return new ModelManifest(digit.repeat(64), List.of(new ModelManifest.Entry("m.gguf", 9)));
  }

  @Test
  void mapsOfAnyOrderHaveOneName() {
    Map<String, String> options = new LinkedHashMap<>();
    options.put("header", "true");
    options.put("compression", "gzip");
    Map<String, String> turned = new LinkedHashMap<>();
    turned.put("compression", "gzip");
    turned.put("header", "true");
    LocalDate day = LocalDate.EPOCH;
    assertThat(Fingerprint.of("m", day, "c", Map.of("output.options", options)).name())
        .isEqualTo(Fingerprint.of("m", day, "c", Map.of("output.options", turned)).name());
  }

  @Test
  void everyColumnCountsHoweverManyThereAre() throws Exception {
    Fingerprint before = of(COMPLETE, columns(60));
    before.refuseOther(of(COMPLETE, columns(60)));
    StructType other = columns(59).add("c59", DataTypes.LongType);
    assertThatThrownBy(() -> before.refuseOther(of(COMPLETE, other)))
        .hasMessageContaining("another value of: the columns (struct<c0:int,");
  }

  @Test
  void aDateThatIsNotNamedIsTheOneOfTheFirstRun() {
    JobConfig named = JobConfig.of(JobFile.readText(COMPLETE, List.of()));
    assertThat(named.on(java.time.LocalDate.EPOCH).date()).isEqualTo("2026-01-31");
    String open = COMPLETE.replace(", date = 2026-01-31", "");
    JobConfig today = JobConfig.of(JobFile.readText(open, List.of()));
    assertThat(today.on(java.time.LocalDate.EPOCH).date()).isEqualTo("1970-01-01");
  }

  private static StructType columns(int count) {
    return IntStream.range(0, count)
        .boxed()
        .reduce(
            new StructType(),
            (columns, i) -> columns.add("c" + i, DataTypes.IntegerType),
            (one, other) -> one);
  }

  private static Fingerprint of(String job, String... overrides) {
    return of(job, columns(3), overrides);
  }

  private static Fingerprint of(String job, StructType columns, String... overrides) {
    JobConfig config = JobConfig.of(JobFile.readText(job, List.of(overrides)));
    return JobFingerprint.of(config, config.pipeline().task(), ENGINE, columns, columns(2));
  }
}
