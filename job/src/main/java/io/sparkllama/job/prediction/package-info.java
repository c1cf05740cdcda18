/** Predicts a job's tokens and time from a sample of its prompts: arithmetic, no Spark. */
package io.sparkllama.job.prediction;
