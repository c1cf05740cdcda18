package io.sparkllama.engine.quantization;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkllama.engine.gguf.GgufContents;
import io.sparkllama.engine.gguf.GgufFile;
import io.sparkllama.engine.gguf.GgufWriter;
import io.sparkllama.engine.gguf.MetadataValue;
import io.sparkllama.engine.gguf.QuantizationType;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Compares the choice of types with llama.cpp's, as scripts/quantization_mixes.py wrote it. */
class RecipeTypesTest {
  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "plain",
        "grouped",
        "tied",
        "experts",
        "few-experts",
        "seventy-billion",
        "narrow",
        "odd"
      })
  void choosesLlamaCppsTypes(String label) throws IOException {
    JsonNode model = golden().get("models").get(label);
    List<String> names = List.of(model.get("tensors").asText().split(" "));
    // The choice must not depend on where the file has a tensor.
    List<String> shuffled = new ArrayList<>(names);
    Collections.shuffle(shuffled, new Random(1));
    GgufFile file = GgufFile.read(write(model, shuffled));

    assertThat(model.get("types")).isNotEmpty();
    for (Iterator<String> recipes = model.get("types").fieldNames(); recipes.hasNext(); ) {
      String recipe = recipes.next();
      String[] expected = model.get("types").get(recipe).asText().split(" ");
      Map<String, QuantizationType> types =
          RecipeTypes.of(QuantizationRecipe.ofLabel(recipe).orElseThrow(), file);
      assertThat(types).hasSize(expected.length);
      for (int i = 0; i < expected.length; i++) {
        assertThat(types.get(names.get(i)))
            .as(recipe + " " + names.get(i))
            .isEqualTo(QuantizationType.valueOf(expected[i]));
      }
    }
  }

  @Test
  void aTypesNameAloneIsItsPlainestMix() {
    assertThat(QuantizationRecipe.ofLabel("q4_k")).contains(QuantizationRecipe.Q4_K_S);
    assertThat(QuantizationRecipe.ofLabel("Q6_K")).contains(QuantizationRecipe.Q6_K);
    assertThat(QuantizationRecipe.ofLabel("Q2_K")).contains(QuantizationRecipe.Q2_K);
    assertThat(QuantizationRecipe.ofLabel("IQ4_XS")).isEmpty();
  }

  private Path write(JsonNode model, List<String> names) throws IOException {
    long columns = model.get("columns").longValue();
    GgufContents contents =
        new GgufContents()
            .put("general.architecture", MetadataValue.ofString("llama"))
            .put("llama.block_count", MetadataValue.ofUint32(model.get("layers").intValue()))
            .put(
                "llama.attention.head_count", MetadataValue.ofUint32(model.get("heads").intValue()))
            .put(
                "llama.attention.head_count_kv",
                MetadataValue.ofUint32(model.get("kv_heads").intValue()))
            .put("llama.expert_count", MetadataValue.ofUint32(model.get("experts").intValue()));
    for (String name : names) {
      long[] dimensions = name.contains("norm") ? new long[] {columns} : new long[] {columns, 2};
      contents.tensor(name, QuantizationType.F32, dimensions);
    }
    Path path = folder.resolve("model.gguf");
    try (GgufWriter writer = GgufWriter.create(path, contents)) {
      for (String name : names) {
        int elements = (int) columns * (name.contains("norm") ? 1 : 2);
        writer.write(name, ByteBuffer.allocate(4 * elements));
      }
      writer.finish();
    }
    return path;
  }

  static JsonNode golden() throws IOException {
    try (InputStream stream = RecipeTypesTest.class.getResourceAsStream("mixes.json")) {
      return new ObjectMapper().readTree(stream);
    }
  }
}
