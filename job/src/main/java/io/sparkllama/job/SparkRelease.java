package io.sparkllama.job;

import io.sparkllama.engine.api.InvalidConfigurationException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Refuses a Spark that this job cannot run on, before any class of Spark's is used: one that is too
 * old lacks methods, and would say so in the middle of the work.
 */
final class SparkRelease {
  /** Spark's own description of its build, which it cannot start without. */
  static final String DESCRIPTION = "spark-version-info.properties";

  private static final int OLDEST_MAJOR = 4;
  private static final Pattern MAJOR = Pattern.compile("([0-9]{1,6})\\..*");

  private SparkRelease() {}

  /**
   * Looks at the Spark whose classes a loader finds.
   *
   * @throws InvalidConfigurationException where there is none, or one before 4.0
   */
  static void requireSupported(ClassLoader classes) throws IOException {
    requireSupported(version(classes));
  }

  /** Takes releases of Apache's and what vendors make of them, such as {@code 4.1.3-vendor-2}. */
  static void requireSupported(String version) {
    Matcher major = MAJOR.matcher(version);
    if (!major.matches() || Integer.parseInt(major.group(1)) < OLDEST_MAJOR) {
      throw new InvalidConfigurationException(
          "This Spark is too old: submit the job to Spark 4.0, 4.1 or 4.2: its version is "
              + version);
    }
  }

  private static String version(ClassLoader classes) throws IOException {
    Properties description = new Properties();
    try (InputStream in = classes.getResourceAsStream(DESCRIPTION)) {
      if (in != null) {
        description.load(in);
      }
    }
    String version = description.getProperty("version", "");
    if (version.isEmpty()) {
      throw new InvalidConfigurationException(
          "Spark is not on the class path: start the job by spark-submit or by scripts/sparkllama");
    }
    return version;
  }
}
