/** Declares the job file's keys, once, and reads files by them. */
package io.sparkllama.job.config;
