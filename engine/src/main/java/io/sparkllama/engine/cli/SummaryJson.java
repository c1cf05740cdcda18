package io.sparkllama.engine.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import io.sparkllama.engine.api.KvCacheType;
import io.sparkllama.engine.gguf.GgufMetadata;
import io.sparkllama.engine.gguf.MetadataValue;
import io.sparkllama.engine.gguf.NumberArray;
import io.sparkllama.engine.gguf.QuantizationType;
import io.sparkllama.engine.model.ModelConfig;
import io.sparkllama.engine.runner.NativeModelRunner;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** Writes the summary of a model file as the fields of a JSON object. */
final class SummaryJson {
  /** Longer arrays are cut to their first elements, with their count. */
  private static final int MOST_ELEMENTS = 8;

  private final ModelSummary summary;
  private final Optional<ExpectedSpeed> speed;

  /**
   * @param speed where the machine was measured
   */
  SummaryJson(ModelSummary summary, Optional<ExpectedSpeed> speed) {
    this.summary = summary;
    this.speed = speed;
  }

  void write(JsonGenerator json) throws IOException {
    json.writeArrayFieldStart("files");
    for (Path part : summary.file().parts()) {
      json.writeString(part.toString());
    }
    json.writeEndArray();
    json.writeNumberField("version", summary.file().version());
    json.writeStringField("architecture", summary.architecture().orElse(null));
    json.writeBooleanField("runnable", summary.config().isPresent());
    writeProblem(json);
    writeTensors(json);
    if (summary.packedBytes().isPresent()) {
      json.writeNumberField("packed_bytes", summary.packedBytes().getAsLong());
      json.writeNumberField("packed_factor", summary.packedFactor());
    }
    if (summary.config().isPresent()) {
      writeConfig(json, summary.config().get());
    }
    writeMemory(json);
    if (speed.isPresent()) {
      writeSpeed(json, speed.get());
    }
    writeMetadata(json);
  }

  private void writeProblem(JsonGenerator json) throws IOException {
    if (summary.problem().isPresent()) {
      json.writeStringField("problem", summary.problem().get());
      json.writeArrayFieldStart("missing");
      for (String name : summary.missing()) {
        json.writeString(name);
      }
      json.writeEndArray();
    }
  }

  private void writeTensors(JsonGenerator json) throws IOException {
    json.writeObjectFieldStart("tensors");
    writeTotal(json, summary.total());
    json.writeNumberField("elements_per_token", summary.parametersPerToken());
    json.writeObjectFieldStart("by_type");
    for (Map.Entry<QuantizationType, ModelSummary.TypeTotal> total : summary.totals().entrySet()) {
      json.writeObjectFieldStart(total.getKey().name());
      writeTotal(json, total.getValue());
      json.writeEndObject();
    }
    json.writeEndObject();
    json.writeEndObject();
  }

  private static void writeTotal(JsonGenerator json, ModelSummary.TypeTotal total)
      throws IOException {
    json.writeNumberField("count", total.tensors());
    json.writeNumberField("elements", total.elements());
    json.writeNumberField("bytes", total.bytes());
  }

  private static void writeConfig(JsonGenerator json, ModelConfig config) throws IOException {
    json.writeObjectFieldStart("config");
    json.writeNumberField("vocabulary_size", config.vocabularySize());
    json.writeNumberField("context_length", config.contextLength());
    json.writeNumberField("embedding_length", config.embeddingLength());
    json.writeNumberField("layer_count", config.layerCount());
    json.writeNumberField("feed_forward_length", config.feedForward().length());
    Optional<ModelConfig.Experts> experts = config.feedForward().experts();
    if (experts.isPresent()) {
      json.writeNumberField("expert_count", experts.get().count());
      json.writeNumberField("experts_used", experts.get().used());
      json.writeNumberField("expert_length", experts.get().length());
    }
    json.writeNumberField("head_count", config.attention().headCount());
    json.writeNumberField("kv_head_count", config.attention().kvHeadCount());
    json.writeNumberField("head_dimension", config.attention().headDimension());
    json.writeArrayFieldStart("windows");
    for (ModelConfig.Layer layer : config.layers()) {
      json.writeNumber(layer.window());
    }
    json.writeEndArray();
    json.writeNumberField("rope_base", config.rope().tables().get(0).base());
    json.writeNumberField("norm_epsilon", (float) config.norms().epsilon());
    json.writeEndObject();
  }

  private void writeMemory(JsonGenerator json) throws IOException {
    json.writeObjectFieldStart("memory");
    json.writeNumberField("weights_bytes", summary.packedBytes().orElse(summary.total().bytes()));
    if (summary.config().isPresent()) {
      ModelConfig config = summary.config().get();
      json.writeObjectFieldStart("kv_bytes_per_token");
      for (KvCacheType type : KvCacheType.values()) {
        json.writeNumberField(type.label(), NativeModelRunner.kvBytesPerToken(config, type));
      }
      json.writeEndObject();
      json.writeObjectFieldStart("kv_bytes_full_context");
      for (KvCacheType type : KvCacheType.values()) {
        json.writeNumberField(
            type.label(), config.contextLength() * NativeModelRunner.kvBytesPerToken(config, type));
      }
      json.writeEndObject();
    }
    json.writeEndObject();
  }

  private static void writeSpeed(JsonGenerator json, ExpectedSpeed speed) throws IOException {
    json.writeObjectFieldStart("speed");
    json.writeNumberField("decode_tokens_per_second_at_most", speed.decodeTokensPerSecond());
    json.writeNumberField("prefill_tokens_per_second_at_most", speed.prefillTokensPerSecond());
    json.writeNumberField("bytes_per_token", Math.rint(speed.bytesPerToken()));
    json.writeNumberField("multiply_adds_per_token", speed.work().layerMultiplyAdds());
    json.writeNumberField("bandwidth_peak_bytes_per_second", Math.rint(speed.peaks().bytesRead()));
    json.writeNumberField(
        "int8_peak_multiply_adds_per_second", Math.rint(speed.peaks().int8MultiplyAdds()));
    json.writeStringField("instruction_set", speed.peaks().instructionSet());
    json.writeNumberField("threads", speed.peaks().threads());
    json.writeEndObject();
  }

  private void writeMetadata(JsonGenerator json) throws IOException {
    GgufMetadata metadata = summary.file().metadata();
    json.writeObjectFieldStart("metadata");
    for (String key : metadata.keys()) {
      json.writeFieldName(key);
      writeValue(json, metadata.value(key).orElseThrow());
    }
    json.writeEndObject();
  }

  private static void writeValue(JsonGenerator json, MetadataValue value) throws IOException {
    if (value instanceof MetadataValue.IntegerValue) {
      json.writeNumber(value.toString());
    } else if (value instanceof MetadataValue.FloatValue number) {
      writeNumber(json, number.value(), value.toString());
    } else if (value instanceof MetadataValue.BooleanValue bool) {
      json.writeBoolean(bool.value());
    } else if (value instanceof MetadataValue.ArrayValue array) {
      writeArray(json, array);
    } else {
      json.writeString(value.toString());
    }
  }

  // JSON has no word for what is not finite.
  private static void writeNumber(JsonGenerator json, double value, String text)
      throws IOException {
    if (Double.isFinite(value)) {
      json.writeNumber(text);
    } else {
      json.writeString(text);
    }
  }

  private static void writeArray(JsonGenerator json, MetadataValue.ArrayValue array)
      throws IOException {
    boolean whole = array.size() <= MOST_ELEMENTS;
    if (!whole) {
      json.writeStartObject();
      json.writeStringField("type", array.elementType().toString());
      json.writeNumberField("count", array.size());
      json.writeFieldName("first");
    }
    json.writeStartArray();
    for (int i = 0; i < Math.min(array.size(), MOST_ELEMENTS); i++) {
      writeElement(json, array, i);
    }
    json.writeEndArray();
    if (!whole) {
      json.writeEndObject();
    }
  }

  private static void writeElement(JsonGenerator json, MetadataValue.ArrayValue array, int index)
      throws IOException {
    if (array instanceof MetadataValue.StringArray strings) {
      json.writeString(strings.values().get(index));
    } else if (array instanceof NumberArray numbers) {
      if (numbers.elementType().isFloatingPoint()) {
        double value = numbers.doubleAt(index);
        writeNumber(json, value, Double.toString(value));
      } else {
        json.writeNumber(numbers.longAt(index));
      }
    }
  }
}
