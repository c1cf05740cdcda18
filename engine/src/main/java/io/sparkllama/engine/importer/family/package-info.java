/**
 * Says how the checkpoints of each family of models become GGUF: one small file a family, and what
 * they share.
 */
package io.sparkllama.engine.importer.family;
