package io.sparkllama.job.metrics;

import java.io.Serializable;

/**
 * Is a row that the engine could not run.
 *
 * @param row its key, as 32 hexadecimal digits: a hash, also where the key is the user's
 * @param errorClass as {@link io.sparkllama.engine.api.RowError} names it
 * @param message never text of the row
 */
public record DeadRow(String row, String errorClass, String message) implements Serializable {}
