package io.sparkllama.job.planning;

import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.function.Function2;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;

/**
 * Takes the first rows of a source, in its order and from its own partitions.
 *
 * <p>The rows are first counted and then read. Both go over one RDD, whose partitions Spark makes
 * once: planned twice, the same files may be cut differently, since the cuts follow the cores that
 * there are at the moment.
 */
public final class FirstRows {
  private final SparkSession spark;
  private final JavaRDD<Row> rows;
  private final StructType schema;

  /**
   * @param prepared straight from the source
   */
  public FirstRows(Dataset<Row> prepared) {
    this.spark = prepared.sparkSession();
    this.rows = prepared.javaRDD();
    this.schema = prepared.schema();
  }

  /** Returns so many rows, or all where there are no more. Counts them now. */
  public Dataset<Row> take(long count) {
    List<Long> counts =
        rows.mapPartitions(partition -> List.of(count(partition, count)).iterator()).collect();
    long[] quotas = new long[counts.size()];
    long left = count;
    for (int i = 0; i < quotas.length; i++) {
      quotas[i] = Math.min(left, counts.get(i));
      left -= quotas[i];
    }
    return take(quotas);
  }

  private Dataset<Row> take(long[] quotas) {
    return spark.createDataFrame(rows.mapPartitionsWithIndex(new Quotas(quotas), true), schema);
  }

  private static long count(Iterator<Row> rows, long most) {
    long count = 0;
    for (; count < most && rows.hasNext(); count++) {
      rows.next();
    }
    return count;
  }

  /**
   * Reads of each partition no more than its quota.
   *
   * @param rows by partition
   */
  private record Quotas(long[] rows) implements Function2<Integer, Iterator<Row>, Iterator<Row>> {
    @Override
    public Iterator<Row> call(Integer partition, Iterator<Row> all) {
      return new First(all, rows[partition]);
    }
  }

  /** Yields the first rows, and reads none after them. */
  private static final class First implements Iterator<Row> {
    private final Iterator<Row> rows;
    private long left;

    First(Iterator<Row> rows, long count) {
      this.rows = rows;
      this.left = count;
    }

    @Override
    public boolean hasNext() {
      return left > 0 && rows.hasNext();
    }

    @Override
    public Row next() {
      if (left == 0) {
        throw new NoSuchElementException("The partition's quota has been read.");
      }
      left--;
      return rows.next();
    }
  }
}
