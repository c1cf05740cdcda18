package io.sparkllama.engine.importer.vocabulary;

import io.sparkllama.engine.importer.json.JsonObject;
import java.util.List;
import java.util.Optional;

/**
 * Says which tokens a tokenizer.json puts around every text.
 *
 * @param startsWith the id of the first
 * @param endsWith the id of the last
 */
record TextFrame(Optional<Integer> startsWith, Optional<Integer> endsWith) {
  static TextFrame of(JsonObject tokenizer) {
    for (JsonObject step : TextSteps.of(tokenizer, "post_processor", "processors")) {
      if (step.text("type").equals("TemplateProcessing")) {
        List<JsonObject> pieces = step.objects("single");
        if (!pieces.isEmpty()) {
          return new TextFrame(id(step, pieces.get(0)), id(step, pieces.get(pieces.size() - 1)));
        }
      }
    }
    return new TextFrame(Optional.empty(), Optional.empty());
  }

  private static Optional<Integer> id(JsonObject step, JsonObject piece) {
    Optional<JsonObject> special = piece.optionalObject("SpecialToken");
    if (special.isEmpty()) {
      return Optional.empty();
    }
    JsonObject token = step.object("special_tokens").object(special.get().text("id"));
    int[] ids = token.wholeNumbers("ids");
    if (ids.length != 1) {
      throw token.invalid("ids", "must be one id");
    }
    return Optional.of(ids[0]);
  }
}
