package io.sparkllama.engine.cli;

import io.sparkllama.engine.api.ByteCount;
import io.sparkllama.engine.store.CacheDirectory;
import io.sparkllama.engine.store.CachedModel;
import java.io.IOException;
import java.nio.file.Path;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Lists what the cache of this host holds of models, and removes what the user names. */
@Command(name = "cache", description = "Lists the models that this host keeps, and removes some.")
final class CacheCommand implements Callable<Integer> {
  private static final DateTimeFormatter MINUTE =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm", Locale.ROOT).withZone(ZoneOffset.UTC);

  /** As many characters as are shown tell models apart. */
  private static final int SHOWN = 12;

  private static final int LEAST = 8;

  @Option(
      names = "--cache-directory",
      paramLabel = "DIR",
      description = "The cache (default: spark-llama below $$XDG_CACHE_HOME or ~/.cache).")
  private Path directory;

  @Option(
      names = "--remove",
      paramLabel = "NAME",
      description =
          "Removes a model, by its name or the beginning of it, unless a process uses it.")
  private String removed;

  @Mixin private ResultOutput output;
  @Mixin private HelpOption help;

  @Override
  public Integer call() throws IOException {
    Path cache = directory == null ? CacheDirectory.standard() : directory;
    List<CachedModel> models = CachedModel.of(cache.toAbsolutePath().normalize());
    if (removed == null) {
      for (CachedModel model : models) {
        print(model);
      }
      return ExitCode.OK;
    }
    return remove(chosen(models));
  }

  private int remove(List<CachedModel> chosen) throws IOException {
    int code = ExitCode.OK;
    for (CachedModel model : chosen) {
      String title = model.title(); // which goes with it
      if (model.remove()) {
        output.print(json -> json.writeStringField("name", model.name()), () -> "removed " + title);
      } else {
        output.remark("A process uses this model, so that it stays: " + title);
        code = ExitCode.SOFTWARE;
      }
    }
    return code;
  }

  /** A copy and one of it that was interrupted have one name, and go together. */
  private List<CachedModel> chosen(List<CachedModel> models) {
    List<CachedModel> chosen =
        models.stream().filter(model -> model.name().startsWith(removed)).toList();
    if (removed.length() < LEAST
        || chosen.stream().map(CachedModel::name).distinct().count() != 1) {
      throw new InvalidInputException(
          "--remove must name one model of the cache by the first "
              + LEAST
              + " characters of its name or more; the command without --remove lists them: "
              + removed);
    }
    return chosen;
  }

  private void print(CachedModel model) throws IOException {
    String title = model.title();
    boolean used = model.isUsed();
    output.print(
        json -> {
          json.writeStringField("name", model.name());
          json.writeStringField("title", title);
          json.writeNumberField("bytes", model.bytes());
          json.writeStringField("last_use", model.lastUse().toString());
          json.writeBooleanField("used", used);
        },
        () ->
            String.format(
                Locale.ROOT,
                "%10s  %s  %-6s  %-38s  %s",
                ByteCount.readable(model.bytes()),
                MINUTE.format(model.lastUse()),
                used ? "in use" : "",
                title,
                model.name().substring(0, SHOWN)));
  }
}
