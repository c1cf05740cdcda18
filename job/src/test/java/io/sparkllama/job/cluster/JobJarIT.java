package io.sparkllama.job.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Looks into the jar that spark-submit gets. */
class JobJarIT {
  /** What may lie outside of our own packages. */
  private static final List<String> ALLOWED =
      List.of(
          "META-INF/MANIFEST.MF",
          "META-INF/LICENSE",
          "META-INF/NOTICE",
          "META-INF/licenses/progressbar.txt",
          "META-INF/licenses/jline.txt",
          "META-INF/licenses/icu4j.txt",
          "META-INF/licenses/lucene.txt",
          "META-INF/services/org/jline/terminal/provider/exec",
          "io/sparkllama/");

  /** Packages that the jar brings under another name, as class files write them. */
  private static final List<String> RELOCATED =
      List.of(
          "com/typesafe/config/",
          "picocli/CommandLine",
          "me/tongfei/",
          "org/jline/",
          "com/ibm/icu/",
          "org/apache/lucene/");

  private static JarFile jar;

  @BeforeAll
  static void open() throws IOException {
    jar = new JarFile(Path.of(System.getProperty("sparkllama.job-jar")).toFile());
  }

  @AfterAll
  static void close() throws IOException {
    jar.close();
  }

  @Test
  void holdsNothingThatAClusterCarries() {
    assertThat(jar.stream().filter(entry -> !entry.isDirectory()).map(JarEntry::getName))
        .allMatch(name -> ALLOWED.stream().anyMatch(name::startsWith));
  }

  @Test
  void holdsTheEngineItsNativeLibraryAndTheJob() {
    assertThat(jar.stream().map(JarEntry::getName))
        .contains(
            "io/sparkllama/engine/api/EngineOptions.class",
            "io/sparkllama/shaded/config/Config.class",
            "io/sparkllama/shaded/picocli/CommandLine.class",
            "io/sparkllama/shaded/progressbar/ProgressBar.class",
            "io/sparkllama/shaded/jline/terminal/Terminal.class",
            "io/sparkllama/shaded/icu/text/BreakIterator.class",
            "io/sparkllama/shaded/lucene/util/automaton/Automaton.class")
        .anyMatch(name -> name.startsWith("io/sparkllama/job/") && name.endsWith(".class"))
        .anyMatch(name -> name.startsWith("io/sparkllama/") && name.endsWith(".so"))
        .doesNotHaveDuplicates();
  }

  @Test
  void noClassLooksForAnotherVersionOfWhatTheJarBrings() throws IOException {
    TreeSet<String> strays = new TreeSet<>();
    for (JarEntry entry : jar.stream().filter(e -> e.getName().endsWith(".class")).toList()) {
      String constants = new String(read(entry.getName()), StandardCharsets.ISO_8859_1);
      for (String name : RELOCATED) {
        for (int at = constants.indexOf(name); at >= 0; at = constants.indexOf(name, at + 1)) {
          if (!isRelocated(constants, at, name)) {
            strays.add(entry.getName() + ": " + name);
          }
        }
      }
    }
    assertThat(strays).isEmpty();
  }

  /** Tells whether a name stands behind the shaded prefix, or in the path of jline's services. */
  private static boolean isRelocated(String constants, int at, String name) {
    String before = constants.substring(Math.max(0, at - 24), at);
    return before.endsWith("META-INF/services/")
        || (name.startsWith("picocli") && before.endsWith("io/sparkllama/shaded/"));
  }

  /**
   * Runs what is left of a library, with nothing beside it, in a language that it has rules for.
   */
  @Test
  void findsTheEndsOfSentencesByItself() throws Exception {
    Locale before = Locale.getDefault();
    Locale.setDefault(Locale.forLanguageTag("el-GR"));
    try (URLClassLoader alone = jarAlone()) {
      Constructor<?> constructor =
          alone
              .loadClass("io.sparkllama.job.division.SentenceEnds")
              .getDeclaredConstructor(String.class);
      constructor.setAccessible(true);
      Object ends = constructor.newInstance("Is it? It is; \u4f60\u597d\u3002\u662f");
      Method next = ends.getClass().getDeclaredMethod("next");
      next.setAccessible(true);
      assertThat(next.invoke(ends)).isEqualTo(7);
      assertThat(next.invoke(ends)).isEqualTo(17); // a semicolon ends a question in Greek alone
      assertThat(next.invoke(ends)).isEqualTo(18);
    } finally {
      Locale.setDefault(before);
    }
  }

  /** Runs what is left of Lucene, with what it does where automata become too large. */
  @Test
  void compilesConstraintsByItself() throws Exception {
    try (URLClassLoader alone = jarAlone()) {
      String api = "io.sparkllama.engine.api.";
      Constructor<?> regex =
          alone.loadClass(api + "AnswerConstraint$Regex").getConstructor(String.class);
      Method compile =
          alone
              .loadClass("io.sparkllama.engine.constraint.ConstraintCompiler")
              .getDeclaredMethod("compile", alone.loadClass(api + "AnswerConstraint"));
      compile.setAccessible(true);
      assertThat(compile.invoke(null, regex.newInstance("(\\p{L}+ ?){1,3}|[0-9]{2,}"))).isNotNull();
      Object tooLarge = regex.newInstance("(a|b)*a(a|b){30}");
      assertThatThrownBy(() -> compile.invoke(null, tooLarge))
          .cause()
          .hasMessageContaining("is too large");
    }
  }

  private static URLClassLoader jarAlone() throws IOException {
    return new URLClassLoader(
        new URL[] {Path.of(jar.getName()).toUri().toURL()}, ClassLoader.getPlatformClassLoader());
  }

  @Test
  void carriesItsLicences() throws IOException {
    assertThat(text("META-INF/LICENSE")).contains("Apache License").contains("Version 2.0");
    assertThat(text("META-INF/NOTICE"))
        .contains("spark-llama", "Typesafe Config", "picocli", "progressbar", "JLine", "ICU4J")
        .contains("Lucene");
    assertThat(text("META-INF/licenses/progressbar.txt")).contains("Tongfei Chen");
    assertThat(text("META-INF/licenses/jline.txt")).contains("JLine");
    assertThat(text("META-INF/licenses/icu4j.txt")).contains("UNICODE LICENSE V3");
    assertThat(text("META-INF/licenses/lucene.txt")).contains("Lucene");
  }

  private static String text(String name) throws IOException {
    return new String(read(name), StandardCharsets.UTF_8);
  }

  private static byte[] read(String name) throws IOException {
    try (InputStream in = jar.getInputStream(jar.getJarEntry(name))) {
      return in.readAllBytes();
    }
  }
}
