/** Chooses what of a job's input is new and sound, and says what becomes of the rest. */
package io.sparkllama.job.screening;
