package io.sparkllama.job.cluster;

import com.codahale.metrics.Gauge;
import com.codahale.metrics.Metric;
import com.codahale.metrics.MetricRegistry;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Properties;
import org.apache.spark.metrics.sink.Sink;

/**
 * Writes the rows that an executor's engine has answered into a file, every few milliseconds, so
 * that the file knows of an executor that is killed what it has done. Spark makes one in each
 * executor.
 */
public final class AnsweredRowsSink implements Sink {
  private static final String METRIC = ".finishedRequests";
  private static final long MILLISECONDS = 2;

  private final Path directory;
  private final MetricRegistry registry;
  private final Thread writer = new Thread(this::write, "answered-rows");
  private RandomAccessFile file; // null before the engine's metric is there
  private long written;

  /** As Spark calls it. */
  public AnsweredRowsSink(Properties settings, MetricRegistry registry) {
    this.directory = Path.of(settings.getProperty("directory"));
    this.registry = registry;
    writer.setDaemon(true);
  }

  @Override
  public void start() {
    writer.start();
  }

  @Override
  public void stop() {
    writer.interrupt();
  }

  @Override
  public void report() {
    try {
      writeNow();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void write() {
    try {
      while (true) {
        writeNow();
        Thread.sleep(MILLISECONDS);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException ended) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized void writeNow() throws IOException {
    for (Map.Entry<String, Metric> metric : registry.getMetrics().entrySet()) {
      if (metric.getKey().endsWith(METRIC) && metric.getValue() instanceof Gauge<?> rows) {
        write(metric.getKey(), (Long) rows.getValue());
      }
    }
  }

  private void write(String name, long rows) throws IOException {
    if (rows <= written) {
      return; // without an engine, as at the executor's end, it is 0 again
    }
    if (file == null) {
      file = new RandomAccessFile(directory.resolve(name).toFile(), "rw");
    }
    file.seek(0);
    file.writeLong(rows);
    written = rows;
  }
}
