/** Sends a model from the driver's host to all others in chunks, by Spark's own broadcast. */
package io.sparkllama.job.broadcast;
