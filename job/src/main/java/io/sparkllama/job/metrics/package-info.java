/** Counts what a job has done: rows, tokens, errors. */
package io.sparkllama.job.metrics;
