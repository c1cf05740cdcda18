/** Finds the storage that a job's paths are on. */
package io.sparkllama.job.storage;
