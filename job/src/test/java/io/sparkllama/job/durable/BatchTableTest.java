package io.sparkllama.job.durable;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.udf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.delta.exceptions.ConcurrentAppendException;
import io.sparkllama.job.DeltaSpark;
import io.sparkllama.job.sink.ResultSink;
import io.sparkllama.job.sink.SinkSpecification;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.hadoop.fs.FileSystem;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 120, unit = TimeUnit.SECONDS)
class BatchTableTest {
  private static final String NAME = "v1-0";
  private static final StructType COLUMNS = new StructType().add("id", DataTypes.LongType);

  // Of the one write that a test holds up; tasks run in this process.
  private static volatile CountDownLatch begun;
  private static volatile CountDownLatch released;

  private static final AtomicLong CALLS = new AtomicLong();

  private static DeltaSpark delta;

  @TempDir Path folder;

  private final ExecutorService other = Executors.newSingleThreadExecutor();
  private ResultSink sink;
  private BatchTable table;

  @BeforeAll
  static void start() {
    delta = DeltaSpark.start();
  }

  @AfterAll
  static void end() {
    delta.close();
  }

  @BeforeEach
  void prepare() throws Exception {
    SparkSession spark = delta.session();
    sink =
        new ResultSink(
            new SinkSpecification(
                "delta", Optional.of(folder.toString()), Optional.empty(), Map.of(), 0));
    org.apache.hadoop.fs.Path path = new org.apache.hadoop.fs.Path(folder.toUri());
    StoredPath stored =
        new StoredPath(FileSystem.getLocal(spark.sparkContext().hadoopConfiguration()), path);
    table = new BatchTable(stored, sink.table(BatchTable.PARTITIONS), spark);
    table.admit(NAME, COLUMNS);
    begun = new CountDownLatch(1);
    released = new CountDownLatch(1);
  }

  @AfterEach
  void release() {
    released.countDown();
    other.shutdownNow();
  }

  private static Dataset<Row> rows(long count) {
    return delta.session().range(0, count, 1, 1).toDF();
  }

  /** Begins to replace a batch by five rows, and holds that up. */
  private Future<?> heldUp(long batch) throws InterruptedException {
    Dataset<Row> rows = rows(5).select(held());
    Future<?> write = other.submit(() -> table.replace(NAME, batch, rows));
    assertThat(begun.await(60, TimeUnit.SECONDS)).isTrue();
    return write;
  }

  private static Column held() {
    return udf(new Held(), DataTypes.LongType).apply(col("id")).as("id");
  }

  /** Gives a number back when it may. */
  private static final class Held implements UDF1<Long, Long> {
    private static final long serialVersionUID = 1;

    @Override
    public Long call(Long id) throws InterruptedException {
      CALLS.incrementAndGet();
      begun.countDown();
      released.await();
      return id;
    }
  }

  /** It would leave a batch as it is where the new one has no rows. */
  @Test
  void aSessionThatOverwritesByPartitionsChangesNothing() throws Exception {
    String mode = "spark.sql.sources.partitionOverwriteMode";
    delta.session().conf().set(mode, "dynamic");
    try {
      table.replace(NAME, 0, rows(7));
      table.replace(NAME, 1, rows(4));
      table.replace(NAME, 0, rows(0));
      assertThat(table.batches(NAME)).containsExactly(1L);
      StopRequest never = new StopRequest();
      try (RunLock lock =
          RunLock.acquire(OutputFolder.of(sink, delta.session()), "test", LockTimes.USUAL, never)) {
        table.clear(COLUMNS, new RunControl(lock, never));
      }
      assertThat(table.batches(NAME)).isEmpty();
    } finally {
      delta.session().conf().unset(mode);
    }
  }

  /** What rows cost is the model's time: they are answered once. */
  @Test
  void aBatchIsComputedOnce() {
    released.countDown();
    CALLS.set(0);
    Dataset<Row> answers = delta.session().range(0, 20, 1, 4).select(held());
    table.replace(NAME, 0, answers);
    assertThat(CALLS.get()).isEqualTo(20);
    table.replace(NAME, 0, answers);
    assertThat(CALLS.get()).isEqualTo(40);
  }

  /** As of a run that was held up and replaced, and then wakes: its batch has its rows by now. */
  @Test
  void aTransactionThatComesLateChangesNothing() throws Exception {
    table.replace(NAME, 0, rows(7));
    Future<?> late = heldUp(0);
    table.replace(NAME, 0, rows(10));
    table.replace(NAME, 1, rows(3));
    released.countDown();
    assertThatThrownBy(late::get)
        .isInstanceOf(ExecutionException.class)
        .hasCauseInstanceOf(java.util.ConcurrentModificationException.class);
    assertThat(table.count(NAME, BatchRange.of(0), COLUMNS)).isEqualTo(10);
    assertThat(table.count(NAME, BatchRange.upTo(1), COLUMNS)).isEqualTo(13);
  }

  /** The batch had no rows when either began. */
  @Test
  void ofTwoFirstTransactionsOfABatchTheLaterIsRefused() throws Exception {
    Future<?> late = heldUp(1);
    table.replace(NAME, 1, rows(10));
    released.countDown();
    assertThatThrownBy(late::get).hasCauseInstanceOf(ConcurrentAppendException.class);
    assertThat(table.count(NAME, BatchRange.of(1), COLUMNS)).isEqualTo(10);
  }

  @Test
  void whatOthersDoToOtherBatchesKeepsNoneFromItsCommit() throws Exception {
    for (int part = 0; part < 2; part++) {
      table.replace("v1-1", part, delta.session().range(0, 10, 1, 4).toDF());
    }
    Future<?> write = heldUp(1);
    delta.session().sql("optimize delta.`" + folder + "`");
    delta
        .session()
        .sql("delete from delta.`" + folder + "` where configuration = 'v1-1' and id = 3");
    released.countDown();
    write.get();
    assertThat(table.count(NAME, BatchRange.of(1), COLUMNS)).isEqualTo(5);
    assertThat(table.count("v1-1", BatchRange.upTo(9), COLUMNS)).isEqualTo(18);
  }

  @Test
  void aBatchIsReplacedWholeAndOthersStay() throws Exception {
    table.replace(NAME, 0, rows(7));
    table.replace(NAME, 1, rows(4));
    table.replace("v1-1", 0, rows(2));
    table.replace(NAME, 0, rows(3));
    assertThat(table.batches(NAME)).containsExactly(0L, 1L);
    assertThat(table.count(NAME, BatchRange.of(0), COLUMNS)).isEqualTo(3);
    table.replace(NAME, 0, rows(0));
    assertThat(table.batches(NAME)).containsExactly(1L);
    assertThat(table.count(NAME, BatchRange.upTo(1), COLUMNS)).isEqualTo(4);
    assertThat(table.read(NAME, BatchRange.upTo(1), COLUMNS).columns()).containsExactly("id");
    assertThat(table.count("v1-1", BatchRange.upTo(0), COLUMNS)).isEqualTo(2);
    assertThat(table.batches("v1-2")).isEqualTo(List.of());
  }
}
