package io.sparkllama.job.plugin;

import com.esotericsoftware.kryo.Kryo;
import io.sparkllama.engine.api.AnswerConstraint;
import io.sparkllama.engine.api.ClassifyRequest;
import io.sparkllama.engine.api.ClassifyResult;
import io.sparkllama.engine.api.Device;
import io.sparkllama.engine.api.FinishReason;
import io.sparkllama.engine.api.GenerationRequest;
import io.sparkllama.engine.api.GenerationResult;
import io.sparkllama.engine.api.InstructionSet;
import io.sparkllama.engine.api.Isolation;
import io.sparkllama.engine.api.KvCacheType;
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
import java.util.List;
import org.apache.spark.serializer.KryoRegistrator;

/** Registers the classes of ours that may travel between the processes of an application. */
public final class SparkLlamaKryoRegistrator implements KryoRegistrator {
  /** Order gives ids on the wire: driver and executors run the same jar, so it may change. */
  static final List<Class<? extends Record>> RECORDS =
      List.of(
          EngineSpecification.class,
          AdapterSpecification.class,
          ModelTransport.class,
          SizeOrShare.Size.class,
          SizeOrShare.Share.class,
          Device.Processor.class,
          Device.Cuda.class,
          ModelManifest.class,
          ModelManifest.Entry.class,
          RowKey.class,
          Prompt.class,
          Prompt.Span.class,
          SamplingParams.class,
          Penalties.class,
          ReasoningMarks.class,
          AnswerConstraint.Regex.class,
          AnswerConstraint.Choices.class,
          GenerationRequest.class,
          GenerationResult.class,
          ScoreRequest.class,
          ScoreResult.class,
          ClassifyRequest.class,
          ClassifyResult.class,
          RowError.class);

  static final List<Class<? extends Enum<?>>> ENUMS =
      List.of(
          FinishReason.class,
          OverlongPolicy.class,
          KvCacheType.class,
          ModelDistribution.class,
          InstructionSet.class,
          Isolation.class,
          Prompt.Origin.class,
          ClassifyRequest.Normalization.class);

  @Override
  public void registerClasses(Kryo kryo) {
    for (Class<? extends Record> type : RECORDS) {
      kryo.register(type, new RecordSerializer<>(type));
    }
    ENUMS.forEach(kryo::register);
    kryo.register(int[].class);
    kryo.register(double[].class);
  }
}
