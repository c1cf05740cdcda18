/** Writes checkpoints, as their makers publish them, as GGUF. */
package io.sparkllama.engine.importer;
