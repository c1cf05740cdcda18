package io.sparkllama.job;

import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.job.config.JobFile;
import io.sparkllama.job.config.OutputKeys;
import io.sparkllama.job.durable.RunStoppedException;
import io.sparkllama.job.durable.StopRequest;
import io.sparkllama.job.report.BatchReport;
import io.sparkllama.job.report.FailureSentence;
import io.sparkllama.job.report.InputReport;
import io.sparkllama.job.report.JobSummary;
import io.sparkllama.job.report.PlanReport;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * Runs a job file: the main class for {@code spark-submit} and for the launcher.
 *
 * <p>Exit codes: 0 when every row of the input is in the output, rows with an error in their column
 * included; 1 on failure; 2 on bad usage, configuration or model; 75 when a limit or a signal ended
 * the job early, and another run can go on; 3 when rows or files of the input were set aside, or
 * the engine could not run some rows, and all others are in the output.
 */
@Command(
    name = "GenerateJob",
    description = "Runs a job file: rows through a model, Parquet to Parquet.",
    sortOptions = false,
    footer = {
      "",
      "Exit codes: 0 success, 1 failure, 2 bad usage, configuration or model,",
      "3 done, with rows or files set aside,",
      "75 stopped early by a limit or a signal: the same command goes on,",
      "with output.mode = resume, which is the default.",
      "Progress, logs and the summary go to standard error."
    })
public final class GenerateJob implements Callable<Integer> {
  static final int FAILURE = 1;
  static final int BAD_INPUT = 2;
  static final int SET_ASIDE = 3;
  static final int STOPPED_EARLY = 75;

  private static final String TERMINAL = "sparkllama.terminal";
  private static final String LOG_SETTINGS = "log4j2.configurationFile";

  @Option(
      names = "--conf-file",
      required = true,
      paramLabel = "CONF",
      description = "The job file (HOCON); its keys are in docs/configuration.md.")
  private Path confFile;

  @Option(names = "--json", description = "Prints one JSON object on standard output.")
  private boolean json;

  @Option(
      names = "--plan",
      description = "Says on standard output what the job will take, and writes nothing.")
  private boolean plan;

  @Option(
      names = "--replay",
      description =
          "Tries the rows again that the engine could not run, in place of new ones of the input.")
  private boolean replay;

  @Option(
      names = "--list",
      description = "With --replay: lists these rows on standard output, and tries none.")
  private boolean list;

  @Option(
      names = "--exit-zero",
      description =
          "Ends with 0 instead of 3 and 75, for managers that know no other success; the summary"
              + " tells them apart.")
  private boolean exitZero;

  @Option(
      names = "--progress",
      description = "Draws the progress bar where standard error is no terminal, too.")
  private boolean progress;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Shows this help.")
  private boolean help;

  @Parameters(
      arity = "0..*",
      paramLabel = "key=value",
      description = "Keys that win over the job file's.")
  private final List<String> overrides = new ArrayList<>();

  private boolean signals; // whether the process is this job's own

  private final PrintStream out;
  private final PrintStream err;

  private final StopRequest stop;

  private GenerateJob(PrintStream out, PrintStream err, StopRequest stop) {
    this.stop = stop;
    this.out = out;
    this.err = err;
  }

  /** Runs a job and ends the process with its exit code. */
  public static void main(String[] arguments) {
    boolean submitted = isSubmitted(System.getProperties());
    if (!submitted && System.getProperty(LOG_SETTINGS) == null) {
      // Before anything logs. Under spark-submit the cluster's own settings hold.
      System.setProperty(LOG_SETTINGS, "classpath:io/sparkllama/job/log4j2.properties");
    }
    GenerateJob job = new GenerateJob(System.out, System.err, new StopRequest());
    job.signals = true;
    int code = execute(job, arguments);
    if (code != 0 || !submitted) {
      System.exit(code); // a submitted driver that succeeds leaves its end to Spark
    }
  }

  /**
   * Tells whether Spark started this driver: spark-submit marks its own JVM, and gives its settings
   * to a driver that it starts inside a cluster.
   */
  static boolean isSubmitted(Properties properties) {
    return Stream.of("SPARK_SUBMIT", "spark.submit.deployMode", "spark.master")
        .anyMatch(name -> properties.getProperty(name) != null);
  }

  /**
   * Runs a job in this process and returns its exit code. A session that is there already is used,
   * and stays.
   */
  public static int run(String[] arguments, PrintStream out, PrintStream err) {
    return execute(new GenerateJob(out, err, new StopRequest()), arguments);
  }

  private static int execute(GenerateJob job, String[] arguments) {
    PrintStream out = job.out;
    PrintStream err = job.err;
    return new CommandLine(job)
        .setExpandAtFiles(false) // a value may begin with @
        .setOut(new java.io.PrintWriter(out, true, java.nio.charset.StandardCharsets.UTF_8))
        .setErr(new java.io.PrintWriter(err, true, java.nio.charset.StandardCharsets.UTF_8))
        .setExecutionExceptionHandler((failure, line, parsed) -> report(failure, err))
        .execute(arguments);
  }

  @Override
  public Integer call() throws Exception {
    SparkRelease.requireSupported(GenerateJob.class.getClassLoader());
    if (replay ? plan : list) {
      throw new InvalidConfigurationException(
          "--list needs --replay, and --replay takes no --plan: name one thing to do.");
    }
    JobConfig config = JobConfig.of(JobFile.read(confFile, settings()));
    if (list) {
      DeadLetterList letters = DeadLetterList.of(config);
      out.print(json ? letters.json() : letters.text());
      return 0;
    }
    if (plan) {
      PlanReport report = new JobPlan(config).report();
      out.print(json ? report.json() + "\n" : report.text());
      return 0;
    }
    if (signals) {
      int grace = config.values().value(OutputKeys.LIMIT_SHUTDOWN_GRACE);
      ProcessSignals.listen(
          stop, Duration.ofSeconds(grace), () -> Runtime.getRuntime().halt(STOPPED_EARLY));
    }
    boolean bar = progress || isTerminal();
    JobSummary summary =
        new JobRun(config, bar, err, stop, replay ? RowOrigin.DEAD_LETTERS : RowOrigin.INPUT).run();
    err.print(summary.text());
    if (json) {
      out.println(summary.json());
    }
    return exitZero ? 0 : code(summary);
  }

  /** A replay goes on with rows that are there, also where the job file would make others. */
  private List<String> settings() {
    List<String> settings = new ArrayList<>(overrides);
    if (replay) {
      settings.add(OutputKeys.OUTPUT_MODE.path() + "=resume");
      settings.add(OutputKeys.OUTPUT_CHANGED.path() + "=refuse");
    }
    return settings;
  }

  private static int code(JobSummary summary) {
    if (summary.stop().isPresent()) {
      return STOPPED_EARLY;
    }
    boolean setAside =
        summary.input().filter(InputReport::hasSetAside).isPresent()
            || summary.batches().filter(BatchReport::hasDeadLetters).isPresent();
    return setAside ? SET_ASIDE : 0;
  }

  /** The launcher knows; without it, a console means a terminal only up to Java 21. */
  private static boolean isTerminal() {
    String launcher = System.getProperty(TERMINAL);
    return launcher != null
        ? Boolean.parseBoolean(launcher)
        : Runtime.version().feature() < 22 && System.console() != null;
  }

  private static int report(Throwable failure, PrintStream err) {
    if (failure instanceof RunStoppedException) {
      err.println(failure.getMessage());
      return STOPPED_EARLY;
    }
    FailureSentence sentence = FailureSentence.of(failure);
    err.println("error: " + sentence.text());
    if (sentence.kind() == FailureSentence.Kind.UNEXPECTED) {
      failure.printStackTrace(err);
    }
    return sentence.kind() == FailureSentence.Kind.REFUSED ? BAD_INPUT : FAILURE;
  }
}
