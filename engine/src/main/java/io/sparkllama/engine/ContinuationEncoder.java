package io.sparkllama.engine;

import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.RowError;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Finds the tokens of a text that continues another. */
final class ContinuationEncoder {
  /** What Python's {@code str.rstrip} removes, as the evaluation harness does. */
  private static final String SPACES =
      "\t\n\u000b\f\r\u001c\u001d\u001e\u001f \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005"
          + "\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000";

  private final ModelText text;

  ContinuationEncoder(ModelText text) {
    this.text = text;
  }

  /**
   * Holds a text and where its continuation begins.
   *
   * @param ids of the whole
   * @param contextTokens ids before the continuation
   */
  record Split(int[] ids, int contextTokens) {}

  /**
   * Tokenizes context and continuation together and cuts at the length of the context's own tokens,
   * once its trailing spaces have moved into the continuation. A continuation that has text keeps
   * at least the last token, where the border's token would swallow it.
   */
  Split split(Prompt context, Prompt continuation) {
    List<Prompt.Span> head = new ArrayList<>(context.spans());
    List<Prompt.Span> tail = new ArrayList<>(continuation.spans());
    moveTrailingSpaces(head, tail);
    int[] contextIds = text.encodeWithBos(new Prompt(head));
    boolean empty = tail.stream().allMatch(span -> span.text().isEmpty());
    if (empty) {
      return new Split(contextIds, contextIds.length);
    }
    List<Prompt.Span> joint = new ArrayList<>(head);
    joint.addAll(tail);
    int[] ids = text.encodeWithBos(new Prompt(joint));
    int border = Math.min(contextIds.length, ids.length - 1);
    if (border < 1) {
      throw new RowException(
          RowError.INVALID_TEXT,
          "The model begins no text by itself (it has no BOS): give the continuation a context",
          0);
    }
    return new Split(ids, border);
  }

  /**
   * Returns a label's tokens after a prompt: what joint tokenization adds to the prompt's own
   * tokens. Where the border's characters would join into one token, the label is tokenized by
   * itself, as at the beginning of a line; where it would join the line break too, as a whole text.
   * The begin token is never part of it.
   */
  int[] label(Prompt prompt, int[] promptIds, String label) {
    int[] joint = text.encodeWithBos(followedBy(prompt, label));
    if (startsWith(joint, promptIds)) {
      return Arrays.copyOfRange(joint, promptIds.length, joint.length);
    }
    Prompt line = Prompt.ofData("\n");
    int[] lineIds = text.encodeWithBos(line);
    int[] onLine = text.encodeWithBos(followedBy(line, label));
    if (startsWith(onLine, lineIds)) {
      return Arrays.copyOfRange(onLine, lineIds.length, onLine.length);
    }
    int framing = text.encodeWithBos(Prompt.ofData("")).length;
    int[] alone = text.encodeWithBos(Prompt.ofData(label));
    return Arrays.copyOfRange(alone, framing, alone.length);
  }

  private static Prompt followedBy(Prompt prompt, String label) {
    List<Prompt.Span> spans = new ArrayList<>(prompt.spans());
    spans.add(new Prompt.Span(label, Prompt.Origin.DATA));
    return new Prompt(spans);
  }

  private static boolean startsWith(int[] ids, int[] start) {
    return ids.length > start.length && Arrays.equals(ids, 0, start.length, start, 0, start.length);
  }

  private static void moveTrailingSpaces(List<Prompt.Span> head, List<Prompt.Span> tail) {
    while (!head.isEmpty()) {
      Prompt.Span last = head.remove(head.size() - 1);
      int end = last.text().length();
      while (end > 0 && SPACES.indexOf(last.text().charAt(end - 1)) >= 0) {
        end--;
      }
      if (end < last.text().length()) {
        tail.add(0, new Prompt.Span(last.text().substring(end), last.origin()));
      }
      if (end > 0) {
        head.add(new Prompt.Span(last.text().substring(0, end), last.origin()));
        return;
      }
    }
  }
}
