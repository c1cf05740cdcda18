package io.sparkllama.engine.api;

import java.util.List;
import java.util.Objects;

/**
 * Carries a prompt's text with the origin of each part, so that a document can never write a
 * special token.
 *
 * <p>Special tokens ({@code <|eot_id|>}, {@code </s>}) are cut only in spans that the template
 * wrote; all other text is tokenized jointly across the borders of spans.
 */
public record Prompt(List<Span> spans) {

  /** Says who wrote a span. */
  public enum Origin {
    TEMPLATE,
    DATA
  }

  /** Holds text of one origin. */
  public record Span(String text, Origin origin) {
    public Span {
      Objects.requireNonNull(text, "text");
      Objects.requireNonNull(origin, "origin");
    }
  }

  public Prompt {
    spans = List.copyOf(spans);
  }

  /** Makes a prompt whose special tokens are honoured: text written by the job's owner. */
  public static Prompt ofTemplate(String text) {
    return new Prompt(List.of(new Span(text, Origin.TEMPLATE)));
  }

  /** Makes a prompt without special tokens: text from outside. */
  public static Prompt ofData(String text) {
    return new Prompt(List.of(new Span(text, Origin.DATA)));
  }

  /** Returns all text, in order, without origins. */
  public String text() {
    StringBuilder text = new StringBuilder();
    spans.forEach(span -> text.append(span.text()));
    return text.toString();
  }
}
