package io.sparkllama.job.durable;

import io.sparkllama.engine.api.InvalidConfigurationException;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructType;

/**
 * Keeps the rows of an output's batches where its readers find them, told apart by their
 * configuration and the number of their batch. What runs know of these lies beside them.
 */
interface BatchStore {
  /**
   * Refuses an output that holds anything else than batches of these configurations.
   *
   * @throws InvalidConfigurationException names what is there
   */
  void requireKnown(Set<String> configurations) throws IOException;

  /**
   * Makes sure that rows of a configuration that begins can be kept beside those that are there.
   *
   * @throws InvalidConfigurationException where they cannot; all is then as it was
   */
  void admit(String configuration, StructType columns) throws IOException;

  /**
   * Removes all that is there, to make place for rows with these columns.
   *
   * @throws InvalidConfigurationException where such rows cannot be kept; all is then as it was
   */
  void clear(StructType columns) throws IOException;

  /**
   * Sees to it that readers find the columns of a configuration that was admitted, before its first
   * row, and removes what is left of admissions.
   */
  void begin(ConfigurationFolder configuration) throws IOException;

  /**
   * Puts rows in the place of those of a batch, which may have none yet.
   *
   * @throws InvalidConfigurationException where they cannot be kept
   */
  void replace(String configuration, long batch, Dataset<Row> rows) throws IOException;

  /** Returns the batches that are there, rising: those of no rows too, as far as they show. */
  List<Long> batches(String configuration) throws IOException;

  /**
   * Refuses to go on where it shows that a batch up to the last that was committed has gone.
   *
   * @throws InvalidConfigurationException names one
   */
  void requireCommitted(String configuration, long last) throws IOException;

  /** Counts the rows of batches as readers find them, now. */
  long count(String configuration, BatchRange batches, StructType columns) throws IOException;

  /**
   * Returns the rows of batches; none is read yet.
   *
   * @param columns of these rows, without those that tell batches apart
   */
  Dataset<Row> read(String configuration, BatchRange batches, StructType columns)
      throws IOException;

  /** Says where the rows of a configuration are. */
  String place(String configuration);

  /** Says where the rows of a batch are. */
  String place(String configuration, long batch);
}
