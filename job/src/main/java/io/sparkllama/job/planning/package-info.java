/** Decides in which partitions and in which order a job's rows are answered. */
package io.sparkllama.job.planning;
