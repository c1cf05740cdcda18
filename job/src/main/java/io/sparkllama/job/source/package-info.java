/** Reads the documents of a job and checks their columns and keys before any work. */
package io.sparkllama.job.source;
