package io.sparkllama.job.division;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Joins texts by line feeds into the fewest groups whose prompts fit, neighbours together, groups
 * of about equal length. No text is cut.
 */
public final class TextGroups {
  private static final String SEPARATOR = "\n";

  private final PartMeasure measure;

  public TextGroups(PartMeasure measure) {
    this.measure = measure;
  }

  /** Joins all texts, whatever their length. */
  public static String joined(List<String> texts) {
    return String.join(SEPARATOR, texts);
  }

  /**
   * Groups texts, at least two.
   *
   * @param most groups; each level of a summary must have fewer texts than the one before it
   * @return the joined texts of each group; nothing where so few groups do not fit
   */
  public Optional<List<String>> of(List<String> texts, int most) {
    String all = joined(texts);
    int whole = measure.promptTokens(all);
    int other = measure.otherTokens(all);
    int limit = measure.limit(other);
    if (whole <= limit) {
      return Optional.of(List.of(all));
    }
    Borders borders = new Borders();
    int begin = measure.textTokens(""); // what every text by itself has, and a joined one once
    double tokens = 0;
    for (int i = 0; i < texts.size(); i++) {
      tokens += measure.textTokens(texts.get(i) + SEPARATOR) - begin;
      borders.add(i + 1, Borders.SENTENCE, tokens);
    }
    return FittingCuts.of(
            new FittingCuts.Bounds(limit, other, most),
            room -> borders,
            (from, to) -> measure.promptTokens(joined(texts.subList(from, to))))
        .map(cuts -> groups(texts, cuts));
  }

  private static List<String> groups(List<String> texts, int[] cuts) {
    List<String> groups = new ArrayList<>();
    for (int i = 1; i < cuts.length; i++) {
      groups.add(joined(texts.subList(cuts[i - 1], cuts[i])));
    }
    return groups;
  }
}
