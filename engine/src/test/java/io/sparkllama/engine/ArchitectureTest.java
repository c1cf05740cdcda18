package io.sparkllama.engine;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Holds the arrows of the architecture: which package may see which. */
class ArchitectureTest {
  private static final String ROOT = "io.sparkllama.engine";

  private static JavaClasses classes;

  @BeforeAll
  static void readClasses() {
    classes =
        new ClassFileImporter(List.of(new ImportOption.DoNotIncludeTests())).importPackages(ROOT);
  }

  @Test
  void engineKnowsNothingOfSpark() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "org.apache.spark..", "org.apache.hadoop..", "scala..", "io.sparkllama.job..")
        .check(classes);
  }

  @Test
  void packagesSeeOnlyWhatTheirLayerAllows() {
    allow("api");
    allow("gguf", "api");
    allow("model", "api", "gguf");
    allow("tokenizer", "api", "gguf");
    allow("constraint", "api", "tokenizer");
    allow("chat", "api");
    allow("importer.json", "api");
    allow("importer.checkpoint", "api", "gguf", "importer.json");
    allow("importer.family", "api", "gguf", "importer.json");
    allow("importer.vocabulary", "api", "gguf", "tokenizer", "importer.json");
    allow(
        "importer",
        "api",
        "gguf",
        "model",
        "importer.json",
        "importer.checkpoint",
        "importer.family",
        "importer.vocabulary");
    allow("scheduler", "api");
    allow("jni", "api");
    allow("quantization", "api", "gguf", "model", "jni");
    allow("store", "api", "gguf", "model", "jni");
    allow("runner", "api", "gguf", "model", "jni", "store");
  }

  @Test
  void packagesHaveNoCycles() {
    slices().matching(ROOT + ".(*)..").should().beFreeOfCycles().check(classes);
  }

  @Test
  void onlyJniDeclaresNativeMethods() {
    methods()
        .that()
        .areDeclaredInClassesThat()
        .resideOutsideOfPackage(ROOT + ".jni")
        .should()
        .notHaveModifier(JavaModifier.NATIVE)
        .check(classes);
  }

  @Test
  void libraryPackagesDoNotPrint() {
    noClasses()
        .that()
        .resideOutsideOfPackage(ROOT + ".cli..")
        .should()
        .accessField(System.class, "out")
        .orShould()
        .accessField(System.class, "err")
        .check(classes);
  }

  private static void allow(String name, String... others) {
    String own = ROOT + "." + name;
    List<String> allowed = Arrays.stream(others).map(other -> ROOT + "." + other).toList();
    DescribedPredicate<JavaClass> forbidden =
        DescribedPredicate.describe(
            "are of this engine but neither in " + own + " nor in " + allowed,
            type ->
                type.getPackageName().startsWith(ROOT)
                    && !type.getPackageName().equals(own)
                    && !allowed.contains(type.getPackageName()));
    noClasses()
        .that()
        .resideInAPackage(own)
        .should()
        .dependOnClassesThat(forbidden)
        .allowEmptyShould(true)
        .check(classes);
  }
}
