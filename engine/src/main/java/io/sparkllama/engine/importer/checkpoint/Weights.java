package io.sparkllama.engine.importer.checkpoint;

import java.io.Closeable;
import java.util.Optional;
import java.util.Set;

/** Gives the tensors of a checkpoint by name, whatever files they lie in. One thread at a time. */
public interface Weights extends Closeable {
  /** Returns the names of all tensors. */
  Set<String> names();

  /** Returns a tensor, if there is one of this name. */
  Optional<RowSource> rows(String name);
}
