package io.sparkllama.engine.importer.family;

import io.sparkllama.engine.gguf.GgufContents;
import io.sparkllama.engine.gguf.MetadataValue;

/** Sets the metadata keys that begin with the architecture's name. */
public final class ArchitectureKeys {
  private final String architecture;
  private final GgufContents contents;

  ArchitectureKeys(String architecture, GgufContents contents) {
    this.architecture = architecture;
    this.contents = contents;
  }

  public ArchitectureKeys number(String key, long value) {
    return put(key, MetadataValue.ofUint32(value));
  }

  public ArchitectureKeys real(String key, double value) {
    return put(key, MetadataValue.ofFloat32((float) value));
  }

  public ArchitectureKeys text(String key, String value) {
    return put(key, MetadataValue.ofString(value));
  }

  public ArchitectureKeys put(String key, MetadataValue value) {
    contents.put(architecture + "." + key, value);
    return this;
  }
}
