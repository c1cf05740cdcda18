/** Finds the tensors of a checkpoint in its files, which are not trusted. */
package io.sparkllama.engine.importer.checkpoint;
