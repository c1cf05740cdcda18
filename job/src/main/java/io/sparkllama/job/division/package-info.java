/** Divides texts that are longer than the context into parts that fit. */
package io.sparkllama.job.division;
