package io.sparkllama.job.plugin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.engine.api.AnswerConstraint;
import io.sparkllama.engine.api.ClassifyRequest;
import io.sparkllama.engine.api.ClassifyResult;
import io.sparkllama.engine.api.Device;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.FinishReason;
import io.sparkllama.engine.api.GenerationRequest;
import io.sparkllama.engine.api.GenerationResult;
import io.sparkllama.engine.api.OverlongPolicy;
import io.sparkllama.engine.api.Penalties;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.ReasoningMarks;
import io.sparkllama.engine.api.RowError;
import io.sparkllama.engine.api.RowKey;
import io.sparkllama.engine.api.SamplingParams;
import io.sparkllama.engine.api.ScoreRequest;
import io.sparkllama.engine.api.ScoreResult;
import io.sparkllama.engine.store.ModelManifest;
import io.sparkllama.job.config.ModelDistribution;
import io.sparkllama.job.config.SizeOrShare;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.spark.SparkConf;
import org.apache.spark.serializer.KryoSerializer;
import org.apache.spark.serializer.SerializerInstance;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import scala.reflect.ClassTag$;

/** Requires registration, of our own classes alone: Spark's are not all registered. */
class SparkLlamaKryoRegistratorTest {
  private static final Prompt PROMPT =
      new Prompt(
          List.of(
              new Prompt.Span("<s>", Prompt.Origin.TEMPLATE),
              new Prompt.Span("a document", Prompt.Origin.DATA)));
  private static final Penalties PENALTIES =
      new Penalties(1.1, 0.5, -0.5, Map.of(3, -100.0, 1, 2.0));
  private static final SamplingParams FREE = SamplingParams.greedy(4);
  private static final SamplingParams SAMPLING =
      new SamplingParams(0.8, 40, 0.9, 0.05, 7, 16, List.of("\n", "END"), List.of(2, 3))
          .withPenalties(PENALTIES);
  private static final ModelManifest MANIFEST =
      new ModelManifest("ab".repeat(32), List.of(new ModelManifest.Entry("m.gguf", 12)));

  private static final AdapterSpecification ADAPTER =
      new AdapterSpecification("x", "file:/x.gguf", MANIFEST, 0.5);

  private static SerializerInstance kryo() {
    SparkConf conf =
        new SparkConf(false)
            .set("spark.kryo.registrationRequired", "true")
            .set("spark.kryo.registrator", SparkLlamaKryoRegistrator.class.getName());
    return new KryoSerializer(conf).newInstance();
  }

  static Stream<Record> travellers() {
    return Stream.of(
        EngineSpecification.of(
                "hdfs://host/m.gguf",
                MANIFEST,
                Optional.of(Path.of("/cache")),
                EngineOptions.defaults().withNativeDirectory(Path.of("/native")),
                new SizeOrShare.Share(12.5))
            .withAdapters(List.of(ADAPTER)),
        ADAPTER,
        new ModelTransport(ModelDistribution.BROADCAST, 64),
        new SizeOrShare.Size(7),
        new Device.Processor(),
        Device.Cuda.at("GPU-0"),
        new SizeOrShare.Share(100),
        MANIFEST,
        new RowKey(1, -2),
        PROMPT,
        SAMPLING,
        PENALTIES,
        Penalties.NONE,
        new ReasoningMarks("<think>", "</think>"),
        new GenerationRequest(new RowKey(1, 2), PROMPT, SAMPLING, OverlongPolicy.TRUNCATE_MIDDLE),
        new GenerationRequest(
                new RowKey(1, 2),
                PROMPT,
                SAMPLING,
                OverlongPolicy.ERROR,
                Optional.of(new ReasoningMarks("<think>", "</think>")))
            .withAdapter(Optional.of("x")),
        new AnswerConstraint.Regex("a+"),
        new AnswerConstraint.Choices(List.of("yes", "no")),
        new GenerationRequest(new RowKey(1, 2), PROMPT, FREE, OverlongPolicy.ERROR)
            .within(new AnswerConstraint.Choices(List.of("yes", "no"))),
        new GenerationResult(
            "text",
            Optional.of("thought"),
            new int[] {5, 6},
            FinishReason.STOP,
            3,
            -1.5,
            Optional.empty()),
        GenerationResult.failed(9, new RowError(RowError.PROMPT_TOO_LONG, "shorten it")),
        new ScoreRequest(PROMPT, Prompt.ofData("more")),
        new ScoreResult(-2, new int[] {1}, new double[] {-2}, true, 4, Optional.empty()),
        new ClassifyRequest(
            PROMPT, List.of("a", "b"), OverlongPolicy.ERROR, ClassifyRequest.Normalization.TOKENS),
        new ClassifyResult(1, new double[] {0.1, 0.9}, new double[] {-3, -1}, 4, Optional.empty()));
  }

  @ParameterizedTest
  @MethodSource("travellers")
  void everyRecordArrivesAsItLeft(Record record) {
    SerializerInstance kryo = kryo();
    ByteBuffer bytes = kryo.serialize(record, ClassTag$.MODULE$.apply(Record.class));

    Record copy = kryo.deserialize(bytes, ClassTag$.MODULE$.apply(Record.class));

    assertThat(copy).usingRecursiveComparison().isEqualTo(record);
    assertThat(copy).isNotSameAs(record).hasSameClassAs(record);
  }

  @Test
  void everyRegisteredRecordIsTried() {
    List<Class<?>> inside =
        List.of(ModelManifest.Entry.class, Prompt.Span.class, RowError.class, MANIFEST.getClass());
    assertThat(SparkLlamaKryoRegistrator.RECORDS)
        .allMatch(
            type ->
                inside.contains(type)
                    || travellers().anyMatch(record -> record.getClass() == type));
  }

  @Test
  void aClassThatIsNotOursIsNotRegistered() {
    SerializerInstance kryo = kryo();
    Object stranger = new java.util.concurrent.atomic.AtomicInteger();

    assertThatThrownBy(() -> kryo.serialize(stranger, ClassTag$.MODULE$.apply(Object.class)))
        .hasMessageContaining("not registered");
  }

  /** Closures travel by Java's own serialization, whatever the serializer. */
  @Test
  void theSpecificationTravelsInsideAClosureToo() throws Exception {
    EngineSpecification specification =
        EngineSpecification.of(
                "file:/m.gguf",
                MANIFEST,
                Optional.empty(),
                EngineOptions.defaults(),
                new SizeOrShare.Share(50))
            .withAdapters(List.of(ADAPTER));
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(specification);
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      assertThat(in.readObject()).isEqualTo(specification);
    }
    assertThat(specification.options(3, Device.PROCESSOR))
        .isEqualTo(EngineOptions.defaults().withThreads(3));
    assertThat(specification.options(3, Device.Cuda.at("7")))
        .isEqualTo(EngineOptions.defaults().withThreads(3).withDevice(Device.Cuda.at("7")));
  }
}
