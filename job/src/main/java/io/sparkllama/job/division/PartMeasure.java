package io.sparkllama.job.division;

import io.sparkllama.engine.api.TemplateException;

/** Measures, by the model's own tokenizer, what a part of a text takes of the context. */
public interface PartMeasure {
  /**
   * Returns the tokens of the whole prompt with a text in the document's place.
   *
   * @throws io.sparkllama.engine.api.TemplateException where the template refuses it
   * @throws io.sparkllama.engine.api.InvalidTextException where the vocabulary cannot express it
   */
  int promptTokens(String text);

  /** Returns the tokens of a text by itself; throws as the other. */
  int textTokens(String text);

  /**
   * Returns the tokens of a prompt that are not the document's, about. No prompt is asked for whose
   * document is empty: a template may refuse it.
   *
   * @param text not empty
   */
  default int otherTokens(String text) {
    String first = text.substring(0, Characters.borderFrom(text, 1));
    try {
      return otherTokensBeside(first);
    } catch (TemplateException tooLittle) {
      // It may refuse a blank, or so short a document, and none of the parts.
      return otherTokensBeside(text);
    }
  }

  private int otherTokensBeside(String text) {
    return promptTokens(text) - (textTokens(text) - textTokens(""));
  }

  /**
   * Returns the most tokens that a prompt may have, an answer's room taken off.
   *
   * @param otherTokens what of the prompt is not the document's
   */
  int limit(int otherTokens);
}
