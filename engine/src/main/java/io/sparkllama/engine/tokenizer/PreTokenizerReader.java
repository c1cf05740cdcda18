package io.sparkllama.engine.tokenizer;

import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.gguf.GgufMetadata;
import io.sparkllama.engine.tokenizer.PreTokenizerName.Habit;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads from a file's metadata how byte-level BPE cuts text into words. */
final class PreTokenizerReader {
  private static final Logger LOG = LoggerFactory.getLogger(PreTokenizerReader.class);

  private static final String PRE = "tokenizer.ggml.pre";

  /**
   * What the maker does beside cutting words, where a file of the project's own says it: instead of
   * what the name stands for.
   */
  private static final String HABITS = "sparkllama.tokenizer.habits";

  private final GgufMetadata metadata;

  PreTokenizerReader(GgufMetadata metadata) {
    this.metadata = metadata;
  }

  PreTokenizerName read() {
    PreTokenizerName named = named();
    Optional<List<String>> habits = metadata.optionalStringArray(HABITS);
    return habits.isEmpty()
        ? named
        : new PreTokenizerName(named.preTokenizer(), habits(habits.get()));
  }

  private PreTokenizerName named() {
    Optional<String> name = metadata.optionalString(PRE);
    if (name.isEmpty()) {
      LOG.warn("the model file names no pre-tokenizer ({}); taking the default one", PRE);
      return PreTokenizerName.of("default").orElseThrow();
    }
    return PreTokenizerName.of(name.get())
        .orElseThrow(
            () ->
                new ModelFormatException( // the list is longer than quoted text may be
                    metadata
                            .invalid(PRE, "names a pre-tokenizer that is not supported")
                            .getMessage()
                        + "; supported: "
                        + PreTokenizerName.supportedNames()));
  }

  private Set<Habit> habits(List<String> ids) {
    Set<Habit> habits = EnumSet.noneOf(Habit.class);
    for (String id : ids) {
      habits.add(
          Arrays.stream(Habit.values())
              .filter(one -> one.id().equals(id))
              .findFirst()
              .orElseThrow(
                  () ->
                      metadata.invalid(
                          HABITS,
                          "names a habit that is not known (known: "
                              + Arrays.stream(Habit.values())
                                  .map(Habit::id)
                                  .collect(Collectors.joining(", "))
                              + ")")));
    }
    return Set.copyOf(habits);
  }
}
