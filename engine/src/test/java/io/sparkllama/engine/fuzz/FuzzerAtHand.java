package io.sparkllama.engine.fuzz;

import com.code_intelligence.jazzer.third_party.net.bytebuddy.agent.ByteBuddyAgent;
import java.util.Locale;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Skips fuzz tests where the fuzzer cannot run: it has a native part for few systems, and attaches
 * an agent to its own JVM, which some machines do not allow.
 */
final class FuzzerAtHand implements ExecutionCondition {
  /** All targets together take little more than a minute. */
  static final String DURATION = "10s";

  @Override
  public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
    String system =
        System.getProperty("os.name").toLowerCase(Locale.ROOT)
            + ", "
            + System.getProperty("os.arch");
    if (!system.matches("linux, (amd64|x86_64|aarch64)|mac os x, (x86_64|aarch64)")) {
      return ConditionEvaluationResult.disabled("the fuzzer has no native part for " + system);
    }
    try {
      ByteBuddyAgent.install();
    } catch (IllegalStateException e) {
      return ConditionEvaluationResult.disabled("the fuzzer's agent cannot be attached: " + e);
    }
    return ConditionEvaluationResult.enabled("the fuzzer can run");
  }
}
