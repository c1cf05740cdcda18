package io.sparkllama.job;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Holds the arrows of the architecture on the job's side. */
class ArchitectureTest {
  private static final String ROOT = "io.sparkllama.job";

  private static JavaClasses classes;

  @BeforeAll
  static void readClasses() {
    classes =
        new ClassFileImporter(List.of(new ImportOption.DoNotIncludeTests())).importPackages(ROOT);
  }

  @Test
  void jobSeesTheEnginesFacadesOnly() {
    noClasses()
        .that()
        .resideOutsideOfPackage(ROOT + ".plugin..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "io.sparkllama.engine.gguf..",
            "io.sparkllama.engine.model..",
            "io.sparkllama.engine.tokenizer..",
            "io.sparkllama.engine.constraint..",
            "io.sparkllama.engine.scheduler..",
            "io.sparkllama.engine.runner..",
            "io.sparkllama.engine.jni..",
            "io.sparkllama.engine.cli..")
        .check(classes);
  }

  /** Who wants a Delta table brings Delta Lake: all others run without. */
  @Test
  void nothingNeedsDeltasClasses() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("io.delta..", "org.apache.spark.sql.delta..")
        .check(classes);
  }

  @Test
  void packagesHaveNoCycles() {
    slices().matching(ROOT + ".(*)..").should().beFreeOfCycles().check(classes);
  }

  @Test
  void onlyTheMainClassSpeaksToTheProcessItself() {
    noClasses()
        .that()
        .doNotBelongToAnyOf(GenerateJob.class)
        .should()
        .accessField(System.class, "out")
        .orShould()
        .accessField(System.class, "err")
        .orShould()
        .callMethod(System.class, "exit", int.class)
        .check(classes);
  }
}
