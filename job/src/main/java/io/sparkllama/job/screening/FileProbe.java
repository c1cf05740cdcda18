package io.sparkllama.job.screening;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.io.compress.CodecPool;
import org.apache.hadoop.io.compress.CompressionCodec;
import org.apache.hadoop.io.compress.CompressionCodecFactory;
import org.apache.hadoop.io.compress.Decompressor;
import org.apache.hadoop.security.AccessControlException;
import org.apache.orc.OrcFile;
import org.apache.orc.Reader;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Reads files through: their SHA-256, and whether they are whole as far as that shows without
 * parsing rows. A footer of Parquet or ORC must be there, and a compressed text must end where its
 * compression says. Executors do it, except for a few small files, which the driver has read before
 * a task would begin.
 *
 * <p>All new files are hashed, not only those as long as a known one: when contents come again,
 * their first file has often been moved away.
 */
final class FileProbe implements MapPartitionsFunction<String, Row> {
  private static final StructType FOUND =
      new StructType()
          .add("path", DataTypes.StringType, false)
          .add("length", DataTypes.LongType, false)
          .add("sha256", DataTypes.StringType, false)
          .add("problem", DataTypes.StringType, false);

  private static final int FILES_OF_A_PARTITION = 4;
  private static final long BYTES_OF_A_FEW = 32L << 20; // a tenth of a second
  private static final int BUFFER = 1 << 20;

  private final String format;
  private final SerializableConfiguration hadoop;

  /**
   * @param format in small letters
   */
  FileProbe(String format, Configuration hadoop) {
    this.format = format;
    this.hadoop = new SerializableConfiguration(hadoop);
  }

  /**
   * Is what was found.
   *
   * @param length of what could be read, -1 where the file is gone
   * @param sha256 empty where the file cannot be read
   * @param problem a sentence's end, empty for a file that is whole
   */
  record Result(long length, String sha256, String problem) {}

  /**
   * Probes files, each once.
   *
   * @return results by paths
   */
  Map<String, Result> probe(SparkSession spark, List<InputFile> files) throws IOException {
    Map<String, Result> results = new HashMap<>();
    if (areFew(files)) {
      for (InputFile file : files) {
        results.put(file.path(), probe(new Path(file.path())));
      }
      return results;
    }
    int partitions = (files.size() + FILES_OF_A_PARTITION - 1) / FILES_OF_A_PARTITION;
    List<String> paths = files.stream().map(InputFile::path).toList();
    for (Row row :
        spark
            .createDataset(paths, Encoders.STRING())
            .repartition(Math.min(partitions, 10 * spark.sparkContext().defaultParallelism()))
            .mapPartitions(this, Encoders.row(FOUND))
            .collectAsList()) {
      results.put(row.getString(0), new Result(row.getLong(1), row.getString(2), row.getString(3)));
    }
    return results;
  }

  /** What is compressed may be a hundred times as long as it looks. */
  private boolean areFew(List<InputFile> files) {
    CompressionCodecFactory codecs = new CompressionCodecFactory(hadoop.value());
    return files.size() <= FILES_OF_A_PARTITION
        && files.stream().mapToLong(InputFile::length).sum() <= BYTES_OF_A_FEW
        && files.stream().allMatch(file -> codecs.getCodec(new Path(file.path())) == null);
  }

  @Override
  public Iterator<Row> call(Iterator<String> paths) throws IOException {
    List<Row> rows = new ArrayList<>();
    while (paths.hasNext()) {
      String path = paths.next();
      Result result = probe(new Path(path));
      rows.add(RowFactory.create(path, result.length(), result.sha256(), result.problem()));
    }
    return rows.iterator();
  }

  /**
   * A storage that fails is no fault of the file: what it throws while bytes are read ends the job.
   */
  private Result probe(Path path) throws IOException {
    MessageDigest digest = sha256();
    long length = 0;
    try (InputStream in =
        new DigestInputStream(path.getFileSystem(hadoop.value()).open(path), digest)) {
      byte[] buffer = new byte[BUFFER];
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        length += read;
      }
    } catch (FileNotFoundException gone) {
      return new Result(-1, "", "");
    } catch (AccessControlException refused) {
      return new Result(0, "", "the job has no right to read it");
    } catch (IllegalArgumentException wrong) {
      return new Result(0, "", "its name is none that Hadoop can read");
    }
    return new Result(length, HexFormat.of().formatHex(digest.digest()), problem(path));
  }

  private String problem(Path path) {
    String kind = format;
    try {
      switch (format) {
        case "parquet" -> openParquet(path);
        case "orc" -> openOrc(path);
        default -> {
          CompressionCodec codec = new CompressionCodecFactory(hadoop.value()).getCodec(path);
          if (codec != null && !"avro".equals(format) && !"binaryfile".equals(format)) {
            kind = codec.getDefaultExtension();
            decompress(path, codec);
          }
        }
      }
      return "";
    } catch (IOException | RuntimeException wrong) {
      // What these say may quote the file.
      return "it is cut off, damaged, or no "
          + kind
          + " ("
          + wrong.getClass().getSimpleName()
          + ")";
    }
  }

  private void openParquet(Path path) throws IOException {
    try (ParquetFileReader reader =
        ParquetFileReader.open(HadoopInputFile.fromPath(path, hadoop.value()))) {
      reader.getFooter();
    }
  }

  private void openOrc(Path path) throws IOException {
    try (Reader reader = OrcFile.createReader(path, OrcFile.readerOptions(hadoop.value()))) {
      reader.getNumberOfRows();
    }
  }

  private void decompress(Path path, CompressionCodec codec) throws IOException {
    Decompressor decompressor = CodecPool.getDecompressor(codec);
    try (InputStream in =
        codec.createInputStream(path.getFileSystem(hadoop.value()).open(path), decompressor)) {
      byte[] buffer = new byte[BUFFER];
      while (in.read(buffer) >= 0) {
        // to its end
      }
    } finally {
      CodecPool.returnDecompressor(decompressor);
    }
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("Every Java platform has SHA-256.", impossible);
    }
  }
}
