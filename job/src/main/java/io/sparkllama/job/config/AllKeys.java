package io.sparkllama.job.config;

/**
 * Holds every key of a job file. {@code docs/configuration.md} is generated from this list, and a
 * key that does not stand here is refused.
 */
final class AllKeys {
  /** Holds them in the order of the reference page. */
  static final DeclaredKeys DECLARED =
      DeclaredKeys.of(
          JobKeys.DECLARED,
          GenerationKeys.DECLARED,
          TaskKeys.DECLARED,
          OutputKeys.DECLARED,
          EngineKeys.DECLARED);

  private AllKeys() {}
}
