package io.sparkllama.engine.importer.checkpoint;

import io.sparkllama.engine.gguf.QuantizationType;
import java.util.Arrays;
import java.util.Optional;

/** Names how a checkpoint stores a tensor's elements, as safetensors files write it. */
public enum ElementType {
  F32(4, QuantizationType.F32),
  F16(2, QuantizationType.F16),
  BF16(2, QuantizationType.BF16),
  F64(8, null),
  F8_E4M3(1, null),
  F8_E5M2(1, null),
  F8_E8M0(1, null),
  I64(8, null),
  I32(4, null),
  I16(2, null),
  I8(1, null),
  U64(8, null),
  U32(4, null),
  U16(2, null),
  U8(1, null),
  BOOL(1, null);

  private final int bytes;
  private final QuantizationType imported;

  ElementType(int bytes, QuantizationType imported) {
    this.bytes = bytes;
    this.imported = imported;
  }

  /** Returns bytes of one element. */
  public int bytes() {
    return bytes;
  }

  /** Returns the same type in GGUF, where weights of this type can be imported. */
  public Optional<QuantizationType> imported() {
    return Optional.ofNullable(imported);
  }

  static Optional<ElementType> ofLabel(String label) {
    return Arrays.stream(values()).filter(type -> type.name().equals(label)).findFirst();
  }
}
