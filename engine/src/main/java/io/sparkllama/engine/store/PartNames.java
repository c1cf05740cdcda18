package io.sparkllama.engine.store;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Tells the file names of a split model's parts: {@code NAME-00001-of-00003.gguf} and so on. */
public final class PartNames {
  private static final Pattern SPLIT = Pattern.compile("(.*)-(\\d{5})-of-(\\d{5})\\.gguf");

  private PartNames() {}

  /**
   * Returns the names of all parts of the model that {@code name} is a part of, in order; the name
   * itself where it is no part.
   *
   * @throws IllegalArgumentException where the name counts a part that cannot be
   */
  public static List<String> of(String name) {
    Matcher matcher = SPLIT.matcher(name);
    if (!matcher.matches()) {
      return List.of(name);
    }
    int part = Integer.parseInt(matcher.group(2));
    int count = Integer.parseInt(matcher.group(3));
    if (part < 1 || part > count) {
      throw new IllegalArgumentException(
          "the file's name says that it is a part of a split model that cannot be: " + name);
    }
    List<String> names = new ArrayList<>(count);
    for (int i = 1; i <= count; i++) {
      names.add(String.format(Locale.ROOT, "%s-%05d-of-%05d.gguf", matcher.group(1), i, count));
    }
    return names;
  }

  /** Tells whether a name stays in its directory and on its line. */
  static boolean isPlain(String name) {
    return name != null
        && !name.isEmpty()
        && !name.equals(".")
        && !name.equals("..")
        && !name.equals(ModelManifest.FILE_NAME)
        && !name.equals(PackedPlace.FOLDER_NAME)
        && !name.equals(CopyJournal.FILE_NAME)
        && name.chars().noneMatch(c -> c == '/' || c == '\\' || Character.isISOControl(c));
  }
}
