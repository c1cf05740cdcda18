package io.sparkllama.engine.gguf;

import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;

/** Describes tensor types that cannot be loaded, so that a refusal names them. */
final class TensorTypeName {
  private static final int FIRST_ID_OF_FORKS = 137;

  private static final Map<Integer, String> UNSUPPORTED =
      Map.ofEntries(
          Map.entry(9, "Q8_1"),
          Map.entry(15, "Q8_K"),
          Map.entry(16, "IQ2_XXS"),
          Map.entry(17, "IQ2_XS"),
          Map.entry(18, "IQ3_XXS"),
          Map.entry(19, "IQ1_S"),
          Map.entry(21, "IQ3_S"),
          Map.entry(22, "IQ2_S"),
          Map.entry(24, "I8"),
          Map.entry(25, "I16"),
          Map.entry(26, "I32"),
          Map.entry(27, "I64"),
          Map.entry(28, "F64"),
          Map.entry(29, "IQ1_M"),
          Map.entry(34, "TQ1_0"),
          Map.entry(35, "TQ2_0"),
          Map.entry(39, "MXFP4"),
          Map.entry(40, "NVFP4"),
          Map.entry(41, "Q1_0"));

  private static final Map<Integer, String> REMOVED =
      Map.of(
          4, "Q4_2",
          5, "Q4_3",
          31, "Q4_0_4_4",
          32, "Q4_0_4_8",
          33, "Q4_0_8_8",
          36, "IQ4_NL_4_4",
          37, "IQ4_NL_4_8",
          38, "IQ4_NL_8_8");

  private TensorTypeName() {}

  /** Returns the end of the sentence "tensor x has type …" for an id that cannot be loaded. */
  static String refusal(int id) {
    String supported =
        Arrays.stream(QuantizationType.values())
            .map(QuantizationType::name)
            .collect(Collectors.joining(", "));
    return describe(id) + "; supported: " + supported;
  }

  private static String describe(int id) {
    if (UNSUPPORTED.containsKey(id)) {
      return UNSUPPORTED.get(id) + " (" + id + "), which is not supported";
    }
    if (REMOVED.containsKey(id)) {
      return REMOVED.get(id) + " (" + id + "), which was removed from the format";
    }
    if (id >= FIRST_ID_OF_FORKS) {
      return id + ", which belongs to a fork of the format and is not supported";
    }
    return Integer.toUnsignedString(id) + ", which is unknown";
  }
}
