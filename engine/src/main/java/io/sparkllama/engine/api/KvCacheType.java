package io.sparkllama.engine.api;

/** Names how keys and values are stored. */
public enum KvCacheType {
  F32,
  F16,
  /** Signed bytes with one scale per head and position. */
  Q8;

  /** Returns the name of options: {@code f32}, {@code f16}, {@code q8}. */
  public String label() {
    return name().toLowerCase(java.util.Locale.ROOT);
  }
}
