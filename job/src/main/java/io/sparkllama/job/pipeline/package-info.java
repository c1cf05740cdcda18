/** Walks rows through the model: Dataset in, Dataset out. */
package io.sparkllama.job.pipeline;
