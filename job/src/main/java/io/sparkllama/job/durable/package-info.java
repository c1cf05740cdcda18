/** Takes rows into files of work and answers these in batches, so that a run can be killed. */
package io.sparkllama.job.durable;
