/** Writes the rows of a job. */
package io.sparkllama.job.sink;
