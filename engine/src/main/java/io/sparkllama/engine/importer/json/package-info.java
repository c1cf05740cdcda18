/** Reads the JSON files of a checkpoint, which are not trusted. */
package io.sparkllama.engine.importer.json;
