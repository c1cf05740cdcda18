package io.sparkllama.job.division;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Divides a document into consecutive parts whose prompts fit: the fewest, of about equal length,
 * cut at the ends of sentences where there are any, else at white space, else between characters.
 * Parts joined are the document, character for character.
 *
 * <p>The result depends on the text and the measure alone. The text is tokenized about four times:
 * as a whole, in grains, and in its parts, once more where an estimate was too good. Where
 * estimates are of no use, as with a few tokens for a part, halves are taken of what does not fit.
 */
public final class DocumentDivider {
  /** Bounds what one row may ask of the engine; a longer document is not divided. */
  public static final int MOST_PARTS = 10_000;

  private static final int GRAINS_OF_A_PART = 16;

  private final PartMeasure measure;

  public DocumentDivider(PartMeasure measure) {
    this.measure = measure;
  }

  /**
   * Divides a document; one that fits is one part.
   *
   * @return nothing where it is too long and no division of it fits
   */
  public Optional<List<String>> divide(String text) {
    int whole = measure.promptTokens(text);
    if (whole <= measure.limit(0)) {
      return Optional.of(List.of(text));
    }
    if (text.isEmpty()) {
      return Optional.empty();
    }
    int other = measure.otherTokens(text);
    int limit = measure.limit(other);
    if (whole <= limit) {
      return Optional.of(List.of(text));
    }
    FittingCuts.Bounds bounds = new FittingCuts.Bounds(limit, other, MOST_PARTS);
    int documentTokens = Math.max(1, whole - other);
    if (bounds.room() < 1 || documentTokens / bounds.room() > MOST_PARTS) {
      return Optional.empty();
    }
    int grains = (int) Math.ceil(documentTokens / bounds.room()) * GRAINS_OF_A_PART;
    TokenProfile profile = TokenProfile.of(text, grains, documentTokens, measure::textTokens);
    return FittingCuts.of(
            bounds,
            room -> BorderSearch.of(text, profile, room),
            (from, to) -> measure.promptTokens(text.substring(from, to)))
        .or(() -> new Halves(text, measure, limit).cuts(MOST_PARTS))
        .map(cuts -> parts(text, cuts));
  }

  private static List<String> parts(String text, int[] cuts) {
    List<String> parts = new ArrayList<>();
    for (int i = 1; i < cuts.length; i++) {
      parts.add(text.substring(cuts[i - 1], cuts[i]));
    }
    return parts;
  }
}
