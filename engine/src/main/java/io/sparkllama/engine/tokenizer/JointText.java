package io.sparkllama.engine.tokenizer;

import io.sparkllama.engine.api.InvalidTextException;
import io.sparkllama.engine.api.Prompt;

/** Joins a prompt's spans into one text that remembers which stretches the template wrote. */
final class JointText {
  private final String text;
  private final IntList ends = new IntList(16); // of stretches of one origin, alternating
  private final boolean firstIsTemplate;

  /** Joins spans; neighbours of one origin become one stretch. */
  JointText(Prompt prompt) {
    StringBuilder joint = new StringBuilder();
    Prompt.Origin first = null;
    Prompt.Origin last = null;
    for (Prompt.Span span : prompt.spans()) {
      if (span.text().isEmpty()) {
        continue;
      }
      if (last == null) {
        first = span.origin();
      } else if (last != span.origin()) {
        ends.add(joint.length());
      }
      last = span.origin();
      joint.append(span.text());
    }
    ends.add(joint.length());
    firstIsTemplate = first == Prompt.Origin.TEMPLATE;
    text = joint.toString();
    refuseLoneSurrogates(text);
  }

  String text() {
    return text;
  }

  int stretches() {
    return ends.size();
  }

  /** Returns the end of a stretch. */
  int end(int stretch) {
    return ends.get(stretch);
  }

  boolean isTemplate(int stretch) {
    return stretch % 2 == 0 == firstIsTemplate;
  }

  private static void refuseLoneSurrogates(String text) {
    int at = 0;
    while (at < text.length()) {
      char unit = text.charAt(at);
      if (!Character.isSurrogate(unit)) {
        at++;
      } else if (Character.isHighSurrogate(unit)
          && at + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(at + 1))) {
        at += 2;
      } else {
        throw new InvalidTextException(
            String.format(
                "text holds half of a surrogate pair, which is no character: U+%04X at index %d of"
                    + " the prompt",
                (int) unit, at));
      }
    }
  }
}
