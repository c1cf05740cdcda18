package io.sparkllama.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.core.LogEvent;
import org.apache.logging.log4j.core.LoggerContext;
import org.apache.logging.log4j.core.appender.AbstractAppender;
import org.apache.logging.log4j.core.config.LoggerConfig;
import org.apache.logging.log4j.core.config.Property;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Holds documents out of logs and exceptions: a word of theirs appears in none, even at INFO. */
@Timeout(value = 300, unit = TimeUnit.SECONDS)
class CanaryTest {
  private static final String CANARY = "Zanzibarquetzal";

  @TempDir Path folder;

  @Test
  void noTextOfADocumentIsLogged() throws Exception {
    SparkSession spark = LocalSpark.session();
    String input = folder.resolve("in").toString();
    spark
        .createDataset(
            List.of(
                CANARY,
                CANARY,
                CANARY + "\0",
                ("of " + CANARY + " ").repeat(500),
                "</s>" + CANARY,
                ""),
            Encoders.STRING())
        .toDF("text")
        .selectExpr("text", "nullif('', '') as nothing", "text as id")
        .write()
        .parquet(input);
    String job =
        """
        model { path = "%s", cache-directory = "%s" }
        input.path = "%s"
        output { path = "%s", mode = overwrite, columns = [text] }
        """
            .formatted(
                SharedModel.stories(), folder.resolve("cache"), input, folder.resolve("out"));
    Captured log = new Captured();
    StringBuilder printed = new StringBuilder();
    try {
      for (String task :
          List.of(
              "task = complete, prompt.template = \"{{ text }}\", generation.max-tokens = 4",
              "task = complete, prompt.template = \"{{ text }} {{ nothing }}\"",
              "task = classify, prompt.template = \"{{ text }}\", classify.labels = [a, b]",
              "task = score, score.context = \"{{ text }}\", score.continuation = \"{{ text }}\"",
              "task = complete, prompt.template = \"{{ text }}\", output.format = csv",
              "task = complete, prompt.template = \"{{ text }}\", input.key = [text],"
                  + " output.format = noop",
              "task = complete, prompt.template = \"{{ text }}\", input.key = nothing",
              "task = complete, prompt.template = \"{{ missing }}\"")) {
        JobProcess run = JobProcess.run(folder, job + task);
        printed.append(run.code()).append(' ').append(run.out()).append(run.err());
      }
    } finally {
      log.detach();
    }
    assertThat(log.lines).hasSizeGreaterThan(100);
    assertThat(log.lines).anyMatch(line -> line.contains("Running task"));
    assertThat(log.lines).noneMatch(line -> line.contains(CANARY));
    assertThat(printed.toString())
        .contains(
            "prompt-too-long",
            "null-input",
            "error: ",
            "1 keys of text stand at 2 rows",
            "6 null-key")
        .doesNotContain(CANARY);
  }

  /** Keeps every log event of this process from INFO upwards, with its exceptions. */
  private static final class Captured extends AbstractAppender {
    final Queue<String> lines = new ConcurrentLinkedQueue<>();
    private final LoggerContext context = (LoggerContext) LogManager.getContext(false);
    private final LoggerConfig root = context.getConfiguration().getRootLogger();
    private final Level before = root.getLevel();

    Captured() {
      super("captured", null, null, false, Property.EMPTY_ARRAY);
      start();
      root.addAppender(this, Level.INFO, null);
      root.setLevel(Level.INFO);
      context.updateLoggers();
    }

    void detach() {
      root.removeAppender(getName());
      root.setLevel(before);
      context.updateLoggers();
      stop();
    }

    @Override
    public void append(LogEvent event) {
      StringWriter text = new StringWriter();
      text.append(event.getMessage().getFormattedMessage());
      if (event.getThrown() != null) {
        event.getThrown().printStackTrace(new PrintWriter(text));
      }
      lines.add(text.toString());
    }
  }
}
