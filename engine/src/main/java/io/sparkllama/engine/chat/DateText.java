package io.sparkllama.engine.chat;

import java.time.LocalDateTime;
import java.time.temporal.ChronoField;
import java.time.temporal.IsoFields;
import java.util.Locale;

/** Writes the run's date as C's {@code strftime} does in the plain locale. */
final class DateText {
  private final Rendering rendering;
  private final LocalDateTime now;

  DateText(Rendering rendering) {
    this.rendering = rendering;
    this.now = rendering.now();
  }

  /** Fills the fields of a format; what is no field stays as it is. */
  MarkedText format(MarkedText format) {
    String chars = format.chars();
    MarkedTextBuilder out = rendering.newText();
    int at = 0;
    while (at < chars.length()) {
      int next = chars.indexOf('%', at);
      next = next < 0 ? chars.length() : next;
      out.append(format, at, next);
      if (next == chars.length()) {
        break;
      }
      int letter = next + 1;
      boolean bare = letter < chars.length() && chars.charAt(letter) == '-';
      letter += bare ? 1 : 0;
      String field = letter < chars.length() ? field(chars.charAt(letter)) : null;
      if (field == null) {
        out.append(format, next, Math.min(chars.length(), letter + 1));
      } else {
        boolean isData = format.substring(next, letter + 1).hasData();
        out.append(bare ? withoutPadding(field) : field, isData);
      }
      at = Math.min(chars.length(), letter + 1);
    }
    return out.build();
  }

  private static String withoutPadding(String field) {
    int start = 0;
    while (start < field.length() - 1
        && (field.charAt(start) == '0' || field.charAt(start) == ' ')) {
      start++;
    }
    return field.substring(start);
  }

  private String field(char letter) {
    return switch (letter) {
      case 'a' -> dayName().substring(0, 3);
      case 'A' -> dayName();
      case 'b', 'h' -> monthName().substring(0, 3);
      case 'B' -> monthName();
      case 'c' -> fields("a b e T Y", " ");
      case 'C' -> two(now.getYear() / 100);
      case 'd' -> two(now.getDayOfMonth());
      case 'D', 'x' -> fields("m d y", "/");
      case 'e' -> String.format(Locale.ROOT, "%2d", now.getDayOfMonth());
      case 'f' -> String.format(Locale.ROOT, "%06d", now.getNano() / 1000);
      case 'F' -> fields("Y m d", "-");
      case 'g' -> two(weekYear() % 100);
      case 'G' -> Integer.toString(weekYear());
      case 'H' -> two(now.getHour());
      case 'I' -> two(twelveHours());
      case 'j' -> String.format(Locale.ROOT, "%03d", now.getDayOfYear());
      case 'k' -> String.format(Locale.ROOT, "%2d", now.getHour());
      case 'l' -> String.format(Locale.ROOT, "%2d", twelveHours());
      case 'm' -> two(now.getMonthValue());
      case 'M' -> two(now.getMinute());
      case 'n' -> "\n";
      case 'p' -> now.getHour() < 12 ? "AM" : "PM";
      case 'P' -> now.getHour() < 12 ? "am" : "pm";
      case 'r' -> fields("I M S", ":") + " " + field('p');
      case 'R' -> fields("H M", ":");
      case 'S' -> two(now.getSecond());
      case 't' -> "\t";
      case 'T', 'X' -> fields("H M S", ":");
      case 'u' -> Integer.toString(now.getDayOfWeek().getValue());
      case 'U' -> two((now.getDayOfYear() + 6 - now.getDayOfWeek().getValue() % 7) / 7);
      case 'V' -> two(now.get(IsoFields.WEEK_OF_WEEK_BASED_YEAR));
      case 'w' -> Integer.toString(now.getDayOfWeek().getValue() % 7);
      case 'W' -> two((now.getDayOfYear() + 6 - (now.getDayOfWeek().getValue() + 6) % 7) / 7);
      case 'y' -> two(now.getYear() % 100);
      case 'Y' -> Integer.toString(now.getYear());
      case 'z', 'Z' -> ""; // the run's date has no zone
      case '%' -> "%";
      default -> null;
    };
  }

  private String dayName() {
    String name = now.getDayOfWeek().name();
    return name.charAt(0) + name.substring(1).toLowerCase(Locale.ROOT);
  }

  private String monthName() {
    String name = now.getMonth().name();
    return name.charAt(0) + name.substring(1).toLowerCase(Locale.ROOT);
  }

  private int twelveHours() {
    return now.get(ChronoField.CLOCK_HOUR_OF_AMPM);
  }

  private int weekYear() {
    return now.get(IsoFields.WEEK_BASED_YEAR);
  }

  private String fields(String letters, String separator) {
    StringBuilder out = new StringBuilder();
    for (String letter : letters.split(" ")) {
      out.append(out.length() == 0 ? "" : separator).append(field(letter.charAt(0)));
    }
    return out.toString();
  }

  private static String two(int number) {
    return String.format(Locale.ROOT, "%02d", number);
  }
}
