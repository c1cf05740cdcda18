package io.sparkllama.job.screening;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.sparkllama.engine.api.InvalidConfigurationException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileListingTest {
  @TempDir Path folder;

  @Test
  void entersFoldersOfColumnsAndPassesOverWhatIsNoData() throws Exception {
    write("b.json", "day=2026-11-28/hour=1/a.json", "other/c.json", "_temporary/0/d.json");
    write("_SUCCESS", ".b.json.crc", "_metadata", "day=2026-11-28/_committed_1");
    FileListing.Found found = list(Map.of(), "");
    assertThat(names(found.files())).containsExactly("b.json", "day=2026-11-28/hour=1/a.json");
    assertThat(found.partial()).isEmpty();
    assertThat(found.files())
        .extracting(InputFile::partition)
        .containsExactly("", "day=2026-11-28/hour=1");
    assertThat(found.files().get(0).length()).isEqualTo("b.json".length());
    assertThat(found.files().get(0).modified())
        .isEqualTo(Files.getLastModifiedTime(folder.resolve("b.json")).toMillis());
    assertThat(names(list(Map.of("recursivefilelookup", "true"), "").files()))
        .containsExactly("b.json", "day=2026-11-28/hour=1/a.json", "other/c.json");
  }

  @Test
  void takesFilesForPartialThatSomebodyStillWrites() throws Exception {
    write("a.json", "_a.json", ".a.json", "a.json._COPYING_", "b.json.tmp", "day=1/_b.json");
    Files.createFile(folder.resolve("empty.json"));
    FileListing.Found found = list(Map.of(), "");
    assertThat(names(found.files())).containsExactly("a.json");
    assertThat(names(found.partial()))
        .containsExactlyInAnyOrder(
            "_a.json", ".a.json", "a.json._COPYING_", "b.json.tmp", "day=1/_b.json", "empty.json");
  }

  @Test
  void listsAFileOnceHoweverManyPathsLeadToIt() throws Exception {
    write("x/a.json", "x/b.json", "y/a.json");
    FileListing.Found found = list(Map.of(), "/x", "/*/a.json", "/x/b.json", "/{x,y}");
    assertThat(names(found.files())).containsExactly("x/a.json", "x/b.json", "y/a.json");
    assertThat(names(list(Map.of("pathGlobFilter", "a.*"), "/x", "/y").files()))
        .containsExactly("x/a.json", "y/a.json");
  }

  @Test
  void columnsBeginBelowThePathOrWhereTheUserSays() throws Exception {
    write("y=1/d=2/a.json");
    assertThat(list(Map.of(), "/y=1").files())
        .extracting(InputFile::partition)
        .containsExactly("d=2");
    assertThat(list(Map.of(), "/y=1/d=2/a.json").files())
        .extracting(InputFile::partition)
        .containsExactly("");
    assertThat(list(Map.of("basePath", folder.toString()), "/*/*").files())
        .extracting(InputFile::partition)
        .containsExactly("y=1/d=2");
  }

  @Test
  void namesAPathThatLeadsToNothing() throws Exception {
    write("a.json");
    for (String path : List.of("/none", "/*.csv")) {
      assertThatExceptionOfType(InvalidConfigurationException.class)
          .isThrownBy(() -> list(Map.of(), "", path))
          .withMessageContaining("input.path: Path does not exist")
          .withMessageEndingWith(path);
    }
  }

  @Test
  void seesWhatChanges() throws Exception {
    write("a", "b", "c", "d");
    FileListing listing = listing(Map.of(), "");
    List<InputFile> before = listing.list().files();
    assertThat(listing.changed(before)).isEmpty();
    Files.writeString(folder.resolve("b"), "longer");
    Files.setLastModifiedTime(
        folder.resolve("c"), java.nio.file.attribute.FileTime.fromMillis(1_000));
    Files.delete(folder.resolve("d"));
    assertThat(names(listing.changed(before))).containsExactly("b", "c", "d");
  }

  @Test
  void refusesOptionsThatLoseRowsWithoutAWord() {
    for (Map.Entry<String, String> option :
        Map.of(
                "IGNORECORRUPTFILES", "true",
                "ignoreMissingFiles", "true",
                "modifiedAfter", "2026-01-01T00:00:00",
                "mode", "dropmalformed",
                "columnNameOfCorruptRecord", "bad")
            .entrySet()) {
      assertThatExceptionOfType(InvalidConfigurationException.class)
          .isThrownBy(() -> new FileOptions("json", Map.of(option.getKey(), option.getValue())))
          .withMessageMatching("(?i)input\\.options.*" + option.getKey() + ".*leave it out.*");
    }
    new FileOptions("parquet", Map.of("ignoreCorruptFiles", "false", "mode", "x"));
  }

  private void write(String... names) throws IOException {
    for (String name : names) {
      Path file = folder.resolve(name);
      Files.createDirectories(file.getParent());
      Files.writeString(file, name);
    }
  }

  private FileListing listing(Map<String, String> options, String... paths) {
    List<String> all = java.util.Arrays.stream(paths).map(path -> folder + path).toList();
    return new FileListing(new Configuration(), all, new FileOptions("json", options));
  }

  private FileListing.Found list(Map<String, String> options, String... paths) throws IOException {
    return listing(options, paths).list();
  }

  private List<String> names(List<InputFile> files) {
    String prefix = "file:" + folder + "/";
    return files.stream().map(file -> file.path().substring(prefix.length())).toList();
  }
}
